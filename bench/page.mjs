// node page.mjs PAGE: milliseconds until the page is there, and of what one does on it, as JSON.

import { closeBrowser, withPage } from "../tests/page/browser.mjs";

await withPage(process.argv[2], { plain: true }, async (page) => {
    const measured = await page.evaluate(async () => {
        const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const timed = async (action) => {
            const begun = performance.now();
            action();
            await frames();
            return performance.now() - begun;
        };
        const paint = performance.getEntriesByName("first-contentful-paint")[0];
        const result = {
            "first paint": paint ? paint.startTime : NaN,
            ready: performance.getEntriesByName("ready")[0].startTime,
        };
        const stage = document.getElementById("stage");
        result["a step of scrolling"] = await timed(() => (stage.scrollTop += 60));
        result["select a function"] = await timed(() =>
            document.querySelector("#functions td.label").click(),
        );
        for (const id of ["invert", "recursion", "fold"]) {
            result[id] = await timed(() => document.getElementById(id).click());
            await timed(() => document.getElementById(id).click());
        }
        return result;
    });
    console.log(JSON.stringify(measured));
});
await closeBrowser();

// What the pages of ctraceprof's middlewares must do: node served.mjs CHECK ADDRESS [ARGUMENT as JSON] [OPTIONS as JSON].

import assert from "node:assert/strict";
import { axe, boxes, closeBrowser, shot, withPage } from "./browser.mjs";

// Nothing is wider than the window, but for tables, which scroll by themselves.
async function fits(page, what) {
    const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= window, what + ": " + wide + " px in a window of " + window);
}

async function look(page, name) {
    await fits(page, name);
    await axe(page);
    await shot(page, "web-" + name, { fullPage: true });
}

const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

const checks = {
    // From the index to a capture, a route, and back, by keyboard and by mouse.
    async tour(page, name) {
        assert.equal(await background(page), name.startsWith("dark") ? "rgb(13, 17, 23)" : "rgb(255, 255, 255)");
        const headings = await page.locator("h1, h2").allInnerTexts();
        assert.deepEqual(headings, ["Profiles", "Routes", "Recent captures"]);
        await look(page, name + "-index");
        await page.click("text=GET /books/{author}");
        assert.equal(await page.locator("h1").innerText(), "GET /books/{author}");
        await look(page, name + "-route");
        await page.click("text=all routes");
        assert.equal(await page.locator("h1").innerText(), "Profiles");
        await page.focus("text=GET /books/le-guin");
        await page.keyboard.press("Enter");
        await page.waitForURL(/captures/);
        assert.match(await page.locator("dl").innerText(), /Awaited/);
        assert.match(await page.locator("main").innerText(), /SELECT title FROM books WHERE author = \?/);
        await look(page, name + "-capture");
    },

    // A table that is too wide is reached and moved by keyboard.
    async narrow(page, name) {
        await look(page, name + "-index");
        const table = page.locator(".wide").first();
        await table.focus();
        await page.keyboard.press("ArrowRight");
        await page.waitForFunction(() => document.querySelector(".wide").scrollLeft > 0);
        await page.click("text=GET /books/le-guin");
        await look(page, name + "-capture");
    },

    // The report's own script runs under the policy of the header, too.
    async report(page) {
        await page.click('a[href$="/html"]');
        await page.waitForFunction(() => performance.getEntriesByName("ready").length > 0);
        assert.ok((await boxes(page)).some((box) => box.name === "shelf"));
        await shot(page, "web-report");
    },

    // Names that would be markup are text; whatever they would do says something on the console.
    async hostile(page, names) {
        for (const place of ["", "routes/0"]) {
            const text = await page.locator("main").innerText();
            for (const name of names) assert.ok(text.includes(name), place + ": " + name);
            assert.equal(await page.locator("script, img, iframe, svg").count(), 0);
            if (!place) await page.click('a[href="routes/0"]');
        }
        await look(page, "hostile");
    },
};

const [name, address, argument = "null", options = "{}"] = process.argv.slice(2);
await withPage(address, JSON.parse(options), (page) => checks[name](page, JSON.parse(argument)));
await closeBrowser();

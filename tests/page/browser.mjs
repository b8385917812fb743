// A page in headless Chromium, which must say nothing on its console and ask for nothing on the network.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.env.TRACEPROF_NODE, "any.js"));
const { chromium } = require("playwright-core");
const AXE = require.resolve("axe-core/axe.min.js");

const FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

let browser = null;

export async function closeBrowser() {
    if (browser) await browser.close();
    browser = null;
}

// Calls check(page) in a context that knows nothing of others, and closes that. Unless it is to be plain,
// axe-core looks at what was left. `file` may be a http: address, whose server may then be asked for more.
export async function withPage(file, { hash = "", plain = false, ...options }, check) {
    browser ??= await chromium.launch({
        executablePath: process.env.TRACEPROF_CHROMIUM || "/usr/bin/chromium",
        args: FLAGS,
        headless: true,
    });
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const said = [];
    const asked = [];
    try {
        const page = await context.newPage();
        page.setDefaultTimeout(10000);
        page.on("console", (message) => said.push(message.type() + ": " + message.text()));
        page.on("pageerror", (error) => said.push("error: " + error.stack));
        page.on("dialog", (dialog) => (said.push("dialog: " + dialog.message()), dialog.dismiss()));
        page.on("request", (request) => asked.push(request.url()));
        await open(page, file, hash);
        await check(page);
        if (!plain) await axe(page);
        assert.deepEqual(said, [], "console messages");
        assert.deepEqual(
            asked.filter((url) => !/^(file|data):/.test(url) && !(served(file) && url.startsWith(new URL(file).origin))),
            [],
            "requests",
        );
    } finally {
        await context.close();
    }
}

const served = (file) => file.startsWith("http:");

export async function open(page, file, hash) {
    if (served(file)) return page.goto(file + hash);
    await page.goto(pathToFileURL(file).href + hash);
    await page.waitForFunction(() => performance.getEntriesByName("ready").length > 0);
}

// All of axe's rules. The policy keeps scripts out: axe comes in through the debugger.
export async function axe(page) {
    const { readFileSync } = await import("node:fs");
    await page.evaluate(readFileSync(AXE, "utf8") + ";0");
    const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    const found = result.violations.map(
        (one) =>
            one.id +
            ": " +
            one.nodes
                .map(
                    (node) =>
                        node.target.join(" ") +
                        " " +
                        (node.any[0] || node.all[0] || node.none[0] || {}).message,
                )
                .slice(0, 4)
                .join("; "),
    );
    assert.deepEqual(found, [], "axe-core's violations");
}

export async function shot(page, name, options = {}) {
    await page.screenshot({ path: join(process.env.TRACEPROF_SHOTS, name + ".png"), ...options });
}

export const boxes = (page) => page.evaluate(() => window.traceprof.boxes());
export const state = (page) => page.evaluate(() => window.traceprof.state());

export async function settled(page) {
    await page.evaluate(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
}

// The middle of a box on the screen, that with this name on this row.
export async function middleOf(page, name, row) {
    const box = (await boxes(page)).find(
        (one) => one.name === name && (row === undefined || one.row === row),
    );
    assert.ok(box, "no box of " + name);
    const canvas = await page.locator("#canvas").boundingBox();
    const top = await page.evaluate(() => document.getElementById("stage").scrollTop);
    return { x: canvas.x + (box.x + box.w / 2) * canvas.width, y: canvas.y + box.row * 20 + 10 - top };
}

// Texts of the cells in a column of a table, by the column's title.
export async function column(page, table, title) {
    return page.evaluate(
        ([id, wanted]) => {
            const element = document.getElementById(id);
            const titles = [...element.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
            const k = titles.indexOf(wanted);
            return [...element.querySelectorAll("tbody tr:not(.gap)")].map((row) => row.cells[k].textContent);
        },
        [table, title],
    );
}

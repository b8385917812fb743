// What the page must do, each check by its name: node run.mjs NAME PAGE [JSON].

import assert from "node:assert/strict";
import { axe, boxes, column, middleOf, open, settled, shot, state } from "./browser.mjs";

const near = (a, b, what) =>
    assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b)), what + ": " + a + ", not " + b);
const text = (page, id) => page.locator("#" + id).innerText();

// There are these paths and no others, each as wide as its known time.
export async function widths(page, paths) {
    const drawn = await boxes(page);
    const whole = drawn[0].seconds;
    assert.equal(drawn.length, paths.length + 1);
    for (const [path, seconds] of paths) {
        const box = drawn.find((one) => one.path.join("/") === path.join("/"));
        assert.ok(box, path.join("/"));
        near(box.seconds, seconds, path.join("/"));
        near(box.w, seconds / whole, "width of " + path.join("/"));
    }
    return drawn;
}

// So are the pixels, and what is made of the tree.
export async function exact(page, paths) {
    const drawn = await widths(page, paths);
    // The colour on the screen ends where the box ends.
    const box = drawn.find((one) => one.path.join("/") === "work/dear/shared/leaf");
    const edge = await page.evaluate((row) => {
        const canvas = document.getElementById("canvas");
        const ratio = canvas.width / canvas.clientWidth;
        const line = canvas
            .getContext("2d")
            .getImageData(0, Math.round((row * 20 + 17) * ratio), canvas.width, 1).data;
        let x = 0;
        while (x < canvas.width && line[4 * x + 3] > 0) x++;
        return x / canvas.width;
    }, box.row);
    assert.ok(Math.abs(edge - (box.x + box.w)) < 0.003, "edge at " + edge + ", not at " + (box.x + box.w));
    assert.match(await text(page, "badges"), /exact call tree/);
    // Upside down: shared functions by their own time, below them their callers.
    await page.click("#invert");
    const inverted = await boxes(page);
    near(inverted.find((one) => one.path.join("/") === "leaf").seconds, 1.84, "own time of leaf");
    near(inverted.find((one) => one.path.join("/") === "leaf/shared/dear").seconds, 1.8, "leaf for dear");
    near(inverted.find((one) => one.path.join("/") === "leaf/shared/cheap").seconds, 0.04, "leaf for cheap");
    await page.click("#invert");
    await page.click("#recursion");
    const merged = await boxes(page);
    near(merged.find((one) => one.path.join("/") === "work/again").seconds, 0.208, "again, merged");
    near(
        merged.find((one) => one.path.join("/") === "work/again/cheap").seconds,
        0.18,
        "cheap below again, merged",
    );
    assert.ok(!merged.some((one) => one.path.join("/") === "work/again/again"));
}

export async function graph(page) {
    await shot(page, "graph-light", { fullPage: true });
    const before = await boxes(page);
    const main = await middleOf(page, "main");
    await page.mouse.move(main.x, main.y);
    assert.match(await text(page, "tip"), /main · .*__main__\.py:23[\s\S]*cumulative .*ms, .*%.*own .*call/);
    await shot(page, "tooltip");
    await page.mouse.click(main.x, main.y);
    const after = await boxes(page);
    assert.equal(after[0].name, "main");
    assert.ok(after[0].w === 1 && after.length !== before.length);
    assert.match(await text(page, "crumbs"), /all[\s\S]*main/);
    assert.equal(await text(page, "detail-title"), "main");
    assert.match(await page.evaluate(() => location.hash), /zoom=.*/);
    await page.click("#crumbs button");
    assert.equal((await boxes(page)).length, before.length);
    assert.match(await text(page, "said"), /places are drawn/);
    const drawn = before.length;
    await page.click("#fold");
    assert.ok((await boxes(page)).length < drawn);
    await page.click("#fold");
    await page.selectOption("#colour", "own");
    await shot(page, "colour-own");
    // Away from the graph nothing is left of the tooltip.
    await page.mouse.move(5, 5);
    assert.equal(await page.locator("#tip").isVisible(), false);
}

export async function search(page) {
    const all = await column(page, "functions", "Function");
    await page.fill("#query", "WORDS.py");
    await page.waitForFunction(() => document.getElementById("found").textContent !== "");
    assert.match(await text(page, "found"), /^\d+ functions, [\d.]+\s%/);
    const found = await column(page, "functions", "Function");
    assert.ok(
        found.length > 0 && found.length < all.length && found.every((name) => name.includes("words.py")),
    );
    assert.match(await text(page, "functions-said"), /\d+ of \d+ match/);
    await shot(page, "search");
    await page.keyboard.press("Escape");
    assert.equal(await page.inputValue("#query"), "");
    assert.deepEqual(await column(page, "functions", "Function"), all);
    await page.fill("#query", "no such function anywhere");
    await page.waitForFunction(() => /No function/.test(document.getElementById("found").textContent));
    assert.deepEqual(await column(page, "functions", "Function"), []);
    await page.fill("#query", "");
    await page.locator("button.legend").first().click();
    assert.match(await page.inputValue("#query"), /^module:/);
}

const seconds = (cell) => {
    const [, number, unit] = /^([\d.,]+)\s?(s|ms|µs|ns)?$/.exec(cell);
    return Number(number.replace(",", "")) * { s: 1, ms: 1e-3, µs: 1e-6, ns: 1e-9, undefined: 0 }[unit];
};

export async function table(page) {
    for (const title of ["Own", "Cumulative", "Calls", "Per call"]) {
        if (title !== "Own") await page.click(`#functions th button:has-text("${title}")`);
        const read = title === "Calls" ? (cell) => Number(cell.replace(/[^\d]/g, "")) : seconds;
        const values = (await column(page, "functions", title)).map(read);
        assert.ok(
            values.length > 10 && values.every((value, i) => i === 0 || value <= values[i - 1] * 1.001),
            title,
        );
        assert.equal(await page.locator("#functions th[aria-sort=descending]").innerText(), title);
    }
    await page.click('#functions th button:has-text("Per call")');
    assert.equal(await page.locator("#functions th[aria-sort=ascending]").count(), 1);
    await page.click('#functions th button:has-text("Function")');
    const names = (await column(page, "functions", "Function")).map((name) => name.toLowerCase());
    assert.ok(names[0] <= names[5]);
    // Only rows in sight are there, and all come into sight.
    const count = Number(await page.getAttribute("#functions", "aria-rowcount")) - 1;
    assert.ok((await page.locator("#functions tbody tr").count()) < 60 && count > 100);
    await page.locator("#functions").focus();
    await page.keyboard.press("End");
    await settled(page);
    assert.equal(await page.getAttribute("#functions", "aria-activedescendant"), "f-" + (count - 1));
}

export async function select(page) {
    await page.click('#functions td.label:has-text("terms")');
    assert.equal(await text(page, "detail-title"), "terms");
    const detail = await text(page, "detail");
    assert.match(detail, /CALLED BY/i);
    assert.match(detail, /re\.Match\.group/);
    assert.match(detail, /PLACES IN THE TREE/i);
    await shot(page, "selected", { fullPage: true });
    await page.click('#detail button.link:has-text("stem")');
    assert.equal(await text(page, "detail-title"), "stem");
    assert.equal(
        await page
            .locator('#functions tr[aria-selected="true"] .name')
            .innerText()
            .then((name) => name.startsWith("stem")),
        true,
    );
    await page.click("#detail button.place");
    assert.equal((await boxes(page))[0].name, "stem");
}

// Nothing but keys: to a function in the graph, in the tree, in the table, and out again.
export async function keyboard(page) {
    await page.keyboard.press("/");
    await page.keyboard.type("stem");
    await page.waitForFunction(() => document.getElementById("found").textContent !== "");
    await page.keyboard.press("Escape");
    await page.locator("#canvas").focus();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
    assert.match(await text(page, "told"), /^main/);
    await settled(page);
    await shot(page, "keyboard");
    await page.keyboard.press("Enter");
    assert.equal((await boxes(page))[0].name, "main");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    assert.doesNotMatch(await text(page, "told"), /^main/);
    await page.keyboard.press("ArrowUp");
    assert.match(await text(page, "told"), /^main/);
    await page.keyboard.press("Escape");
    assert.equal((await boxes(page))[0].name, "<module>");
    await page.keyboard.press("0");
    assert.equal((await boxes(page))[0].name, "all");
    await page.keyboard.press("2");
    await page.locator("#outline").focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await page.getAttribute("#outline", "aria-rowcount"), "2");
    for (const key of ["ArrowRight", "ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
    assert.equal(await page.getAttribute("#outline", "aria-activedescendant"), "o-2");
    assert.equal(await page.getAttribute("#o-2", "aria-level"), "3");
    await page.keyboard.press("Enter");
    assert.equal(await text(page, "detail-title"), "<module>");
    await shot(page, "call-tree", { fullPage: true });
    await page.keyboard.press("i");
    assert.equal((await state(page)).invert, true);
    await page.keyboard.press("i");
    await page.locator("#functions").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    assert.equal(
        await text(page, "detail-title"),
        (await column(page, "functions", "Function"))[0].split("textindex")[0].trim(),
    );
    await page.keyboard.press("?");
    assert.equal(await page.locator("#keys").isVisible(), true);
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#keys").isVisible(), false);
    await page.keyboard.press("1");
    // Everything that can be used is reached with Tab.
    const reached = new Set();
    await page.evaluate(() => document.activeElement.blur());
    for (let i = 0; i < 60; i++) {
        await page.keyboard.press("Tab");
        reached.add(
            await page.evaluate(
                () => document.activeElement.id || document.activeElement.textContent.slice(0, 20),
            ),
        );
    }
    for (const id of [
        "theme",
        "query",
        "invert",
        "recursion",
        "fold",
        "colour",
        "canvas",
        "functions",
        "tab-graph",
    ])
        assert.ok(reached.has(id), id + " is not reached");
}

// What is shown is in the address, and comes back from it.
export async function fragment(page) {
    await page.click("#recursion");
    await page.click("#tab-tree");
    await page.fill("#query", "main");
    await page.click('#functions th button:has-text("Calls")');
    await page.click("#functions td.label");
    await page.waitForFunction(() => location.hash.includes("query=main"));
    const [hash, before] = await page.evaluate(() => [location.hash, window.traceprof.state()]);
    const file = new URL(page.url()).pathname;
    await page.goto("about:blank");
    await open(page, decodeURIComponent(file), hash);
    assert.deepEqual(await state(page), before);
    // Whatever stands there does no harm.
    for (const bad of [
        "#thread=99&times=7&selected=-3&zoom=9x99.-1.x&sort=toString&view=__proto__",
        "#selected=1e9&query=%00%F0&theme=<b>",
        "#sort=__proto__&constructor=1&toString=2&__proto__=3&hasOwnProperty=4",
        "#%%%&zoom=" + "0.".repeat(3000),
    ]) {
        await page.goto("about:blank");
        await open(page, decodeURIComponent(file), bad);
        assert.ok((await boxes(page)).length > 0);
    }
}

export async function dark(page) {
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await page.click('#functions td.label:has-text("terms")');
    await shot(page, "graph-dark", { fullPage: true });
    await page.click("#tab-tree");
    await axe(page);
    await shot(page, "call-tree-dark");
    await page.click("#theme");
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "light");
    await page.click("#theme");
    await page.click("#tab-graph");
}

// Nothing is wider than the screen.
export async function narrow(page) {
    const fits = () =>
        page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
    assert.ok(await fits());
    await shot(page, "narrow", { fullPage: true });
    await page.click("#functions td.label");
    assert.ok(await fits());
    await page.click("#tab-tree");
    assert.ok(await fits());
    await shot(page, "narrow-tree");
}

export async function print(page) {
    const { join } = await import("node:path");
    await page.click('#functions td.label:has-text("terms")');
    const pdf = await page.pdf({
        path: join(process.env.TRACEPROF_SHOTS, "print.pdf"),
        format: "A4",
        printBackground: true,
    });
    assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
    const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length;
    assert.ok(pages >= 2 && pages <= 6, pages + " pages");
    await page.emulateMedia({ media: "print" });
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await shot(page, "print", { fullPage: true });
    assert.equal(await page.locator("#query").isVisible(), false);
    assert.equal(await page.locator("#functions tbody tr:not(.gap)").count(), 40);
    // What is not on paper is said.
    const count = Number(await page.getAttribute("#functions", "aria-rowcount")) - 1;
    assert.equal(await page.locator("#functions tbody tr.gap").last().innerText(), "and " + (count - 40) + " more");
    assert.doesNotMatch(await text(page, "said"), /Zoom in/);
    assert.ok(await page.locator("#notes-text").isVisible());
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    await page.emulateMedia({ media: "screen" });
    assert.equal(await page.locator("#notes-text").isVisible(), false);
    assert.equal(await page.locator("#functions tbody tr.gap").last().innerText(), "");
    assert.ok((await boxes(page)).length > 10);
}

// Names that want to be something else.
export async function hostile(page, names) {
    assert.match(await page.title(), /^python <\/script>/);
    assert.equal(await page.evaluate(() => document.scripts.length), 2);
    assert.equal(
        await page.evaluate(() => document.querySelectorAll("img, iframe, object, embed").length),
        0,
    );
    const drawn = new Set((await boxes(page)).map((box) => box.name));
    for (const name of names)
        assert.ok(
            [...drawn].some((one) => one === name),
            JSON.stringify(name).slice(0, 60),
        );
    const rows = await column(page, "functions", "Function");
    assert.ok(rows.some((row) => row.startsWith("</script><script>document.title")));
    assert.ok(rows.some((row) => row.includes("line\\nbreak\\r\\nand\\ttab\\x00nul")));
    assert.ok(rows.some((row) => row.includes("lone \\udcff \\ud800 surrogates")));
    assert.ok(rows.some((row) => row.includes("\\u202eturned around\\u202c \\u2028 separators \\ufeff")));
    for (let i = 0; i < rows.length; i++) {
        await page.click("#f-" + i);
        assert.notEqual(await text(page, "detail-title"), "Hottest path");
    }
    for (const name of ["__proto__", "constructor"]) {
        await page.fill("#query", name);
        await page.waitForFunction(
            (wanted) => new URLSearchParams(location.hash.slice(1)).get("query") === wanted,
            name,
        );
    }
    await page.fill("#query", "");
    await shot(page, "hostile", { fullPage: true });
    await page.click("#tab-tree");
    await page.setViewportSize({ width: 360, height: 740 });
    await settled(page);
    assert.ok(
        await page.evaluate(
            () => document.documentElement.scrollWidth <= document.documentElement.clientWidth,
        ),
    );
}

// Five thousand levels: drawn, scrolled, zoomed and opened.
export async function deep(page, depth) {
    // Paths of all boxes would be millions of names.
    const count = () => page.evaluate(() => window.traceprof.boxes().length);
    assert.equal(await count(), depth + 1);
    await page.evaluate(() => (document.getElementById("stage").scrollTop = 1e9));
    await settled(page);
    await shot(page, "deep");
    const canvas = await page.locator("#canvas").boundingBox();
    await page.mouse.click(canvas.x + 4, canvas.y + canvas.height - 40);
    const top = await page.evaluate(() => window.traceprof.boxes()[0]);
    assert.ok(Number(top.name.replace("level_", "")) > depth - 10, top.name);
    assert.match(await text(page, "crumbs"), /all[\s\S]*… [\d,]+ …/);
    await page.click("#invert");
    assert.ok((await count()) > 100);
    await page.click("#invert");
    await page.click("#recursion");
    await page.keyboard.press("0");
    assert.equal(await count(), depth + 1);
    await page.click("#tab-tree");
    await page.fill("#query", "level_4990");
    await page.waitForFunction(() => document.querySelectorAll("#functions tbody tr:not(.gap)").length === 1);
    await page.click("#functions td.label");
    await page.click("#detail button.place");
    await settled(page);
    assert.equal(await page.locator("#outline tr.active").getAttribute("aria-level"), "4992");
    await shot(page, "deep-tree");
}

// Bounds are loose: the machine may be busy. bench/page.py measures.
export async function large(page, count) {
    const ready = await page.evaluate(() => performance.getEntriesByName("ready")[0].startTime);
    assert.ok(ready < 6000, "ready after " + ready + " ms");
    assert.match(
        await text(page, "said"),
        /of 200,000 places are drawn; others, narrower than a pixel, hold [\d.]+\s%/,
    );
    const steps = await page.evaluate(async () => {
        const stage = document.getElementById("stage");
        const times = [];
        for (let i = 0; i < 30; i++) {
            const begun = performance.now();
            stage.scrollTop += 40;
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            times.push(performance.now() - begun);
        }
        return times.sort((a, b) => a - b);
    });
    assert.ok(steps[15] < 200, "a step of scrolling takes " + steps[15] + " ms");
    for (const id of ["invert", "recursion", "fold"]) {
        const begun = Date.now();
        await page.click("#" + id);
        await settled(page);
        assert.ok(Date.now() - begun < 6000, id + " takes " + (Date.now() - begun) + " ms");
        await page.click("#" + id);
    }
    await page.fill("#query", "function_12");
    await page.waitForFunction(() => /functions, /.test(document.getElementById("found").textContent));
    assert.equal(count, 200000);
    await shot(page, "large");
}

export async function estimated(page) {
    assert.match(await text(page, "badges"), /estimated call tree/);
    assert.match(
        await text(page, "notes"),
        /The call tree is an estimate\. Of an estimate: the file knows who called whom/,
    );
    assert.ok(await page.locator("#notes-text").isVisible());
    await page.click("#functions td.label");
    assert.match(await text(page, "detail"), /places in the estimated tree/i);
    await shot(page, "estimated", { fullPage: true });
}

// Samples, counts that are not known, edges without times, no functions at all.
export async function foreign(page, words) {
    for (const word of words) assert.match(await page.locator("body").innerText(), new RegExp(word, "i"));
    if ((await page.locator("#functions td.label").count()) > 0) await page.click("#functions td.label");
    await page.click("#tab-tree");
    await page.click("#invert");
}

export async function diff(page) {
    assert.match(await text(page, "kind"), /comparison/);
    const changes = await column(page, "functions", "Own change");
    assert.ok(
        changes.some((cell) => cell.startsWith("▲ +")) && changes.some((cell) => cell.startsWith("▼ −")),
        changes.join(),
    );
    assert.match(await text(page, "said"), /Blue with ▼ is less time than before, orange with ▲ more/);
    await shot(page, "diff-light", { fullPage: true });
    const point = await middleOf(page, "slower");
    await page.mouse.move(point.x, point.y);
    const tip = await text(page, "tip");
    assert.match(tip, /old: cumulative 100\.0\sms/);
    assert.match(tip, /new: cumulative 300\.0\sms/);
    assert.match(tip, /change: \+200\.0\sms, \+200\s%/);
    const names = (all) => new Set(all.map((box) => box.name));
    const drawn = names(await boxes(page));
    assert.ok(drawn.has("gone") && drawn.has("brand_new"));
    await page.selectOption("#widths", "new");
    assert.ok(!names(await boxes(page)).has("gone"));
    await page.selectOption("#widths", "old");
    assert.ok(!names(await boxes(page)).has("brand_new"));
    await page.selectOption("#widths", "both");
    await page.click('#functions td.label:has-text("brand_new")');
    assert.match(await text(page, "detail"), /Old: own/i);
    await page.click("#tab-tree");
    assert.match((await column(page, "outline", "Change")).join(), /▲ \+/);
    await shot(page, "diff-tree");
    await axe(page);
    await page.click("#invert");
    await page.click("#tab-graph");
}

export async function threads(page) {
    const all = (await boxes(page))[0].seconds;
    await page.selectOption("#thread", { label: "worker" });
    const one = await boxes(page);
    assert.ok(one[0].seconds < all && !one.some((box) => box.name === "in_main"));
    const rows = await column(page, "functions", "Function");
    assert.ok(
        rows.some((name) => name.startsWith("in_worker")) && !rows.some((name) => name.startsWith("in_main")),
    );
    await page.click('#functions td.label:has-text("in_worker")');
    assert.match(await text(page, "detail"), /spin/);
    await page.selectOption("#thread", "0");
    assert.equal((await boxes(page))[0].seconds, all);
}

// Of a profile with one thread the table made from the tree is that of the rows.
export async function coroutines(page) {
    const rows = await column(page, "functions", "Awaited");
    assert.ok(rows.some((cell) => /m?s$/.test(cell)));
    await page.fill("#query", "waits");
    await page.click('#functions td.label:has-text("waits")');
    assert.match(await text(page, "detail"), /coroutines started[\s\S]*3[\s\S]*awaited/i);
    assert.match(await page.locator("#notes-text").textContent(), /active time/);
    await shot(page, "coroutines", { fullPage: true });
}

// Widths with and without what coroutines awaited are both known.
export async function waiting(page, paths) {
    const widths = async (k) => {
        const drawn = await boxes(page);
        for (const path of paths) {
            const box = drawn.find((one) => one.path.join("/") === path[0].join("/"));
            near(box.seconds, path[k], path[0].join("/"));
            near(box.w, path[k] / paths[0][k], "width of " + path[0].join("/"));
        }
    };
    await widths(1);
    assert.match(await page.locator("#notes-text").textContent(), /Add waiting makes it wall time/);
    await page.click("#waiting");
    await widths(2);
    assert.match(await text(page, "said"), /Wall time: what coroutines awaited is added/);
    assert.match(await page.evaluate(() => location.hash), /waiting=1/);
    const point = await middleOf(page, "load");
    await page.mouse.move(point.x, point.y);
    assert.match(await text(page, "tip"), /wall 230\.0\sms, 63\.9\s% · own 230\.0\sms/);
    await shot(page, "waiting");
    await page.click("#tab-tree");
    assert.deepEqual((await column(page, "outline", "Wall")).slice(0, 2), ["360.0\u202fms", "360.0\u202fms"]);
    await page.click("#tab-graph");
    await page.click("#invert");
    near((await boxes(page)).find((one) => one.path.join("/") === "load").seconds, 0.23, "own wall of load");
    await page.keyboard.press("i");
    await page.keyboard.press("w");
    await widths(1);
}

export async function unwaiting(page) {
    assert.equal(await page.locator("#waiting").isVisible(), false);
    await page.keyboard.press("w");
    assert.equal((await state(page)).waiting, false);
    const file = decodeURIComponent(new URL(page.url()).pathname);
    await page.goto("about:blank");
    await open(page, file, "#waiting=1");
    assert.equal((await state(page)).waiting, false);
}

// Raw times are twice the compensated ones here.
export async function times(page) {
    assert.match(await text(page, "badges"), /times without the cost of recording/);
    assert.match(await page.locator("#notes-text").textContent(), /Taken out: 1\.500\ss/);
    assert.match(await text(page, "facts"), /1\.500\ss taken out/);
    const before = await boxes(page);
    await page.selectOption("#times", { label: "raw" });
    const after = await boxes(page);
    near(after[0].seconds, 2 * before[0].seconds, "raw");
    assert.match(await text(page, "badges"), /times as measured/);
    assert.doesNotMatch(await text(page, "facts"), /taken out/);
    assert.equal((await column(page, "functions", "Own"))[0], "3.680\u202fs");
    await page.click("#functions td.label");
    assert.match(await text(page, "detail"), /own\s+3\.680\ss/);
    await shot(page, "times");
}

// In a notebook: a frame without an address, without storage, without rights.
export async function framed(page) {
    const frame = page.frames()[1];
    await frame.waitForFunction(() => performance.getEntriesByName("ready").length > 0);
    await frame.click("#functions td.label");
    assert.notEqual(await frame.locator("#detail-title").innerText(), "Hottest path");
    await frame.click("#tab-tree");
    await frame.click("#keys-button");
    assert.equal(await frame.evaluate(() => window.origin), "null");
    await shot(page, "notebook");
}

// The old profile has raw times alone, the new one both: raw ones are compared.
export async function alike(page) {
    assert.match(await text(page, "badges"), /times as measured/);
    assert.equal(await page.locator("#times-box").isVisible(), false);
    const rows = await column(page, "functions", "New");
    assert.equal(rows[0], "600.0\u202fms");
    near((await boxes(page)).find((box) => box.name === "slower").seconds, 0.6, "slower");
}

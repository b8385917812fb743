/* Files through speedscope as it is released: its own page in a browser opens each one and saves it again
 * as its own format, so that what it has understood can be compared. Whatever it complains of is kept.
 *
 *     node speedscope.cjs NODE_MODULES CHROMIUM FILE...
 *
 * Prints [{"problems": [...], "saved": {...}}, ...]; "schema" in problems is ajv's word on the file. */
const fs = require("fs");
const os = require("os");
const path = require("path");

const [modules, chromium, ...files] = process.argv.slice(2);
const { chromium: browser } = require(path.join(modules, "playwright-core"));
const Ajv = require(path.join(modules, "ajv"));
const release = path.join(modules, "speedscope", "dist", "release");

const SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--allow-file-access-from-files",
];

function schemaProblems(file) {
    if (!file.endsWith(".speedscope.json"))
        return [];
    const schema = JSON.parse(fs.readFileSync(path.join(release, "file-format-schema.json"), "utf8"));
    const validate = new Ajv({ strict: false }).compile(schema);
    return validate(JSON.parse(fs.readFileSync(file, "utf8"))) ? [] : [{ schema: validate.errors }];
}

async function open(context, file) {
    const problems = schemaProblems(file);
    const page = await context.newPage();
    let imported;
    const done = new Promise((resolve) => { imported = resolve; });
    page.on("pageerror", (error) => { problems.push(String(error)); imported(); });
    page.on("dialog", (dialog) => { problems.push(dialog.message()); dialog.dismiss(); imported(); });
    page.on("console", (message) => {
        if (message.type() === "error")
            problems.push(message.text());
        if (message.text().startsWith("import:"))
            imported();
    });
    await page.goto("file://" + path.join(release, "index.html"));
    await page.locator("input[type=file]").setInputFiles(file);
    const late = setTimeout(() => { problems.push("not imported after a minute"); imported(); }, 60000);
    await done;
    clearTimeout(late);
    let saved = null;
    if (problems.length === 0) {
        await page.locator("canvas").first().waitFor({ state: "attached" });
        const [download] = await Promise.all([
            page.waitForEvent("download"), page.keyboard.press("Control+s"),
        ]);
        saved = JSON.parse(fs.readFileSync(await download.path(), "utf8"));
    }
    await page.close();
    return { problems, saved };
}

async function main() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "traceprof-browser-"));
    const context = await browser.launchPersistentContext(folder, {
        executablePath: chromium, headless: true, args: SWITCHES, acceptDownloads: true,
    });
    context.setDefaultTimeout(30000);
    const results = [];
    try {
        for (const file of files)
            results.push(await open(context, file));
    } finally {
        await context.close();
        fs.rmSync(folder, { recursive: true, force: true });
    }
    process.stdout.write(JSON.stringify(results));
}

main().catch((error) => { console.error(error); process.exit(1); });

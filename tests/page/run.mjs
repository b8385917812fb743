// Checks in one browser, as they are asked for: a line on standard input is
// {"check": NAME, "page": FILE, "argument": ..., "options": those of the browser's context}, the answer
// a line on standard output, null if all is well or else what is not.

import { createInterface } from "node:readline";
import * as checks from "./checks.mjs";
import { closeBrowser, withPage } from "./browser.mjs";

for await (const line of createInterface({ input: process.stdin })) {
    const { check, page, argument = null, options = {} } = JSON.parse(line);
    let failure = null;
    try {
        await withPage(page, options, (opened) => checks[check](opened, argument));
    } catch (error) {
        failure = String(error.stack || error);
    }
    process.stdout.write(JSON.stringify(failure) + "\n");
}
await closeBrowser();

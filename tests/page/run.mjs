// node run.mjs CHECK PAGE [ARGUMENT as JSON] [OPTIONS of the browser's context as JSON]

import * as checks from "./checks.mjs";
import { withPage } from "./browser.mjs";

const [name, file, argument = "null", options = "{}"] = process.argv.slice(2);
await withPage(file, JSON.parse(options), (page) => checks[name](page, JSON.parse(argument)));

/* The tree that snakeviz draws, by snakeviz's own code: the script of its web worker, out of its page.
 *
 *     node snakeviz.cjs SNAKEVIZ_FOLDER ROOT < STATS_JSON */
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const [folder, root] = process.argv.slice(2);
const stats = fs.readFileSync(0, "utf8");
const page = fs.readFileSync(path.join(folder, "templates", "viz.html"), "utf8");
const worker = page.match(/<script id="hierarchy-worker"[^>]*>([^]*?)<\/script>/)[1];
const messages = [];
const context = vm.createContext({
    self: { postMessage: (message) => messages.push(message) },
    importScripts: () => {},
});
for (const library of ["immutable.min.js", "lodash.min.js"])
    vm.runInContext(fs.readFileSync(path.join(folder, "static", "vendor", library), "utf8"), context);
vm.runInContext(worker.replace("{% raw callees %}", () => stats), context);
context.event = { data: { depth: 20, cutoff: 0, name: root, parent_name: root } };
vm.runInContext("self.onmessage(event)", context);
process.stdout.write(messages[0]);

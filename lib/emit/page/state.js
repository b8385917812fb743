// What is shown, in the address: a link to the page is a link to the view.

const DEFAULTS = {
    view: "graph",
    thread: 0,
    times: 0,
    widths: "both",
    colour: "module",
    invert: false,
    recursion: false,
    fold: false,
    waiting: false,
    query: "",
    selected: -1,
    sort: "own",
    ascending: false,
    zoom: "",
    theme: "auto",
};

// Kinds of values: whoever writes the address may write anything.
const CHOICES = {
    view: ["graph", "tree"],
    widths: ["both", "new", "old"],
    colour: ["module", "own"],
    theme: ["auto", "light", "dark"],
};

function readFragment(model) {
    const state = { ...DEFAULTS, sort: model.isDiff ? "ownChange" : "own" };
    const given = new URLSearchParams(location.hash.slice(1));
    for (const name of Object.keys(DEFAULTS)) {
        const text = given.get(name);
        if (text === null) continue;
        if (CHOICES[name]) state[name] = CHOICES[name].includes(text) ? text : DEFAULTS[name];
        else if (typeof DEFAULTS[name] === "boolean")
            state[name] = text === "1" && (name !== "waiting" || model.hasAwaited);
        else if (name === "thread") state.thread = within(text, model.threadChoices.length);
        else if (name === "times") state.times = within(text, model.times.length);
        else if (name === "selected")
            state.selected = /^\d+$/.test(text) && Number(text) < model.functions.length ? Number(text) : -1;
        else if (name === "query" || name === "zoom" || name === "sort") state[name] = text.slice(0, 2000);
    }
    return state;
}

function within(text, count) {
    const number = Number(text);
    return Number.isInteger(number) && number > 0 && number < count ? number : 0;
}

function writeFragment(model, state) {
    const given = new URLSearchParams();
    const standard = { ...DEFAULTS, sort: model.isDiff ? "ownChange" : "own" };
    for (const name of Object.keys(DEFAULTS)) {
        if (state[name] !== standard[name]) given.set(name, state[name] === true ? "1" : String(state[name]));
    }
    const text = given.toString();
    if (text === location.hash.slice(1)) return;
    try {
        history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
    } catch {
        // Within a notebook's frame there is no address to write to.
    }
}

// A node by the numbers of children on the way to it, the widest being 0: "0x12.3" is twelve times the
// widest, then the fourth.
function encodeZoom(tree, id) {
    const steps = [];
    for (const node of pathTo(tree, id)) {
        const step = Array.prototype.indexOf.call(tree.children(tree.parent[node]), node);
        const last = steps[steps.length - 1];
        if (last && last[0] === step) last[1]++;
        else steps.push([step, 1]);
    }
    const text = steps.map(([step, times]) => (times > 1 ? step + "x" + times : String(step))).join(".");
    return text.length < 1000 ? text : "";
}

function decodeZoom(tree, text) {
    let at = 0;
    for (const part of text ? text.split(".") : []) {
        const [step, times] = part.split("x").map(Number);
        for (let i = 0; i < (times || 1); i++) {
            const next = tree.children(at)[step];
            if (next === undefined) return at;
            at = next;
        }
    }
    return at;
}

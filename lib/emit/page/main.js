// Puts the parts together. All that is shown follows from app.state; set() changes it.

// Buttons that shape the tree.
const SWITCHES = ["invert", "recursion", "fold", "waiting"];

function start(data) {
    const model = readModel(data);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const app = {
        model,
        state: readFragment(model),
        tree: null,
        zoom: 0,
        figures: [],
        modules: [],
        matches: null,
        isDark: false,
    };

    // A change of these makes a new tree.
    const shaping = ["thread", "times", "widths", ...SWITCHES];

    const shape = () => {
        const plain = buildTree(model, app.state);
        app.tree = app.state.invert ? invertTree(model, plain) : plain;
    };

    const count = () => {
        app.figures = findFigures(model, app.state);
        app.modules = rankModules(model, app.figures);
    };

    // Whose names, files or modules hold the text; null without one.
    const match = () => {
        const query = app.state.query.trim().toLowerCase();
        app.matches = null;
        if (query === "") return;
        const module = query.startsWith("module:") ? query.slice(7) : null;
        app.matches = Uint8Array.from(model.functions, (f, i) =>
            module !== null ? f.module.toLowerCase() === module : textOf(model, i).search.includes(query),
        );
    };

    // How much of the time is spent in matches and what they call.
    const sayFound = () => {
        const out = byId("found");
        if (app.matches === null) return void (out.textContent = "");
        const { tree, matches } = app;
        const functions = sum(matches);
        let width = 0;
        if (!tree.isInverted) {
            const inside = new Uint8Array(tree.size);
            for (let i = 1; i < tree.size; i++) {
                const above = inside[tree.parent[i]];
                inside[i] = above || matches[tree.fn[i]] ? 1 : 0;
                if (inside[i] && !above) width += tree.width[i];
            }
        }
        const share =
            tree.isInverted || !(tree.width[0] > 0)
                ? ""
                : ", " + formatShare(width, tree.width[0]) + " of the time in them and below";
        out.textContent = functions === 0 ? "No function matches" : plural(functions, "function") + share;
    };

    const putControls = () => {
        const { state } = app;
        for (const name of ["thread", "times", "widths", "colour"]) byId(name).value = String(state[name]);
        for (const name of SWITCHES)
            byId(name).setAttribute("aria-pressed", String(state[name]));
        if (byId("query").value !== state.query) byId("query").value = state.query;
        for (const view of ["graph", "tree"]) {
            const isShown = state.view === view;
            byId("view-" + view).hidden = !isShown;
            byId("tab-" + view).setAttribute("aria-selected", String(isShown));
            byId("tab-" + view).tabIndex = isShown ? 0 : -1;
        }
        const label = "Theme: " + state.theme;
        if (byId("theme").textContent !== label) byId("theme").textContent = label;
    };

    const applyTheme = () => {
        const { theme } = app.state;
        app.isDark = theme === "dark" || (theme === "auto" && dark.matches);
        document.documentElement.dataset.theme = app.isDark ? "dark" : "light";
    };

    const putCrumbs = () => {
        const path = pathTo(app.tree, app.zoom);
        const crumbs = byId("crumbs");
        crumbs.hidden = path.length === 0;
        const button = (id, text) =>
            el(
                "button",
                {
                    class: "link",
                    click: () => app.zoomTo(id),
                    "aria-current": id === app.zoom ? "true" : null,
                },
                text,
            );
        const items = [button(0, "all")];
        const skip = Math.max(0, path.length - 5);
        if (skip > 0) items.push(el("span", "… " + formatCount(skip) + " …"));
        for (const id of path.slice(skip))
            items.push(button(id, visible(textOf(model, app.tree.fn[id]).name, 50)));
        crumbs.replaceChildren(
            ...items.flatMap((item, i) =>
                i === 0 ? [item] : [el("span", { "aria-hidden": "true" }, "›"), item],
            ),
        );
    };

    const refresh = () => {
        putControls();
        putCrumbs();
        sayFound();
        app.graph.refresh();
        app.outline.refresh();
    };

    app.set = (wanted) => {
        // What is being typed counts, though its turn has not come.
        const changes = { query: byId("query").value, ...wanted };
        const functionsOnPath = pathTo(app.tree, app.zoom)
            .slice(0, 300)
            .map((id) => app.tree.fn[id]);
        const wasInverted = app.state.invert;
        const changed = (name) => name in changes && changes[name] !== app.state[name];
        const isShaped = shaping.some(changed);
        const isCounted = changed("thread") || changed("times");
        const isListed = isCounted || changed("query") || changed("sort") || changed("ascending");
        const isSelected = changed("selected");
        Object.assign(app.state, changes);
        if (isShaped) shape();
        if (isShaped) app.zoom = wasInverted === app.state.invert ? findPath(app.tree, functionsOnPath) : 0;
        if ("zoom" in changes) app.zoom = decodeZoom(app.tree, changes.zoom);
        app.state.zoom = encodeZoom(app.tree, app.zoom);
        match();
        applyTheme();
        if (isCounted) count();
        refresh();
        if (isListed) app.functions.refresh();
        else if (isSelected) app.functions.follow();
        if (isCounted || changes.theme !== undefined) app.summary.refresh();
        if (isCounted || isSelected || isShaped) app.detail.refresh();
        writeFragment(model, app.state);
    };

    app.select = (fn) => app.set({ selected: fn });
    app.search = (query) => app.set({ query });

    // Also selects the function, if one is given.
    app.zoomTo = (id, fn) => {
        app.zoom = id;
        byId("stage").scrollTop = 0;
        app.set(fn !== undefined && fn >= 0 ? { selected: fn } : {});
    };

    app.summary = makeSummary(app);
    app.graph = makeGraph(app);
    app.outline = makeOutline(app);
    app.functions = makeFunctions(app);
    app.detail = makeDetail(app);
    fillChoices(model);
    listen(app, dark);
    applyTheme();
    shape();
    app.zoom = decodeZoom(app.tree, app.state.zoom);
    count();
    match();
    refresh();
    app.summary.once();
    app.summary.refresh();
    app.functions.refresh();
    app.detail.refresh();
    addEventListener("hashchange", () => app.set(readFragment(model)));
    return app;
}

function fillChoices(model) {
    const fill = (id, names) => {
        byId(id).replaceChildren(...names.map((name, i) => el("option", { value: i }, visible(name, 60))));
        byId(id + "-box").hidden = names.length < 2;
    };
    fill(
        "thread",
        model.threadChoices.map((choice) => choice.name),
    );
    fill("times", model.times);
    byId("widths-box").hidden = !model.isDiff;
    byId("colour-box").hidden = model.isDiff;
    byId("waiting").hidden = !model.hasAwaited;
}

const KEYS = [
    ["/", "search; Escape empties it"],
    ["1  2", "flame graph, call tree"],
    ["i  r  l  w", "invert, merge recursion, fold libraries, add waiting"],
    ["d", "light or dark"],
    ["0", "zoom out to all"],
    ["↑ ↓ ← →", "graph: caller, widest callee, neighbours; tree: up, down, close, open; table: up, down"],
    ["Enter", "graph: zoom in; tree and table: select"],
    ["Space", "select"],
    ["Backspace  Escape", "graph: zoom out"],
    ["?", "these keys"],
];

function listen(app, dark) {
    const { model } = app;
    for (const name of ["thread", "times"])
        byId(name).addEventListener("change", (event) => app.set({ [name]: Number(event.target.value) }));
    for (const name of ["widths", "colour"])
        byId(name).addEventListener("change", (event) => app.set({ [name]: event.target.value }));
    const toggle = (name) => app.set({ [name]: !app.state[name] });
    for (const name of SWITCHES)
        byId(name).addEventListener("click", () => toggle(name));
    const themes = ["auto", "light", "dark"];
    const nextTheme = () => app.set({ theme: themes[(themes.indexOf(app.state.theme) + 1) % 3] });
    byId("theme").addEventListener("click", nextTheme);
    for (const view of ["graph", "tree"]) {
        byId("tab-" + view).addEventListener("click", () => app.set({ view }));
        byId("tab-" + view).addEventListener("keydown", (event) => {
            if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
            app.set({ view: view === "graph" ? "tree" : "graph" });
            byId("tab-" + app.state.view).focus();
        });
    }
    byId("keys-text").append(el("dl", ...KEYS.flatMap(([key, text]) => [el("dt", key), el("dd", text)])));
    const showKeys = () => byId("keys").showModal();
    byId("keys-button").addEventListener("click", showKeys);

    const query = byId("query");
    let waiting = 0;
    query.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => app.search(query.value), model.functions.length > 20000 ? 200 : 60);
    });
    query.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return;
        app.search("");
        query.blur();
    });

    const actions = {
        "/": () => query.focus(),
        1: () => app.set({ view: "graph" }),
        2: () => app.set({ view: "tree" }),
        i: () => toggle("invert"),
        r: () => toggle("recursion"),
        l: () => toggle("fold"),
        w: () => model.hasAwaited && toggle("waiting"),
        d: nextTheme,
        0: () => app.zoomTo(0),
        "?": showKeys,
    };
    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
        if (event.target.closest("input, select, textarea, dialog") || !actions[event.key]) return;
        event.preventDefault();
        actions[event.key]();
    });

    let width = window.innerWidth;
    addEventListener("resize", () => {
        if (window.innerWidth !== width) app.graph.refresh();
        width = window.innerWidth;
        app.functions.grid.schedule();
        app.outline.grid.schedule();
    });
    dark.addEventListener("change", () => app.set({ theme: app.state.theme }));
    const print = (isPrinting) => {
        app.summary.openNotes(isPrinting);
        app.graph.print(isPrinting);
        app.functions.grid.print(isPrinting ? 40 : 0);
        app.outline.grid.print(isPrinting ? 60 : 0);
    };
    addEventListener("beforeprint", () => print(true));
    addEventListener("afterprint", () => print(false));
}

// For scripts and for the page's own tests: what is drawn, in numbers.
function expose(app) {
    const box = (id, row, x, w) => ({
        name: app.tree.fn[id] < 0 ? "all" : model(app).functions[app.tree.fn[id]].name,
        path: pathTo(app.tree, id).map((node) => model(app).functions[app.tree.fn[node]].name),
        row,
        x,
        w,
        seconds: app.tree.width[id] * model(app).unit,
        calls: app.tree.series.map((series) => series.calls[id]),
    });
    const model = () => app.model;
    window.traceprof = {
        boxes: () =>
            (app.graph.layout ? app.graph.layout.rows : []).flatMap((row, r) =>
                row.ids.map((id, i) => box(id, r, row.x[i], row.w[i])),
            ),
        state: () => ({ ...app.state }),
    };
}

expose(start(JSON.parse(byId("data").textContent)));
performance.mark("ready");

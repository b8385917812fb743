// One function: its figures, who calls it, what it calls, and all its places in the tree.

const MOST_PLACES = 50;

function makeDetail(app) {
    const body = byId("detail-body");
    let most = MOST_PLACES;
    let shown = -1;

    const fact = (name, value) => [el("dt", name), el("dd", value)];

    const facts = (fn) => {
        const { model, figures } = app;
        const items = [];
        figures.forEach((f, k) => {
            const title = model.isDiff ? (k === 0 ? "Old: " : "New: ") : "";
            items.push(
                ...fact(title + "own", formatTime(f.own[fn]) + " · " + formatShare(f.own[fn], f.total)),
            );
            items.push(
                ...fact(
                    title + "cumulative",
                    formatTime(f.cumulative[fn]) + " · " + formatShare(f.cumulative[fn], f.total),
                ),
            );
            if (model.hasCalls)
                items.push(
                    ...fact(
                        title + model.callWord + "s",
                        formatCount(f.calls[fn]) +
                            (f.calls[fn] !== f.primitive[fn] && model.callWord === "call"
                                ? " (" + formatCount(f.primitive[fn]) + " primitive)"
                                : ""),
                    ),
                );
        });
        const coroutine = model.last.coroutines.get(fn);
        if (coroutine && app.state.thread === 0) {
            const active = coroutine.active[app.state.times];
            items.push(
                ...fact("coroutines started", formatCount(coroutine.started)),
                ...fact("resumed", formatCount(coroutine.resumes)),
            );
            items.push(
                ...fact("active", formatTime(active * model.last.unit)),
                ...fact("awaited", formatTime(coroutine.awaited * model.last.unit)),
            );
        }
        return el("dl.facts slim", ...items);
    };

    const neighbourRow = (fn, entries, most) => {
        const { model } = app;
        const now = entries[entries.length - 1];
        const hasTimes = model.profiles.every((profile) => profile.edgeTimes) || app.state.thread > 0;
        const cells = [];
        if (model.isDiff)
            cells.push(
                el(
                    "td.number",
                    changeCell(entries[0].time, now.time, signed(now.time - entries[0].time, formatTime)),
                ),
            );
        else if (hasTimes)
            cells.push(el("td.number", barCell(formatTime(now.time), most > 0 ? now.time / most : 0)));
        if (model.hasCalls) cells.push(el("td.number", formatCount(now.calls)));
        cells.push(
            el("td.label", el("button", { class: "link", click: () => app.select(fn) }, nameCell(model, fn))),
        );
        return el("tr", ...cells);
    };

    const neighbours = (title, side, none) => {
        const { model } = app;
        const weight = (entries) => Math.max(...entries.map((entry) => entry.time));
        const rows = [...side].sort(
            (a, b) =>
                weight(b[1]) - weight(a[1]) ||
                b[1][b[1].length - 1].calls - a[1][a[1].length - 1].calls ||
                a[0] - b[0],
        );
        const heading = el("h3", title, " ", el("small", formatCount(rows.length)));
        if (rows.length === 0) return [heading, el("p.none", none)];
        const most = weight(rows[0][1]);
        const hasTimes = model.profiles.every((profile) => profile.edgeTimes) || app.state.thread > 0;
        const head = [];
        if (model.isDiff || hasTimes)
            head.push(el("th", { scope: "col", class: "number" }, model.isDiff ? "Change" : "Time"));
        if (model.hasCalls)
            head.push(
                el(
                    "th",
                    { scope: "col", class: "number" },
                    model.callWord === "sample" ? "Samples" : "Calls",
                ),
            );
        head.push(el("th", { scope: "col", class: "label" }, "Function"));
        const cut = rows.slice(0, 200);
        const table = el(
            "table.plain",
            el("thead", el("tr", ...head)),
            el("tbody", ...cut.map(([fn, entries]) => neighbourRow(fn, entries, most))),
        );
        return [
            heading,
            table,
            rows.length > cut.length
                ? el("p.none", "and " + formatCount(rows.length - cut.length) + " more with less time")
                : null,
        ];
    };

    const pathText = (id) => {
        const names = pathTo(app.tree, id).map((node) =>
            visible(textOf(app.model, app.tree.fn[node]).name, 60),
        );
        return names.length > 7
            ? [...names.slice(0, 2), "… " + formatCount(names.length - 6) + " …", ...names.slice(-4)].join(
                  " › ",
              )
            : names.join(" › ");
    };

    // From the top always into the widest.
    const hottest = () => {
        const { tree, model } = app;
        const items = [];
        const now = tree.series[tree.series.length - 1];
        for (
            let id = tree.children(0)[0];
            id !== undefined && items.length < 25 && tree.width[id] > 0.05 * tree.width[0];
            id = tree.children(id)[0]
        ) {
            const time = barCell(formatShare(tree.width[id], tree.width[0]), tree.width[id] / tree.width[0]);
            const name = el(
                "button.link",
                { click: () => app.select(tree.fn[id]) },
                nameCell(model, tree.fn[id]),
            );
            items.push(
                el(
                    "tr",
                    el("td.number", time),
                    el("td.number", formatTime(now.own[id] * model.unit)),
                    el("td.label", name),
                ),
            );
        }
        const head = [timeWord(app), "Own", "Function"].map((title) =>
            el(title === "Function" ? "th.label" : "th.number", { scope: "col" }, title),
        );
        return items.length === 0
            ? []
            : [el("table.plain", el("thead", el("tr", ...head)), el("tbody", ...items))];
    };

    const places = (fn) => {
        const { tree, model } = app;
        if (tree.isInverted)
            return [el("p.none", "Its places in the tree are listed when the tree is not inverted.")];
        const { count, shown: list } = findPlaces(tree, fn, most);
        const now = tree.series[tree.series.length - 1];
        const items = list.map((id) => {
            const time =
                formatTime(now.value[id] * model.unit) + " · " + formatShare(now.value[id], now.value[0]);
            const go = () => {
                app.zoomTo(id);
                app.outline.show(id);
                byId("stage").scrollIntoView({ block: "nearest" });
            };
            return el(
                "li",
                el("button", { class: "link place", click: go }, el("span.figure", time), " ", pathText(id)),
            );
        });
        const title = model.last.tree === "estimated" ? "Places in the estimated tree" : "Places in the tree";
        const more = el(
            "button",
            {
                click: () => {
                    most *= 4;
                    app.detail.refresh();
                },
            },
            "Show more of the " + formatCount(count),
        );
        return [
            el("h3", title, " ", el("small", formatCount(count))),
            el("ol.places", ...items),
            count > list.length ? more : null,
        ];
    };

    const detail = {};
    detail.refresh = () => {
        const fn = app.state.selected;
        const title = byId("detail-title");
        if (fn !== shown) most = MOST_PLACES;
        shown = fn;
        if (fn < 0) {
            title.textContent = "Hottest path";
            body.replaceChildren(
                ...hottest(),
                el(
                    "p.none",
                    "Select one in the graph, the tree or the table: here are then its callers, its callees and all its places in the tree.",
                ),
            );
            return;
        }
        const f = app.model.functions[fn];
        title.textContent = visible(f.name, 400);
        const { callers, callees } = findNeighbours(app.model, app.state, fn);
        const full = f.file === "~" ? "built-in" : visible(f.file, 1000) + ":" + f.line;
        body.replaceChildren(
            ...[
                el("p.where", el("code", full)),
                facts(fn),
                ...neighbours("Called by", callers, "Nobody that was recorded: it is where recording began."),
                ...neighbours("Calls", callees, "Nothing that was recorded."),
                ...(app.model.last.tree === "none" ? [] : places(fn)),
                f.name.length > 400
                    ? el(
                          "details",
                          el("summary", "Whole name, " + formatCount(f.name.length) + " characters"),
                          el("code", visible(f.name, Infinity)),
                      )
                    : null,
            ].filter((one) => one !== null),
        );
    };
    return detail;
}

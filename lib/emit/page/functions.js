// The table of functions: sorted, filtered by the search, linked with the graph.

function makeFunctions(app) {
    const table = byId("functions");
    const scroller = byId("functions-scroll");
    const list = { rows: [] };

    const last = () => app.figures[app.figures.length - 1];
    const first = () => app.figures[0];

    // They are of all threads together.
    const hasAwaited = () => app.model.last.coroutines.size > 0 && app.state.thread === 0;

    const columnsOne = () => {
        const { model } = app;
        const columns = [
            { title: "Own", sort: "own", class: "number", help: "Time in the function itself" },
            { title: "%", sort: "own", class: "share wide", help: "Own time as a share of all" },
            {
                title: "Cumulative",
                sort: "cumulative",
                class: "number",
                help: "Time in it and in all that it called",
            },
            { title: "%", sort: "cumulative", class: "share wide" },
        ];
        if (model.hasCalls) {
            columns.push({
                title: model.callWord === "sample" ? "Samples" : "Calls",
                sort: "calls",
                class: "number",
            });
            if (model.callWord === "call")
                columns.push({
                    title: "Per call",
                    sort: "each",
                    class: "number widest",
                    help: "Cumulative time by primitive calls",
                });
        }
        if (hasAwaited())
            columns.push({
                title: "Awaited",
                sort: "awaited",
                class: "number wide",
                help: "Time that a coroutine was suspended, calls that overlap counted each",
            });
        columns.push({ title: "Function", sort: "name", class: "label" });
        return columns;
    };

    const columnsDiff = () => [
        { title: "Own change", sort: "ownChange", class: "number" },
        { title: "Old", sort: "oldOwn", class: "number wide" },
        { title: "New", sort: "own", class: "number wide" },
        { title: "Cum. change", sort: "cumulativeChange", class: "number" },
        { title: "Calls", sort: "callsChange", class: "number widest" },
        { title: "Function", sort: "name", class: "label" },
    ];

    const each = (figures, fn) =>
        figures.primitive[fn] > 0 ? figures.cumulative[fn] / figures.primitive[fn] : 0;
    const awaited = (fn) => {
        const coroutine = app.model.last.coroutines.get(fn);
        return coroutine ? coroutine.awaited * app.model.last.unit : 0;
    };

    const keysOf = {
        own: (fn) => last().own[fn],
        cumulative: (fn) => last().cumulative[fn],
        calls: (fn) => last().calls[fn],
        each: (fn) => each(last(), fn),
        awaited,
        oldOwn: (fn) => first().own[fn],
        ownChange: (fn) => Math.abs(last().own[fn] - first().own[fn]),
        cumulativeChange: (fn) => Math.abs(last().cumulative[fn] - first().cumulative[fn]),
        callsChange: (fn) => Math.abs(last().calls[fn] - first().calls[fn]),
    };

    const sortRows = () => {
        const { sort, ascending } = app.state;
        const key = Object.hasOwn(keysOf, sort) && keysOf[sort];
        const direction = ascending ? 1 : -1;
        if (key) {
            const values = new Map(list.rows.map((fn) => [fn, key(fn)]));
            list.rows.sort((a, b) => direction * (values.get(a) - values.get(b)) || a - b);
        } else {
            const texts = new Map(list.rows.map((fn) => [fn, textOf(app.model, fn).name.toLowerCase()]));
            list.rows.sort(
                (a, b) =>
                    direction * (texts.get(a) < texts.get(b) ? -1 : texts.get(a) > texts.get(b) ? 1 : a - b),
            );
        }
    };

    const cellsOne = (fn) => {
        const f = last();
        const cells = [formatTime(f.own[fn]), barCell(formatShare(f.own[fn], f.total), f.own[fn] / f.total)];
        cells.push(
            formatTime(f.cumulative[fn]),
            barCell(formatShare(f.cumulative[fn], f.total), f.cumulative[fn] / f.total),
        );
        if (app.model.hasCalls) {
            const isRecursive = f.primitive[fn] !== f.calls[fn] && app.model.callWord === "call";
            const calls = formatCount(f.calls[fn]);
            cells.push(
                isRecursive
                    ? el(
                          "span",
                          { title: formatCount(f.primitive[fn]) + " of them primitive: from outside" },
                          calls + "\u00a0↺",
                      )
                    : calls,
            );
            if (app.model.callWord === "call") cells.push(formatTime(each(f, fn)));
        }
        if (hasAwaited()) cells.push(app.model.last.coroutines.has(fn) ? formatTime(awaited(fn)) : "");
        return [...cells, nameCell(app.model, fn)];
    };

    const cellsDiff = (fn) => {
        const a = first();
        const b = last();
        const change = (x, y) => changeCell(x, y, signed(y - x, formatTime));
        const calls = b.calls[fn] - a.calls[fn];
        return [
            change(a.own[fn], b.own[fn]),
            a.isThere[fn] ? formatTime(a.own[fn]) : "–",
            b.isThere[fn] ? formatTime(b.own[fn]) : "–",
            change(a.cumulative[fn], b.cumulative[fn]),
            calls === 0
                ? formatCount(b.calls[fn])
                : changeCell(a.calls[fn], b.calls[fn], signed(calls, formatCount)),
            nameCell(app.model, fn),
        ];
    };

    const grid = makeGrid({
        table,
        scroller,
        height: "620px",
        name: "f",
        fill: (i) => {
            const fn = list.rows[i];
            const isSelected = fn === app.state.selected;
            return {
                cells: app.model.isDiff ? cellsDiff(fn) : cellsOne(fn),
                attributes: { "aria-selected": String(isSelected) },
            };
        },
        activate: (i) => app.select(list.rows[i]),
        sortBy: (key) =>
            app.set({ sort: key, ascending: app.state.sort === key ? !app.state.ascending : key === "name" }),
    });
    list.grid = grid;

    list.refresh = () => {
        const { model, state, matches, figures } = app;
        list.rows = [];
        let there = 0;
        for (let fn = 0; fn < model.functions.length; fn++) {
            if (!figures.some((f) => f.isThere[fn])) continue;
            there++;
            if (matches === null || matches[fn]) list.rows.push(fn);
        }
        sortRows();
        const columns = model.isDiff ? columnsDiff() : columnsOne();
        for (const column of columns) {
            if (column.sort === state.sort && column.title !== "%")
                column.direction = state.ascending ? "ascending" : "descending";
        }
        grid.setColumns(columns);
        grid.setCount(list.rows.length);
        byId("functions-said").textContent =
            matches === null
                ? formatCount(there)
                : formatCount(list.rows.length) + " of " + formatCount(there) + " match";
        list.follow();
    };

    // The selected function's row becomes the active one.
    list.follow = () => {
        const i = list.rows.indexOf(app.state.selected);
        if (i >= 0) grid.setActive(i, true);
        else grid.schedule();
    };
    return list;
}

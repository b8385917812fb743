// The call tree as a table: what the graph shows, for those who read or hear it. Rows are made as they are
// opened.

const MOST_INDENT = 24;

function makeOutline(app) {
    const list = { ids: [], levels: [] };
    const open = new Set();
    let shownTree = null;

    const columns = () => {
        const { model, tree } = app;
        const numbers = model.isDiff
            ? [
                  { title: "Change", class: "number" },
                  { title: "Old", class: "number wide" },
                  { title: "New", class: "number wide" },
              ]
            : [
                  { title: tree.isInverted ? "Own, below" : timeWord(app), class: "number" },
                  { title: "%", class: "share" },
                  ...(tree.isInverted ? [] : [{ title: "Own", class: "number wide" }]),
              ];
        if (model.hasCalls)
            numbers.push({ title: model.callWord === "sample" ? "Samples" : "Calls", class: "number wide" });
        return [...numbers, { title: "Function", class: "label" }];
    };

    const nameOf = (id, level) => {
        const { tree, model } = app;
        const twisty = el(
            "span",
            { class: "twisty", "aria-hidden": "true" },
            tree.hasChildren(id) ? (open.has(id) ? "▾" : "▸") : "",
        );
        const deep = level > MOST_INDENT ? el("small.deep", level + 1 + " deep") : null;
        const name = tree.fn[id] < 0 ? el("span.name", "all") : nameCell(model, tree.fn[id]);
        const cell = el("span.branch", twisty, deep, name);
        cell.style.paddingInlineStart = Math.min(level, MOST_INDENT) * 14 + "px";
        return cell;
    };

    const cells = (id, level) => {
        const { tree, model } = app;
        const series = tree.series;
        const now = series[series.length - 1];
        const time = (ticks) => formatTime(ticks * model.unit);
        const whole = now.value[0];
        const list = model.isDiff
            ? [
                  changeCell(
                      series[0].value[id],
                      now.value[id],
                      signed((now.value[id] - series[0].value[id]) * model.unit, formatTime),
                  ),
                  time(series[0].value[id]),
                  time(now.value[id]),
              ]
            : [
                  time(now.value[id]),
                  barCell(formatShare(now.value[id], whole), now.value[id] / whole),
                  ...(tree.isInverted ? [] : [time(now.own[id])]),
              ];
        if (model.hasCalls) list.push(id > 0 ? formatCount(now.calls[id]) : "");
        return [...list, nameOf(id, level)];
    };

    // The rows: what is below open nodes.
    const rebuild = () => {
        list.ids = [];
        list.levels = [];
        const waiting = [[0, 0]];
        while (waiting.length) {
            const [id, level] = waiting.pop();
            list.ids.push(id);
            list.levels.push(level);
            const children = open.has(id) ? app.tree.children(id) : [];
            for (let i = children.length - 1; i >= 0; i--) waiting.push([children[i], level + 1]);
        }
        grid.setCount(list.ids.length);
    };

    const toggle = (i, wanted) => {
        const id = list.ids[i];
        if (!app.tree.hasChildren(id) || open.has(id) === wanted) return false;
        if (wanted) open.add(id);
        else open.delete(id);
        rebuild();
        return true;
    };

    const keys = (key, i) => {
        if (key === "ArrowRight") {
            if (!toggle(i, true)) grid.setActive(Math.min(i + 1, list.ids.length - 1), false);
        } else if (key === "ArrowLeft") {
            if (!toggle(i, false)) {
                let above = i - 1;
                while (above > 0 && list.levels[above] >= list.levels[i]) above--;
                grid.setActive(Math.max(0, above), false);
            }
        } else return false;
        return true;
    };

    const grid = makeGrid({
        table: byId("outline"),
        scroller: byId("outline-scroll"),
        height: "520px",
        name: "o",
        fill: (i) => {
            const id = list.ids[i];
            const { tree, state } = app;
            const attributes = {
                "aria-level": list.levels[i] + 1,
                "aria-selected": String(tree.fn[id] >= 0 && tree.fn[id] === state.selected),
            };
            if (tree.hasChildren(id)) attributes["aria-expanded"] = String(open.has(id));
            if (app.matches !== null && tree.fn[id] >= 0 && app.matches[tree.fn[id]])
                attributes.class = "match" + (i === grid.active ? " active" : "");
            return { cells: cells(id, list.levels[i]), attributes };
        },
        activate: (i, event) => {
            const isTwisty = event.target instanceof Element && event.target.closest(".twisty");
            if (isTwisty) toggle(i, !open.has(list.ids[i]));
            else if (app.tree.fn[list.ids[i]] >= 0) app.select(app.tree.fn[list.ids[i]]);
        },
        keys,
    });
    list.grid = grid;

    // Opened at first: the way down into the widest, as long as that is most of it.
    const openHottest = () => {
        const { tree } = app;
        open.clear();
        for (
            let id = 0;
            id !== undefined && open.size < 40 && tree.width[id] >= 0.3 * tree.width[0];
            id = tree.children(id)[0]
        )
            open.add(id);
        rebuild();
    };

    // Opens what leads to a node, and goes there.
    list.show = (id) => {
        if (byId("view-tree").hidden) return;
        if (shownTree !== app.tree) list.refresh();
        for (const node of [0, ...pathTo(app.tree, id)]) {
            if (node !== id) open.add(node);
        }
        rebuild();
        grid.setActive(list.ids.indexOf(id), true);
    };

    list.refresh = () => {
        if (byId("view-tree").hidden) return;
        grid.setColumns(columns());
        if (shownTree !== app.tree) {
            shownTree = app.tree;
            grid.active = 0;
            openHottest();
        }
        grid.schedule();
    };
    return list;
}

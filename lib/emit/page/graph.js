// The flame graph, root on top: drawing, mouse and keys.

const ROW = 20;
const PRINTED = 34; // rows of a page
const FONT = "11.5px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

function makeGraph(app) {
    const canvas = byId("canvas");
    const stage = byId("stage");
    const spacer = byId("spacer");
    const tip = byId("tip");
    const graph = { layout: null, focus: -1, hover: null };
    let pixels = 0;
    let charWidth = 7;
    let scheduled = false;
    let printing = false;

    const context = canvas.getContext("2d");

    const label = (id) => {
        const { tree, model } = app;
        const fn = tree.fn[id];
        const name = fn < 0 ? "all" : textOf(model, fn).name;
        if (!model.isDiff) return name;
        const before = tree.series[0].value[id];
        const after = tree.series[1].value[id];
        return [arrow(before, after), name, formatChange(before, after)].join(" ");
    };

    const drawText = (text, x, y, width, colour) => {
        const room = Math.floor((width - 8) / charWidth);
        if (room < 2) return;
        const cut = text.length > room ? text.slice(0, room - 1) + "…" : text;
        context.fillStyle = colour;
        context.fillText(cut, x + 4, y + ROW / 2 + 0.5, width - 6);
    };

    const drawFold = (fold, y, scheme) => {
        const x = fold.x * pixels;
        const width = fold.w * pixels;
        if (width < 0.25) return;
        context.fillStyle = scheme.rest;
        context.fillRect(x, y, Math.max(width - 0.5, 0.5), ROW - 1);
        if (width < 4) return;
        context.strokeStyle = scheme.faint;
        context.lineWidth = 0.5;
        context.beginPath();
        for (let at = x + 2; at < x + width - 1; at += 4) {
            context.moveTo(at, y + ROW - 4);
            context.lineTo(Math.min(at + 4, x + width), y + 3);
        }
        context.stroke();
    };

    const drawRow = (row, y, scheme, paint) => {
        const { tree, state } = app;
        for (let i = 0; i < row.ids.length; i++) {
            const id = row.ids[i];
            const fn = tree.fn[id];
            const x = row.x[i] * pixels;
            const width = row.w[i] * pixels;
            const isDim = app.matches !== null && (fn < 0 || !app.matches[fn]);
            context.globalAlpha = isDim ? 0.35 : 1;
            context.fillStyle = paint(id);
            context.fillRect(x, y, width > 2 ? width - 1 : Math.max(width - 0.4, 0.5), ROW - 1);
            if (width > 22) drawText(label(id), x, y, width, scheme.ink);
            context.globalAlpha = 1;
            if (app.matches !== null && !isDim && width > 2) {
                context.fillStyle = scheme.found;
                context.fillRect(x, y + ROW - 4, width - 1, 3);
            }
            if (fn >= 0 && fn === state.selected) outline(x, y, width, scheme.select, 1.5);
        }
        for (const fold of row.folds) drawFold(fold, y, scheme);
    };

    const outline = (x, y, width, colour, line) => {
        context.strokeStyle = colour;
        context.lineWidth = line;
        context.strokeRect(x + line / 2, y + line / 2, Math.max(width - 1 - line, 0.5), ROW - 1 - line);
    };

    const drawMark = (box, first, scheme, line) => {
        if (box)
            outline(
                box.x * pixels,
                (box.row - first.row) * ROW - first.rest,
                box.w * pixels,
                scheme.select,
                line,
            );
    };

    const resize = (width, height) => {
        const ratio = printing ? 2 : window.devicePixelRatio || 1;
        const w = Math.round(width * ratio);
        const h = Math.round(height * ratio);
        if (canvas.width !== w || canvas.height !== h) {
            canvas.width = w;
            canvas.height = h;
            canvas.style.width = width + "px";
            canvas.style.height = height + "px";
        }
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
    };

    // Only rows in sight are drawn, however many there are.
    const draw = () => {
        scheduled = false;
        const { layout } = graph;
        if (!layout) return;
        const scheme = SCHEMES[app.isDark && !printing ? "dark" : "light"];
        const height = printing ? Math.min(layout.rows.length, PRINTED) * ROW : stage.clientHeight;
        const first = printing
            ? { row: 0, rest: 0 }
            : { row: Math.floor(stage.scrollTop / ROW), rest: stage.scrollTop % ROW };
        resize(pixels, Math.max(height, ROW));
        layout.extend(first.row + Math.ceil(height / ROW) + 20);
        setHeight();
        context.clearRect(0, 0, pixels, height + ROW);
        context.font = FONT;
        context.textBaseline = "middle";
        const paint = makePainter(printing ? { ...app, isDark: false } : app);
        for (let r = first.row; r < layout.rows.length && (r - first.row) * ROW - first.rest < height; r++) {
            drawRow(layout.rows[r], (r - first.row) * ROW - first.rest, scheme, paint);
        }
        if (printing) return;
        drawMark(graph.hover, first, scheme, 1);
        if (graph.focus >= 0 && document.activeElement === canvas)
            drawMark(boxOf(layout, graph.focus), first, scheme, 2.5);
    };

    const setHeight = () => {
        const height = graph.layout.rows.length * ROW;
        spacer.style.height = Math.max(0, height - stage.clientHeight) + "px";
    };

    graph.schedule = () => {
        if (!scheduled) requestAnimationFrame(draw);
        scheduled = true;
    };

    const say = () => {
        const { layout } = graph;
        const { tree, model } = app;
        const parts = [];
        const boxes = layout.boxes - (app.zoom === 0 ? 1 : 0);
        if (layout.rows.length === 0) parts.push("No time was measured here.");
        else if (layout.folded > 0) {
            const share =
                layout.foldedWidth < 5e-5
                    ? "less than 0.01" + NARROW + "%"
                    : formatShare(layout.foldedWidth, 1);
            const all = tree.below ? " of " + formatCount(boxes + layout.foldedNodes) : "";
            parts.push(
                formatCount(boxes) +
                    all +
                    " places are drawn; others, narrower than a pixel, hold " +
                    share +
                    " of the time shown: hatched where there is room." +
                    (printing ? "" : " Zoom in to see them."),
            );
        } else
            parts.push(
                boxes === 1 ? "One place is drawn." : "All " + formatCount(boxes) + " places are drawn.",
            );
        if (printing && layout.rows.length > PRINTED) parts.push("Rows below the " + PRINTED + "th are left out.");
        else if (!layout.isDone) parts.push("Deeper rows are laid out as you scroll.");
        if (app.state.waiting)
            parts.push("Wall time: what coroutines awaited is added where they did, each wait for itself.");
        if (tree.odd > 0)
            parts.push(
                plural(tree.odd, "place") + " had less time than its callees: shown as none of its own.",
            );
        if (model.isDiff)
            parts.push("Blue with ▼ is less time than before, orange with ▲ more; grey is as before.");
        byId("said").textContent = parts.join(" ");
    };

    // The layout of what is zoomed into, for the width there is.
    graph.refresh = () => {
        if (byId("view-graph").hidden && !printing) return;
        const room = printing ? 1000 : Math.max(stage.clientWidth, 100);
        const key = [app.tree, app.zoom, room];
        if (graph.key && key.every((part, i) => part === graph.key[i])) return graph.schedule();
        graph.key = key;
        pixels = room;
        context.font = FONT;
        charWidth = context.measureText("M").width || 7;
        graph.layout = makeLayout(app.tree, app.zoom, pixels);
        graph.hover = null;
        stage.style.height =
            Math.min(Math.max(graph.layout.rows.length, 3), window.innerWidth < 600 ? 20 : 26) * ROW + "px";
        say();
        draw();
    };

    graph.print = (isPrinting) => {
        printing = isPrinting;
        graph.key = null;
        graph.refresh();
        if (printing) stage.style.height = "auto";
    };

    // Who looks at one box: text for a tooltip, and for those who hear it.
    const describe = (box) => {
        const { tree, model } = app;
        if (box.fold) {
            const of = tree.fn[box.fold.parent];
            const what = plural(box.fold.count, "callee") + (of < 0 ? "" : " of " + textOf(model, of).name);
            return [
                what,
                "too narrow to draw, together " +
                    formatShare(box.w * tree.width[app.zoom], tree.width[0]) +
                    ". Zoom in to see them.",
            ];
        }
        return describeNode(app, box.id);
    };

    const showTip = (box, event) => {
        const lines = describe(box);
        tip.replaceChildren(...lines.map((line, i) => el(i === 0 ? "strong" : "div", null, line)));
        tip.hidden = false;
        const x = Math.min(event.clientX + 14, document.documentElement.clientWidth - tip.offsetWidth - 8);
        const below = event.clientY + 18 + tip.offsetHeight < window.innerHeight;
        tip.style.left = Math.max(4, x) + "px";
        tip.style.top = (below ? event.clientY + 18 : event.clientY - tip.offsetHeight - 10) + "px";
    };

    const hideTip = () => {
        tip.hidden = true;
        if (graph.hover) {
            graph.hover = null;
            graph.schedule();
        }
    };

    const find = (event) => {
        const bounds = canvas.getBoundingClientRect();
        const row = Math.floor((event.clientY - bounds.top + stage.scrollTop) / ROW);
        return boxAt(graph.layout, row, (event.clientX - bounds.left) / pixels);
    };

    canvas.addEventListener("mousemove", (event) => {
        const box = find(event);
        if (!box) return hideTip();
        graph.hover = box;
        showTip(box, event);
        graph.schedule();
    });
    canvas.addEventListener("mouseleave", hideTip);
    stage.addEventListener("scroll", () => {
        hideTip();
        graph.schedule();
    });
    canvas.addEventListener("click", (event) => {
        const box = find(event);
        hideTip();
        if (!box) return;
        const id = box.fold ? box.fold.parent : box.id;
        graph.focus = id;
        tell(box);
        app.zoomTo(id, box.fold ? undefined : app.tree.fn[id]);
    });

    const tell = (box) => {
        byId("told").textContent = describe(box).join(" · ");
    };

    const reveal = (row) => {
        if (row * ROW < stage.scrollTop) stage.scrollTop = row * ROW;
        else if ((row + 1) * ROW > stage.scrollTop + stage.clientHeight)
            stage.scrollTop = (row + 1) * ROW - stage.clientHeight;
    };

    // Moves the focus to a node, in sight.
    graph.focusOn = (id) => {
        const box = boxOf(graph.layout, id);
        if (!box) return;
        graph.focus = id;
        reveal(box.row);
        tell(box);
        graph.schedule();
    };

    const beside = (box, step) => {
        const row = graph.layout.rows[box.row];
        return row.ids[row.ids.indexOf(box.id) + step];
    };

    const childOf = (box) => {
        const next = graph.layout.rows[box.row + 1];
        const found = next ? next.ids.find((id) => app.tree.parent[id] === box.id) : undefined;
        if (found === undefined && next && next.folds.some((fold) => fold.parent === box.id))
            byId("told").textContent = "Its callees are too narrow to draw: Enter zooms in.";
        return found;
    };

    const keys = {
        ArrowUp: (box) => (box.id === app.zoom ? undefined : app.tree.parent[box.id]),
        ArrowDown: childOf,
        ArrowLeft: (box) => beside(box, -1),
        ArrowRight: (box) => beside(box, 1),
        Home: () => app.zoom,
    };

    canvas.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const box = boxOf(graph.layout, graph.focus) || boxOf(graph.layout, app.zoom);
        if (!box) return;
        if (keys[event.key]) {
            const next = graph.focus < 0 ? box.id : keys[event.key](box);
            if (next !== undefined) graph.focusOn(next);
        } else if (event.key === "Enter") app.zoomTo(box.id, app.tree.fn[box.id]);
        else if (event.key === " ") app.select(app.tree.fn[box.id]);
        else if (event.key === "Backspace" || event.key === "Escape")
            app.zoomTo(app.zoom === 0 ? 0 : app.tree.parent[app.zoom]);
        else return;
        event.preventDefault();
    });
    canvas.addEventListener("focus", () => {
        if (!canvas.matches(":focus-visible")) return; // the mouse is where it wants to be
        if (graph.focus < 0 || !boxOf(graph.layout, graph.focus)) graph.focus = app.zoom;
        graph.focusOn(graph.focus);
    });
    canvas.addEventListener("blur", graph.schedule);
    return graph;
}

// What times of the tree are.
function timeWord(app) {
    return app.state.waiting ? "Wall" : "Cumulative";
}

// A node in words: its name and place, and its figures.
function describeNode(app, id) {
    const { tree, model } = app;
    const fn = tree.fn[id];
    const name = fn < 0 ? "all" : textOf(model, fn).name + " · " + textOf(model, fn).place;
    const lines = [visible(name, 240)];
    const whole = tree.series.map((series) => series.value[0]);
    tree.series.forEach((series, k) => {
        const time =
            formatTime(series.value[id] * model.unit) + ", " + formatShare(series.value[id], whole[k]);
        const self = formatTime(series.own[id] * model.unit) + ", " + formatShare(series.own[id], whole[k]);
        const calls = fn >= 0 && model.hasCalls ? " · " + plural(series.calls[id], model.callWord) : "";
        const title = model.isDiff ? (k === 0 ? "old: " : "new: ") : "";
        lines.push(
            title +
                (tree.isInverted
                    ? "own time below here " + time
                    : timeWord(app).toLowerCase() + " " + time + " · own " + self) +
                calls,
        );
    });
    if (model.isDiff) {
        const [before, after] = tree.series.map((series) => series.value[id]);
        lines.push(
            "change: " +
                signed((after - before) * model.unit, formatTime) +
                ", " +
                formatChange(before, after),
        );
    }
    if (id !== app.zoom && app.zoom !== 0)
        lines.push(formatShare(tree.width[id], tree.width[app.zoom]) + " of what is zoomed into");
    return lines;
}

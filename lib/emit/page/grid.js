// A real table of which only the rows in sight are there. One row is the active one; keys move it.

const LINE = 28;

// columns: [{ title, name, sort, class }]; fill(index) gives the cells of a row and its attributes.
function makeGrid({ table, scroller, height, name, fill, activate, keys, sortBy }) {
    const grid = { count: 0, active: 0, columns: [] };
    const head = el("thead");
    const body = el("tbody");
    const before = el("tr", { role: "presentation", class: "gap" }, el("td", { role: "presentation" }));
    const after = el("tr", { role: "presentation", class: "gap" }, el("td", { role: "presentation" }));
    let scheduled = false;
    let printed = 0;
    table.append(head, body);

    const room = () => Math.max(1, Math.floor((scroller.clientHeight - head.offsetHeight) / LINE));

    const render = () => {
        scheduled = false;
        const first = printed
            ? 0
            : Math.max(0, Math.min(Math.floor(scroller.scrollTop / LINE) - 4, grid.count - 1));
        const last = printed ? Math.min(printed, grid.count) : Math.min(grid.count, first + room() + 10);
        const rows = [];
        for (let i = first; i < last; i++) rows.push(renderRow(i));
        before.firstChild.style.height = first * LINE + "px";
        after.firstChild.style.height = printed ? "" : (grid.count - last) * LINE + "px";
        after.firstChild.textContent =
            printed && last < grid.count ? "and " + formatCount(grid.count - last) + " more" : "";
        after.firstChild.colSpan = grid.columns.length;
        body.replaceChildren(before, ...rows, after);
        const isThere = grid.active >= first && grid.active < last;
        if (isThere) table.setAttribute("aria-activedescendant", name + "-" + grid.active);
        else table.removeAttribute("aria-activedescendant");
    };

    const renderRow = (i) => {
        const { cells, attributes } = fill(i);
        const row = el("tr", {
            id: name + "-" + i,
            "aria-rowindex": i + 2,
            class: i === grid.active ? "active" : null,
            ...attributes,
        });
        cells.forEach((cell, k) => {
            const column = grid.columns[k];
            const holder = el("td", { class: column.class });
            if (cell instanceof Node) holder.append(cell);
            else holder.textContent = cell;
            row.append(holder);
        });
        row.addEventListener("click", (event) => {
            grid.active = i;
            activate(i, event);
            grid.schedule();
        });
        return row;
    };

    grid.schedule = () => {
        if (!scheduled) requestAnimationFrame(render);
        scheduled = true;
    };

    grid.setColumns = (columns) => {
        grid.columns = columns;
        const cells = columns.map((column) => {
            const text =
                column.sort && sortBy
                    ? el("button", { click: () => sortBy(column.sort) }, column.title)
                    : column.title;
            return el(
                "th",
                {
                    scope: "col",
                    class: column.class,
                    "aria-sort": column.direction || null,
                    title: column.help || null,
                },
                text,
            );
        });
        head.replaceChildren(el("tr", { "aria-rowindex": 1 }, ...cells));
    };

    grid.setCount = (count) => {
        grid.count = count;
        grid.active = Math.max(0, Math.min(grid.active, count - 1));
        table.setAttribute("aria-rowcount", count + 1);
        scroller.style.height = "min(" + height + ", " + (count * LINE + 34) + "px)";
        render();
    };

    // The active row, in sight; in the middle if it was far away.
    grid.setActive = (i, isFar) => {
        grid.active = Math.max(0, Math.min(i, grid.count - 1));
        const top = grid.active * LINE;
        const height = room() * LINE;
        if (top < scroller.scrollTop || top + LINE > scroller.scrollTop + height) {
            const above = isFar ? Math.floor(height / 2) : top < scroller.scrollTop ? 0 : height - LINE;
            scroller.scrollTop = Math.max(0, top - above);
        }
        render();
    };

    grid.print = (rows) => {
        printed = rows;
        render();
    };

    const moves = {
        ArrowDown: () => grid.active + 1,
        ArrowUp: () => grid.active - 1,
        PageDown: () => grid.active + room(),
        PageUp: () => grid.active - room(),
        Home: () => 0,
        End: () => grid.count - 1,
    };

    table.addEventListener("keydown", (event) => {
        if (event.target !== table || event.ctrlKey || event.metaKey || event.altKey || grid.count === 0)
            return;
        if (moves[event.key]) grid.setActive(moves[event.key](), false);
        else if (event.key === "Enter" || event.key === " ") activate(grid.active, event);
        else if (!keys || !keys(event.key, grid.active)) return;
        event.preventDefault();
    });
    scroller.addEventListener("scroll", grid.schedule);
    return grid;
}

// A figure with a bar behind it that shows its share.
function barCell(text, share) {
    const bar = el("span.fill");
    bar.style.width = Math.max(0, Math.min(100, 100 * share)) + "%";
    return el("span.barred", bar, el("span.figure", text));
}

// A function's name and, fainter, where it is.
function nameCell(model, fn) {
    const text = textOf(model, fn);
    return el(
        "span",
        { class: "name", title: text.name + "\n" + text.place },
        text.name,
        el("small", text.place),
    );
}

// A change with its sign and arrow; its colour comes on top of that.
function changeCell(before, after, text) {
    const kind = after > before ? "more" : after < before ? "less" : "same";
    return el("span", { class: "change " + kind }, arrow(before, after) + " " + text);
}

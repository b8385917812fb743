// Where boxes lie. Row by row from the top; x and widths are shares of the width there is. What is narrower
// than a pixel is not laid out: the widest children come first, so all that is too narrow lies side by
// side, as one fold.

const MOST_BOXES = 300000;

function makeLayout(tree, top, pixels) {
    const least = 1 / pixels;
    const whole = tree.width[top];
    const layout = { rows: [], boxes: 0, folded: 0, foldedNodes: 0, foldedWidth: 0, isDone: !(whole > 0) };

    const addChildrenOf = (row, parent, x) => {
        const list = tree.children(parent);
        let at = x;
        for (let i = 0; i < list.length; i++) {
            const width = tree.width[list[i]] / whole;
            if (width < least) {
                addFold(row, parent, at, list, i);
                return;
            }
            row.ids.push(list[i]);
            row.x.push(at);
            row.w.push(width);
            at += width;
        }
    };

    const addFold = (row, parent, x, list, from) => {
        let width = 0;
        let nodes = 0;
        for (let i = from; i < list.length; i++) {
            width += tree.width[list[i]];
            nodes += 1 + (tree.below ? tree.below[list[i]] : 0);
        }
        layout.folded += list.length - from;
        layout.foldedNodes += nodes;
        layout.foldedWidth += width / whole;
        row.folds.push({ parent, x, w: width / whole, count: list.length - from });
    };

    const newRow = () => ({ ids: [], x: [], w: [], folds: [] });

    // Rows up to this one, if there are so many.
    layout.extend = (row) => {
        while (!layout.isDone && (layout.rows.length <= row || layout.boxes < MOST_BOXES)) {
            const last = layout.rows[layout.rows.length - 1];
            const next = newRow();
            for (let i = 0; i < last.ids.length; i++) addChildrenOf(next, last.ids[i], last.x[i]);
            layout.isDone = next.ids.length === 0;
            layout.boxes += next.ids.length;
            if (!layout.isDone || next.folds.some((fold) => fold.w >= least / 4)) layout.rows.push(next);
        }
    };

    if (!layout.isDone) {
        layout.rows.push({ ids: [top], x: [0], w: [1], folds: [] });
        layout.boxes = 1;
        layout.extend(0);
    }
    return layout;
}

// The box or fold at x (a share) of a row; null beside them.
function boxAt(layout, rowNumber, x) {
    const row = layout.rows[rowNumber];
    if (!row) return null;
    let low = 0;
    let high = row.ids.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (row.x[middle] + row.w[middle] > x) high = middle;
        else low = middle + 1;
    }
    if (low < row.ids.length && row.x[low] <= x)
        return { id: row.ids[low], x: row.x[low], w: row.w[low], row: rowNumber };
    const fold = row.folds.find((one) => one.x <= x && x < one.x + one.w);
    return fold ? { fold, x: fold.x, w: fold.w, row: rowNumber } : null;
}

// Where a node lies, if it has a box.
function boxOf(layout, id) {
    for (let rowNumber = 0; rowNumber < layout.rows.length; rowNumber++) {
        const row = layout.rows[rowNumber];
        const i = row.ids.indexOf(id);
        if (i >= 0) return { id, x: row.x[i], w: row.w[i], row: rowNumber };
    }
    return null;
}

// The tree upside down: at the top each function with its own time, below it those that called it. Such a
// tree can be vast, so nodes are made when somebody looks at them.

function invertTree(model, tree) {
    const made = {
        size: 0,
        odd: tree.odd,
        isInverted: true,
        fn: [],
        parent: [],
        width: [],
        series: tree.series.map(() => ({ own: [], calls: [], value: [] })),
        below: null,
    };
    // Of each node: the nodes of the tree whose own time this is, and where on their paths we are.
    const origins = [];
    const places = [];
    const lists = [];

    const add = (fn, parent, origin, place) => {
        const id = made.size++;
        made.fn.push(fn);
        made.parent.push(parent);
        origins.push(origin);
        places.push(place);
        lists.push(null);
        let width = 0;
        for (const node of origin) width += tree.widthOwn[node];
        made.width.push(width);
        tree.series.forEach((series, k) => {
            let own = 0;
            let calls = 0;
            for (const node of origin) {
                own += series.own[node];
                calls += series.calls[node];
            }
            made.series[k].value.push(own);
            made.series[k].own.push(parent <= 0 ? own : 0);
            made.series[k].calls.push(calls);
        });
        return id;
    };

    const group = (id) => {
        const found = new Map();
        const take = (fn, node, place) => {
            let entry = found.get(fn);
            if (entry === undefined) found.set(fn, (entry = { origin: [], place: [] }));
            entry.origin.push(node);
            entry.place.push(place);
        };
        if (id === 0) {
            for (let node = 1; node < tree.size; node++) take(tree.fn[node], node, node);
        } else {
            origins[id].forEach((node, i) => {
                const caller = tree.parent[places[id][i]];
                if (caller > 0) take(tree.fn[caller], node, caller);
            });
        }
        const list = [];
        for (const [fn, entry] of found) list.push(add(fn, id, entry.origin, entry.place));
        return list.sort((a, b) => made.width[b] - made.width[a] || made.fn[a] - made.fn[b]);
    };

    made.children = (id) => {
        if (lists[id] === null) lists[id] = group(id);
        return lists[id];
    };
    made.hasChildren = (id) =>
        id === 0 ? tree.size > 1 : places[id].some((place) => tree.parent[place] > 0);

    add(-1, 0, [], []);
    made.width[0] = tree.width[0];
    tree.series.forEach((series, k) => {
        made.series[k].value[0] = series.value[0];
    });
    return made;
}

// The tree that is drawn: paths of calls, of one thread or of several added up, with what was asked to be
// folded. Node 0 is the whole; a node's parent has a smaller number. Times are in ticks of model.unit.

// Own times of a thread's contexts. Less than nothing, which no sound file has, counts as nothing.
function ownTicks(thread, ticks) {
    const own = Float64Array.from(ticks);
    for (let i = 0; i < thread.count; i++) {
        if (thread.parent[i] >= 0) own[thread.parent[i]] -= ticks[i];
    }
    let odd = 0;
    for (let i = 0; i < thread.count; i++) {
        if (own[i] < 0) {
            own[i] = 0;
            odd++;
        }
    }
    return { own, odd };
}

function newTree(room, kinds) {
    return {
        size: 1,
        odd: 0,
        fn: new Int32Array(room).fill(-1, 0, 1),
        parent: new Int32Array(room),
        series: Array.from({ length: kinds }, () => ({
            own: new Float64Array(room),
            calls: new Float64Array(room),
            value: null,
        })),
    };
}

// Who finds or makes nodes of a tree.
function makeGrower(model, tree) {
    const index = new Map();
    const count = model.functions.length;
    const child = (parent, fn) => {
        const key = parent * count + fn;
        let id = index.get(key);
        if (id === undefined) {
            id = tree.size++;
            index.set(key, id);
            tree.fn[id] = fn;
            tree.parent[id] = parent;
        }
        return id;
    };
    const above = (node, fn) => {
        let at = node;
        while (at > 0 && tree.fn[at] !== fn) at = tree.parent[at];
        return at;
    };
    return { child, above };
}

// Wall time: what was awaited in a place counts there, too.
function withAwaited(thread, ticks) {
    return thread.awaited ? ticks.map((active, i) => active + thread.awaited[i]) : ticks;
}

// Adds a thread. A node is found for each context; many contexts may share one.
function addThread(model, tree, grower, thread, ticks, scale, series, shape) {
    const { own, odd } = ownTicks(thread, ticks);
    const nodeOf = new Int32Array(thread.count);
    const seen = new Uint8Array(model.functions.length);
    tree.odd += shape.waiting ? 0 : odd;
    for (let i = 0; i < thread.count; i++) {
        const fn = thread.fn[i];
        const parent = thread.parent[i] < 0 ? 0 : nodeOf[thread.parent[i]];
        let node = 0;
        let isPart = false;
        if (
            shape.fold &&
            parent > 0 &&
            model.functions[fn].library &&
            model.functions[tree.fn[parent]].library
        ) {
            node = parent;
            isPart = true;
        }
        if (node === 0 && shape.recursion && seen[fn]) node = grower.above(parent, fn);
        if (node === 0) node = grower.child(parent, fn);
        seen[fn] = 1;
        nodeOf[i] = node;
        series.own[node] += own[i] * scale;
        if (!isPart) series.calls[node] += thread.calls[i];
    }
}

// Inclusive times, from the leaves up.
function sumUp(tree, own) {
    const value = own.slice(0, tree.size);
    for (let i = tree.size - 1; i > 0; i--) value[tree.parent[i]] += value[i];
    return value;
}

function larger(a, b) {
    return a.map((value, i) => Math.max(value, b[i]));
}

// What widths stand for: of two profiles the larger own time, so that nothing is out of sight, or one's.
function widthOwn(tree, widths) {
    if (tree.series.length === 1) return tree.series[0].own;
    if (widths === "old") return tree.series[0].own;
    return widths === "new" ? tree.series[1].own : larger(tree.series[0].own, tree.series[1].own);
}

// Children of each node, the widest first; a node's are sorted when they are first asked for.
function addChildren(tree) {
    const first = new Int32Array(tree.size + 1);
    const order = new Int32Array(tree.size);
    const sorted = new Uint8Array(tree.size);
    for (let i = 1; i < tree.size; i++) first[tree.parent[i] + 1]++;
    for (let i = 0; i < tree.size; i++) first[i + 1] += first[i];
    const next = first.slice();
    for (let i = 1; i < tree.size; i++) order[next[tree.parent[i]]++] = i;
    const wider = (a, b) => tree.width[b] - tree.width[a] || tree.fn[a] - tree.fn[b];
    tree.children = (id) => {
        const list = order.subarray(first[id], first[id + 1]);
        if (!sorted[id]) {
            sorted[id] = 1;
            if (list.length > 1) list.sort(wider);
        }
        return list;
    };
    tree.hasChildren = (id) => first[id + 1] > first[id];
}

function buildTree(model, state) {
    const choice = model.threadChoices[state.thread] || model.threadChoices[0];
    const threads = model.profiles.map((profile, k) => choice.picks[k].map((i) => profile.threads[i]));
    const room = 1 + sum(threads.flat().map((thread) => thread.count));
    const tree = newTree(room, model.profiles.length);
    const grower = makeGrower(model, tree);
    model.profiles.forEach((profile, k) => {
        for (const thread of threads[k]) {
            const active = thread.ticks[state.times];
            const ticks = state.waiting ? withAwaited(thread, active) : active;
            const scale = profile.unit === model.unit ? 1 : profile.unit / model.unit;
            addThread(model, tree, grower, thread, ticks, scale, tree.series[k], state);
        }
    });
    for (const series of tree.series) series.value = sumUp(tree, series.own);
    tree.widthOwn = widthOwn(tree, state.widths);
    tree.width = sumUp(tree, tree.widthOwn);
    tree.below = new Int32Array(tree.size);
    for (let i = tree.size - 1; i > 0; i--) tree.below[tree.parent[i]] += tree.below[i] + 1;
    addChildren(tree);
    return tree;
}

// The nodes from the top down to this one, without the whole.
function pathTo(tree, id) {
    const path = [];
    for (let at = id; at > 0; at = tree.parent[at]) path.push(at);
    return path.reverse();
}

// As far down as there are nodes of these functions.
function findPath(tree, functions) {
    let at = 0;
    for (const fn of functions) {
        const next = tree.children(at).find((id) => tree.fn[id] === fn);
        if (next === undefined) break;
        at = next;
    }
    return at;
}

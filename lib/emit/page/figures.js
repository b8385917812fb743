// Figures of functions: of all threads together as the file has them, of one thread out of its tree.

function emptyFigures(count) {
    return {
        own: new Float64Array(count),
        cumulative: new Float64Array(count),
        calls: new Float64Array(count),
        primitive: new Float64Array(count),
        isThere: new Uint8Array(count),
        total: 0,
    };
}

function figuresOfRows(model, profile, times) {
    const figures = emptyFigures(model.functions.length);
    const { rows } = profile;
    const own = profile.own[times];
    const cumulative = profile.cumulative[times];
    rows.function.forEach((fn, i) => {
        figures.own[fn] = own[i];
        figures.cumulative[fn] = cumulative[i];
        figures.calls[fn] = rows.calls[i];
        figures.primitive[fn] = rows.primitive[i];
        figures.isThere[fn] = 1;
    });
    figures.total = sum(own);
    return figures;
}

// For each context whether the same function is at work above it.
function nestedContexts(thread, count) {
    const nested = new Uint8Array(thread.count);
    const active = new Int32Array(count);
    const path = [];
    for (let i = 0; i < thread.count; i++) {
        while (path.length && path[path.length - 1] !== thread.parent[i]) active[thread.fn[path.pop()]]--;
        nested[i] = active[thread.fn[i]]++ > 0 ? 1 : 0;
        path.push(i);
    }
    return nested;
}

function figuresOfThreads(model, profile, picks, times) {
    const figures = emptyFigures(model.functions.length);
    for (const pick of picks) {
        const thread = profile.threads[pick];
        const ticks = thread.ticks[times];
        const nested = nestedContexts(thread, model.functions.length);
        const { own } = ownTicks(thread, ticks);
        for (let i = 0; i < thread.count; i++) {
            const fn = thread.fn[i];
            figures.own[fn] += own[i] * profile.unit;
            figures.calls[fn] += thread.calls[i];
            figures.isThere[fn] = 1;
            if (!nested[i]) {
                figures.cumulative[fn] += ticks[i] * profile.unit;
                figures.primitive[fn] += thread.calls[i];
            }
        }
    }
    figures.total = sum(figures.own);
    return figures;
}

// One set a profile.
function findFigures(model, state) {
    const choice = model.threadChoices[state.thread] || model.threadChoices[0];
    return model.profiles.map((profile, k) =>
        state.thread > 0
            ? figuresOfThreads(model, profile, choice.picks[k], state.times)
            : figuresOfRows(model, profile, state.times),
    );
}

// Callers and callees of one function: maps of function to figures, one entry a profile.
function findNeighbours(model, state, fn) {
    const callers = new Map();
    const callees = new Map();
    const note = (side, other, k, calls, time) => {
        if (!side.has(other))
            side.set(
                other,
                model.profiles.map(() => ({ calls: 0, time: 0 })),
            );
        const entry = side.get(other)[k];
        entry.calls += calls;
        entry.time += time;
    };
    model.profiles.forEach((profile, k) => {
        const take = (isCaller, other, calls, time) =>
            note(isCaller ? callers : callees, other, k, calls, time);
        if (state.thread === 0) noteEdges(profile, state.times, fn, take);
        else noteContexts(model, profile, k, state, fn, take);
    });
    return { callers, callees };
}

function noteEdges(profile, times, fn, note) {
    const { edges } = profile;
    const time = profile.edgeTime[times];
    for (let i = 0; i < edges.caller.length; i++) {
        if (edges.callee[i] === fn) note(true, edges.caller[i], edges.calls[i], time[i]);
        if (edges.caller[i] === fn) note(false, edges.callee[i], edges.calls[i], time[i]);
    }
}

function noteContexts(model, profile, k, state, fn, note) {
    for (const pick of model.threadChoices[state.thread].picks[k]) {
        const thread = profile.threads[pick];
        const ticks = thread.ticks[state.times];
        const nested = nestedContexts(thread, model.functions.length);
        for (let i = 0; i < thread.count; i++) {
            const parent = thread.parent[i];
            if (parent < 0) continue;
            const time = nested[i] ? 0 : ticks[i] * profile.unit;
            if (thread.fn[i] === fn) note(true, thread.fn[parent], thread.calls[i], time);
            if (thread.fn[parent] === fn) note(false, thread.fn[i], thread.calls[i], time);
        }
    }
}

// The places of a function in the drawn tree, the widest first. `most` of them, and how many there are.
function findPlaces(tree, fn, most) {
    const places = [];
    const limit = tree.isInverted ? 0 : tree.size;
    for (let i = 1; i < limit; i++) {
        if (tree.fn[i] === fn) places.push(i);
    }
    places.sort((a, b) => tree.width[b] - tree.width[a] || a - b);
    return { count: places.length, shown: places.slice(0, most) };
}

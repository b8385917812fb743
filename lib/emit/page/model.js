// The profile as the page has it, made from the JSON that the library wrote.

function moduleOf(file, isLibrary) {
    if (file === "~") return "built-in";
    const frozen = /^<frozen ([\w]+)/.exec(file);
    if (frozen) return frozen[1];
    const path = file.replace(/\\/g, "/");
    const installed =
        /(?:site|dist)-packages\/([^/]+)/.exec(path) ||
        (isLibrary && /\/(?:python|pypy)3[\w.]*\/([^/]+)/.exec(path));
    if (installed) return installed[1].replace(/\.py$/, "");
    return path.split("/").slice(-2).join("/");
}

// "<built-in method builtins.len>" is long for what it says.
function shortName(name, file) {
    if (file !== "~") return name;
    const found = /^<(?:built-in method|built-in function) (?:builtins\.)?(.+)>$/.exec(name);
    if (found) return found[1];
    const method = /^<method '(.+)' of '(.+)' objects>$/.exec(name);
    return method ? method[2] + "." + method[1] : name;
}

function readFunctions(data) {
    const { file, name, line, library } = data.functions;
    const modules = new Map();
    return file.map((number, i) => {
        const path = data.strings[number];
        const key = number * 2 + library[i];
        if (!modules.has(key)) modules.set(key, moduleOf(path, library[i]));
        return {
            file: path,
            name: data.strings[name[i]],
            line: line[i],
            library: library[i] === 1,
            module: modules.get(key),
            text: null,
        };
    });
}

// Columns of a time in the order of model.times. A profile that lacks a reckoning has its own there.
function timesOf(profile, times, table, name) {
    const columns = [table[name] || [], table["other" + name[0].toUpperCase() + name.slice(1)]];
    return times.map((time) => columns[Math.max(0, profile.times.indexOf(time))]);
}

function readThread(profile, times, thread) {
    const count = thread.function.length;
    const parent = new Int32Array(count);
    for (let i = 0; i < count; i++) parent[i] = thread.up[i] === 0 ? -1 : i - thread.up[i];
    return {
        name: thread.name,
        id: thread.id,
        process: thread.process,
        count,
        parent,
        fn: Int32Array.from(thread.function),
        calls: Float64Array.from(thread.calls),
        ticks: timesOf(profile, times, thread, "ticks").map((ticks) => Float64Array.from(ticks)),
        awaited: thread.awaited,
    };
}

function readProfile(profile, times) {
    const coroutines = new Map();
    const c = profile.coroutines;
    const active = timesOf(profile, times, c, "active");
    (c.function || []).forEach((number, i) => {
        coroutines.set(number, {
            started: c.started[i],
            resumes: c.resumes[i],
            active: active.map((column) => column[i]),
            awaited: c.awaited[i],
        });
    });
    const own = timesOf(profile, times, profile.rows, "own");
    return {
        ...profile,
        coroutines,
        properties: new Map(profile.properties),
        threads: profile.threads.map((thread) => readThread(profile, times, thread)),
        own,
        cumulative: timesOf(profile, times, profile.rows, "cumulative"),
        edgeTime: timesOf(profile, times, profile.edges, "cumulative"),
        total: own.map(sum),
        callCount: sum(profile.rows.calls),
    };
}

function sum(numbers) {
    let total = 0;
    for (const number of numbers) total += number;
    return total;
}

function readModel(data) {
    const [{ times: first }] = data.profiles;
    const { times: last } = data.profiles[data.profiles.length - 1];
    const common = last.filter((time) => first.includes(time));
    const times = common.length ? common : last;
    const profiles = data.profiles.map((profile) => readProfile(profile, times));
    const units = profiles.map((profile) => profile.unit).filter((unit) => unit > 0);
    const model = {
        title: data.title,
        tool: data.tool,
        times,
        areTimesAlike: common.length > 0,
        functions: readFunctions(data),
        profiles,
        isDiff: profiles.length === 2,
        last: profiles[profiles.length - 1],
        // Seconds that a tick of a drawn tree lasts.
        unit: units.length ? units[units.length - 1] : 1e-9,
        hasCalls: profiles.every((profile) => profile.calls),
        hasAwaited: profiles.some((profile) => profile.threads.some((thread) => thread.awaited)),
        callWord: profiles.every((profile) => profile.samples) ? "sample" : "call",
    };
    model.threadChoices = threadChoices(model);
    return model;
}

function threadName(profile, thread) {
    const process = profile.processes[thread.process];
    const name = thread.name || "thread " + thread.id;
    return profile.processes.length > 1 && process ? name + " (pid " + process.pid + ")" : name;
}

// All together first; then one by one, of two profiles those with the same name.
function threadChoices(model) {
    const named = new Map();
    model.profiles.forEach((profile, k) => {
        profile.threads.forEach((thread, i) => {
            const name = threadName(profile, thread);
            const key = model.isDiff ? name : String(i);
            if (!named.has(key)) named.set(key, { name, picks: model.profiles.map(() => []) });
            named.get(key).picks[k].push(i);
        });
    });
    const all = {
        name: "all together",
        picks: model.profiles.map((profile) => profile.threads.map((_, i) => i)),
    };
    return [all, ...(named.size > 1 ? named.values() : [])];
}

// What is shown of a function, made when it is first asked for.
function textOf(model, number) {
    const f = model.functions[number];
    if (f.text === null) {
        const place = f.file === "~" ? "built-in" : f.file.split(/[/\\]/).slice(-2).join("/") + ":" + f.line;
        f.text = {
            name: visible(shortName(f.name, f.file), 400),
            place: visible(place, 300),
            module: visible(f.module, 60),
            search: (shortName(f.name, f.file) + "\n" + f.name + "\n" + f.file + ":" + f.line).toLowerCase(),
        };
    }
    return f.text;
}

// The head of the page: what was recorded, how, and how far it is to be believed.

const CLOCKS = {
    counter: "wall time, cycle counter",
    monotonic: "wall time, system clock",
    "thread-cpu": "processor time of threads",
    callback: "the program's own timer",
};

function makeSummary(app) {
    const { model } = app;
    const { last } = model;
    const property = (name) => last.properties.get(name);
    const isEstimated = model.profiles.some((profile) => profile.tree === "estimated");

    const badge = (kind, text) => el("span", { class: "badge " + kind }, text);

    const putBadges = () => {
        const items = [];
        if (model.isDiff) items.push(badge("", "two profiles compared"));
        if (isEstimated) items.push(badge("warn", "estimated call tree"));
        else if (last.tree === "exact") items.push(badge("good", "exact call tree"));
        else items.push(badge("warn", "no call tree"));
        if (last.samples) items.push(badge("warn", "samples, not calls"));
        else if (last.calls) items.push(badge("good", "exact numbers of calls"));
        items.push(
            badge("", model.areTimesAlike ? timesName(model.times[app.state.times]) : "times of two kinds"),
        );
        byId("badges").replaceChildren(...items);
    };

    const putFacts = () => {
        const items = [];
        const fact = (name, value, detail) =>
            items.push(el("div", el("dt", name), el("dd", value, detail ? el("small", detail) : null)));
        const totals = model.profiles.map((profile) => profile.total[app.state.times]);
        const compare = (values, format) =>
            model.isDiff
                ? [format(values[0]) + " → " + format(values[1]), formatChange(values[0], values[1])]
                : [format(values[0])];
        const taken = property("compensation_taken");
        const isTaken = taken > 0 && model.times[app.state.times] === "compensated";
        const time = compare(totals, formatTime);
        if (isTaken && !model.isDiff) time.push(formatTime(taken) + " taken out");
        fact("Time recorded", ...time);
        if (model.hasCalls)
            fact(
                model.callWord === "sample" ? "Samples" : "Calls",
                ...compare(
                    model.profiles.map((profile) => profile.callCount),
                    formatCount,
                ),
            );
        fact(
            "Functions",
            ...compare(
                model.profiles.map((profile) => profile.rows.function.length),
                formatCount,
            ),
        );
        if (last.tree === "exact")
            fact(
                "Places in the tree",
                ...compare(
                    model.profiles.map((profile) => sum(profile.threads.map((thread) => thread.count))),
                    formatCount,
                ),
            );
        if (last.tree === "exact" && last.threads.length > 0)
            fact(
                "Threads",
                formatCount(last.threads.length),
                last.processes.length > 1 ? "in " + last.processes.length + " processes" : null,
            );
        if (property("duration") !== undefined)
            fact(
                "Program ran",
                ...compare(
                    model.profiles.map((profile) => profile.properties.get("duration") ?? NaN),
                    formatTime,
                ),
            );
        if (property("clock"))
            fact("Clock", CLOCKS[property("clock")] || visible(String(property("clock")), 60));
        if (property("python"))
            fact(
                "Python",
                visible(String(property("python")), 30),
                visible(String(property("hook") || ""), 30),
            );
        if (last.dialect !== "cProfile") fact("Written by", last.dialect);
        byId("facts").replaceChildren(...items);
    };

    const putModules = () => {
        const holder = byId("modules");
        const scheme = SCHEMES[app.isDark ? "dark" : "light"];
        const shown = app.modules.filter((module) => module.time > 0).slice(0, 9);
        const totals = app.figures.map((f) => f.total);
        const most = Math.max(...totals);
        if (!(most > 0) || shown.length === 0) return holder.replaceChildren();
        const timeOf = (f, name) =>
            sum(model.functions.map((one, i) => (one.module === name ? Math.max(0, f.own[i]) : 0)));
        const bars = app.figures.map((f, k) => {
            const part = (time, colour) => {
                const piece = el("span.part");
                piece.style.flexGrow = time / most;
                piece.style.background = colour;
                return piece;
            };
            const times = shown.map((module) => timeOf(f, module.name));
            const parts = shown.map((module, i) => part(times[i], moduleColour(module, scheme, 0)));
            parts.push(part(Math.max(0, f.total - sum(times)), scheme.rest), part(most - f.total, "none"));
            return el(
                "div.modulebar",
                { "aria-hidden": "true" },
                model.isDiff ? el("small", k === 0 ? "old" : "new") : null,
                ...parts,
            );
        });
        const legend = shown.map((module) => {
            const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
            swatch.style.background = moduleColour(module, scheme, 0);
            const value = model.isDiff
                ? formatChange(timeOf(app.figures[0], module.name), module.time)
                : formatShare(module.time, totals[0]);
            return el(
                "li",
                el(
                    "button",
                    {
                        class: "legend",
                        title: "Find its functions",
                        click: () => app.search("module:" + module.name),
                    },
                    swatch,
                    visible(module.name, 40),
                    " ",
                    el("span.figure", value),
                ),
            );
        });
        const others = app.modules.filter((module) => module.time > 0).length - shown.length;
        const rest = formatShare(totals[0] - sum(shown.map((module) => module.time)), totals[0]);
        if (others > 0)
            legend.push(el("li.none", "and " + plural(others, "other"), model.isDiff ? null : " " + rest));
        holder.replaceChildren(el("h2", "Own time by module"), ...bars, el("ul", ...legend));
    };

    const openNotes = (wanted) => (byId("notes").open = wanted || isEstimated);

    const putNotes = () => {
        byId("notes-text").replaceChildren(el("ul", ...notes(app).map((text) => el("li", text))));
        openNotes(false);
    };

    return {
        once: () => {
            byId("title").textContent = visible(model.title, 500);
            document.title = visible(model.title, 120) + (model.isDiff ? " · compared" : "");
            byId("kind").textContent = model.isDiff ? "traceprof comparison" : "traceprof report";
            byId("made").textContent =
                "Made by " + model.tool + ". This page is all in one file and fetches nothing.";
            putNotes();
        },
        openNotes,
        refresh: () => {
            putBadges();
            putFacts();
            putModules();
        },
    };
}

function timesName(name) {
    return name === "compensated" ? "times without the cost of recording" : "times as measured";
}

// Sentences on what is exact and what is not.
function notes(app) {
    const { model } = app;
    const { last, profiles } = model;
    const list = [];
    const say = (condition, ...parts) => {
        if (condition) list.push(parts.join(""));
    };
    const property = (name) => last.properties.get(name);
    const text = (name) => visible(String(property(name)).split("\n").join(", "), 400);
    const isEstimated = profiles.map((profile) => profile.tree === "estimated");
    say(
        profiles.every((profile) => profile.tree === "exact"),
        "The call tree is exact: each path with its own calls and times. Widths are these times.",
    );
    say(
        isEstimated.includes(true),
        isEstimated.length > 1 && isEstimated[0] !== isEstimated[1]
            ? (isEstimated[0] ? "The old" : "The new") + " call tree is an estimate, the other is exact."
            : "The call tree is an estimate.",
        " Of an estimate: the file knows who called whom, but not on which path. A function's time was divided",
        " among its callers as if each call were alike; a branch that is wide here may be narrow in truth.",
        " Branches under 0.02 % of the time were left out, and recursion. The table is what the file says.",
    );
    say(last.tree === "none", "There is nothing to draw a tree of.");
    if (last.samples) say(true, "Counts are of samples: neither calls nor times are exact.");
    else
        say(last.calls, "Numbers of calls are exact. A generator or coroutine that is resumed counts again.");
    sayTimes(last, say);
    say(!model.areTimesAlike, "One profile has raw times alone, the other compensated ones.");
    say(
        last.coroutines.size > 0,
        "The graph is of active time: a coroutine that waits takes none.",
        model.hasAwaited
            ? " Add waiting makes it wall time: each wait counts where it was. Waits overlap: together they may be" +
                  " more than the program's time."
            : " How long it waited is known for each function, not for each path: the column Awaited.",
    );
    say(
        property("calls_folded") > 0,
        plural(property("calls_folded"), "call"),
        " beyond the limit of the tree: their time is their callers' in graph and tree; the table has them.",
    );
    say(
        property("calls_lost") > 0,
        plural(property("calls_lost"), "call"),
        " not recorded for want of memory.",
    );
    const repairs = (property("repairs_orphans") || 0) + (property("repairs_unwound") || 0);
    say(
        repairs > 0,
        plural(repairs, "call"),
        " whose beginning or end was not reported; they were set right.",
    );
    say(
        property("hook_lost") > 0,
        "Another tool took the hook " +
            plural(property("hook_lost"), "time") +
            ": calls after that are missing.",
    );
    say(property("shared_with"), "Watching too, and its cost is in the times: ", text("shared_with"), ".");
    for (const name of ["include", "exclude"])
        say(property(name), "Recorded with ", name, ": ", text(name), ".");
    say(property("merged") > 1, "The sum of ", plural(property("merged"), "recording"), ".");
    say(property("files"), "File names are without their folders: rows of the table are sums.");
    say(
        model.isDiff,
        "Functions are matched by file, line and name, or by file and name if only the line has moved; paths by",
        " their functions. With widths of the larger, a place has the larger of its two own times and what is",
        " below it, so that nothing is out of sight.",
    );
    return list;
}

function sayTimes(profile, say) {
    const property = (name) => profile.properties.get(name);
    if (profile.samples) return;
    if (profile.times.includes("compensated"))
        say(
            true,
            "Compensated times have the cost taken out, as measured on this interpreter: an",
            " estimate. Raw times are as measured, recording included.",
        );
    else
        say(
            true,
            "Times are as measured: the cost of recording is in them, the more the more calls were made.",
        );
    const taken = property("compensation_taken");
    const clamped = property("compensation_clamped") || 0;
    say(
        taken !== undefined,
        "Taken out: ",
        formatTime(taken),
        "; not, as there was less: ",
        formatTime(clamped),
        ".",
    );
    say(property("compensation") === "in part", "Some of what was added up has raw times alone.");
}

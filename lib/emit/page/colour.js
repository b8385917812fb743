// Colours: of modules, of own time, of changes. None says anything that words do not say too.

// Hues that are told apart with most kinds of colour blindness, given out to modules by their own time.
const HUES = [212, 28, 158, 322, 48, 262, 188, 4];
const SCHEMES = {
    light: {
        ink: "#15181d",
        faint: "#5b6470",
        paper: "#ffffff",
        rest: "#dfe3e8",
        select: "#0b0d10",
        found: "#7a2fd0",
        line: [62, 79],
        grey: "#e3e6ea",
    },
    dark: {
        ink: "#f3f5f7",
        faint: "#9aa4b0",
        paper: "#15181d",
        rest: "#333a43",
        select: "#ffffff",
        found: "#c9a3ff",
        line: [38, 33],
        grey: "#39404a",
    },
};

// Modules in the order of their own time, with their shares.
function rankModules(model, figures) {
    const own = new Map();
    const last = figures[figures.length - 1];
    model.functions.forEach((f, i) => {
        own.set(f.module, (own.get(f.module) || 0) + Math.max(0, last.own[i]));
    });
    const ranked = [...own].map(([name, time]) => ({ name, time, hue: null, isPale: false }));
    ranked.sort((a, b) => b.time - a.time || (a.name < b.name ? -1 : 1));
    let next = 0;
    for (const module of ranked) {
        if (module.name === "built-in") continue;
        module.isPale = next >= HUES.length;
        module.hue = HUES[next++ % HUES.length];
    }
    return ranked;
}

// Built-ins are grey, and those with little time pale.
function moduleColour({ hue, isPale }, scheme, shade) {
    const [saturation, light] = scheme.line;
    if (hue === null) return scheme.grey;
    return "hsl(" + hue + " " + (isPale ? saturation / 3 : saturation) + "% " + (light + shade) + "%)";
}

// A function's shade within its module's colour, the same every time.
function shadeOf(number) {
    return ((number * 7) % 5) - 2;
}

// From nothing to all of the time, in six steps.
function heatColour(share, isDark) {
    const step = Math.min(5, Math.floor(6 * Math.sqrt(Math.max(0, share))));
    return isDark
        ? ["#333a43", "#4b3d33", "#64402c", "#7d4325", "#96461e", "#ad4a18"][step]
        : ["#e6e9ed", "#fbe6cf", "#f9d3a6", "#f6bd7a", "#f2a555", "#ec8f38"][step];
}

// Blue for less and orange for more, which nearly everybody can tell apart; steps at 2, 10, 30 and 100 %.
function changeStep(before, after) {
    if (before === after) return 0;
    const ratio = after > before ? after / before - 1 : before / after - 1;
    const steps = [0.02, 0.1, 0.3, 1];
    let step = 0;
    while (step < steps.length && !(ratio < steps[step])) step++;
    return after > before ? step : -step;
}

function changeColour(step, isDark) {
    const more = isDark
        ? ["#4a3e33", "#6a4526", "#8a4c18", "#a8540c"]
        : ["#fcebd7", "#f8cf9e", "#f2b066", "#e88f33"];
    const less = isDark
        ? ["#33414f", "#28506f", "#1f5f92", "#1a6db3"]
        : ["#e1edf9", "#b9d7f2", "#8cbde9", "#5fa2df"];
    if (step === 0) return isDark ? "#39404a" : "#e6e9ed";
    return step > 0 ? more[step - 1] : less[-step - 1];
}

// Gives each node its colour.
function makePainter(app) {
    const { model, state, tree, modules } = app;
    const scheme = SCHEMES[app.isDark ? "dark" : "light"];
    const byName = new Map(modules.map((module) => [module.name, module]));
    if (model.isDiff) {
        const [before, after] = tree.series;
        return (id) => changeColour(changeStep(before.value[id], after.value[id]), app.isDark);
    }
    if (state.colour === "own") {
        const { own, value } = tree.series[0];
        const most = value[0] || 1;
        return (id) => heatColour((4 * own[id]) / most, app.isDark);
    }
    return (id) => {
        const fn = tree.fn[id];
        return fn < 0
            ? scheme.rest
            : moduleColour(byName.get(model.functions[fn].module), scheme, shadeOf(fn));
    };
}

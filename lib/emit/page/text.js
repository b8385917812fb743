// Text and elements: what is shown is made safe and short here, and nowhere else.

const MINUS = "−",
    NARROW = "\u202f";

// What would not be seen, or would turn the text around, as escapes. Lone surrogates too.
const HIDDEN =
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Cs}/gu;
const SHORT_ESCAPES = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escapeHidden(character) {
    const code = character.charCodeAt(0);
    const short = SHORT_ESCAPES[character];
    if (short) return short;
    return code < 256
        ? "\\x" + code.toString(16).padStart(2, "0")
        : "\\u" + code.toString(16).padStart(4, "0");
}

function visible(text, most) {
    const cut = text.length > most ? text.slice(0, most) + "…" : text;
    return cut.replace(HIDDEN, escapeHidden);
}

// An element: "td.number" has that class. Behind the name may come attributes, of which functions listen
// to events, and null and false leave out; then what is in it.
function el(name, ...content) {
    const [tag, kind] = name.split(".");
    const element = document.createElement(tag);
    const attributes = content[0] && content[0].constructor === Object ? content.shift() : {};
    if (kind) element.className = kind;
    if (tag === "button") element.type = "button";
    for (const [key, value] of Object.entries(attributes)) {
        if (typeof value === "function") element.addEventListener(key, value);
        else if (value !== null && value !== false && value !== undefined) element.setAttribute(key, value);
    }
    element.append(...content.filter((one) => one !== null && one !== undefined));
    return element;
}

function byId(id) {
    return document.getElementById(id);
}

function digits(value, count) {
    return value.toLocaleString("en", { minimumFractionDigits: count, maximumFractionDigits: count });
}

// Four digits, in the unit that fits.
function formatTime(seconds) {
    if (!Number.isFinite(seconds)) return "–";
    const size = Math.abs(seconds);
    const sign = seconds < 0 ? MINUS : "";
    if (size === 0) return "0";
    const [scale, unit] =
        size >= 0.9995
            ? [1, "s"]
            : size >= 0.9995e-3
              ? [1e3, "ms"]
              : size >= 0.9995e-6
                ? [1e6, "µs"]
                : [1e9, "ns"];
    const value = size * scale;
    const places =
        unit === "ns" && value >= 9.995
            ? 0
            : value >= 999.5
              ? 0
              : value >= 99.95
                ? 1
                : value >= 9.995
                  ? 2
                  : 3;
    return sign + digits(value, unit === "ns" && places > 1 ? 1 : places) + NARROW + unit;
}

function formatCount(count) {
    return Number.isFinite(count) ? count.toLocaleString("en", { maximumFractionDigits: 1 }) : "–";
}

function formatShare(part, whole) {
    if (!(whole > 0) || !Number.isFinite(part)) return "–";
    const percent = (100 * part) / whole;
    const size = Math.abs(percent);
    const places = size >= 99.95 || size === 0 ? 0 : size >= 9.995 ? 1 : 2;
    return (size > 0 && size < 0.005 ? "<" + NARROW + "0.01" : digits(percent, places)) + NARROW + "%";
}

function signed(value, format) {
    return value > 0 ? "+" + format(value) : value < 0 ? MINUS + format(-value) : "±0";
}

// A change in words: "+12.5 %", "new", "gone".
function formatChange(before, after) {
    if (before === after) return "±0";
    if (!(before > 0)) return "new";
    if (!(after > 0)) return "gone";
    const percent = (100 * (after - before)) / before;
    if (percent > 999) return "×" + digits(after / before, after / before < 100 ? 1 : 0);
    return signed(percent, (size) => digits(size, size < 9.95 ? 1 : 0)) + NARROW + "%";
}

// An arrow says the direction to those who see no colours.
function arrow(before, after) {
    return after > before ? "▲" : after < before ? "▼" : "\u00a0";
}

function plural(count, word) {
    return formatCount(count) + " " + word + (count === 1 ? "" : "s");
}

"""The frame of the pages: style, policy, escaping. No script, nothing fetched."""

import base64
import hashlib
import html
import re

__all__ = ["PAGE_POLICY", "SAFETY", "cell", "document", "escape", "report_policy", "table"]

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #57606a; --paper: #ffffff; --line: #d0d7de;
  --band: #f6f8fa; --link: #0550ae; --bad: #a40e26; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9da7b3; --paper: #0d1117;
  --line: #30363d; --band: #161b22; --link: #79c0ff; --bad: #ff9492; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 90rem; padding: 1rem 1.25rem 3rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.35rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; color: var(--dim); overflow-wrap: anywhere; }
a { color: var(--link); }
a:focus-visible, .wide:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: right; white-space: nowrap; vertical-align: top; }
th { background: var(--band); color: var(--dim); font-weight: 600; font-size: .85rem; }
tr + tr > * { border-top: 1px solid var(--line); }
.text { text-align: left; }
.long { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 14rem; }
.code { font-family: ui-monospace, monospace; font-size: .85rem; }
.bad { color: var(--bad); font-weight: 600; }
nav a { display: inline-block; padding: .15rem 0; margin-right: .9rem; }
td a { display: inline-block; min-width: 24px; min-height: 24px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0; }
dt { color: var(--dim); }
dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 30rem) { body { padding: .75rem .75rem 2rem; } .long { min-width: 11rem; } }
"""

_digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

_NOTHING_ELSE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE_POLICY = f"default-src 'none'; img-src data:; style-src 'sha256-{_digest}'; {_NOTHING_ELSE}"

# On every answer of the pages and every report.
SAFETY = [
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]

_META = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"<>]*)"')


def report_policy(body):
    """The policy that an HTML report (bytes) has in it, for its header too; one that allows nothing if it has none."""
    found = _META.search(body, 0, 8192)
    own = html.unescape(found[1].decode("ascii", "replace")) if found else "default-src 'none'"
    wanted = [part.strip() for part in own.split(";") if part.strip()]
    names = {part.split()[0] for part in wanted}
    wanted += [part for part in _NOTHING_ELSE.split("; ") if part.split()[0] not in names]
    return "; ".join(wanted)


def escape(text):
    """Text (str) for HTML. What UTF-8 cannot hold is replaced, control characters are shown."""
    shown = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\ufffd", text)
    return html.escape(shown.encode("utf-8", "replace").decode("utf-8"))


def cell(text, kind="", href=None):
    """A table's cell of plain text; kind: classes of the style; href: where it leads."""
    inner = escape(text)
    if href is not None:
        inner = f'<a href="{escape(href)}">{inner}</a>'
    return f'<td class="{kind}">{inner}</td>' if kind else f"<td>{inner}</td>"


def table(title, heads, rows):
    """A table that scrolls by itself. heads: pairs of text and kind; rows: lists of cells."""
    head = "".join(f'<th scope="col" class="{kind}">{escape(text)}</th>' for text, kind in heads)
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    return (
        f'<div class="wide" role="region" aria-label="{escape(title)}" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def document(title, parts):
    """A page (bytes) of markup that is escaped already."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>"
    ).encode("utf-8")

"""The pages: routes and recent captures; one capture; one route."""

import os
import time

from .markup import cell, document, escape, table
from .reports import REPORTS, capture_facts, milliseconds, repeated

__all__ = ["capture_page", "index_page", "route_page"]

# Recent captures, functions, spans and statements that are shown.
RECENT = 50
FUNCTIONS = 50
ROWS = 50

# Executions of one statement in one request that are marked.
MANY = 10


def _links(prefix):
    return " ".join(f'<a href="{prefix}/{name}">{name}</a>' for name in REPORTS)


def _heading(title, *lines):
    return f"<h1>{escape(title)}</h1>" + "".join(f"<p>{escape(line)}</p>" for line in lines)


def _nav(home, *more):
    return f'<nav aria-label="Pages"><a href="{home}">all routes</a>{"".join(more)}</nav>'


# --- index -----------------------------------------------------------------------------------

ROUTE_HEADS = [
    ("Route", "text"), ("Requests", ""), ("Errors", ""), ("Mean", ""), ("p50", ""), ("p95", ""), ("p99", ""),
    ("Active", ""), ("Awaited", ""), ("Profile of all", "text"),
]  # fmt: skip

CAPTURE_HEADS = [
    ("Request", "text"), ("Status", ""), ("Duration", ""), ("Active", ""), ("Awaited", ""), ("SQL", ""),
    ("Notes", "text"), ("Report", "text"), ("Route", "text"), ("Began, UTC", "text"),
]  # fmt: skip


def _route_row(route, home=""):
    count = max(route.requests, 1)
    quantiles = [route.durations.quantile(share) for share in (0.5, 0.95, 0.99)]
    figures = [route.seconds / count, *quantiles, route.active / count, route.awaited / count]
    return [
        cell(route.label, "text code", f"{home}routes/{route.number}"),
        cell(str(route.requests)),
        cell(str(route.errors), "bad" if route.errors else ""),
        *[cell(milliseconds(seconds)) for seconds in figures],
        f'<td class="text">{_links(f"routes/{route.number}")}</td>',
    ]


def _statements(capture):
    """How many there were, and what tells of N+1."""
    count = sum(total.calls for total in capture.spans.statements())
    if not count:
        return cell("")
    most = repeated(capture)
    if most is None:
        return cell(str(count))
    return cell(f"{count}, {most.calls} alike", "bad" if most.calls >= MANY else "")


def _notes(capture):
    notes = []
    if capture.ask is not None:
        notes.append("asked for")
    if not capture.is_over:
        notes.append("still running")
    if capture.is_cut:
        notes.append("cut short")
    if capture.error:
        notes.append(capture.error)
    return ", ".join(notes)


def _capture_row(capture):
    duration, active, awaited = capture.times()
    is_bad = capture.has_failed or (capture.status or 0) >= 500
    return [
        cell(f"{capture.method} {capture.path}", "text code", f"captures/{capture.id}"),
        cell("" if capture.status is None else str(capture.status), "bad" if is_bad else ""),
        cell(milliseconds(duration)),
        cell(milliseconds(active)),
        cell(milliseconds(awaited)),
        _statements(capture),
        cell(_notes(capture), "text"),
        f'<td class="text">{_links(f"captures/{capture.id}")}</td>',
        cell(capture.route or "", "text code"),
        cell(time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(capture.began)), "text"),
    ]


def index_page(routes, captures, running):
    """The page (bytes) of Route objects, kept captures and those under way."""
    parts = [
        _heading(
            "Profiles",
            f"Process {os.getpid()}. Figures are of the requests that this process captured, not of all. "
            "Active: time that their code ran, on any thread; awaited: time that their own coroutine was suspended; "
            "alike: executions of the same SQL statement with other values.",
        ),
        "<h2>Routes</h2>",
        table("Routes", ROUTE_HEADS, map(_route_row, routes)) if routes else "<p>No request has been captured yet.</p>",
    ]
    for title, some in (("Under way", running), ("Recent captures", captures)):
        if some:
            parts += [f"<h2>{title}</h2>", table(title, CAPTURE_HEADS, map(_capture_row, some))]
    return document("Profiles", parts)


# --- a capture, a route ----------------------------------------------------------------------

FUNCTION_HEADS = [("Function", "text"), ("Calls", ""), ("Own time", ""), ("Cumulative", ""), ("Awaited", "")]
SPAN_HEADS = [("Span", "text"), ("Calls", ""), ("Total", ""), ("Longest", ""), ("Failed", "")]
STATEMENT_HEADS = [
    ("Statement", "text"), ("Calls", ""), ("Total", ""), ("Longest", ""), ("Rows", ""), ("Failed", ""),
]  # fmt: skip


def _functions(profile):
    rows = sorted(profile._stats(), key=lambda row: (-row.total, row.file, row.line, row.name))
    if not rows:
        return "<p>Nothing was recorded.</p>"
    cells = [
        [
            cell(row.name if row.file == "~" else f"{row.name} ({row.file}:{row.line})", "long code"),
            cell(str(row.calls)),
            cell(milliseconds(row.total)),
            cell(milliseconds(row.cumulative)),
            cell("" if row.coroutine is None else milliseconds(row.coroutine.awaited)),
        ]
        for row in rows[:FUNCTIONS]
    ]
    more = len(rows) - len(cells)
    note = f"<p>{more} more functions are in the reports.</p>" if more > 0 else ""
    return table("Functions by their own time", FUNCTION_HEADS, cells) + note


def _spans(spans):
    cells = [
        [
            cell(total.name, "long"),
            cell(str(total.calls)),
            cell(milliseconds(total.seconds)),
            cell(milliseconds(total.longest)),
            cell(str(total.failed), "bad" if total.failed else ""),
        ]
        for total in spans.totals()[:ROWS]
    ]
    return ["<h2>Spans</h2>", table("Spans", SPAN_HEADS, cells)] if cells else []


def _sql(spans):
    cells = [
        [
            cell(total.statement, "long code"),
            cell(str(total.calls), "bad" if total.calls >= MANY else ""),
            cell(milliseconds(total.seconds)),
            cell(milliseconds(total.longest)),
            cell(str(total.rows)),
            cell(str(total.failed), "bad" if total.failed else ""),
        ]
        for total in spans.statements()[:ROWS]
    ]
    return ["<h2>SQL statements</h2>", table("SQL statements", STATEMENT_HEADS, cells)] if cells else []


def _facts(facts):
    rows = [
        ("Route", facts["route"] or "not known yet"),
        ("Status", "no response" if facts["status"] is None else str(facts["status"])),
        ("Began", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(facts["began"]))),
        ("Duration", milliseconds(facts["duration"])),
        ("Active", milliseconds(facts["active"])),
        ("Awaited", milliseconds(facts["awaited"])),
    ]
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows) + "</dl>"


def capture_page(capture):
    """The page (bytes) of one capture, which may still be running."""
    title = f"{capture.method} {capture.path}"
    notes = _notes(capture)
    parts = [
        _nav("../", _links(capture.id)),
        _heading(title, *([notes] if notes else [])),
        _facts(capture_facts(capture)),
        *_sql(capture.spans),
        *_spans(capture.spans),
        "<h2>Functions by their own time</h2>",
        _functions(capture.profile),
    ]
    return document(title, parts)


def route_page(route):
    """The page (bytes) of one route."""
    parts = [
        _nav("../", _links(str(route.number))),
        _heading(route.label, f"Captured: {route.requests}. The profile is the sum of {route.merged}."),
        table("Durations", ROUTE_HEADS[:-1], [_route_row(route, "../")[:-1]]),
        "<h2>Functions by their own time</h2>",
        _functions(route.profile),
    ]
    return document(route.label, parts)

"""A capture, or a route's captures together, as text, HTML, speedscope, pstats or JSON."""

import io
import json
import marshal
import re
import time
from typing import NamedTuple

__all__ = ["REPORTS", "Report", "capture_facts", "capture_report", "milliseconds", "repeated", "route_report"]

# Rows of the table of a text, and of statements and spans in it.
ROWS = 50
LINES = 30

# Format: content type, end of the file's name, and whether a browser is to save it.
REPORTS = {
    "html": ("text/html; charset=utf-8", ".html", False),
    "text": ("text/plain; charset=utf-8", ".txt", False),
    "speedscope": ("application/json", ".speedscope.json", True),
    "pstats": ("application/octet-stream", ".prof", True),
    "json": ("application/json", ".json", False),
}


class Report(NamedTuple):
    content_type: str
    file_name: str
    is_file: bool
    body: bytes


def milliseconds(seconds):
    """For people: three digits that matter, from a microsecond on."""
    value = seconds * 1e3
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{digits}f} ms"


def repeated(capture):
    """The statement that was executed most often, if more than once: a StatementTotal, or None."""
    most = max(capture.spans.statements(), key=lambda total: total.calls, default=None)
    return most if most is not None and most.calls > 1 else None


def _state(capture):
    if not capture.is_over:
        return "still running"
    return "stopped: it took too long" if capture.is_cut else "complete"


def capture_facts(capture):
    """What there is to say of a request, as JSON has it."""
    duration, active, awaited = capture.times()
    spans = capture.spans
    return {
        "id": capture.id,
        "kind": capture.kind,
        "method": capture.method,
        "route": capture.route,
        "path": capture.path,
        "status": capture.status,
        "error": capture.error,
        "began": capture.began,
        "duration": duration,
        "active": active,
        "awaited": awaited,
        "asked_for": capture.ask is not None,
        "is_over": capture.is_over,
        "is_cut": capture.is_cut,
        "spans": [span._asdict() for span in spans.spans()],
        "span_totals": [total._asdict() for total in spans.totals()],
        "statements": [total._asdict() for total in spans.statements()],
        "spans_dropped": spans.dropped,
    }


def _route_facts(route):
    count = route.requests
    return {
        "method": route.method,
        "route": route.template,
        "requests": count,
        "errors": route.errors,
        "merged": route.merged,
        "mean": route.seconds / count,
        **{f"p{share}": route.durations.quantile(share / 100) for share in (50, 95, 99)},
        "active": route.active / count,
        "awaited": route.awaited / count,
    }


# --- text ------------------------------------------------------------------------------------


class _Frozen:
    """What pstats.Stats reads a table from."""

    def __init__(self, profile):
        self.stats = marshal.loads(profile._dictionary())

    def create_stats(self):
        """It is there."""


def _table(profile):
    import pstats

    frozen = _Frozen(profile)
    if not frozen.stats:
        return "Nothing was recorded.\n"
    stream = io.StringIO()
    stats = pstats.Stats(frozen, stream=stream).strip_dirs().sort_stats("cumulative")
    stats.print_stats(ROWS)
    return _lines(stream.getvalue().strip("\n").split("\n"))


def _lines(lines):
    """A text of lines: what terminals would obey in them is spelled out."""
    text = (re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda found: f"\\x{ord(found[0]):02x}", line) for line in lines)
    return "\n".join(text) + "\n"


def _capture_text(capture):
    duration, active, awaited = capture.times()
    status = "no response" if capture.status is None else str(capture.status)
    lines = [
        f"{capture.method} {capture.path}",
        f"route {capture.route or '?'}, {status}" + (f", left by {capture.error}" if capture.error else ""),
        f"{time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime(capture.began))}, {_state(capture)}",
        f"{milliseconds(duration)}: {milliseconds(active)} active, {milliseconds(awaited)} awaited",
    ]
    totals = capture.spans.totals()
    if totals:
        lines += ["", "    calls      total    longest  failed  span"]
        lines += [
            f"{t.calls:9} {milliseconds(t.seconds):>10} {milliseconds(t.longest):>10} {t.failed:7}  {t.name}"
            for t in totals[:LINES]
        ]
    statements = capture.spans.statements()
    if statements:
        lines += ["", "    calls      total    longest     rows  failed  statement"]
        lines += [
            f"{t.calls:9} {milliseconds(t.seconds):>10} {milliseconds(t.longest):>10} {t.rows:8} {t.failed:7}"
            f"  {t.statement}"
            for t in statements[:LINES]
        ]
    return _lines(lines) + "\n" + _table(capture.profile)


def _route_text(route):
    facts = _route_facts(route)
    times = ", ".join(f"{name} {milliseconds(facts[name])}" for name in ("mean", "p50", "p95", "p99"))
    lines = [
        route.label,
        f"captured: {route.requests}, with errors: {route.errors}; the profile is the sum of {route.merged}",
        f"{times}; {milliseconds(facts['active'])} active, {milliseconds(facts['awaited'])} awaited",
    ]
    return _lines(lines) + "\n" + _table(route.profile)


# --- all formats -----------------------------------------------------------------------------


def _wrap_json(name, facts, profile):
    head = json.dumps(facts, ensure_ascii=True)
    return f'{{"{name}": {head}, "profile": '.encode("ascii") + profile.dumps("json").strip() + b"}\n"


def _report(format, stem, profile, properties, title, make_text, name, make_facts):
    content_type, suffix, is_file = REPORTS[format]
    if format == "text":
        body = make_text().encode("utf-8", "backslashreplace")
    elif format == "json":
        body = _wrap_json(name, make_facts(), profile)
    else:
        body = profile._encode(format, properties, title)
    return Report(content_type, stem + suffix, is_file, body)


def capture_report(capture, format):
    """The Report of a capture that may still be running. format: a key of REPORTS."""
    duration = capture.times()[0]
    title = f"{capture.method} {capture.path}"
    properties = {"command": title, "start": capture.began, "duration": duration}
    return _report(
        format, f"request-{capture.id}", capture.profile, properties,
        f"{title}, {capture.status or 'no response'}, {milliseconds(duration)}",
        lambda: _capture_text(capture), "request", lambda: capture_facts(capture),
    )  # fmt: skip


def route_report(route, format):
    """The Report of a route's captures together. format: a key of REPORTS."""
    title = f"{route.label}, {route.merged} captured"
    return _report(
        format, f"route-{route.number}", route.profile, {"command": title}, title,
        lambda: _route_text(route), "route", lambda: _route_facts(route),
    )  # fmt: skip

"""The Server-Timing header."""

import re

__all__ = ["server_timing"]

# Spans named in a header; what a browser shows, and what fits.
MOST_SPANS = 20

NO_TOKEN = re.compile(r"[^A-Za-z0-9!#$%&'*+.^_`|~-]+")
NO_TEXT = re.compile(r"[^ !#-\[\]-~]+")  # neither printable ASCII, nor a quote or a backslash


def _entry(name, seconds):
    token = NO_TOKEN.sub("_", name)[:40] or "_"
    description = "" if token == name else f';desc="{NO_TEXT.sub(" ", name)[:80]}"'
    return f"{token}{description};dur={seconds * 1e3:.3f}"


def server_timing(capture):
    """The header's value (str, ASCII): of the time until now, in milliseconds."""
    total, active, awaited = capture.times()
    entries = [("total", total), ("active", active), ("awaited", awaited)]
    entries += [(span.name, span.seconds) for span in capture.spans.totals()[:MOST_SPANS]]
    return ", ".join(_entry(name, seconds) for name, seconds in entries)

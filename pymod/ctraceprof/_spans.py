"""Named spans of a captured request: span() for the application, SpanLog for who captures.

A ContextVar holds the log of the request that is being captured, so tasks and worker threads that
inherit the request's context write to it too. Where nothing is captured, span() is one look at it.
"""

import contextvars
import threading
import time
from typing import NamedTuple

from ._statements import shape

__all__ = [
    "Span",
    "SpanLog",
    "SpanTotal",
    "StatementTotal",
    "close_spans",
    "current_spans",
    "leave_spans",
    "open_spans",
    "span",
]

MAX_SPANS = 1000  # kept one by one; more are added up only
MAX_NAMES = 100  # names, and shapes of statements, that have a total of their own
MAX_SHAPES = 200
MAX_LENGTH = 200  # characters of a name
OTHERS = "(others)"  # the name of what came beyond those

_log = contextvars.ContextVar("ctraceprof_spans", default=None)


class Span(NamedTuple):
    """Seconds; `start` is counted from the beginning of the capture."""

    name: str
    start: float
    duration: float
    failed: bool  # left by an exception
    statement: str | None  # the shape, of an SQL statement


class SpanTotal(NamedTuple):
    """All spans of a name, in seconds. A span within one of the same name counts twice."""

    name: str
    calls: int
    seconds: float
    longest: float
    failed: int


class StatementTotal(NamedTuple):
    """All executions of the statements of one shape, in seconds."""

    statement: str
    calls: int
    seconds: float  # in the driver's execute() and fetch()
    longest: float  # of one execute()
    fetching: float  # the part of `seconds` that is in fetch()
    rows: int  # fetched
    failed: int


class _Total:
    """What is added up while the request runs; nanoseconds."""

    __slots__ = ("calls", "failed", "fetching", "longest", "rows", "time")

    def __init__(self):
        self.calls = self.time = self.longest = self.failed = self.fetching = self.rows = 0

    def add(self, duration, failed):
        self.calls += 1
        self.time += duration
        self.longest = max(self.longest, duration)
        self.failed += failed


class SpanLog:
    """The spans of one capture. All methods may be called from any thread, also after close()."""

    def __init__(self, outer=None):
        self.started = time.perf_counter_ns()
        self.closed = False
        self.dropped = 0  # spans beyond MAX_SPANS: in the totals only
        self._outer = outer  # of a capture around this one
        self._token = None
        self._lock = threading.RLock()  # a span may end as garbage is collected, wherever that is
        self._spans = []
        self._totals = {}
        self._statements = {}
        self._shapes = {}  # by statement as it was executed: dropped at close()

    # What records. Times are perf_counter_ns().

    def add(self, name, start, end, failed=False):
        """A span has ended."""
        log = self
        while log is not None:
            log._add(name, start, end, failed, None)
            log = log._outer

    def add_statement(self, name, start, end, failed, text, escapes=False):
        """An SQL statement was executed, as a span of that name. `escapes`: see shape()."""
        log = self
        while log is not None:
            log._add(name, start, end, failed, log._shape(text, escapes))
            log = log._outer

    def add_fetch(self, name, start, end, rows, text, escapes=False):
        """Rows of an executed statement were fetched: more time of its totals, but no span."""
        log = self
        while log is not None:
            log._add_fetch(name, end - start, rows, log._shape(text, escapes))
            log = log._outer

    def add_failure(self, name, text, escapes=False):
        """An executed statement failed after all."""
        log = self
        while log is not None:
            with log._lock:
                if not log.closed:
                    log._total(log._totals, name, MAX_NAMES).failed += 1
                    log._total(log._statements, log._shape(text, escapes), MAX_SHAPES).failed += 1
            log = log._outer

    def _add(self, name, start, end, failed, statement):
        name = name[:MAX_LENGTH]
        with self._lock:
            if self.closed:
                return
            self._total(self._totals, name, MAX_NAMES).add(end - start, failed)
            if statement is not None:
                self._total(self._statements, statement, MAX_SHAPES).add(end - start, failed)
            if len(self._spans) < MAX_SPANS:
                self._spans.append((start, end, name, failed, statement))
            else:
                self.dropped += 1

    def _add_fetch(self, name, duration, rows, statement):
        with self._lock:
            if self.closed:
                return
            self._total(self._totals, name, MAX_NAMES).time += duration
            total = self._total(self._statements, statement, MAX_SHAPES)
            total.time += duration
            total.fetching += duration
            total.rows += rows

    @staticmethod
    def _total(totals, key, limit):
        total = totals.get(key)
        if total is None:
            if len(totals) >= limit:
                key = OTHERS
            total = totals.setdefault(key, _Total())
        return total

    def _shape(self, text, escapes):
        if self.closed:
            return ""
        found = self._shapes.get(text)
        if found is None:
            found = shape(text, escapes)
            if len(self._shapes) < MAX_SHAPES:
                self._shapes[text] = found
        return found

    def close(self):
        """What ends from now on is not recorded."""
        with self._lock:
            self.closed = True
            self._shapes = {}

    # What reads.

    def spans(self):
        """A list of Span, by their start. What is still open is not in it."""
        with self._lock:
            spans = list(self._spans)
        return [
            Span(name, (start - self.started) / 1e9, (end - start) / 1e9, failed, statement)
            for start, end, name, failed, statement in sorted(spans, key=lambda entry: entry[:2])
        ]

    def totals(self):
        """A list of SpanTotal, in the order in which the names ended first."""
        with self._lock:
            return [
                SpanTotal(name, t.calls, t.time / 1e9, t.longest / 1e9, t.failed)
                for name, t in list(self._totals.items())
            ]

    def statements(self):
        """A list of StatementTotal, the most time first."""
        with self._lock:
            rows = [
                StatementTotal(
                    name, t.calls, t.time / 1e9, t.longest / 1e9, t.fetching / 1e9, t.rows, t.failed
                )
                for name, t in list(self._statements.items())
            ]
        return sorted(rows, key=lambda row: (-row.seconds, row.statement))


def open_spans():
    """Begin a log in the calling context; returns the SpanLog, which close_spans() ends."""
    log = SpanLog(_log.get())
    log._token = _log.set(log)
    return log


def close_spans(log):
    """End the log. In the context that opened it, what was current before is so again."""
    log.close()
    token, log._token = log._token, None
    if token is not None:
        try:
            _log.reset(token)
        except ValueError:
            pass  # another context: its variable goes with it, and the log is closed


def leave_spans(log):
    """The calling context has inherited the log by chance: it is nobody's there."""
    if _log.get() is log:
        _log.set(None)


def current_spans():
    """The SpanLog of the request that the calling context belongs to, or None."""
    log = _log.get()
    return None if log is None or log.closed else log


class _Span:
    __slots__ = ("_log", "_name", "_start")

    def __init__(self, log, name):
        self._log = log
        self._name = name

    def __enter__(self):
        self._start = time.perf_counter_ns()

    def __exit__(self, kind, error, traceback):
        end = time.perf_counter_ns()
        self._log.add(self._name, self._start, end, kind is not None)

    async def __aenter__(self):
        self._start = time.perf_counter_ns()

    async def __aexit__(self, kind, error, traceback):
        self.__exit__(kind, error, traceback)


class _NoSpan:
    """Where nothing is captured."""

    __slots__ = ()

    def __enter__(self):
        pass

    def __exit__(self, kind, error, traceback):
        pass

    async def __aenter__(self):
        pass

    async def __aexit__(self, kind, error, traceback):
        pass


_NO_SPAN = _NoSpan()


def span(name):
    """Time a part of the request that is being captured, under a name (str).

        with ctraceprof.span("render"):
            ...
        async with ctraceprof.span("upstream"):
            ...

    Shown in the request's report and, where the middleware was asked for it, in its Server-Timing
    header. Tasks and threads that inherit the request's context belong to it; any number may be open at
    once, on any of them. Each call gives a span for one `with`. Where no request is captured nothing is
    recorded, and it costs some 0.3 us. The first 1000 spans of a request are kept one by one, what
    follows is added up by name. A name is not to hold what differs from request to request: it is shown
    as it is. TypeError if name is not a str.
    """
    if not isinstance(name, str):
        raise TypeError(f"span: name must be a str, not {type(name).__name__}")
    log = _log.get()
    return _NO_SPAN if log is None or log.closed else _Span(log, name)

"""SQL statements of captured requests: attach() times what an SQLAlchemy engine executes.

    engine = sqlalchemy.create_engine(...)
    ctraceprof.sqlalchemy.attach(engine)

Needs SQLAlchemy 2; nothing else of ctraceprof does.
"""

import threading
import time
import weakref

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.cursor import NoCursorFetchStrategy

from ._spans import current_spans

__all__ = ["Attachment", "attach"]

# Dialects in whose strings a backslash escapes, and double quotes enclose strings.
ESCAPING = frozenset(["mysql", "mariadb", "bigquery", "databricks", "hive", "spark"])

# What hangs on an ExecutionContext, which lives as long as its statement and its result.
MARK = "_ctraceprof_statement"

_listeners = weakref.WeakKeyDictionary()  # engine: _Listeners; they stay until the engine goes
_lock = threading.Lock()


class _Statement:
    """One execution under way, or one that rows may still be fetched of."""

    __slots__ = ("end", "escapes", "failed", "log", "name", "start", "text")

    def __init__(self, log, name, text, escapes):
        self.log = log
        self.name = name
        self.text = text
        self.escapes = escapes
        self.end = None
        self.failed = False
        self.start = time.perf_counter_ns()

    def executed(self):
        self.end = time.perf_counter_ns()
        self.log.add_statement(self.name, self.start, self.end, self.failed, self.text, self.escapes)

    def fetched(self, start, rows):
        end = time.perf_counter_ns()
        self.log.add_fetch(self.name, start, end, rows, self.text, self.escapes)

    def fails(self):
        """While it is executed, or later, as its rows are fetched; told of once."""
        if self.failed:
            return
        self.failed = True
        if self.end is None:
            self.executed()
        else:
            self.log.add_failure(self.name, self.text, self.escapes)


class _TimedFetch:
    """In the place of a result's cursor strategy: the same, timed."""

    def __init__(self, strategy, statement):
        self._strategy = strategy
        self._statement = statement

    def __getattr__(self, name):
        return getattr(self._strategy, name)

    def yield_per(self, result, cursor, number):
        self._strategy.yield_per(result, cursor, number)
        if result.cursor_strategy is not self:  # it has put another one there
            result.cursor_strategy = _TimedFetch(result.cursor_strategy, self._statement)

    def fetchone(self, result, cursor, hard_close=False):
        start = time.perf_counter_ns()
        row = self._strategy.fetchone(result, cursor, hard_close)
        self._statement.fetched(start, row is not None)
        return row

    def fetchmany(self, result, cursor, size=None):
        start = time.perf_counter_ns()
        rows = self._strategy.fetchmany(result, cursor, size)
        self._statement.fetched(start, len(rows))
        return rows

    def fetchall(self, result, cursor):
        start = time.perf_counter_ns()
        rows = self._strategy.fetchall(result, cursor)
        self._statement.fetched(start, len(rows))
        return rows


class _Listeners:
    """What listens to one engine. SQLAlchemy's lists of listeners must not change while statements run, so
    that these stay, and do nothing while there is no attachment."""

    def __init__(self):
        self.attachments = []

    def listen(self, engine):
        for name in "before_cursor_execute", "after_cursor_execute", "after_execute", "handle_error":
            event.listen(engine, name, getattr(self, name))

    def before_cursor_execute(self, connection, cursor, text, parameters, context, many):
        if not self.attachments or context is None:
            return
        log = current_spans()
        if log is None:
            return
        other = getattr(context, MARK, None)
        if other is None or other.end is not None:  # else another one's listeners were first
            statement = _Statement(log, self._name(), text, connection.dialect.name in ESCAPING)
            try:
                setattr(context, MARK, statement)
            except AttributeError:
                pass  # a dialect's own class, without a place for it

    def _name(self):
        try:
            return self.attachments[0].name
        except IndexError:  # detached just now
            return "sql"

    def after_cursor_execute(self, connection, cursor, text, parameters, context, many):
        statement = getattr(context, MARK, None)
        if statement is not None and statement.end is None:
            statement.executed()

    def after_execute(self, connection, clause, multiparams, params, options, result):
        statement = getattr(getattr(result, "context", None), MARK, None)
        strategy = getattr(result, "cursor_strategy", None)
        if statement is None or strategy is None or statement.log.closed:
            return
        if not isinstance(strategy, (_TimedFetch, NoCursorFetchStrategy)):
            result.cursor_strategy = _TimedFetch(strategy, statement)

    def handle_error(self, error):
        statement = getattr(error.execution_context, MARK, None)
        if statement is not None:
            statement.fails()


class Attachment:
    """What attach() gives: detach() ends it, and so does leaving it as a context manager."""

    def __init__(self, listeners, name):
        self.name = name
        self._listeners = listeners
        listeners.attachments.append(self)

    def detach(self):
        """Record no more. May be called at any time, on any thread, more than once. The engine keeps
        listeners that return at once, as SQLAlchemy's lists of them must not change while they are used."""
        with _lock:
            if self in self._listeners.attachments:
                self._listeners.attachments.remove(self)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.detach()


def attach(engine, *, name="sql"):
    """Time each statement that the engine executes for a request that is being captured.

    engine: an Engine or AsyncEngine, or the class Engine for all of them. To be called where the engine is
        made, before statements run: SQLAlchemy asks that of whoever listens.
    name: of the spans that the statements are, and in Server-Timing.

    Each execution is a span, executemany() and failed ones included; fetching its rows adds to its time, not
    to what lies between, and is not seen where the statement went to Connection.exec_driver_sql(). They are
    counted by shape: the statement without literals, parameters and comments. Neither parameters nor
    literals are kept. An engine that was attached twice is recorded once, under the name given first. Where
    no request is captured a statement takes some 5 us longer, most of them SQLAlchemy's for having listeners.

    Returns an Attachment. TypeError for what is no engine, or if name is not a str.
    """
    target = getattr(engine, "sync_engine", engine)
    if not isinstance(target, Engine) and target is not Engine:
        kind = type(engine).__name__
        raise TypeError(f"attach: engine must be an Engine or AsyncEngine of SQLAlchemy, not {kind}")
    if not isinstance(name, str):
        raise TypeError(f"attach: name must be a str, not {type(name).__name__}")
    with _lock:
        listeners = _listeners.get(target)
        if listeners is None:
            listeners = _Listeners()
            listeners.listen(target)
            _listeners[target] = listeners
        return Attachment(listeners, name)

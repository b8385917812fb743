from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import NamedTuple, Protocol

class _SpanManager(AbstractContextManager[None], AbstractAsyncContextManager[None], Protocol): ...

class Span(NamedTuple):
    name: str
    start: float
    duration: float
    failed: bool
    statement: str | None

class SpanTotal(NamedTuple):
    name: str
    calls: int
    seconds: float
    longest: float
    failed: int

class StatementTotal(NamedTuple):
    statement: str
    calls: int
    seconds: float
    longest: float
    fetching: float
    rows: int
    failed: int

class SpanLog:
    started: int
    closed: bool
    dropped: int
    def __init__(self, outer: SpanLog | None = None) -> None: ...
    def add(self, name: str, start: int, end: int, failed: bool = False) -> None: ...
    def add_statement(
        self, name: str, start: int, end: int, failed: bool, text: str, escapes: bool = False
    ) -> None: ...
    def add_fetch(
        self, name: str, start: int, end: int, rows: int, text: str, escapes: bool = False
    ) -> None: ...
    def add_failure(self, name: str, text: str, escapes: bool = False) -> None: ...
    def close(self) -> None: ...
    def spans(self) -> list[Span]: ...
    def totals(self) -> list[SpanTotal]: ...
    def statements(self) -> list[StatementTotal]: ...

def open_spans() -> SpanLog: ...
def close_spans(log: SpanLog) -> None: ...
def current_spans() -> SpanLog | None: ...
def span(name: str) -> _SpanManager: ...

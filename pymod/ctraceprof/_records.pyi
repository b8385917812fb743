from collections.abc import Iterable
from typing import Any, NamedTuple

class CallerStats(NamedTuple):
    file: str
    line: int
    name: str
    calls: int
    primitive_calls: int
    total: float
    cumulative: float

class CoroutineStats(NamedTuple):
    started: int
    resumes: int
    active: float
    awaited: float

class FunctionStats(NamedTuple):
    file: str
    line: int
    name: str
    calls: int
    primitive_calls: int
    total: float
    cumulative: float
    callers: list[CallerStats]
    coroutine: CoroutineStats | None

def make_records(rows: Iterable[tuple[Any, ...]]) -> list[FunctionStats]: ...

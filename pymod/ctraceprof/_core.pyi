from collections.abc import Callable, Iterable
from types import CodeType, FrameType
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

version: str
Format: TypeAlias = Literal[
    "pstats",
    "html",
    "speedscope",
    "pprof",
    "callgrind",
    "collapsed",
    "dot",
    "json",
    "jsonl",
    "csv",
]

_Callable = TypeVar("_Callable", bound=Callable[..., object])

def bind(callable: _Callable, /) -> _Callable: ...
def hear_termination() -> None: ...
def is_main() -> bool: ...
def merge(paths: list[bytes], destination: bytes, as_page: bool = False, /) -> None: ...
def probe(path: bytes, /) -> None: ...

class profiler_subentry(NamedTuple):
    code: CodeType | str
    callcount: int
    reccallcount: int
    totaltime: float
    inlinetime: float

class profiler_entry(NamedTuple):
    code: CodeType | str
    callcount: int
    reccallcount: int
    totaltime: float
    inlinetime: float
    calls: list[profiler_subentry] | None

class Profiler:
    def __init__(
        self,
        timer: Callable[[], float] | None = None,
        timeunit: float = 0.0,
        subcalls: bool = True,
        builtins: bool = True,
        *,
        scope: Literal["thread", "process", "context"] = "thread",
        max_contexts: int = 1000000,
        include: str | Iterable[str] | None = None,
        exclude: str | Iterable[str] | None = None,
        compensate: bool | None = None,
    ) -> None: ...
    def enable(self, subcalls: bool | None = None, builtins: bool | None = None) -> None: ...
    def disable(self) -> None: ...
    def clear(self) -> None: ...
    def add(self, other: Profiler, /) -> None: ...
    def getstats(self) -> list[profiler_entry]: ...
    def _records(self) -> list[tuple[Any, ...]]: ...
    def _dictionary(self, compensated: bool | None = None, /) -> bytes: ...
    def _on_signal(self, number: int, frame: FrameType | None, /) -> None: ...
    def _write(
        self,
        path: bytes,
        properties: dict[str, str | int | float],
        process: tuple[int, int, str, float, float] | None = None,
        as_page: bool = False,
        /,
    ) -> None: ...
    def _page(self, title: str, /) -> str: ...
    def _append(self, other: Profiler, /) -> None: ...
    def _join(self) -> None: ...
    def _leave(self) -> None: ...
    def _set_recurrent(self, idle_events: int, /) -> None: ...
    def _totals(self) -> tuple[float, int]: ...
    def __sizeof__(self) -> int: ...
    def _encode(
        self,
        format: Format,
        properties: dict[str, str | int | float] = {},
        title: str = "",
        /,
    ) -> bytes: ...

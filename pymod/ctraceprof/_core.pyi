from collections.abc import Callable
from types import CodeType, FrameType
from typing import Literal, NamedTuple

version: str

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
        scope: Literal["thread", "process"] = "thread",
        max_contexts: int = 1000000,
    ) -> None: ...
    def enable(self, subcalls: bool | None = None, builtins: bool | None = None) -> None: ...
    def disable(self) -> None: ...
    def clear(self) -> None: ...
    def getstats(self) -> list[profiler_entry]: ...
    def _dictionary(self) -> bytes: ...
    def _on_signal(self, number: int, frame: FrameType | None, /) -> None: ...
    def _write(self, path: bytes, properties: dict[str, str | int | float], /) -> None: ...

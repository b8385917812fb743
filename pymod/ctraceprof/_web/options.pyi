from collections.abc import Iterable
from typing import Any, Literal, Protocol, TypedDict

class _Registry(Protocol):
    def register(self, collector: Any) -> None: ...

# What both middlewares take, beside the application and functions of the application's.
class Options(TypedDict, total=False):
    secret: str | bytes | None
    one_in: int | None
    per_second: float | None
    path: str | None
    max_at_once: int
    max_seconds: float
    keep: int
    keep_bytes: int
    max_routes: int
    server_timing: Literal[False, True, "all"]
    metrics: Literal["captured", "all"]
    registry: _Registry | None
    include: str | Iterable[str] | None
    exclude: str | Iterable[str] | None
    builtins: bool
    max_contexts: int
    compensate: bool | None

from collections.abc import Callable, Iterable
from typing import Any, Literal, Protocol, TypeAlias

_Environ: TypeAlias = dict[str, Any]
_Application: TypeAlias = Callable[[_Environ, Callable[..., Any]], Iterable[bytes]]

class _Registry(Protocol):
    def register(self, collector: Any) -> None: ...

class ProfilerMiddleware:
    app: _Application
    def __init__(
        self,
        app: _Application,
        *,
        when: Callable[[_Environ], bool] | None = None,
        secret: str | bytes | None = None,
        one_in: int | None = None,
        per_second: float | None = None,
        path: str | None = None,
        guard: Callable[[_Environ], bool] | None = None,
        route: Callable[[_Environ], str | None] | None = None,
        max_at_once: int = 10,
        max_seconds: float = 60.0,
        keep: int = 100,
        keep_bytes: int = 33554432,
        max_routes: int = 100,
        server_timing: Literal[False, True, "all"] = False,
        metrics: Literal["captured", "all"] = "captured",
        registry: _Registry | None = None,
        include: str | Iterable[str] | None = None,
        exclude: str | Iterable[str] | None = None,
        builtins: bool = True,
        max_contexts: int = 100000,
        compensate: bool | None = None,
    ) -> None: ...
    def __call__(self, environ: _Environ, start_response: Callable[..., Any]) -> Iterable[bytes]: ...

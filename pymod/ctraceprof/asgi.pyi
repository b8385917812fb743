from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Literal, Protocol, TypeAlias

_Scope: TypeAlias = MutableMapping[str, Any]
_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
_Application: TypeAlias = Callable[[_Scope, _Receive, _Send], Awaitable[None]]

class _Registry(Protocol):
    def register(self, collector: Any) -> None: ...

class ProfilerMiddleware:
    app: _Application
    def __init__(
        self,
        app: _Application,
        *,
        when: Callable[[_Scope], bool | Awaitable[bool]] | None = None,
        secret: str | bytes | None = None,
        one_in: int | None = None,
        per_second: float | None = None,
        path: str | None = None,
        guard: Callable[[_Scope], bool | Awaitable[bool]] | None = None,
        route: Callable[[_Scope], str | None] | None = None,
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
    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None: ...

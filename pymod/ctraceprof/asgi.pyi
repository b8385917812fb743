from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias, Unpack

from ._web.options import Options

_Scope: TypeAlias = MutableMapping[str, Any]
_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
_Application: TypeAlias = Callable[[_Scope, _Receive, _Send], Awaitable[None]]

class ProfilerMiddleware:
    app: _Application
    def __init__(
        self,
        app: _Application,
        *,
        when: Callable[[_Scope], bool | Awaitable[bool]] | None = None,
        guard: Callable[[_Scope], bool | Awaitable[bool]] | None = None,
        route: Callable[[_Scope], str | None] | None = None,
        **options: Unpack[Options],
    ) -> None: ...
    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None: ...

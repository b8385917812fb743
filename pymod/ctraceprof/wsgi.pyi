from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, Unpack

from ._web.options import Options

_Environ: TypeAlias = dict[str, Any]
_Application: TypeAlias = Callable[[_Environ, Callable[..., Any]], Iterable[bytes]]

class ProfilerMiddleware:
    app: _Application
    def __init__(
        self,
        app: _Application,
        *,
        when: Callable[[_Environ], bool] | None = None,
        guard: Callable[[_Environ], bool] | None = None,
        route: Callable[[_Environ], str | None] | None = None,
        **options: Unpack[Options],
    ) -> None: ...
    def __call__(self, environ: _Environ, start_response: Callable[..., Any]) -> Iterable[bytes]: ...

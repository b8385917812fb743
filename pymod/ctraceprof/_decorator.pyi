from collections.abc import Callable, Iterable
from os import PathLike
from typing import Concatenate, Generic, ParamSpec, Protocol, TypedDict, TypeVar, Unpack, overload

from ._profile import Profile

_P = ParamSpec("_P")
_Q = ParamSpec("_Q")
_R = TypeVar("_R")
_S = TypeVar("_S")
_Owner = TypeVar("_Owner")

class _Stream(Protocol):
    def write(self, text: str, /) -> object: ...

class _Options(TypedDict, total=False):
    sort: str | int | tuple[str | int, ...] | list[str | int] | None
    limit: int | None
    out: str | bytes | PathLike[str] | PathLike[bytes] | None
    every: int
    stream: _Stream | None
    on_profile: Callable[[Profile], object] | None
    include: str | Iterable[str] | None
    exclude: str | Iterable[str] | None
    builtins: bool
    max_contexts: int
    compensate: bool | None

# What a function is once it is decorated: at run time a function, here with the attribute.
class _Profiled(Generic[_P, _R]):
    profile: Profile
    __wrapped__: Callable[_P, _R]
    __name__: str
    __qualname__: str
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R: ...
    @overload
    def __get__(
        self: _Profiled[Concatenate[_S, _Q], _R], instance: _S, owner: type[_S], /
    ) -> _Profiled[_Q, _R]: ...
    @overload
    def __get__(
        self: _Profiled[Concatenate[type[_S], _Q], _R], instance: _S | None, owner: type[_S], /
    ) -> _Profiled[_Q, _R]: ...
    @overload
    def __get__(self, instance: object, owner: type, /) -> _Profiled[_P, _R]: ...

class _Profiling:
    @overload
    def __call__(self, target: classmethod[_Owner, _P, _R], /) -> classmethod[_Owner, _P, _R]: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, target: staticmethod[_P, _R], /
    ) -> staticmethod[_P, _R]: ...
    @overload
    def __call__(self, target: Callable[_P, _R], /) -> _Profiled[_P, _R]: ...
    def __enter__(self) -> Profile: ...
    def __exit__(self, *exc_info: object) -> None: ...
    async def __aenter__(self) -> Profile: ...
    async def __aexit__(self, *exc_info: object) -> None: ...

@overload
def profile(
    target: None = None,
    /,
    **options: Unpack[_Options],
) -> _Profiling: ...
@overload
def profile(
    target: classmethod[_Owner, _P, _R],
    /,
    **options: Unpack[_Options],
) -> classmethod[_Owner, _P, _R]: ...
@overload
def profile(  # type: ignore[overload-overlap]
    target: staticmethod[_P, _R],
    /,
    **options: Unpack[_Options],
) -> staticmethod[_P, _R]: ...
@overload
def profile(
    target: Callable[_P, _R],
    /,
    **options: Unpack[_Options],
) -> _Profiled[_P, _R]: ...

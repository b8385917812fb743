from collections.abc import Sequence
from typing import Any

from ._core import bind as bind
from ._decorator import profile as profile
from ._profile import Profile as Profile
from ._profile import label as label
from ._profile import run as run
from ._profile import runctx as runctx
from ._records import CallerStats as CallerStats
from ._records import CoroutineStats as CoroutineStats
from ._records import FunctionStats as FunctionStats
from ._spans import span as span

__version__: str
__all__ = [
    "CallerStats",
    "CoroutineStats",
    "FunctionStats",
    "Profile",
    "bind",
    "label",
    "main",
    "profile",
    "run",
    "runctx",
    "span",
]

def load_ipython_extension(shell: Any) -> None: ...
def main(arguments: Sequence[str] | None = None) -> None: ...

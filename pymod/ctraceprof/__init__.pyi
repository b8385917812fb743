from collections.abc import Sequence

from ._profile import Profile as Profile
from ._profile import label as label
from ._profile import run as run
from ._profile import runctx as runctx

__version__: str
__all__ = ["Profile", "label", "main", "run", "runctx"]

def main(arguments: Sequence[str] | None = None) -> None: ...

"""Deterministic profiling: cProfile's counts and interface, at a fraction of its cost.

    import ctraceprof

    with ctraceprof.Profile() as profile:
        work()
    profile.print_stats("cumulative")

Files written by Profile.dump_stats load in pstats and all that reads its files; behind pstats' part
they hold the exact calling context tree (docs/format.md).
"""

from ._core import bind
from ._core import version as __version__
from ._decorator import profile
from ._profile import Profile, label, run, runctx
from ._records import CallerStats, CoroutineStats, FunctionStats
from ._spans import span

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


def load_ipython_extension(shell):
    """Called by IPython at "%load_ext ctraceprof": brings %ctprof and %%ctprof."""
    from . import _notebook

    _notebook.load(shell)


def main(arguments=None):
    """Run the command line (``python -m ctraceprof``); exits as the profiled program did."""
    from . import _cli

    _cli.main(arguments)

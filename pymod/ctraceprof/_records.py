"""What Profile.stats() gives: plain records."""

from collections import namedtuple

__all__ = ["CallerStats", "CoroutineStats", "FunctionStats", "make_records"]

_FIGURES = ("file", "line", "name", "calls", "primitive_calls", "total", "cumulative")


class CallerStats(namedtuple("CallerStats", _FIGURES)):
    """What a function did on behalf of one caller. Times are seconds.

    file, line, name: the caller's label
    calls, total: of the function's calls by this caller
    primitive_calls, cumulative: of those made while no other of them was active
    """

    __slots__ = ()


class CoroutineStats(namedtuple("CoroutineStats", "started resumes active awaited")):
    """What the calls of a coroutine function (or async generator function) did. Times are seconds.

    started: calls entered for the first time; a function's calls are started + resumes
    resumes: times one of them went on after a suspension, throw() and close() included
    active: time between each start or resume and the next suspension or end, callees included
    awaited: time suspended in an await; an async generator's between its yields does not count
    """

    __slots__ = ()


class FunctionStats(namedtuple("FunctionStats", (*_FIGURES, "callers", "coroutine"))):
    """One function. Times are seconds.

    file, line, name: its label, as in pstats; ("~", 0, "<...>") for what is written in C
    calls: all calls; a generator or coroutine that goes on counts again
    primitive_calls: those made while no other call of the function was active
    total: time in the function itself
    cumulative: time in it and all it called, of primitive calls
    callers: list of CallerStats, by label; empty without subcalls
    coroutine: CoroutineStats, or None for what is no coroutine function
    """

    __slots__ = ()


def make_records(rows):
    """FunctionStats of the tuples that the recorder gives, in the order of their labels."""
    # Sums of profiles have what came first in front.
    return [
        FunctionStats(
            *row[:7],
            [CallerStats(*label, *figures) for label, *figures in sorted(row[7])],
            None if row[8] is None else CoroutineStats(*row[8]),
        )
        for row in sorted(rows, key=lambda row: row[:3])
    ]

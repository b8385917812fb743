"""What two profiles are compared by.

Figures of a profile are two dictionaries: functions, {label: (nc, cc, tt, ct)}, and edges,
{(caller's label, callee's label): (nc, cc, tt, ct)}; the names are pstats'.
"""

import contextlib
import gc
import itertools
import re

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
DISABLE = ("~", 0, "<method 'disable' of a profile>")


def label(code):
    """The label of a raw entry, without what must differ between two profilers or two runs."""
    if not isinstance(code, str):
        return (code.co_filename, code.co_firstlineno, code.co_name)
    return plain(("~", 0, code))


def plain(key):
    """A label of pstats, made comparable."""
    file, line, name = key
    if name.startswith("<method 'disable' of ") and "Profiler" in name:
        return DISABLE
    return (file, line, ADDRESS.sub("", name))


def _add(table, key, record):
    new = (record.callcount, record.callcount - record.reccallcount,
           record.inlinetime, record.totaltime)
    old = table.get(key, (0, 0, 0, 0))
    table[key] = tuple(a + b for a, b in zip(old, new))


def of_entries(entries):
    """Figures from what getstats() gives; entries with equal labels are added up."""
    functions, edges = {}, {}
    for entry in entries:
        _add(functions, label(entry.code), entry)
        for call in entry.calls or ():
            _add(edges, (label(entry.code), label(call.code)), call)
    return functions, edges


def of_stats(stats):
    """Figures from a dictionary as pstats has it."""
    functions, edges = {}, {}
    for key, (cc, nc, tt, ct, callers) in stats.items():
        functions[plain(key)] = (nc, cc, tt, ct)
        for caller, figures in callers.items():
            edges[plain(caller), plain(key)] = figures
    return functions, edges


def counting_timer():
    """A clock that goes on by one each time it is read, so that equal events give equal times."""
    return itertools.count().__next__


@contextlib.contextmanager
def no_garbage_collection():
    """The collector would run at a moment of its own, and call what others have hooked to it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def record(profile_class, program, *, real_clock=False, **options):
    """The profile of program(), by a counting timer unless real_clock is set."""
    timer = () if real_clock else (counting_timer(), 1.0)
    profile = profile_class(*timer, **options)
    with no_garbage_collection():
        # Options again: cProfile's enable() forgets what its constructor was told since 3.14.
        profile.enable(**options)
        try:
            program()
        finally:
            profile.disable()
    return profile


def counts_only(given):
    """Figures without times: rows are (nc, cc)."""
    return tuple({key: row[:2] for key, row in table.items()} for table in given)


def named(figures, *names):
    """{name: (nc, cc)} of the functions with these names."""
    return {key[2]: row[:2] for key, row in figures[0].items() if key[2] in names}


def edges_named(figures, *names):
    """{(caller's name, callee's name): (nc, cc)} of the edges between functions of these names."""
    return {
        (caller[2], callee[2]): row[:2]
        for (caller, callee), row in figures[1].items()
        if caller[2] in names and callee[2] in names
    }

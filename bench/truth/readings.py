"""Times as they are, and as profilers report them.

A run calls its phases, pairs of a function and a tuple of arguments, one after the other. A reading is
what came of it: {label: (seconds in the function itself, seconds in it and all it called)}.
"""

import cProfile
import functools
import gc
import marshal
import time

import modes
from truth.verdicts import COMPENSATED, RAW, TRUTH

import ctraceprof

# The columns of the tables: what readings of a run are called.
CPROFILE = modes.CPROFILE
YAPPI = modes.YAPPI
COLUMNS = (CPROFILE, RAW, COMPENSATED, YAPPI)

# A run in which the thread was without a processor for more of the time than this is made again.
WAITED = 0.01
TRIES = 4

# Runs under a profiler and bare, in turn, before anything is measured.
SETTLING = 5


@functools.cache
def compensates():
    """Whether this ctraceprof can take its own cost out."""
    try:
        ctraceprof.Profile(compensate=True)
    except TypeError:
        return False
    return True


def make_profile():
    return ctraceprof.Profile(compensate=True) if compensates() else ctraceprof.Profile()


def reported(profile):
    """{column: pstats' dictionary}: both reckonings of what one profile recorded."""
    if not compensates():
        return {RAW: marshal.loads(profile._dictionary())}
    return {
        RAW: marshal.loads(profile._dictionary(False)),
        COMPENSATED: marshal.loads(profile._dictionary(True)),
    }


def times(table):
    return {label: (row[2], row[3]) for label, row in table.items()}


def prepare_none():
    return modes.nothing, modes.nothing, dict


def prepare_ctraceprof():
    profile = make_profile()
    return (
        profile.enable,
        profile.disable,
        lambda: {column: times(table) for column, table in reported(profile).items()},
    )


def prepare_cprofile():
    profile = cProfile.Profile()

    def read():
        profile.create_stats()
        return {CPROFILE: times(profile.stats)}

    return profile.enable, profile.disable, read


def prepare_yappi():
    import yappi

    def read():
        rows = yappi.get_func_stats()
        return {YAPPI: {(row.full_name, row.index): (row.tsub, row.ttot) for row in rows}}

    return *modes.prepare_yappi(), read


# Each gives how to enable, how to disable, and how to read, before the next is prepared.
MODES = {
    modes.NONE: prepare_none,
    modes.CTRACEPROF: prepare_ctraceprof,
    modes.CPROFILE: prepare_cprofile,
    modes.YAPPI: prepare_yappi,
}


def label(function):
    return ctraceprof.label(function.__code__)


def own(reading, function):
    return reading[label(function)][0]


def cumulative(reading, function):
    return reading[label(function)][1]


def total(reading):
    """What a profiler says it took altogether, as pstats adds it up."""
    return sum(seconds for seconds, _ in reading.values())


def share(reading, function, other):
    """Of the time of two phases, the first one's."""
    first, second = cumulative(reading, function), cumulative(reading, other)
    return first / (first + second)


def timed(phases):
    """The results of the phases, and their reading by the clock. This runs under the profilers, too: it
    calls next to nothing beside the phases."""
    results, reading = [], {}
    for function, arguments in phases:
        begin = time.perf_counter()
        result = function(*arguments)
        seconds = time.perf_counter() - begin
        results.append(result)
        reading[function] = seconds
    return results, reading


def once(mode, phases):
    """Results, {column: reading}, and the share of the time in which the thread had no processor."""
    enable, disable, read = MODES[mode]()
    gc.collect()
    wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
    enable()
    try:
        results, clock = timed(phases)
    finally:
        disable()
    cpu, wall = time.thread_time_ns() - cpu, time.perf_counter_ns() - wall
    readings = read()
    if mode == modes.NONE:
        readings[TRUTH] = {label(function): (taken, taken) for function, taken in clock.items()}
    return results, readings, 1 - cpu / wall


class Runs:
    """Makes runs, and those again that something else on the machine disturbed."""

    def __init__(self):
        self.made = self.repeated = self.disturbed = 0

    def read(self, mode, phases):
        """Results and {column: reading} of the first run that was not disturbed, or of the least."""
        self.made += 1
        best = once(mode, phases)
        for _ in range(TRIES - 1):
            if best[2] <= WAITED:
                break
            self.repeated += 1
            best = min(best, once(mode, phases), key=lambda run: run[2])
        self.disturbed += best[2] > WAITED
        return best[:2]

    def settle(self, function, mode):
        """Have the interpreter specialise the function's code anew, with hooks and without, until that makes
        no more difference: some code is faster for having been profiled before."""
        for _ in range(SETTLING):
            once(mode, [(function, ())])
            once(modes.NONE, [(function, ())])

    def __str__(self):
        return (
            f"{self.made}; {self.repeated} times one was made again that had waited for a processor"
            f" for more than {WAITED:.0%} of its time; {self.disturbed} kept for want of a better one"
        )

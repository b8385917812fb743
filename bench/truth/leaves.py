"""Functions that take a known time: what a profiler says they take.

A function cannot watch the clock for 0.2 us, and would be slowed by a profiler that counts its looks. So
each does a fixed number of steps of arithmetic, without a call, and the time of just these steps is
measured without a profiler, in turn with the profilers' runs, where they stand in line in a loop. What
the call itself takes is not in that: it is partly the caller's. It is measured as well, and shown.
"""

import statistics
import sys
import types

import modes
import report
import run
from truth import verdicts
from truth.readings import COLUMNS, TRUTH, cumulative, own
from truth.verdicts import CALLED

# Microseconds, about: steps come whole. What they really take is measured.
DURATIONS = [0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 100, 300, 1000, 10000]
SECONDS = 0.1
CALL_SHOWN = 5  # microseconds; in longer ones what a call adds is lost in the noise


def spin(steps):
    x = 1
    for i in steps:
        x = x * 5 + i & 255
    return x


def in_line(repeats, steps):
    for _ in repeats:
        x = 1
        for i in steps:
            x = x * 5 + i & 255


def empty(repeats):
    for _ in repeats:
        pass


def drive(repeats, leaf, steps):
    for _ in repeats:
        leaf(steps)


def named(function, name):
    """A function of its own, with its own row and its own specialised instructions."""
    return types.FunctionType(function.__code__.replace(co_name=name), function.__globals__, name)


class Leaf:
    """One of the functions, and the loops around it."""

    def __init__(self, microseconds, steps, seconds=SECONDS):
        self.calls = max(1, round(seconds / (microseconds * 1e-6)))
        self.spin = named(spin, f"spin_{microseconds}")
        self.drive = named(drive, f"drive_{microseconds}")
        self.in_line = named(in_line, f"in_line_{microseconds}")
        self.steps = range(steps)
        self.called_phase = (self.drive, (range(self.calls), self.spin, self.steps))

    def read_truth(self, runs):
        """Seconds of one spin in line, and of one that is called."""
        repeats = range(self.calls)
        phases = [(self.in_line, (repeats, self.steps)), (empty, (repeats,)), self.called_phase]
        reading = runs.read(modes.NONE, phases)[1][TRUTH]
        loop = cumulative(reading, empty)
        return tuple(
            (cumulative(reading, function) - loop) / self.calls
            for function in (self.in_line, self.drive)
        )

    def read(self, mode, runs):
        """{column: seconds of one call}."""
        if mode == modes.NONE:
            return dict(zip((TRUTH, CALLED), self.read_truth(runs)))
        _, readings = runs.read(mode, [self.called_phase])
        return {column: own(reading, self.spin) / self.calls for column, reading in readings.items()}


def make(microseconds, runs):
    """A leaf that takes as long as it shall, to within a step: a better guess each time."""
    steps = max(1, round(microseconds * 20))
    for _ in range(4):
        leaf = Leaf(microseconds, steps, SECONDS / 4)
        found, _ = leaf.read_truth(runs)
        steps = max(1, round(steps * microseconds * 1e-6 / found))
    return Leaf(microseconds, steps)


def measure(profilers, rounds, runs):
    """{microseconds: {column: seconds of one call in each round}}."""
    results = {}
    for microseconds in DURATIONS:
        print(f"leaves: {microseconds} us", file=sys.stderr, flush=True)
        leaf = make(microseconds, runs)
        leaf.read(modes.NONE, runs)
        found = results[str(microseconds)] = {}
        for number in range(rounds):
            for mode in run.order([modes.NONE, *profilers], number):
                for column, seconds in leaf.read(mode, runs).items():
                    found.setdefault(column, []).append(seconds)
    return results


def render(results):
    errors = verdicts.leaf_errors(results)
    columns = [column for column in COLUMNS if column in errors]
    rows = []
    for name, found in results.items():
        true, called = (statistics.median(found[column]) for column in (TRUTH, CALLED))
        rows.append(
            [
                name,
                f"{true * 1e6:.3f}",
                f"{(called - true) * 1e9:.0f}" if float(name) <= CALL_SHOWN else "",
                *(f"{errors[column][name]:+.1%}" for column in columns),
            ]
        )
    return (
        "\n## Known-time leaves\n\nFunctions of a known time, called until they have taken"
        + f" {SECONDS * 1e3:.0f} ms: how far the self time that a profiler reports is off.\n\n"
        + report.table(["leaf, us", "true, us", "call adds, ns", *columns], rows)
    )

"""The same work in a loop and through a function that the loop calls: what a profiler makes of the split.

After Berger, Stern and Altmayer Pizzorno, "Triangulating Python Performance Issues with Scalene" (OSDI
2023), section 6.2: a tracing profiler shows too large a share for code that calls functions.
"""

import statistics
import sys

import modes
import report
import run
from truth import verdicts
from truth.readings import COLUMNS, TRUTH, cumulative, share

SPLITS = range(5, 100, 5)
SECONDS = 0.06
SAMPLE = 200_000


# As little work as can be: the more there is, the less a call's cost weighs.
def inlined(steps):
    x = 0
    for _ in steps:
        x = x + 1
    return x


def helper(x):
    return x + 1


def called(steps):
    x = 0
    for _ in steps:
        x = helper(x)
    return x


def seconds_a_step(function, runs):
    found = []
    for _ in range(5):
        _, readings = runs.read(modes.NONE, [(function, (range(SAMPLE),))])
        found.append(cumulative(readings[TRUTH], function))
    return statistics.median(found) / SAMPLE


def measure(profilers, rounds, runs):
    """{per cent wanted of called(): {column: its share in each round}}."""
    print("bias", file=sys.stderr, flush=True)
    results = {}
    cost = {function: seconds_a_step(function, runs) for function in (inlined, called)}
    for percent in SPLITS:
        found = results[str(percent)] = {}
        phases = [
            (function, (range(round(SECONDS * part / 100 / cost[function])),))
            for function, part in ((inlined, 100 - percent), (called, percent))
        ]
        for number in range(rounds):
            for mode in run.order([modes.NONE, *profilers], number):
                _, readings = runs.read(mode, phases)
                for column, reading in readings.items():
                    found.setdefault(column, []).append(share(reading, called, inlined))
    return results


def render(results):
    errors = verdicts.share_errors(results)
    columns = [column for column in COLUMNS if column in errors]
    rows = []
    for found in results.values():
        medians = [statistics.median(found[column]) for column in (TRUTH, *columns)]
        rows.append([*(f"{value:.1%}" for value in medians)])
    worst = [max(errors[column].values()) for column in columns]
    rows.append(["worst error, points", *(f"{value:.1f}" for value in worst)])
    return (
        "\n## Function bias\n\nThe share of a loop that calls a function for its work, beside a loop that"
        + " has the same work in line.\n\n"
        + report.table([TRUTH, *columns], rows)
    )

"""Whole programs: the total that a profiler reports, against the time they take without it."""

import statistics
import sys

import modes
import report
import run
from truth import verdicts
from truth.readings import COLUMNS, TRUTH, total


def measure(programs, profilers, rounds, runs):
    """{program: {column: seconds in each round}}."""
    results = {}
    for name, program in programs.items():
        print("totals:", name, file=sys.stderr, flush=True)
        expected = program()
        runs.settle(program, profilers[0])
        found = results[name] = {}
        for number in range(rounds):
            for mode in run.order([modes.NONE, *profilers], number):
                computed, readings = runs.read(mode, [(program, ())])
                if computed != [expected]:
                    raise AssertionError(f"{name} gives another result under {mode}")
                for column, reading in readings.items():
                    found.setdefault(column, []).append(total(reading))
    return results


def render(results):
    ratios = verdicts.total_ratios(results)
    columns = [column for column in COLUMNS if column in ratios]
    rows = []
    for name in sorted(results, key=lambda name: -ratios[columns[0]][name]):
        milliseconds = statistics.median(results[name][TRUTH]) * 1e3
        rows.append([name, f"{milliseconds:.1f}", *(f"{ratios[column][name]:.2f}" for column in columns)])
    for title, summary in (
        ("least", min),
        ("most", max),
        ("geometric mean", report.geometric_mean),
        ("geometric standard deviation", verdicts.geometric_deviation),
    ):
        rows.append([title, "", *(f"{summary(ratios[column].values()):.3f}" for column in columns)])
    return (
        "\n## Totals\n\nThe sum of all self times that a profiler reports, as a multiple of the time that"
        + " the program takes without one.\n\n"
        + report.table(["program", "true, ms", *columns], rows)
    )

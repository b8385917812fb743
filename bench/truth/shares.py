"""Two programs as the phases of one: the share of either that a profiler reports, against the true one."""

import itertools
import statistics
import sys

import modes
import report
import run
from truth import verdicts
from truth.readings import COLUMNS, TRUTH, share

# Of many kinds, and from the most to the least that any profiler adds to them. All come with the
# standard library, so that every interpreter has the same pairs.
PROGRAMS = [
    "recursion", "generators", "asyncio_tasks", "strings", "json_python", "xml_documents", "richards",
    "exceptions", "tokenizing", "json_accelerated", "regex", "nbody",
]
WORST = 12


def measure(programs, profilers, rounds, runs):
    """{pair: {column: share of its first program in each round}}, of all pairs of PROGRAMS."""
    results = {}
    chosen = [name for name in PROGRAMS if name in programs]
    for name in chosen:
        runs.settle(programs[name], profilers[0])
    for first, second in itertools.combinations(chosen, 2):
        print(f"shares: {first}, {second}", file=sys.stderr, flush=True)
        found = results[f"{first}, {second}"] = {}
        phases = [(programs[first], ()), (programs[second], ())]
        for number in range(rounds):
            for mode in run.order([modes.NONE, *profilers], number):
                _, readings = runs.read(mode, phases[:: -1 if number % 2 else 1])
                for column, reading in readings.items():
                    value = share(reading, programs[first], programs[second])
                    found.setdefault(column, []).append(value)
    return results


def render(results):
    errors = verdicts.share_errors(results)
    columns = [column for column in COLUMNS if column in errors]
    summary = []
    for column in columns:
        values = errors[column]
        worst = max(values, key=values.get)
        summary.append(
            [column, f"{statistics.fmean(values.values()):.1f}", f"{values[worst]:.1f}", worst]
        )
    last = errors[columns[-1]]
    rows = []
    for pair in sorted(last, key=last.get, reverse=True)[:WORST]:
        medians = [statistics.median(results[pair][column]) for column in (TRUTH, *columns)]
        rows.append([pair, *(f"{value:.1%}" for value in medians)])
    return (
        f"\n## Shares\n\nOf {len(results)} pairs of programs, run one after the other in one profile: how"
        + " far the share that a profiler gives to each is from the true one, in percentage points.\n\n"
        + report.table(["profiler", "mean", "worst", "of"], summary)
        + f"\nThe share of the first of a pair, where {columns[-1]} is furthest off:\n\n"
        + report.table(["pair", TRUTH, *columns], rows)
    )

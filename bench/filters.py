"""What a profile costs that leaves out 95 % of a program's calls, against one that has them all.

Measured as run.py measures: all modes in this process, in turn, round by round. Exit status 1 when the
share is more than wanted, with built-ins as by default (3.12 and later; 3.11's hook cannot be switched
off for some code).
"""

import argparse
import gc
import os
import platform
import statistics
import sys

import ctraceprof
import orders
from run import CLOCKS, measure

BOUND = 0.15
LINES = orders.texts(8000)
ALL, FILTERED, ALL_OFF, FILTERED_OFF = "all", "one package", "all, off", "one package, off"


def prepare(**options):
    profile = ctraceprof.Profile(**options)
    return profile.enable, profile.disable


MODES = {
    "none": lambda: (lambda: None, lambda: None),
    ALL: prepare,
    FILTERED: lambda: prepare(include="orders"),
    ALL_OFF: lambda: prepare(builtins=False),
    FILTERED_OFF: lambda: prepare(builtins=False, include="orders"),
}


def work():
    return orders.summarize(LINES)


def share(**options):
    """Of all calls, those of the application, and of built-ins by it."""
    profile = ctraceprof.Profile(**options)
    profile.runcall(work)
    profile.create_stats()
    home = os.path.dirname(orders.__file__)
    own = total = 0
    for (file, _, _), (_, calls, _, _, callers) in profile.stats.items():
        total += calls
        if file == "~":
            own += sum(figures[0] for caller, figures in callers.items() if is_below(caller[0], home))
        elif is_below(file, home):
            own += calls
    return own / total


def is_below(file, folder):
    return file.startswith(folder + os.sep)


def main():
    parser = argparse.ArgumentParser(description="Measure what filters save.")
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--clock", choices=CLOCKS, default="cpu", help="default: %(default)s")
    arguments = parser.parse_args()
    gc.disable()
    times = measure(work, MODES, arguments.rounds, CLOCKS[arguments.clock])
    medians = {name: statistics.median(ns) for name, ns in times.items()}
    none = medians["none"]
    print(f"Python {platform.python_version()}, {arguments.rounds} rounds, without a profiler {none / 1e6:.1f} ms\n")
    print("| built-ins | calls kept | run time, all | run time, one package | overhead, one package / all |")
    print("| --- | --- | --- | --- | --- |")
    ratios = []
    for name, whole, part in [("on", ALL, FILTERED), ("off", ALL_OFF, FILTERED_OFF)]:
        kept = share(builtins=name == "on")
        ratio = (medians[part] - none) / (medians[whole] - none)
        ratios.append(ratio)
        print(f"| {name} | {kept:.1%} | {medians[whole] / none:.3f} | {medians[part] / none:.3f} | {ratio:.3f} |")
    if sys.version_info >= (3, 12):
        print(f"\nwanted: at most {BOUND}: {'met' if ratios[0] <= BOUND else 'NOT met'}")
        raise SystemExit(ratios[0] > BOUND)


if __name__ == "__main__":
    main()

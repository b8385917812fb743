"""Measure how near to the truth the times are that profilers report; see README.md.

As run.py, all modes in this one process, in turn, round by round. Exit status 1 when a bound is not met.
"""

import argparse
import gc
import json
import os
import platform
import sys

import modes
import report
import run
from truth import bias, leaves, readings, shares, totals, verdicts

PARTS = {"totals": totals, "shares": shares, "bias": bias, "leaves": leaves}


def names(text):
    return [name for name in text.split(",") if name]


def parts(text):
    chosen = names(text)
    for name in chosen:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(PARTS)}")
    return chosen


def parse_arguments():
    parser = argparse.ArgumentParser(description="Measure how true the times of profilers are.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", type=parts, default=list(PARTS), metavar="PART,...",
                        help="of " + ", ".join(PARTS) + " (then nothing is written)")
    parser.add_argument("--programs", type=names, default=[], metavar="NAME,...",
                        help="only these (then nothing is written)")
    parser.add_argument("--raw", metavar="FILE", help="write all that was read as JSON")
    parser.set_defaults(clock="wall")
    return parser.parse_args()


def beside():
    """The other profilers that totals are compared with, and why another one is not."""
    try:
        enable, disable, _ = readings.prepare_yappi()
        enable()
        disable()
    except ImportError:
        return [modes.CPROFILE], {modes.YAPPI: "not installed"}
    return [modes.CPROFILE, modes.YAPPI], {}


def measure(arguments, programs, others, runs):
    """{part: its results}."""
    few = max(1, arguments.rounds // 2)  # there are many pairs, and each is a long run
    both = [modes.CTRACEPROF, modes.CPROFILE]
    measures = {
        "totals": lambda: totals.measure(programs, [modes.CTRACEPROF, *others], arguments.rounds, runs),
        "shares": lambda: shares.measure(programs, both, few, runs),
        "bias": lambda: bias.measure(both, arguments.rounds, runs),
        "leaves": lambda: leaves.measure(both, arguments.rounds, runs),
    }
    return {part: measures[part]() for part in PARTS if part in arguments.only}


def bounds(verdict):
    rows = [
        [what, wanted, found, "met" if met else "**NOT met**"] for what, wanted, found, met in verdict
    ]
    return "\n## What is wanted\n\n" + report.table(["of compensated times", "wanted", "found", ""], rows)


def write(text):
    name = os.path.join(run.HERE, "results", f"accuracy-{platform.python_version()}.md")
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    print("written to", os.path.relpath(name), file=sys.stderr)


def main():
    arguments = parse_arguments()
    programs, missing = run.load(arguments.programs)
    others, without = beside()
    if not readings.compensates():
        without[readings.COMPENSATED] = "this ctraceprof cannot"
    # As run.py does: when a collection happens to fall is not the profiler's doing.
    gc.disable()
    gc.freeze()  # what the programs have loaded is not gone through before each run
    runs = readings.Runs()
    results = measure(arguments, programs, others, runs)
    if arguments.raw:
        with open(arguments.raw, "w", encoding="utf-8") as file:
            json.dump(results, file)
    verdict = verdicts.judge(results, sys.version_info[:2])
    text = f"# Accuracy, Python {platform.python_version()}\n\n"
    text += run.header(arguments, {**without, **missing}).replace("bench/run.py", "bench/accuracy.py")
    text += f"- runs: {runs}\n" + bounds(verdict)
    text += "".join(PARTS[part].render(found) for part, found in results.items() if found)
    print(text)
    for what, wanted, found, met in verdict:
        print(f"{what}: wanted {wanted}, found {found}: {'met' if met else 'NOT met'}")
    if not arguments.programs and len(results) == len(PARTS):
        write(text)
    sys.exit(not all(met for *_, met in verdict))


if __name__ == "__main__":
    main()

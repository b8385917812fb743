"""Measure what profilers cost under the interpreter that runs this; see README.md.

Every mode runs in this one process, in turn, round by round, so that whatever else the machine does
meets all of them alike. Needs ctraceprof and _floor on the path: `make bench` sees to it.
"""

import argparse
import gc
import importlib
import json
import os
import pkgutil
import platform
import sys
import time

import modes
import programs
import report

# Time spent waiting while another process has the processor is no profiler's doing; all programs
# compute, none sleeps or waits for anything else.
CLOCKS = {"cpu": time.thread_time_ns, "wall": time.perf_counter_ns}
HERE = os.path.dirname(os.path.abspath(__file__))


def load(wanted):
    """The programs by name, and for each that cannot run here why not."""
    found, missing = {}, {}
    for info in pkgutil.iter_modules(programs.__path__):
        if wanted and info.name not in wanted:
            continue
        try:
            found[info.name] = importlib.import_module(f"programs.{info.name}").run
        except ModuleNotFoundError as error:
            missing[info.name] = f"{error.name} is not installed"
    return found, missing


def timed(prepare, run, clock):
    """Nanoseconds of one run, enabling and disabling not counted, and its result."""
    enable, disable = prepare()
    gc.collect()
    enable()
    try:
        begin = clock()
        result = run()
        end = clock()
    finally:
        disable()
    return end - begin, result


def order(names, number):
    """The modes in a round: rotated by one each time, and backwards in every other round."""
    first = number % len(names)
    names = names[first:] + names[:first]
    return names[::-1] if number % 2 else names


def measure(run, active, rounds, clock):
    """{mode: nanoseconds in each round}. A profiler must not change what the program computes."""
    expected = run()
    times = {name: [] for name in active}
    for number in range(-1, rounds):  # the first round warms up
        for name in order(list(active), number):
            ns, result = timed(active[name], run, clock)
            if result != expected:
                raise AssertionError(f"{run.__module__} gives another result under {name}")
            if number >= 0:
                times[name].append(ns)
    return times


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def header(arguments, missing):
    build = "free-threaded, " if not getattr(sys, "_is_gil_enabled", lambda: True)() else ""
    lines = {
        "interpreter": f"{platform.python_implementation()} {platform.python_version()} "
        f"({build}{platform.python_compiler()}, {platform.system()} {platform.machine()})",
        "processor": f"{processor()}, {os.cpu_count()} visible",
        "date": time.strftime("%Y-%m-%d"),
        "command": " ".join(["python bench/run.py", *sys.argv[1:]]),
        "rounds": str(arguments.rounds),
        "times": {"cpu": "of the thread on its processor", "wall": "elapsed"}[arguments.clock],
        "left out": "; ".join(f"{name}: {why}" for name, why in missing.items()) or "nothing",
    }
    return "".join(f"- {name}: {text}\n" for name, text in lines.items())


def parse_arguments():
    parser = argparse.ArgumentParser(description="Measure what profilers cost.")
    parser.add_argument("programs", nargs="*", help="only these (then nothing is written)")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--clock", choices=CLOCKS, default="cpu", help="default: %(default)s")
    parser.add_argument("--raw", metavar="FILE", help="write all times, in nanoseconds, as JSON")
    return parser.parse_args()


def write(text):
    folder = os.path.join(HERE, "results")
    os.makedirs(folder, exist_ok=True)
    name = os.path.join(folder, platform.python_version() + ".md")
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    print("written to", os.path.relpath(name), file=sys.stderr)


def main():
    arguments = parse_arguments()
    active, missing = modes.available()
    runs, missing_programs = load(arguments.programs)
    # As timeit does: when a collection happens to fall is not the profiler's doing.
    gc.disable()
    results = {}
    for name, run in runs.items():
        print(name, file=sys.stderr, flush=True)
        results[name] = measure(run, active, arguments.rounds, CLOCKS[arguments.clock])
    if arguments.raw:
        with open(arguments.raw, "w", encoding="utf-8") as file:
            json.dump(results, file)
    text = f"# Python {platform.python_version()}\n\n"
    text += header(arguments, {**missing, **missing_programs})
    text += report.render(results, list(active), sys.version_info[:2])
    print(text)
    if not arguments.programs:
        write(text)


if __name__ == "__main__":
    main()

"""Measure what scopes and profiles of others cost, and threads and tasks beside yappi; see README.md.

As run.py, from which the measuring comes: all modes in one process, in turn, round by round.
"""

import argparse
import asyncio
import contextvars
import gc
import math
import os
import platform
import statistics
import sys
import threading
import time

import run

import ctraceprof

PROGRAMS = [
    "asyncio_tasks", "closures", "exceptions", "generators", "json_python", "recursion", "richards",
    "simulation", "tables", "text_wrapping",
]
THREAD = "thread"
# What is wanted of each: overhead over that of one thread's profile.
BOUNDS = {
    "process": 1.10,
    "context": 1.10,
    "thread, ten elsewhere": 1.05,
    "context, a hundred others": 1.15,
}


def prepare(scope, others=0, contexts=0):
    """A profile of this scope; `others` on threads of their own and in `contexts` besides it."""
    profile = ctraceprof.Profile(scope=scope)
    started, leave = threading.Barrier(others + 1), threading.Event()

    def elsewhere():
        with ctraceprof.Profile():
            started.wait()
            leave.wait()

    threads = [threading.Thread(target=elsewhere, daemon=True) for _ in range(others)]
    neighbours = [(contextvars.Context(), ctraceprof.Profile(scope="context"))
                  for _ in range(contexts)]

    def enable():
        for thread in threads:
            thread.start()
        started.wait()
        for context, neighbour in neighbours:
            context.run(neighbour.enable)
        profile.enable()

    def disable():
        profile.disable()
        for context, neighbour in neighbours:
            context.run(neighbour.disable)
        leave.set()
        for thread in threads:
            thread.join()

    return enable, disable


MODES = {
    "none": lambda: (lambda: None, lambda: None),
    THREAD: lambda: prepare("thread"),
    "process": lambda: prepare("process"),
    "context": lambda: prepare("context"),
    "thread, ten elsewhere": lambda: prepare("thread", others=5, contexts=5),
    "context, a hundred others": lambda: prepare("context", contexts=100),
}


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def threads_program():
    """Eight threads that compute, handed out by a pool's queue."""
    threads = [threading.Thread(target=fib, args=(17,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def answer(n):
    for _ in range(10):
        await asyncio.sleep(0)
        fib(9)


def tasks_program():
    """A hundred tasks that take turns."""

    async def main():
        await asyncio.gather(*(answer(n) for n in range(100)))

    asyncio.run(main())


def prepare_yappi():
    import yappi

    yappi.clear_stats()
    yappi.set_clock_type("wall")
    return lambda: yappi.start(builtins=True, profile_threads=True), yappi.stop


CONCURRENT = {
    "none": MODES["none"],
    "process": MODES["process"],
    "context": MODES["context"],
    "yappi": prepare_yappi,
}


def overheads(times):
    """{mode: median of its times, less that of none}."""
    medians = {mode: statistics.median(values) for mode, values in times.items()}
    return {mode: median - medians["none"] for mode, median in medians.items()}


def ratios(results):
    """For each program and mode the overhead over that of a thread's profile, and the means."""
    rows = {}
    for name, times in results.items():
        cost = overheads(times)
        rows[name] = {mode: cost[mode] / cost[THREAD] for mode in BOUNDS}
    means = {
        mode: math.exp(statistics.fmean(math.log(row[mode]) for row in rows.values()))
        for mode in BOUNDS
    }
    return rows, means


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def render(results, concurrent):
    rows, means = ratios(results)
    text = "\n## Overhead, as a multiple of that of one thread's profile\n\n"
    body = [[name, *(f"{row[mode]:.2f}" for mode in BOUNDS)] for name, row in rows.items()]
    body.append(["**geometric mean**", *(f"**{means[mode]:.3f}**" for mode in BOUNDS)])
    body.append(["wanted at most", *(f"{bound:.2f}" for bound in BOUNDS.values())])
    text += table(["program", *BOUNDS], body)
    text += "\n## Threads and tasks: run time, as a multiple of that without a profiler\n\n"
    modes = [mode for mode in next(iter(concurrent.values())) if mode != "none"]
    body = []
    for name, times in concurrent.items():
        medians = {mode: statistics.median(values) for mode, values in times.items()}
        body.append([name, *(f"{medians[mode] / medians['none']:.2f}" for mode in modes)])
    text += table(["program", *modes], body)
    return text, means


def concurrent_modes():
    try:
        import yappi  # noqa: F401
    except ImportError:
        return {mode: made for mode, made in CONCURRENT.items() if mode != "yappi"}, {
            "yappi": "not installed"
        }
    return CONCURRENT, {}


def main():
    parser = argparse.ArgumentParser(description="Measure what scopes cost.")
    parser.add_argument("--rounds", type=int, default=11)
    parser.set_defaults(clock="cpu")
    arguments = parser.parse_args()
    gc.disable()
    runs, missing = run.load(PROGRAMS)
    results = {}
    for name, program in runs.items():
        print(name, file=sys.stderr, flush=True)
        results[name] = run.measure(program, MODES, arguments.rounds, time.thread_time_ns)
    modes, without = concurrent_modes()
    concurrent = {
        name: run.measure(program, modes, arguments.rounds, time.process_time_ns)
        for name, program in (("eight threads", threads_program), ("a hundred tasks", tasks_program))
    }
    text, means = render(results, concurrent)
    text = (
        f"# Scopes, Python {platform.python_version()}\n\n"
        + run.header(arguments, {**missing, **without}).replace("bench/run.py", "bench/scopes.py")
        + text
    )
    print(text)
    name = os.path.join(run.HERE, "results", f"scopes-{platform.python_version()}.md")
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    beyond = [mode for mode, bound in BOUNDS.items() if means[mode] > bound]
    if beyond:
        sys.exit(f"above what is wanted: {', '.join(beyond)}")


if __name__ == "__main__":
    main()

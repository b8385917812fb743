"""The tool against python3 doing the same with pstats: whole processes, one after the other in turn.

    python bench/tool.py --tool build/traceprof --reader build/bench/reader
"""

import argparse
import marshal
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FUNCTIONS, EDGES, FILES = 100_000, 300_000, 32
TOP = "import pstats, sys; pstats.Stats(sys.argv[1]).sort_stats('cumulative').print_stats(50)"
MERGE = "import pstats, sys; pstats.Stats(*sys.argv[2:]).dump_stats(sys.argv[1])"


def make_file(path, seed):
    """A profile of one large program; another seed gives other figures for the same functions."""
    names, figures = random.Random(1), random.Random(seed)
    labels = [
        (f"/usr/lib/python3/dist-packages/package{i % 997}/module{i % 9973}.py",
         names.randrange(1, 3000), f"function_number_{i}")
        for i in range(FUNCTIONS)
    ]
    stats = {
        label: (figures.randrange(1, 10**6), figures.randrange(10**6, 10**7),
                figures.random() * 10, figures.random() * 100, {})
        for label in labels
    }
    for _ in range(EDGES):
        callee, caller = names.choice(labels), names.choice(labels)
        stats[callee][4][caller] = (figures.randrange(1, 10**6), figures.randrange(1, 10**6),
                                    figures.random(), figures.random())
    path.write_bytes(marshal.dumps(stats))


def make_files(paths):
    """In processes of their own: what a process once held counts as its children's peak, too."""
    for seed, path in enumerate(paths):
        subprocess.run([sys.executable, __file__, "--make", path, str(seed)], check=True)


def run(command):
    """Seconds and kilobytes of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss


def compare(ours, python, rounds):
    """Median times of both, and the median of our peak memory."""
    results = [(run(ours), run(python)) for _ in range(rounds)]
    return (statistics.median(o[0] for o, _ in results),
            statistics.median(p[0] for _, p in results),
            statistics.median(o[1] for o, _ in results))


def main():
    if sys.argv[1:2] == ["--make"]:
        make_file(Path(sys.argv[2]), int(sys.argv[3]))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", required=True)
    parser.add_argument("--reader", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--merge-rounds", type=int, default=3)
    options = parser.parse_args()
    lines = []

    def report(what, value, wanted, met):
        lines.append(f"| {what} | {value} | {wanted} | {'yes' if met else '**no**'} |")
        print(lines[-1], flush=True)

    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{i}.prof" for i in range(FILES)]
        make_files(files)
        first = str(files[0])
        size = files[0].stat().st_size
        ours, python, memory = compare(
            [options.tool, "top", "-n", "50", first],
            [sys.executable, "-c", TOP, first], options.rounds)
        report("`top -n 50`, times faster than pstats", f"{python / ours:.1f}", "15", python / ours >= 15)
        peak = memory * 1024 / size
        report("its peak memory, in sizes of the file", f"{peak:.1f}", "at most 4", peak <= 4)
        out = str(Path(folder) / "sum.prof")
        ours, python, memory = compare(
            [options.tool, "merge", "-o", out, *map(str, files)],
            [sys.executable, "-c", MERGE, out, *map(str, files)], options.merge_rounds)
        report(f"`merge` of {FILES} files, times faster than pstats", f"{python / ours:.1f}", "20",
               python / ours >= 20)
        peak = memory * 1024 / sum(path.stat().st_size for path in files)
        report("its peak memory, in sizes of the files", f"{peak:.2f}", "at most 4", peak <= 4)
        speed = int(subprocess.run([options.reader, first, "0"], check=True, capture_output=True,
                                   text=True).stdout)
        report("reader alone, MB/s", speed, "200", speed >= 200)

    heading = [
        "# The tool against pstats",
        "",
        f"- python: {platform.python_version()}",
        f"- a file: {FUNCTIONS} functions, {EDGES} edges, {size / 1e6:.1f} MB",
        f"- command: make bench-tool; {options.rounds} rounds, {options.merge_rounds} of merging, medians",
        "",
        "| what | measured | wanted | met |",
        "| --- | ---: | ---: | --- |",
    ]
    Path(__file__).with_name("results").joinpath("tool.md").write_text("\n".join(heading + lines) + "\n")
    return 0 if all("**no**" not in line for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())

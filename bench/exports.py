"""How long exports take and how large they are: a profile of 100 000 contexts, whole processes.

    python bench/exports.py --tool build/traceprof
"""

import argparse
import marshal
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONTEXTS, FUNCTIONS, BOUND = 100_000, 2_000, 0.5
FORMATS = "speedscope callgrind collapsed pprof dot json jsonl csv pstats".split()


def make_file(path):
    """A tree as programs have them: wide at the top, some 40 levels deep."""
    rnd = random.Random(1)
    functions, parents, calls, ticks, depth = [0], [0xFFFFFFFF], [1], [0], [0]
    path_down = [0]
    while len(functions) < CONTEXTS:
        while len(path_down) > 1 and (rnd.random() < 0.5 or len(path_down) > 40):
            path_down.pop()
        functions.append(rnd.randrange(1, FUNCTIONS))
        parents.append(path_down[-1])
        calls.append(rnd.randrange(1, 1000))
        ticks.append(rnd.randrange(100, 100_000))
        depth.append(len(path_down))
        path_down.append(len(functions) - 1)
    for i in range(CONTEXTS - 1, 0, -1):
        ticks[parents[i]] += ticks[i]
    labels = [(f"/usr/lib/python3/dist-packages/package{n % 97}/module{n % 997}.py", n, f"function_number_{n}")
              for n in range(FUNCTIONS)]
    rows = {label: (1, 1, 0.001, 0.01, {}) for label in labels}
    for function, parent in zip(functions[1:], parents[1:]):
        rows[labels[function]][4][labels[functions[parent]]] = (1, 1, 0.001, 0.01)
    columns = {"function": ("I", functions), "parent": ("I", parents), "calls": ("Q", calls),
               "nested_calls": ("Q", [0] * CONTEXTS), "inclusive_ticks": ("q", ticks)}
    thread = {"name": "MainThread", "id": 1}
    thread.update({key: struct.pack(f"<{CONTEXTS}{kind}", *values) for key, (kind, values) in columns.items()})
    more = {"traceprof": (1, 1), "unit": 1e-9, "properties": {}, "threads": [thread]}
    path.write_bytes(marshal.dumps(rows, 4) + marshal.dumps(more, 4))
    return max(depth), sum(len(row[4]) for row in rows.values())


def seconds(command):
    begin = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "big.prof", Path(folder) / "out"
        depth, edges = make_file(source)
        heading = [
            "# Exports", "",
            f"- a file: {CONTEXTS} contexts, {FUNCTIONS} functions, {edges} edges, {depth} levels, "
            f"{source.stat().st_size / 1e6:.1f} MB",
            f"- command: make bench-exports; {options.rounds} rounds, medians; reading it and writing a file to disk",
            "", f"| format | seconds | wanted: at most {BOUND} | MB |", "| --- | ---: | --- | ---: |",
        ]  # fmt: skip
        for to in FORMATS:
            command = [options.tool, "convert", "--to", to, "-o", target, source]
            median = statistics.median(seconds(command) for _ in range(options.rounds))
            met = "yes" if median <= BOUND else "**no**"
            lines.append(f"| {to} | {median:.2f} | {met} | {target.stat().st_size / 1e6:.1f} |")
            print(lines[-1], flush=True)
    Path(__file__).with_name("results").joinpath("exports.md").write_text("\n".join(heading + lines) + "\n")
    return 0 if all("**no**" not in line for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())

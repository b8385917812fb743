"""Write files with coroutines and processes: `python make_async.py OUTDIR`.

Their figures are chosen to be read easily, which no recording gives. `cli/` has transcripts of the
first two; the third is the fuzzers', and has the same bytes in tests/fuzz/corpus.
"""

import struct
import sys
from pathlib import Path

from make_bad import (
    TOP, array, coroutines, integer, pack, process, raw, real, table, text, with_parts,
)  # fmt: skip

APP = "/srv/app.py"
ROWS = [
    # line, name, calls, own and cumulative microseconds, callers: {row: (calls, own, cumulative)}
    (1, "<module>", 1, 1000, 500_000, {}),
    (5, "main", 42, 20_000, 420_000, {4: (42, 20_000, 420_000)}),
    (9, "handle", 2500, 150_000, 400_000, {1: (2500, 150_000, 400_000)}),
    (20, "fetch", 7500, 250_000, 250_000, {2: (7500, 250_000, 250_000)}),
    (30, "run", 1, 79_000, 499_000, {0: (1, 79_000, 499_000)}),
    (40, "rows", 12, 11_000, 11_000, {}),
]
# function, parent, calls, inclusive microseconds
TREE = [(0, TOP, 1, 500_000), (4, 0, 1, 499_000), (1, 1, 42, 420_000), (2, 2, 2500, 400_000),
        (3, 3, 7500, 250_000)]  # fmt: skip
WORKER = [(5, TOP, 12, 11_000)]
COROUTINES = {
    1: (1, 41, 420_000, 1_580_000), 2: (100, 2400, 400_000, 61_000_000),
    3: (2500, 5000, 250_000, 60_250_000), 5: (2, 10, 11_000, 0),
}  # fmt: skip


def label(row):
    return pack(text(APP), integer(ROWS[row][0]), text(ROWS[row][1]))


def figures(calls, own, cumulative):
    return [integer(calls), integer(calls), real(own / 1e6), real(cumulative / 1e6)]


def rows(times):
    """The first object, each row's figures so many times."""
    items = []
    for number, (_, _, *row, callers) in enumerate(ROWS):
        edges = []
        for caller, edge in callers.items():
            edges += [label(caller), pack(*figures(*(n * times[number] for n in edge)))]
        items += [label(number), pack(*figures(*(n * times[number] for n in row)), table(*edges))]
    return table(*items)


def thread(name, number, contexts, of=None):
    functions, parents, calls, ticks = zip(*contexts)
    count = len(contexts)
    columns = {
        "function": struct.pack(f"<{count}I", *functions),
        "parent": struct.pack(f"<{count}I", *parents),
        "calls": struct.pack(f"<{count}Q", *calls),
        "nested_calls": bytes(8 * count),
        "inclusive_ticks": struct.pack(f"<{count}q", *ticks),
    }
    items = [text("name"), text(name), text("id"), integer(number)]
    if of is not None:
        items += [text("process"), integer(of)]
    for key, content in columns.items():
        items += [text(key), raw(content)]
    return table(*items)


def extension(times, threads, *more):
    rows = [[n * times[function] for n in row] for function, row in COROUTINES.items()]
    return table(
        text("traceprof"), pack(integer(1), integer(1)),
        text("unit"), real(1e-6),
        text("properties"), table(text("clock"), text("counter")),
        text("coroutines"), coroutines([*COROUTINES], *zip(*rows)),
        *more,
        text("threads"), array(*threads),
    )  # fmt: skip


ONCE, TWICE = [1] * len(ROWS), [2] * 5 + [1]
PROCESSES = array(
    process(4711, 1, "serve.py --workers 2", 1_700_000_000.0, 62.5),
    process(4712, 4711, "serve.py --workers 2", 1_700_000_001.0, 61.0),
)
FILES = {
    "async": rows(ONCE)
    + extension(ONCE, [thread("MainThread", 1, TREE), thread("worker", 2, WORKER)]),
    "processes": rows(TWICE)
    + extension(
        TWICE,
        [
            thread("MainThread", 1, TREE, of=0),
            thread("worker", 2, WORKER, of=0),
            thread("MainThread", 1, TREE, of=1),
        ],
        text("processes"), PROCESSES,
    ),
    "small-async": with_parts(
        text("coroutines"), coroutines([0, 1], [1, 2], [3, 4], [5, 6], [7, 8]),
        text("processes"), array(process(), process(8, 7, "child")),
        process=1,
        awaited=[9, 8],
    ),
}  # fmt: skip


def main(folder):
    for name, content in FILES.items():
        Path(folder, f"{name}.prof").write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1])

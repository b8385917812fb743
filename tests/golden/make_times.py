"""Write a file with both times, and one of the same with raw ones only: `python make_times.py OUTDIR`.

Their figures are chosen to be read easily. `cli/` has transcripts of these two; the third file is the
fuzzers', and has the same bytes in tests/fuzz/corpus.
"""

import struct
import sys
from pathlib import Path

from make_bad import (
    TOP, array, coroutines, doubles, integer, pack, raw, real, table, text, with_coroutine_times,
)  # fmt: skip

APP = "/srv/app.py"
# line, name, calls, and own and cumulative microseconds: compensated, raw
ROWS = [
    (1, "<module>", 1, (1000, 500_000), (2000, 900_000)),
    (5, "main", 1, (9000, 499_000), (10_000, 898_000)),
    (9, "handle", 1000, (90_000, 490_000), (188_000, 888_000)),
    (20, "fetch", 10_000, (400_000, 400_000), (700_000, 700_000)),
]
# caller and callee are neighbours, so that an edge's figures are those of its callee
ASYNC = {3: (5000, 5000, 400_000, 2_000_000, 700_000)}
COSTS = """\
python 62.0 31.5 1.15 0.4
builtin 25.5 28.0 1.15 0.2
"""


def label(row):
    return pack(text(APP), integer(ROWS[row][0]), text(ROWS[row][1]))


def figures(calls, own, cumulative):
    return [integer(calls), integer(calls), real(own / 1e6), real(cumulative / 1e6)]


def rows(kind):
    """The first object with the times of that kind."""
    items = []
    for number, (_, _, calls, *times) in enumerate(ROWS):
        edges = [label(number - 1), pack(*figures(calls, *times[kind]))] if number else []
        items += [label(number), pack(*figures(calls, *times[kind]), table(*edges))]
    return table(*items)


def other(kind):
    own, cumulative = zip(*(row[3 + kind] for row in ROWS))
    own, cumulative = [n / 1e6 for n in own], [n / 1e6 for n in cumulative]
    return table(
        text("total"), doubles(*own),
        text("cumulative"), doubles(*cumulative),
        text("edge_total"), doubles(*own[1:]),
        text("edge_cumulative"), doubles(*cumulative[1:]),
    )  # fmt: skip


def ticks(kind):
    return raw(struct.pack("<4q", *(row[3 + kind][1] for row in ROWS)))


def thread(shown, both):
    columns = [
        text("function"), raw(struct.pack("<4I", 0, 1, 2, 3)),
        text("parent"), raw(struct.pack("<4I", TOP, 0, 1, 2)),
        text("calls"), raw(struct.pack("<4Q", *(row[2] for row in ROWS))),
        text("nested_calls"), raw(bytes(32)),
        text("inclusive_ticks"), ticks(shown),
    ]  # fmt: skip
    if both:
        columns += [text("other_ticks"), ticks(1 - shown)]
    return table(text("name"), text("MainThread"), text("id"), integer(1), *columns)


def waits(both):
    started, resumes, active, awaited, raw_active = zip(*ASYNC.values())
    if both:
        return coroutines([*ASYNC], started, resumes, active, awaited, raw_active)
    return coroutines([*ASYNC], started, resumes, raw_active, awaited)


def facts(both):
    if not both:
        return [text("compensation"), text("off: caller's timer")]
    return [
        text("compensation"), text("on"),
        text("compensation_taken"), real(0.4),
        text("compensation_clamped"), real(0.0015),
        text("compensation_costs"), text(COSTS),
        text("compensation_calls"), text("python 6001\nfunction 5001"),
    ]  # fmt: skip


def extension(both):
    times = [text("times"), text("compensated"), text("other"), other(1)] if both else []
    return table(
        text("traceprof"), pack(integer(1), integer(2)),
        text("unit"), real(1e-6),
        text("properties"), table(text("clock"), text("counter"), *facts(both)),
        *times,
        text("coroutines"), waits(both),
        text("threads"), array(thread(0 if both else 1, both)),
    )  # fmt: skip


SMALL = coroutines([0, 1], [1, 2], [3, 4], [5, 6], [7, 8], other=[9, 10])
FILES = {
    "compensated": rows(0) + extension(True),
    "raw": rows(1) + extension(False),
    "small-times": with_coroutine_times(SMALL),
}


def main(folder):
    for name, content in FILES.items():
        Path(folder, f"{name}.prof").write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1])

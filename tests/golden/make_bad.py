"""Write the files with one defect each: `python make_bad.py OUTDIR`. bad.txt has the messages.

A file is a good profile but for its defect. The bytes are put together here, for marshal.dumps()
writes other ones in other versions.
"""

import struct
import sys
import zlib
from pathlib import Path


def u32(n):
    return struct.pack("<I", n)


def text(s):
    return b"z" + bytes([len(s)]) + s.encode("ascii")


def integer(n):
    return b"i" + struct.pack("<i", n)


def real(x):
    return b"g" + struct.pack("<d", x)


def raw(b):
    return b"s" + u32(len(b)) + b


def pack(*items):
    return b")" + bytes([len(items)]) + b"".join(items)


def array(*items):
    return b"[" + u32(len(items)) + b"".join(items)


def table(*keys_and_values):
    return b"{" + b"".join(keys_and_values) + b"0"


LABEL = pack(text("a.py"), integer(1), text("f"))
OTHER = pack(text("a.py"), integer(9), text("g"))
FIGURES = [integer(1), integer(1), real(0.25), real(0.5)]
CALLERS = table()
ROW = pack(*FIGURES, CALLERS)
GOOD = table(LABEL, ROW, OTHER, pack(*FIGURES, table(LABEL, pack(*FIGURES))))


def with_key(key):
    return table(key, ROW)


def with_row(*items):
    return table(LABEL, pack(*items))


def with_figure(index, value):
    return with_row(*FIGURES[:index], value, *FIGURES[index + 1 :], CALLERS)


def thread(functions, parents, calls, *more):
    """Columns of contexts that were called once each, unless told otherwise."""
    count = len(functions)
    return table(
        text("name"), text(""),
        text("id"), integer(1),
        *more,
        text("function"), raw(struct.pack(f"<{count}I", *functions)),
        text("parent"), raw(struct.pack(f"<{count}I", *parents)),
        text("calls"), raw(struct.pack(f"<{len(calls)}Q", *calls)),
        text("nested_calls"), raw(bytes(8 * count)),
        text("inclusive_ticks"), raw(bytes(8 * count)),
    )  # fmt: skip


TOP = 0xFFFFFFFF


def with_tree(functions, parents, calls, major=1):
    return GOOD + table(
        text("traceprof"), pack(integer(major), integer(0)),
        text("unit"), real(1e-9),
        text("properties"), table(),
        text("threads"), array(thread(functions, parents, calls)),
    )  # fmt: skip


def coroutines(functions, started=None, resumes=(), active=(), awaited=(), other=None):
    """Columns of functions that were started once each, unless told otherwise."""
    zeros = [0] * len(functions)
    items = [text("function"), raw(struct.pack(f"<{len(functions)}I", *functions))]
    columns = {
        "started": started or [1] * len(functions), "resumes": resumes or zeros,
        "active_ticks": active or zeros, "awaited_ticks": awaited or zeros,
    }  # fmt: skip
    if other is not None:
        columns["other_active_ticks"] = other
    for name, numbers in columns.items():
        items += [text(name), raw(struct.pack(f"<{len(numbers)}q", *numbers))]
    return table(*items)


def process(pid=7, parent=1, command="run", start=1.0, duration=2.0):
    return table(
        text("pid"), integer(pid),
        text("parent"), integer(parent),
        text("command"), text(command),
        text("start"), real(start),
        text("duration"), real(duration),
    )  # fmt: skip


def with_parts(*parts, process=None, awaited=None):
    """Two contexts, of that process, and these keys and values."""
    more = [] if process is None else [text("process"), integer(process)]
    if awaited is not None:
        more += [text("awaited_ticks"), raw(struct.pack(f"<{len(awaited)}q", *awaited))]
    return GOOD + table(
        text("traceprof"), pack(integer(1), integer(1)),
        text("unit"), real(1e-9),
        text("properties"), table(),
        *parts,
        text("threads"), array(thread([0, 1], [TOP, 0], [1, 1], *more)),
    )  # fmt: skip


def with_coroutines(value):
    return with_parts(text("coroutines"), value)


def with_processes(value, process=None):
    return with_parts(text("processes"), value, process=process)


def doubles(*numbers):
    return raw(struct.pack(f"<{len(numbers)}d", *numbers))


def other_times(rows=((0.5, 0.25), (1.0, 0.5)), edges=((0.125,), (0.25,))):
    """The own and cumulative times of two rows and of an edge."""
    return table(
        text("total"), doubles(*rows[0]),
        text("cumulative"), doubles(*rows[1]),
        text("edge_total"), doubles(*edges[0]),
        text("edge_cumulative"), doubles(*edges[1]),
    )  # fmt: skip


def with_times(times=text("raw"), other=other_times(), ticks=(9, 5), more=()):
    """Both times of two contexts, or some part of them only."""
    parts = [*more]
    if times is not None:
        parts += [text("times"), times]
    if other is not None:
        parts += [text("other"), other]
    column = [] if ticks is None else [
        text("other_ticks"), raw(struct.pack(f"<{len(ticks)}q", *ticks))
    ]  # fmt: skip
    return GOOD + table(
        text("traceprof"), pack(integer(1), integer(2)),
        text("unit"), real(1e-9),
        text("properties"), table(),
        *parts,
        text("threads"), array(thread([0, 1], [TOP, 0], [1, 1], *column)),
    )  # fmt: skip


def with_coroutine_times(columns, **others):
    return with_times(more=[text("coroutines"), columns], **others)


def gzipped(content):
    """One stored block: what a compressor makes of it is no version's promise."""
    size = struct.pack("<HH", len(content), len(content) ^ 0xFFFF)
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01"
    return head + size + content + u32(zlib.crc32(content)) + u32(len(content))


DEPTH = 10_000
NOT_A_NUMBER = b"g\0\0\0\0\0\0\xf8\x7f"
TWO_TO_THE_80 = b"l" + u32(6) + struct.pack("<6H", 0, 0, 0, 0, 0, 1 << 5)
FLAG_REF = 0x80

FILES = {
    "empty": b"",
    "dot": b"." + GOOD,
    "truncated-string": GOOD[: GOOD.index(b"a.py") + 2],
    "truncated-dict": GOOD[:-1],
    "unknown-code": with_key(pack(b"?", integer(1), text("f"))),
    "reference-out-of-range": with_key(pack(text("a.py"), integer(1), b"r" + u32(7))),
    "reference-unfinished": with_key(
        bytes([LABEL[0] | FLAG_REF]) + pack(text("a.py"), integer(1), b"r" + u32(0))[1:]
    ),
    "deep-tuples": with_key(b")\x01" * DEPTH + b"N"),
    "deep-lists": with_key((b"[" + u32(1)) * DEPTH + b"N"),
    "length-too-great": with_key(pack(text("a.py"), integer(1), b"a" + u32(1 << 30) + b"f")),
    "key-not-tuple": with_key(text("a.py")),
    "key-of-two": with_key(pack(text("a.py"), integer(1))),
    "row-of-four": with_row(*FIGURES),
    "callers-none": with_row(*FIGURES, b"N"),
    "calls-text": with_figure(0, text("1")),
    "time-text": with_figure(2, text("0.25")),
    "time-nan": with_figure(3, NOT_A_NUMBER),
    "integer-too-large": with_figure(1, TWO_TO_THE_80),
    "text-not-utf8": with_key(pack(b"u" + u32(3) + b"a\xff\xfe", integer(1), text("f"))),
    "dict-ends-after-key": b"{" + LABEL + b"0",
    "null-in-tuple": with_key(pack(text("a.py"), b"0", text("f"))),
    "trailing-garbage": GOOD + b"# end\n",
    "function-twice": table(LABEL, ROW, LABEL, ROW),
    "tree-columns-unequal": with_tree([0, 1], [TOP, 0], [1]),
    "tree-awaited-unequal": with_parts(awaited=[7]),
    "tree-not-preorder": with_tree([0, 1, 1], [TOP, TOP, 0], [1, 1, 1]),
    "tree-no-such-function": with_tree([0, 2], [TOP, 0], [1, 1]),
    "tree-version-99": with_tree([0, 1], [TOP, 0], [1, 1], major=99),
    "coroutines-list": with_coroutines(array()),
    "coroutines-incomplete": with_coroutines(table(text("function"), raw(u32(0)))),
    "coroutines-unequal": with_coroutines(coroutines([0, 1], started=[1])),
    "coroutines-no-such-function": with_coroutines(coroutines([0, 2])),
    "coroutines-one-twice": with_coroutines(coroutines([1, 1])),
    "coroutines-out-of-order": with_coroutines(coroutines([1, 0])),
    "coroutines-started-negative": with_coroutines(coroutines([0], started=[-1])),
    "coroutines-resumes-negative": with_coroutines(coroutines([0], resumes=[-1])),
    "coroutines-active-negative": with_coroutines(coroutines([0], active=[-1])),
    "coroutines-awaited-negative": with_coroutines(coroutines([0], awaited=[-1])),
    "coroutines-twice": with_parts(*[text("coroutines"), coroutines([0])] * 2),
    "processes-table": with_processes(table()),
    "processes-twice": with_parts(*[text("processes"), array(process())] * 2),
    "processes-too-many": with_processes(array(*[b"N"] * 50)),
    "process-none": with_processes(array(b"N")),
    "process-incomplete": with_processes(array(table(text("pid"), integer(7), text("command"), text("x" * 60)))),
    "process-pid-negative": with_processes(array(process(pid=-1))),
    "process-parent-negative": with_processes(array(process(parent=-1))),
    "process-start-nan": with_processes(array(process()).replace(real(1.0), NOT_A_NUMBER)),
    "process-duration-negative": with_processes(array(process(duration=-1.0))),
    "thread-of-no-process": with_processes(array(process()), process=1),
    "thread-process-negative": with_processes(array(process()), process=-1),
    "thread-process-text": with_parts(text("processes"), array(process()), process=0).replace(
        text("process") + integer(0), text("process") + text("0")
    ),
    "times-unknown": with_times(text("wall")),
    "times-integer": with_times(integer(1)),
    "times-twice": with_times(more=[text("times"), text("raw")]),
    "times-alone": with_times(other=None, ticks=None),
    "times-without-ticks": with_times(ticks=None),
    "times-without-figures": with_times(other=None),
    "times-ticks-alone": with_times(times=None, other=None),
    "times-ticks-unequal": with_times(ticks=[9]),
    "times-figures-alone": with_times(times=None, ticks=None),
    "times-figures-list": with_times(other=array()),
    "times-figures-twice": with_times(more=[text("other"), other_times()]),
    "times-figures-incomplete": with_times(other=table(text("total"), doubles(0.5, 0.25))),
    "times-figures-unequal": with_times(other=other_times(rows=((0.5, 0.25), (1.0,)))),
    "times-figures-of-more": with_times(other=other_times(rows=((0.5,) * 3, (1.0,) * 3))),
    "times-edges-unequal": with_times(other=other_times(edges=((0.125,), ()))),
    "times-edges-text": with_times(other=other_times().replace(doubles(0.125), text("12345678"))),
    "times-nan": with_times(other=other_times(rows=((0.5, float("nan")), (1.0, 0.5)))),
    "times-infinite": with_times(other=other_times(edges=((0.125,), (float("-inf"),)))),
    "times-coroutines-missing": with_coroutine_times(coroutines([0])),
    "times-coroutines-unequal": with_coroutine_times(coroutines([0, 1], other=[1])),
    "times-coroutines-negative": with_coroutine_times(coroutines([0], other=[-1])),
    "times-coroutines-alone": with_coroutine_times(coroutines([0], other=[1]), times=None, other=None, ticks=None),
    "text": b"         3 function calls in 0.001 seconds\n\n   Ordered by: cumulative time\n",
    "json": b'{"traceEvents": [{"name": "f", "ph": "X", "ts": 0, "dur": 1}]}\n',
    "gzip": gzipped(GOOD),
}


def main(folder):
    for name, content in FILES.items():
        Path(folder, f"{name}.prof").write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1])

"""Files made to be slow, or to overflow something: a megabyte each, made here.

Small inputs are the fuzz targets' matter (tests/fuzz), and so are truncation and changed bytes.
"""

import os
import struct
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("TRACEPROF_BUILD", "build"))
TOOL = (BUILD / "traceprof").resolve()
# Ten times what is asked of a machine that does nothing else; what these files once took is more. A
# build with sanitizers or counters is slower still.
SECONDS = 10 if os.environ.get("TRACEPROF_TEST_QUICK") is None else 60
SIZE = 1_000_000
TOP = 0xFFFFFFFF
LARGEST = (1 << 63) - 1


def u32(n):
    return struct.pack("<I", n)


def integer(n):
    """In the form that holds 64 bits."""
    return b"I" + struct.pack("<q", n)


def text(content):
    return b"a" + u32(len(content)) + content.encode("ascii")


def flagged(item):
    """The item as one that can be referred to."""
    return bytes([item[0] | 0x80]) + item[1:]


def reference(index):
    return b"r" + u32(index)


def pack(*items):
    return b")" + bytes([len(items)]) + b"".join(items)


def array(items):
    items = list(items)
    return b"[" + u32(len(items)) + b"".join(items)


def table(*keys_and_values):
    return b"{" + b"".join(keys_and_values) + b"0"


def label(n, file="a.py", name="f"):
    return pack(text(file), integer(n), text(name))


def real(x):
    return b"g" + struct.pack("<d", x)


def row(*callers, calls=1, total=1.0, cumulative=1.0):
    return pack(integer(calls), integer(calls), real(total), real(cumulative), table(*callers))


FIGURES = pack(integer(1), integer(1), real(1.0), real(1.0))


def columns(functions, parents, calls=None, ticks=None):
    count = len(functions)
    return {
        "function": struct.pack(f"<{count}I", *functions),
        "parent": struct.pack(f"<{count}I", *parents),
        "calls": struct.pack(f"<{count}Q", *(calls or [1] * count)),
        "nested_calls": bytes(8 * count),
        "inclusive_ticks": struct.pack(f"<{count}q", *(ticks or [1] * count)),
    }


def thread(contexts, name=None, number=1):
    items = [text("name"), name or text("main"), text("id"), integer(number)]
    for key, content in contexts.items():
        items += [text(key), b"s" + u32(len(content)) + content]
    return table(*items)


def extension(threads, properties=(), more=()):
    return table(
        text("traceprof"), pack(integer(1), integer(1)),
        text("unit"), real(1e-9),
        text("properties"), table(*properties),
        *more,
        text("threads"), threads,
    )  # fmt: skip


ONE_ROW = table(label(1), row())
NOTHING = columns([], [])


def many_rows(count, **options):
    return b"".join(label(n) + row(**options) for n in range(count))


def zigzag(count):
    """A path whose edges stand in the file in an order that changes direction at each step."""
    left, right, path = 0, count - 1, []
    while left <= right:
        path += [left, right] if left < right else [left]
        left, right = left + 1, right - 1
    callers = {}
    for caller, callee in zip(path, path[1:]):
        callers[callee] = label(caller) + FIGURES
    return table(*(label(n) + row(callers.get(n, b"")) for n in range(count)))


def edges_to_all(rows, edges):
    """Many functions and, of one of them, many callers."""
    first = flagged(label(0)) + row()
    shared = flagged(FIGURES)
    callers = reference(0) + shared + (reference(0) + reference(1)) * (edges - 1)
    return table(first, label(rows) + row(callers), many_rows(rows)[len(label(0) + row()) :])


def threads_of_own_names(count):
    return ONE_ROW + extension(
        array(thread(NOTHING, name=text(f"thread {n:08}"), number=n) for n in range(count))
    )


def threads_of_one_name(count):
    return ONE_ROW + extension(array(thread(NOTHING, number=n) for n in range(count)))


def one_thread_again_and_again(count):
    shared = flagged(thread(NOTHING))
    return ONE_ROW + extension(array([shared] + [reference(0)] * (count - 1)))


def one_property_again_and_again(count):
    """Each is looked up among a thousand with a long beginning in common."""
    names = [flagged(text(f"{'x' * 400}{n}")) for n in range(999)]
    properties = [name + b"i" + u32(1) for name in names]
    return ONE_ROW + extension(array([]), properties + [reference(998) + b"i" + u32(1)] * count)


def a_long_text_again_and_again(count):
    key = pack(text("__sampled__"))
    return table(key, array([flagged(b"u" + u32(SIZE // 2) + b"\xc3\xa9" * (SIZE // 4))]
                            + [reference(0)] * count), label(1), row())  # fmt: skip


def a_row_with_long_texts_again_and_again(count):
    """A row that is shared is read anew for each function."""
    shared = flagged(row(label(1, name="x" * (SIZE // 2)) + FIGURES))
    return table(label(0), shared, *(label(n) + reference(0) for n in range(2, count)))


def process(pid, command):
    return table(text("pid"), integer(pid), text("parent"), integer(0), text("command"), command,
                 text("start"), real(1.0), text("duration"), real(1.0))  # fmt: skip


def with_processes(processes):
    return ONE_ROW + extension(array([]), more=[text("processes"), array(processes)])


def processes_of_one_command(count):
    return with_processes(process(7, text("run")) for _ in range(count))


def more_processes_than_there_can_be():
    return with_processes(process(n, text("run")) for n in range(65_537))


def one_process_again_and_again(count):
    return with_processes([flagged(process(1, text("run")))] + [reference(0)] * count)


def a_long_command_again_and_again(count):
    command = flagged(text("x" * (SIZE // 2)))
    return with_processes([process(1, command)] + [process(1, reference(0))] * count)


def coroutines_of_all_functions(count):
    """Columns that share their bytes, and figures that no sum can hold."""
    most = b"s" + u32(8 * count) + struct.pack("<q", LARGEST) * count
    functions = b"s" + u32(4 * count) + struct.pack(f"<{count}I", *range(count))
    columns = [text("function"), functions, text("started"), flagged(most)]
    for name in "resumes", "active_ticks", "awaited_ticks":
        columns += [text(name), reference(0)]
    return table(many_rows(count)) + extension(
        array([]), more=[text("coroutines"), table(*columns)]
    )


def a_code_object_again_and_again(count):
    code = b"c" + bytes(20) + array([b"N"] * (SIZE // 2)) + b"N" * 5 + text("f") + b"N" * 3
    code = code[:-2] + bytes(4) + code[-2:]
    keys = [pack(text("a.py"), integer(1), flagged(code))]
    keys += [pack(text("a.py"), integer(n), reference(0)) for n in range(2, count)]
    return table(*(key + row() for key in keys))


def a_deep_tree(count):
    parents = [TOP, *range(count - 1)]
    return table(label(1), row(), label(2), row()) + extension(
        array([thread(columns([n % 2 for n in range(count)], parents))])
    )


def a_tree_of_extremes():
    contexts = columns([0, 1, 1], [TOP, 0, 0], [LARGEST] * 3, [-LARGEST - 1, LARGEST, LARGEST])
    return table(label(1), row(), label(2), row()) + extension(
        array([thread(contexts), thread(contexts, number=2)])
    )


def figures_of_extremes():
    least, figures = -LARGEST - 1, pack(integer(LARGEST), integer(LARGEST), real(1e308), real(1e308))
    both = label(1) + figures + label(2) + figures
    return table(label(1), row(both, calls=least, total=1e308, cumulative=-1e308), label(2),
                 row(both, calls=LARGEST, total=1e308, cumulative=1e308))  # fmt: skip


def a_bush_that_leads_nowhere(layers, edges):
    """No tree, and to guess one means a walk over many contexts and from each over many edges."""
    figures = pack(integer(1), integer(1), real(0.0), real(0.0))
    no_time = {"total": 0.0, "cumulative": 0.0}
    first = label(0) + row((label(2 * layers) + figures) * edges, **no_time)
    rows = [first, label(1) + row(label(0) + figures, **no_time)]
    for n in range(2, 2 * layers + 1):
        layer = 2 * ((n - 1) // 2)
        callers = [label(layer - 1) + figures, label(max(layer - 2, 0)) + figures]
        rows.append(label(n) + row(*callers, **no_time))
    return table(*rows)


SLOW = {
    "zigzag": lambda: zigzag(8000),
    "edges": lambda: edges_to_all(5500, 60_000),
    "threads of their own names": lambda: threads_of_own_names(4800),
    "threads of one name": lambda: threads_of_one_name(4800),
    "deep tree": lambda: a_deep_tree(30_000),
    "bush": lambda: a_bush_that_leads_nowhere(16, 8000),
    "tree of extremes": a_tree_of_extremes,
    "figures of extremes": figures_of_extremes,
    "processes": lambda: processes_of_one_command(11_000),
    "coroutines": lambda: coroutines_of_all_functions(9000),
}
REFUSED = {
    "one thread": (lambda: one_thread_again_and_again(190_000), "more threads and contexts"),
    "one property": (lambda: one_property_again_and_again(50_000), "too many properties"),
    "long text": (lambda: a_long_text_again_and_again(95_000), "references stand for far more"),
    "row": (lambda: a_row_with_long_texts_again_and_again(15_000), "references stand for far more"),
    "processes": (more_processes_than_there_can_be, "too many processes"),
    "one process": (lambda: one_process_again_and_again(190_000), "more processes than"),
    "command": (lambda: a_long_command_again_and_again(5000), "references stand for far more"),
    "code": (lambda: a_code_object_again_and_again(5000), "references stand for far more"),
}
COMMANDS = [
    "top", "top --pstats", "top --focus :0\\(", "top --collapse-lib --strip-dirs", "callers",
    "callees --pstats", "tree", "tree --min 0 --format csv", "tree --invert", "tree --root f", "path",
    "peek f", "diff --tree", "diff", "merge -o /dev/null", "info --check", "check -f calls>1",
]  # fmt: skip


def tool(command, path):
    """The command's status and what it says; a time-out fails the test."""
    words = command.split()
    files = [path] * (2 if words[0] in ("diff", "merge") else 1)
    result = subprocess.run([TOOL, *words, *files], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            timeout=SECONDS)  # fmt: skip
    return result.returncode, result.stderr.decode()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", SLOW)
def test_no_file_is_slow(name, command, tmp_path):
    path = tmp_path / "slow.prof"
    path.write_bytes(SLOW[name]())
    status, messages = tool(command, path)
    assert status in (0, 1, 3), messages
    assert "runtime error" not in messages and "not a profile" not in messages


@pytest.mark.parametrize("name", REFUSED)
def test_what_references_blow_up_is_refused(name, tmp_path):
    make, message = REFUSED[name]
    path = tmp_path / "vast.prof"
    path.write_bytes(make())
    status, messages = tool("top", path)
    assert status == 3 and message in messages

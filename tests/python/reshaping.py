"""A reference of a few lines for what the tool makes of profiles.

The reference knows no trees: a profile is {path: [calls, nested calls, own ticks]}, a path being the
labels from the top-level call down. What a selection does to a profile it does to each path alone.
Files are written with marshal, as docs/format.md has them; a tick is a second.
"""

import json
import marshal
import os
import random
import re
import struct
import subprocess
from collections import Counter
from pathlib import Path

TOOL = (Path(os.environ.get("TRACEPROF_BUILD", "build")) / "traceprof").resolve()
GOOD = Path(__file__).parents[1] / "golden" / "good"

LIBRARY = [
    ("~", 0, "<built-in method len>"),
    ("/usr/lib/python3.12/json/decoder.py", 5, "decode"),
    ("/env/site-packages/dep/core.py", 7, "helper"),
    ("<frozen importlib>", 3, "load"),
]
OWN = [
    ("/app/a.py", 1, "main"),
    ("/app/b.py", 2, "work"),
    ("/app/sub/b.py", 2, "work"),  # falls together with the one above
    ("/app/c.py", 9, "leaf"),
]
LABELS = LIBRARY + OWN
PATTERNS = ["main", "work", "leaf", "sub/b", r"len\}$", "decode|helper", "app/", "load", "^nothing$"]


def text_of(label):
    file, line, name = label
    if (file, line) == ("~", 0):
        return "{" + name[1:-1] + "}" if name.startswith("<") else name
    return f"{file}:{line}({name})"


# The reference.


def add(paths, path, calls, nested, own):
    """A call of a function by itself by itself is one more nested call of the context above."""
    kept = []
    for label in path:
        is_nested = kept[-2:] == [label, label]
        if not is_nested:
            kept.append(label)
    row = paths.setdefault(tuple(kept), [0, 0, 0])
    row[0] += calls
    row[1] += calls if is_nested else nested
    row[2] += own


def own_to(paths, path, own):
    if path:
        add(paths, path, 0, 0, own)


def select(paths, *, focus=None, ignore=None, hide=None, root=None, library=False):
    def has(pattern, path):
        return any(re.search(pattern, text_of(label)) for label in path)

    alive = {path for path in paths if ignore is None or not has(ignore, path)}
    if focus is not None:
        hits = {path for path in alive if has(focus, path)}
        leads = {path[:n] for path in hits for n in range(1, len(path))} - hits
        alive = hits | leads
    made = {}
    for path in sorted(alive, key=len):
        calls, nested, own = paths[path]
        if focus is not None and path in leads:
            own = 0
        if root is not None:
            tops = [n for n, label in enumerate(path) if has(root, [label])]
            if not tops:
                continue
            path = path[tops[0] :]
        kept = [
            not (hide is not None and has(hide, [label]))
            and not (library and n > 0 and label in LIBRARY and path[n - 1] in LIBRARY)
            for n, label in enumerate(path)
        ]
        rest = tuple(label for label, keep in zip(path, kept) if keep)
        if kept[-1]:
            add(made, rest, calls, nested, own)
        else:
            own_to(made, rest, own)
    return made


def inclusive(paths):
    sums = Counter()
    for path, (_, _, own) in paths.items():
        for n in range(1, len(path) + 1):
            sums[path[:n]] += own
    return sums


def rows_and_edges(threads):
    """{label: [nc, cc, tt, ct]} and {(caller, callee): the same}."""
    functions, edges = {}, {}
    for paths in threads:
        whole = inclusive(paths)
        for path, (calls, nested, own) in paths.items():
            entries = [(functions.setdefault(path[-1], [0, 0, 0, 0]), path[-1] not in path[:-1])]
            if len(path) > 1:
                edge, above = path[-2:], list(zip(path, path[1:]))[:-1]
                entries.append((edges.setdefault(edge, [0, 0, 0, 0]), edge not in above))
            for row, outermost in entries:
                row[0] += calls
                row[2] += own
                if outermost:
                    row[1] += calls - nested
                    row[3] += whole[path]
    return functions, edges


def added(tables):
    total = {}
    for table in tables:
        for key, row in table.items():
            total[key] = [a + b for a, b in zip(total.get(key, [0] * len(row)), row)]
    return total


def renamed(table, rename):
    return added({key: row} for key, row in ((rename(key), row) for key, row in table.items()))


# Files.


def random_paths(rng):
    """Some random calls; about one in four is of the function that calls."""
    paths = {}

    def call(path, fuel):
        add(paths, path, 1, 0, rng.randrange(5))
        for _ in range(rng.randrange(4) if fuel else 0):
            label = path[-1] if rng.random() < 0.25 else rng.choice(LABELS)
            call((*path, label), fuel - 1)

    for _ in range(rng.randrange(1, 4)):
        call((rng.choice(LABELS),), 5)
    return paths


def preorder(paths):
    """The paths with all parents before their children, and subtrees contiguous."""
    first = {path: n for n, path in enumerate(paths)}
    return sorted(paths, key=lambda path: [first[path[: n + 1]] for n in range(len(path))])


def write(path, threads, *, tree=True, unit=1.0):
    """`threads` is {(name, id): paths}."""
    functions, edges = rows_and_edges(threads.values())
    order = sorted(functions)
    rows = {}
    for label in order:
        nc, cc, tt, ct = functions[label]
        callers = {a: (n, c, t * unit, w * unit) for (a, b), (n, c, t, w) in edges.items() if b == label}
        rows[label] = (cc, nc, tt * unit, ct * unit, callers)
    columns = []
    for (name, number), paths in threads.items():
        whole, listed = inclusive(paths), preorder(paths)
        place = {p: n for n, p in enumerate(listed)}
        pack = lambda kind, values: struct.pack(f"<{len(listed)}{kind}", *values)  # noqa: B023, E731
        columns.append(
            {
                "name": name,
                "id": number,
                "function": pack("I", [order.index(p[-1]) for p in listed]),
                "parent": pack("I", [place.get(p[:-1], 0xFFFFFFFF) for p in listed]),
                "calls": pack("Q", [paths[p][0] for p in listed]),
                "nested_calls": pack("Q", [paths[p][1] for p in listed]),
                "inclusive_ticks": pack("q", [whole[p] for p in listed]),
            }
        )
    extension = {"traceprof": (1, 0), "unit": unit, "properties": {"clock": "fake"}, "threads": columns}
    path.write_bytes(marshal.dumps(rows) + (marshal.dumps(extension) if tree else b""))
    return path


THREADS = [("MainThread", 1), ("worker", 2), ("worker", 3)]


def random_threads(rng):
    return {thread: random_paths(rng) for thread in THREADS[: rng.randrange(1, 4)]}


# The tool.


def run(*words):
    return subprocess.run([str(TOOL), *map(str, words)], capture_output=True, text=True, timeout=60)


def start(*words):
    """What gives the command's rows when it is asked to: meanwhile others run, on other processors."""
    process = subprocess.Popen(
        [str(TOOL), *map(str, words), "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )

    def rows():
        with process:
            printed, error = process.communicate(timeout=60)
        assert (process.returncode, error) == (0, ""), words
        return json.loads(printed)

    return rows


def tool(*words):
    return start(*words)()


def label_of(row, prefix=""):
    return row[prefix + "file"], row[prefix + "line"], row[prefix + "name"]


def figures(row):
    return [row["calls"], row["primitive_calls"], row["self_s"], row["cumulative_s"]]


def top(*words):
    rows = tool("top", *words)
    assert len({label_of(row) for row in rows}) == len(rows)
    return {label_of(row): figures(row) for row in rows}


def edges_of(*words):
    callers, callees = start("callers", *words), start("callees", *words)
    rows = callers()
    found = {(label_of(row, "caller_"), label_of(row)): figures(row) for row in rows}
    assert len(found) == len(rows)
    there = {(label_of(row), label_of(row, "callee_")): figures(row) for row in callees()}
    assert found == there
    return found


def trees(*words):
    """{thread id: {path: (calls, inclusive)}}."""
    found, path = {}, []
    for row in tool("tree", "--min", "0", *words):
        path = [*path[: row["depth"]], label_of(row)]
        contexts = found.setdefault(row["thread_id"], {})
        assert tuple(path) not in contexts
        contexts[tuple(path)] = (row["calls"], row["inclusive_s"])
    return found


def expected_trees(threads):
    return {
        number: {path: (row[0], inclusive(paths)[path]) for path, row in paths.items()}
        for (_, number), paths in threads.items()
        if paths
    }


def assert_is(threads, *words, tree_words=()):
    functions, edges = rows_and_edges(threads.values())
    assert trees(*tree_words, *words) == expected_trees(threads)
    if not tree_words:
        assert top(*words) == functions
        assert edges_of(*words) == edges


def options_of(focus=None, ignore=None, hide=None, library=False):
    words = []
    for name, pattern in ("--focus", focus), ("--ignore", ignore), ("--hide", hide):
        words += [name, pattern] if pattern is not None else []
    return words + ["--collapse-lib"] * library

"""include= and exclude=: what is left out is transparent, and costs nothing."""

import asyncio
import collections
import marshal
import os
import struct
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ctraceprof
import test_random_trees as programs
from filtering import PATIENCE, counts, make, worn

HERE = os.path.basename(__file__)
TOOL = Path(os.environ.get("TRACEPROF_BUILD", "build")).resolve() / "traceprof"


# What is left out is transparent.

SOURCES = {
    "outer": "def outer(n):\n  inner(n)\n  return n\n",
    "middle": "def middle(n):\n  len(()); abs(1)\n  return outer(n - 1) if n > 0 else leaf()\n",
    "inner": "def inner(n):\n  return middle(n)\n",
    "leaf": "def leaf():\n  return len((1, 2))\n",
}


def chain():
    namespace = {}
    for name, source in SOURCES.items():
        exec(compile(source, f"/chain/{name}.py", "exec"), namespace)
    return namespace["outer"]


def table(profile):
    """{name: (calls, primitive calls, {caller's name: calls})}."""
    profile.create_stats()
    return {
        name: (row[1], row[0], {caller[2]: figures[0] for caller, figures in row[4].items()})
        for (_, _, name), row in profile.stats.items()
        if "disable" not in name
    }


def recorded(run, **options):
    profile = ctraceprof.Profile(**options)
    profile.enable()
    run()
    profile.disable()
    return table(profile)


LEN = "<built-in method builtins.len>"
ABS = "<built-in method builtins.abs>"


@pytest.mark.parametrize("builtins", [True, False])
def test_callees_go_to_the_nearest_recorded_caller(builtins):
    outer = chain()
    own = {LEN, ABS} if builtins else set()
    all_but_middle = recorded(lambda: outer(3), exclude=["middle", HERE], builtins=builtins)
    assert all_but_middle == {
        "outer": (4, 1, {"inner": 3}),
        "inner": (4, 1, {"outer": 4}),
        "leaf": (1, 1, {"inner": 1}),
        **({LEN: (1, 1, {"leaf": 1})} if builtins else {}),
    }
    only = recorded(lambda: outer(3), include=["outer", "middle"], builtins=builtins)
    assert {name: row for name, row in only.items() if name not in own} == {
        "outer": (4, 1, {"middle": 3}),
        "middle": (4, 1, {"outer": 4}),
    }
    if builtins:
        assert only[LEN] == only[ABS] == (4, 4, {"middle": 4})
    recursive = recorded(lambda: outer(3), include="outer", builtins=builtins)
    assert recursive == {"outer": (4, 1, {"outer": 3})}


def test_times_go_to_the_nearest_recorded_caller():
    outer = chain()
    ticks = iter(range(10**6))
    profile = ctraceprof.Profile(lambda: next(ticks), 1.0, include=["outer", "leaf"], builtins=False)
    profile.enable()
    outer(0)
    profile.disable()
    profile.create_stats()
    rows = {name: row[2:4] for (_, _, name), row in profile.stats.items()}
    # Events that are left out do not read the clock: outer 0, leaf 1, leaf 2, outer 3.
    assert rows == {"outer": (2.0, 3.0), "leaf": (1.0, 1.0)}


def test_callbacks_from_c():
    """A builtin that left out code calls is not recorded; what it calls back is."""
    by = make("def by(f): return sorted((3, 1, 2), key=f)", "/out/x.py", __name__="out")["by"]
    key = make("def key(x): return abs(x)", "/in/x.py", __name__="in")["key"]
    assert recorded(lambda: by(key), include="in") == {
        "key": (3, 3, {}), ABS: (3, 3, {"key": 3}),
    }
    sort = make("def sort(f): return sorted((3, 1, 2), key=f)", "/in/x.py", __name__="in")["sort"]
    out = make("def out(x): return sorted([x, len('')])[0]", "/out/x.py", __name__="out")["out"]
    SORTED = "<built-in method builtins.sorted>"
    # Its own sorted() and that of the code left out are one function.
    assert recorded(lambda: sort(out), include="in") == {
        "sort": (1, 1, {}), SORTED: (1, 1, {"sort": 1}),
    }


def test_exceptions_through_what_is_left_out():
    raiser = make("def raiser(): raise KeyError", "/in/a.py", __name__="in")["raiser"]
    through = make("def through(f):\n  f()\n  len(())", "/out/b.py", __name__="out")["through"]
    catcher = make(
        "def catcher(g, f):\n  try: g(f)\n  except KeyError: return abs(-1)", "/in/c.py", __name__="in"
    )["catcher"]
    for _ in range(2):
        assert recorded(lambda: [catcher(through, raiser) for _ in range(5)], include="in") == {
            "catcher": (5, 5, {}), "raiser": (5, 5, {"catcher": 5}), ABS: (5, 5, {"catcher": 5}),
        }


def test_generators_left_out():
    numbers = make(
        "def numbers(n):\n  for i in range(n):\n    yield one()\n", "/out/a.py", __name__="out"
    )
    numbers["one"] = make("def one(): return 1", "/in/b.py", __name__="in")["one"]
    use = make(
        "def use(f):\n  g = f(3)\n  next(g)\n  try: g.throw(KeyError)\n  except KeyError: pass\n"
        "  return sum(f(4))", "/in/c.py", __name__="in"
    )["use"]
    result = recorded(lambda: use(numbers["numbers"]), include="in")
    SUM, NEXT = (f"<built-in method builtins.{name}>" for name in ("sum", "next"))
    assert result == {
        "use": (1, 1, {}), "one": (5, 5, {NEXT: 1, SUM: 4}), SUM: (1, 1, {"use": 1}),
        NEXT: (1, 1, {"use": 1}), "<method 'throw' of 'generator' objects>": (1, 1, {"use": 1}),
    }


def test_generators_recorded_within_what_is_left_out():
    use = make("def use(f):\n  return sum(f(4)) + len(list(f(2)))", "/out/c.py", __name__="out")["use"]
    numbers = make("def numbers(n):\n  yield from range(n)", "/in/a.py", __name__="in")["numbers"]
    assert recorded(lambda: use(numbers), include="in", builtins=False) == {"numbers": (8, 8, {})}


@pytest.mark.parametrize("scope", ["thread", "process", "context"])
@pytest.mark.parametrize("left_out", ["waiter", "worker", "both", "none"])
def test_coroutines(scope, left_out):
    worker = make("async def worker(f):\n  await f(0)\n  return len(())", "/x", __name__="worker")["worker"]
    waiter = make(
        "async def waiter(w, f):\n  await w(f)\n  await f(0)\n  await w(f)", "/x", __name__="waiter"
    )["waiter"]
    names = {"both": ["waiter", "worker"], "none": []}.get(left_out, [left_out])

    async def main():
        profile = ctraceprof.Profile(scope=scope, exclude=names)
        profile.enable()
        await asyncio.gather(*(waiter(worker, asyncio.sleep) for _ in range(3)))
        profile.disable()
        return counts(profile)

    found = asyncio.run(main())
    # A start, and a resume for each sleep below it.
    assert found.get("worker", 0) == (0 if "worker" in names else 3 * 2 * 2)
    assert found.get("waiter", 0) == (0 if "waiter" in names else 3 * 4)


@pytest.mark.parametrize("include", [True, False])
def test_enabled_in_the_middle(include):
    """The ends of frames that began before are nobody's, whether recorded or not."""
    frame = make(
        "def frame(p, f):\n  len(())\n  p.enable()\n  f()\n  len(())\n", "/x", __name__="frame"
    )["frame"]
    after = make("def after(): abs(1)", "/y", __name__="after")["after"]
    profile = ctraceprof.Profile(**({"include": "after"} if include else {"exclude": ["frame", HERE]}))
    frame(profile, after)
    after()
    profile.disable()
    assert table(profile) == {"after": (2, 2, {}), ABS: (2, 2, {"after": 2})}
    profile.clear()
    profile.enable()
    after()
    profile.disable()
    assert table(profile) == {"after": (1, 1, {}), ABS: (1, 1, {"after": 1})}


def extension(path):
    with open(path, "rb") as file:
        marshal.load(file)
        return marshal.load(file)


def test_nothing_is_repaired(tmp_path):
    outer = chain()
    profile = ctraceprof.Profile(include=["outer", "leaf"])
    profile.enable()
    for _ in range(3):
        outer(5)
    profile.disable()
    profile.dump_stats(tmp_path / "x.prof")
    properties = extension(tmp_path / "x.prof")["properties"]
    assert properties["include"] == "leaf\nouter"
    assert "exclude" not in properties
    assert properties.get("repairs_orphans", 0) == properties.get("repairs_unwound", 0) == 0


def test_all_threads():
    outer = chain()

    def run():
        threads = [threading.Thread(target=outer, args=(3,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert recorded(run, scope="process", include="outer") == {"outer": (32, 8, {"outer": 24})}


def test_addresses_that_come_back():
    """Code is freed, and other code lies where it lay."""
    gone = weakref.ref(make("def f(): pass", "/gone.py").pop("f").__code__)
    if gone() is not None:
        pytest.skip("functions do not go here as their last reference does (3.13t)")
    source = "def f(): return len(())"
    profile = ctraceprof.Profile(exclude=["out", HERE])
    addresses = collections.defaultdict(set)
    profile.enable()
    for i in range(3000):
        name = ("in", "out")[i * i % 7 % 2]
        function = make(source, f"/{name}.py", __name__=name).pop("f")
        addresses[name].add(id(function.__code__))
        function()
        del function
    profile.disable()
    expected = sum(i * i % 7 % 2 == 0 for i in range(3000))
    assert addresses["in"] & addresses["out"], "no address came back: nothing was tested"
    profile.create_stats()
    rows = {key[2]: row for key, row in profile.stats.items()}
    assert rows["f"][1] == expected
    assert {caller[2]: figures[0] for caller, figures in rows[LEN][4].items()} == {"f": expected}


# Random programs: a filtered profile is the projection of the whole tree.


class Tree:
    """What a file has of the calling context tree: rows of (parent, label, calls, calls by itself)."""

    def __init__(self, path):
        with open(path, "rb") as file:
            labels, thread = list(marshal.load(file)), marshal.load(file)["threads"][0]
        count = len(thread["function"]) // 4
        column = {name: struct.unpack(f"<{count}{code}", thread[name]) for name, code in
                  (("function", "I"), ("parent", "I"), ("calls", "Q"), ("nested_calls", "Q"))}
        self.rows = [
            (None if parent == 0xFFFFFFFF else parent, labels[function], calls, nested)
            for function, parent, calls, nested in zip(*(column[k] for k in column))
        ]

    def project(self, is_included):
        """({label: [calls, primitive]}, {(caller, label): [calls, primitive]}) of what is included. A
        builtin is if its caller is."""
        functions = collections.defaultdict(lambda: [0, 0])
        edges = collections.defaultdict(lambda: [0, 0])
        paths, kept = [], []  # by row: labels of the recorded calls down to it; whether it is one
        for parent, label, calls, nested in self.rows:
            path = paths[parent] if parent is not None else ()
            if label[0] != "~":
                keep = is_included(label[0])
            else:
                keep = parent is not None and kept[parent]
            kept.append(keep)
            paths.append(path + (label,) if keep else path)
            if not keep:
                continue
            functions[label][0] += calls
            functions[label][1] += calls if label not in path else 0
            if path:
                pair = (path[-1], label)
                edges[pair][0] += calls
                edges[pair][1] += calls - nested if pair not in zip(path, path[1:]) else 0
        return dict(functions), dict(edges)


def is_own(label):
    return label[0] == __file__ or "Profiler" in label[2] or "_profile.py" in label[0]


def figures(profile):
    """The same of a profile's table."""
    profile.snapshot_stats()
    functions, edges = {}, {}
    for label, (primitive, calls, _, _, callers) in profile.stats.items():
        if is_own(label):
            continue
        functions[label] = [calls, primitive]
        for caller, row in callers.items():
            if not is_own(caller):
                edges[caller, label] = [row[0], row[1]]
    return functions, edges


def times(number, figures):
    return tuple({key: [n * number for n in row] for key, row in part.items()} for part in figures)


PARTS = ["m0", "m1", "m2", "m3", "common"]


def program_of(functions, generators):
    """A random program each of whose functions is of a file /app/m0/x.py or the like."""
    namespace = {"Failure": programs.Failure}
    chunks, part = collections.defaultdict(list), "common"
    for number, line in enumerate(programs.source_of(functions, generators).split("\n")):
        if line.startswith("def ") or line.startswith("class "):
            name = line.split()[1]
            part = f"m{name[1]}" if name[0] in "fg" and name[1].isdigit() else "common"
        chunks[part].append((number, line))
    for part, lines in chunks.items():
        # Each line where it was: labels have line numbers.
        text, here = [], dict(lines)
        for number in range(max(here) + 1):
            text.append(here.get(number, ""))
        exec(compile("\n".join(text), f"/app/{part}/x.py", "exec"), namespace)
    return namespace["program"]


SUBSETS = st.sets(st.sampled_from(PARTS))


@settings(max_examples=300, deadline=None, database=None,
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    functions=programs._bodies(programs.STATEMENTS), generators=programs._bodies(programs.STATEMENTS),
    first=SUBSETS, second=SUBSETS, builtins=st.booleans(), by_exclusion=st.booleans(),
    scope=st.sampled_from(["thread", "process", "context"]),
)
def test_random_programs(tmp_path, functions, generators, first, second, builtins, by_exclusion, scope):
    program = program_of(functions, generators)

    def profile_of(parts):
        if by_exclusion:
            options = {"exclude": [part + "/*" for part in PARTS if part not in parts] + [HERE, "worn"]}
        else:
            options = {"include": sorted(parts) or "nothing.at.all"}
        return ctraceprof.Profile(builtins=builtins, scope=scope, **options)

    def projected(tree, parts):
        return tree.project(lambda file: file.split("/")[2] in parts if file[:5] == "/app/" else False)

    whole = ctraceprof.Profile(builtins=builtins, exclude=HERE)
    whole.enable()
    program()
    whole.disable()
    whole.dump_stats(tmp_path / "whole.prof")
    tree = Tree(tmp_path / "whole.prof")
    a, b, a_too, every = profile_of(first), profile_of(second), profile_of(first), profile_of(PARTS)
    a.enable()
    for _ in range(PATIENCE):
        worn()
    program()  # a alone: what it leaves out is switched off
    b.enable()
    program()
    a_too.enable()
    program()
    a.disable()
    program()
    b.disable()
    every.enable()
    program()
    a_too.disable()
    program()
    every.disable()
    assert figures(a) == times(3, projected(tree, first))
    assert figures(b) == times(3, projected(tree, second))
    assert figures(a_too) == times(3, projected(tree, first))
    assert figures(every) == times(2, projected(tree, PARTS))


# The command line.


def run(*arguments, cwd=None, status=0):
    result = subprocess.run(
        [sys.executable, "-m", "ctraceprof", *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, check=False,
    )
    assert result.returncode == status, result.stderr
    return result


@pytest.fixture
def application(tmp_path):
    package = tmp_path / "app"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "views.py").write_text("import json\ndef view(n): return json.dumps(n)\n")
    (package / "__main__.py").write_text(
        "from app.views import view\ndef main(): view([1]); view([2])\nmain()\n"
    )
    (tmp_path / "script.py").write_text("from app.views import view\ndef go(): view([3])\ngo()\n")
    return tmp_path


def rows_of(path):
    with open(path, "rb") as file:
        return {(os.path.basename(file), name) for file, _, name in marshal.load(file)}


def test_command_line(application):
    out = application / "x.prof"
    run("-o", out, "--include", "app", "-m", "app", cwd=application)
    names = {name for _, name in rows_of(out)}
    assert {"main", "view"} <= names
    assert not {"dumps", "encode", "_find_and_load"} & names
    files = {file for file, _ in rows_of(out)} - {"~"}
    assert files <= {"__init__.py", "__main__.py", "views.py"}

    run("-o", out, "--include", "app", "--include", "json", "--exclude", "*/views.py", "script.py",
        cwd=application)
    names = {name for _, name in rows_of(out)}
    assert "dumps" in names and not {"go", "view"} & names

    run("-o", out, "--include", "script", "script.py", cwd=application)
    assert {name for file, name in rows_of(out) if file != "~"} == {"<module>", "go"}
    run("-o", out, "--include", "__main__", "script.py", cwd=application)
    assert {name for file, name in rows_of(out) if file != "~"} == {"<module>", "go"}
    run("-o", out, "--include", "<string>", "-c", "def f(): pass\nf()", cwd=application)
    assert {name for _, name in rows_of(out)} == {"<module>", "f"}


def test_command_line_of_a_folder(tmp_path):
    """What runs is known by the folder's name; what lies beside it are modules of their own."""
    folder = tmp_path / "tool"
    folder.mkdir()
    (folder / "helper.py").write_text("def help(): pass\n")
    (folder / "__main__.py").write_text("import helper\ndef main(): helper.help()\nmain()\n")
    for patterns, names in [(["tool"], {"<module>", "main"}), (["tool/"], {"<module>", "main", "help"}),
                            (["helper"], {"<module>", "help"})]:
        run("-o", "x.prof", *(f"--include={p}" for p in patterns), "tool", cwd=tmp_path)
        assert {name for file, name in rows_of(tmp_path / "x.prof") if file != "~"} == names


def test_patterns_are_in_the_file(application):
    run("-o", "x.prof", "--include", "app", "--exclude", "b", "--exclude", "a/*", "script.py",
        cwd=application)
    properties = extension(application / "x.prof")["properties"]
    assert (properties["include"], properties["exclude"]) == ("app", "a/*\nb")


def test_empty_pattern_on_the_command_line(application):
    result = run("--exclude", "", "script.py", cwd=application, status=2)
    assert "a pattern is empty" in result.stderr

"""Collapsed stacks and callgrind's files as profiles: what comes back, what other tools' files give."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest
from exports import GOLDEN, TOOL, TOP, collapsed_paths, converted, write_profile

GOOD = [GOLDEN / f"good/ctraceprof-{version}.prof" for version in ("3.11", "3.13")]
PROCESSES = GOLDEN / "cli/processes.prof"
SECONDS = 10 if os.environ.get("TRACEPROF_TEST_QUICK") is None else 60


def tool(*arguments, source=None):
    return subprocess.run([TOOL, *map(str, arguments)], capture_output=True, input=source, timeout=120)


def read(tmp_path, text, name="in.txt"):
    """A file's profile as JSON."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return json.loads(converted(path, "json"))


def named(profile, *columns):
    return {f["name"]: tuple(f[column] for column in columns) for f in profile["functions"]}


def nanoseconds(profile):
    return {f["name"]: (round(f["total"] * 1e9), round(f["cumulative"] * 1e9)) for f in profile["functions"]}


def edges(profile):
    names = [f["name"] for f in profile["functions"]]
    return {(names[e["caller"]], names[e["callee"]]): (e["calls"], round(e["cumulative"] * 1e9))
            for e in profile["edges"]}  # fmt: skip


# Collapsed stacks


@pytest.mark.parametrize("path", [*GOOD, PROCESSES, GOLDEN / "cli/async.prof"], ids=lambda path: path.stem)
def test_our_collapsed_stacks_come_back_as_they_were(path, tmp_path):
    text = converted(path, "collapsed")
    (tmp_path / "a.collapsed").write_bytes(text)
    assert converted(tmp_path / "a.collapsed", "collapsed") == text
    before, after = json.loads(converted(path, "json")), json.loads(converted(tmp_path / "a.collapsed", "json"))
    assert len(before["contexts"]) == len(after["contexts"])
    escaped = {f["name"]: f for f in after["functions"]}
    for f in before["functions"]:
        twin = escaped[f["name"]]
        assert twin["line"] == f["line"] and twin["calls"] is None
        assert twin["total"] == pytest.approx(f["total"], abs=20e-9)
        assert twin["cumulative"] == pytest.approx(f["cumulative"], abs=40e-9)
    if path == PROCESSES:
        assert [(t["name"], t["id"], t["pid"]) for t in after["threads"]] == \
            [("MainThread", 1, 4711), ("worker", 2, 4711), ("MainThread", 1, 4712)]


def test_frames_of_other_tools(tmp_path):
    """py-spy says where a function is, perf does not; recursion folds as in our own trees."""
    shown = read(tmp_path, "<module> (app.py:10);work (lib/a b (x).py:3) 60\n"
                           "<module> (app.py:10) 20\n"
                           "java;java.util.Map::get_[j];__libc_start 15\r\n"
                           "f (x);f (x:007);g (~:0);f (:3) 5\n"
                           "r;r;r;r;s 7\nr;r 1\n\n")  # fmt: skip
    labels = {(f["file"], f["line"], f["name"]): round(f["cumulative"] * 1e9) for f in shown["functions"]}
    assert labels == {
        ("app.py", 10, "<module>"): 80, ("lib/a b (x).py", 3, "work"): 60,
        ("~", 0, "java"): 15, ("~", 0, "java.util.Map::get_[j]"): 15, ("~", 0, "__libc_start"): 15,
        ("~", 0, "f (x)"): 5, ("~", 0, "f (x:007)"): 5, ("~", 0, "g (~:0)"): 5, ("", 3, "f"): 5,
        ("~", 0, "r"): 8, ("~", 0, "s"): 7,
    }  # fmt: skip
    assert shown["dialect"] == "collapsed stacks" and shown["calls_are"] is None and shown["tree"] == "exact"
    assert len([c for c in shown["contexts"]]) == 2 + 3 + 4 + 3


def test_a_profile_of_another_tool_in_our_reports(tmp_path):
    (tmp_path / "a.txt").write_text("main;a 30\nmain;b 10\n")
    (tmp_path / "b.txt").write_text("main;a 30\nmain;b 40\n")
    top = tool("top", "--unit", "ns", tmp_path / "a.txt")
    assert top.returncode == 0 and re.search(r"^ +30 +75.0% +30 +75.0%  a$", top.stdout.decode(), re.M)
    diff = tool("diff", "--unit", "ns", tmp_path / "a.txt", tmp_path / "b.txt").stdout.decode()
    assert re.search(r"^slower .* b$", diff, re.M) and "1.75 times" in diff
    tree = tool("tree", "-", source=b"main;a 30\nmain;b 10\n").stdout.decode()
    assert "estimated" not in tree and "main" in tree
    merged = tool("merge", "-o", tmp_path / "sum.prof", tmp_path / "a.txt", tmp_path / "b.txt")
    assert merged.returncode == 0
    assert collapsed_paths(converted(tmp_path / "sum.prof", "collapsed").decode()) == \
        {("main", "a"): 60, ("main", "b"): 50}


def test_bytes_that_are_no_utf8_are_as_python_has_them(tmp_path):
    shown = read(tmp_path, b"caf\xe9 (caf\xe9.py:3);x\xff 3\n")
    assert [(f["file"], f["name"]) for f in shown["functions"]] == [("caf\udce9.py", "caf\udce9"), ("~", "x\udcff")]


REFUSED = {
    "half number": ("a;b 1\na;b 1.5\n", "without a whole number", 10),
    "no number": ("a;b 1\nhello\n", "without a whole number", 6),
    "no frame": ("a;b 1\na;;b 3\n", "a frame without a name", 8),
    "ends with a semicolon": ("a 1\na;b; 3\n", "a frame without a name", 8),
    "thread alone": ("a 1\n[thread 1 x] 3\n", "a frame without a name", 16),
    "NUL": ("a 1\na\0b 3\n", "NUL", 4),
    "sum": (f"a {2**63 - 1}\na 1\n", "the sum of weights is too large", 24),
    "number": (f"a 1\na {2**63}\n", "without a whole number", 6),
    "threads": ("".join(f"[thread {n}];a 1\n" for n in range(1025)), "too many threads", None),
    "no events": ("# callgrind format\nfn=a\n3 4\n", "a cost of no function or no event", 24),
    "no events at all": ("# callgrind format\nfn=a\n", "no events are named", None),
    "no function": ("events: ns\n3 4\n", "a cost of no function or no event", 11),
    "unknown number": ("events: ns\nfn=(3)\n", "a number that no name was given to", 11),
    "calls of nobody": ("events: ns\nfn=a\ncalls=3 4\n", "calls of no function", 16),
    "calls without number": ("events: ns\nfn=a\ncfn=b\ncalls=x 4\n", "calls without a number", 28),
    "cost": ("events: ns\nfn=a\n3 x\n", "not a cost", 18),
    "position": ("events: ns\nfn=a\n+ 3\n", "not a position", 16),
    "line": ("events: ns\nfn=a\nxyz=3\n", "not a line of callgrind's", 16),
    "other events": ("events: ns Ir\nevents: Ir ns\n", "parts of other events", 14),
    "by instruction": ("positions: instr\nevents: ns\n", "not given by line", 0),
    "empty events": ("events: \n", "no events are named", 0),
    "too many events": ("events: " + " ".join(f"e{n}" for n in range(70)) + "\n", "too many events", None),
    "NUL in a line": ("# callgrind format\nevents: ns\nfn=a\n3 4\0\n", "a line with a NUL", 35),
    "too many calls of one": (
        "events: ns\n" + "".join(f"fn=c{n}\ncfn=b\ncalls={2**62} 1\n1 1\n" for n in range(2)), "too many calls", None),
    "too many calls": ("events: ns\nfn=a\ncfn=b\n" + f"calls={2**62} 1\n1 1\n" * 2, "too many calls", None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_and_where(name, tmp_path):
    content, message, offset = REFUSED[name]
    path = tmp_path / "in.txt"
    path.write_text(content)
    result = tool("top", path)
    assert result.returncode == 3 and result.stdout == b""
    error = result.stderr.decode()
    assert message in error
    if offset is not None:
        assert f"(at byte {offset})" in error


def test_what_is_neither_is_still_refused_as_a_profile(tmp_path):
    for path in sorted((GOLDEN / "bad").glob("*.prof")):
        assert tool("convert", "--to", "json", path).returncode == 3, path.name
    (tmp_path / "text").write_text("hello world\n")
    assert b"not a profile" in tool("top", tmp_path / "text").stderr


# Callgrind


@pytest.mark.parametrize("path", [*GOOD, GOLDEN / "good/cprofile-3.13.prof"], ids=lambda path: path.stem)
def test_our_callgrind_files_come_back(path, tmp_path):
    """Numbers of primitive calls and own times by caller are not in the format, nor lone surrogates."""
    (tmp_path / "a.callgrind").write_bytes(converted(path, "callgrind"))
    before, after = json.loads(converted(path, "json")), json.loads(converted(tmp_path / "a.callgrind", "json"))
    assert named(after, "calls", "line") == named(before, "calls", "line")
    ours, theirs = nanoseconds(before), nanoseconds(after)
    assert {name: own for name, (own, _) in theirs.items()} == {name: own for name, (own, _) in ours.items()}
    for name in ours:
        assert theirs[name][1] == pytest.approx(ours[name][1], abs=5), name
    assert edges(after) == edges(before)
    (tmp_path / "b.callgrind").write_bytes(converted(tmp_path / "a.callgrind", "callgrind"))
    again = json.loads(converted(tmp_path / "b.callgrind", "json"))
    assert nanoseconds(again) == theirs and edges(again) == edges(after)


def test_all_that_the_format_may_do(tmp_path):
    """Two events, relative positions, inlining, parts, objects, jumps, calls before their functions."""
    text = (GOLDEN.parent / "fuzz/corpus/import/jumps.callgrind").read_text()
    shown = read(tmp_path, text)
    labels = {(f["file"], f["line"], f["name"]): (f["calls"], round(f["total"] * 1e9), round(f["cumulative"] * 1e9))
              for f in shown["functions"]}  # fmt: skip
    # Of Xdebug's event, the second one: tens of nanoseconds.
    assert labels == {("a.c", 5, "main"): (2, 210, 2210), ("b.c", 0, "work"): (3, 0, 2000), ("a.c", 7, "work"): (1, 1700, 1700)}
    assert edges(shown)[("main", "main")] == (1, 0)


def test_circles(tmp_path):
    """What is called from outside a circle has that time; the rest has what its caller gave."""
    text = "events: ns\n" + "".join(
        f"fn={caller}\n1 {own}\n" + "".join(f"cfn={callee}\ncalls={calls} 1\n1 {cost}\n" for callee, calls, cost in out)
        for caller, own, out in [
            ("root", 1, [("even", 1, 100)]), ("even", 50, [("odd", 4, 70)]), ("odd", 30, [("even", 3, 60), ("leaf", 1, 20)]),
            ("leaf", 20, []), ("self", 5, [("self", 3, 4)]),
        ])  # fmt: skip
    shown = read(tmp_path, text)
    assert nanoseconds(shown) == {"root": (1, 101), "even": (50, 100), "odd": (30, 70), "leaf": (20, 20), "self": (5, 5)}
    assert named(shown, "calls", "primitive_calls") == {
        "root": (1, 1), "even": (4, 4), "odd": (4, 4), "leaf": (1, 1), "self": (4, 1)}  # fmt: skip


def test_a_file_of_valgrind(tmp_path):
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        pytest.skip("valgrind is not installed")
    file = tmp_path / "callgrind.out.1"
    made = subprocess.run([valgrind, "--tool=callgrind", f"--callgrind-out-file={file}", "/bin/true"],
                          capture_output=True)  # fmt: skip
    if made.returncode != 0 or not file.exists():
        pytest.skip("valgrind does not run here")
    shown = json.loads(converted(file, "json"))
    total = int(re.search(r"^(?:totals|summary): (\d+)", file.read_text(), re.M)[1])
    assert round(sum(f["total"] for f in shown["functions"]) * 1e9) == total
    assert {p["name"]: p["value"] for p in shown["properties"]} == {"command": "/bin/true", "event": "Ir"}
    assert tool("info", "--check", file).returncode == 0
    again = tmp_path / "again.callgrind"
    again.write_bytes(converted(file, "callgrind"))
    assert re.search(rf"^summary: {total}$", again.read_text(), re.M)


LARGE = {
    "deep": ("a;b;" * 300_000 + "c 1\n").encode(),
    "deep recursion": ("a;" * 600_000 + "a 1\n").encode(),
    "many lines": b"".join(b"a%d;b%d 1\n" % (n, n % 7) for n in range(80_000)),
    "many threads": b"".join(b"[thread %d];a;b 1\n" % (n % 1024) for n in range(60_000)),
    "many processes": b"".join(b"[pid %d];[thread 1];a 1\n" % (n % 1024) for n in range(50_000)),
    "many functions": b"events: ns\n" + b"".join(b"fn=f%d\n1 1\n" % n for n in range(90_000)),
    "a chain of calls": b"events: ns\n" + b"".join(
        b"fn=f%d\n1 1\ncfn=f%d\ncalls=1 1\n1 1\n" % (n, n + 1) for n in range(30_000)),
    "numbers far apart": b"events: ns\n" + b"".join(b"fn=(%d) f\n" % (n * 2**40) for n in range(50_000)),
    "one name again": b"events: ns\n" + b"fn=(1) " + b"x" * 100_000 + b"\n" + b"fn=(1)\n1 1\n" * 80_000,
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("command", ["top", "tree", "info", "convert"])
def test_no_file_is_slow(name, command, tmp_path):
    path = tmp_path / "in.txt"
    path.write_bytes(LARGE[name])
    begin = time.monotonic()
    arguments = [command, "--to", "json"] if command == "convert" else [command]
    assert tool(*arguments, path).returncode == 0
    assert time.monotonic() - begin < SECONDS


def test_a_deep_tree_is_not_too_deep_for_the_reader(tmp_path):
    contexts = [(0, TOP, 1, 1)] + [(n % 2, n - 1, 1, 1) for n in range(1, 3000)]
    path = write_profile(tmp_path / "a.prof", [("a.py", 1, "a"), ("b.py", 1, "b")], {"main": contexts})
    (tmp_path / "a.txt").write_bytes(converted(path, "collapsed"))
    assert len(json.loads(converted(tmp_path / "a.txt", "json"))["contexts"]) == 3000

"""Exports in the programs they are made for: their own readers must find what we have written.

The program recorded here has paths that share functions, by a clock that it moves on itself, so that the
time of each path is known.
"""

import gzip
import importlib.util
import json
import os
import pstats
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import ctraceprof
import pytest
from exports import (
    GOLDEN, ROOT, TOOL, TOP, Pprof, collapsed_paths, convert, converted, speedscope_paths, write_profile,
)  # fmt: skip

NODE_MODULES = ROOT / "build/node/node_modules"
FLAMEGRAPH = Path("/usr/share/perl5/Devel/NYTProf/flamegraph.pl")
QUICK = os.environ.get("TRACEPROF_TEST_QUICK") is not None


def need(name, *places):
    """The program's path, or a skip."""
    found = shutil.which(name) or next((str(p) for p in places if Path(p).exists()), None)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


class Clock:
    now = 0


def slow():
    Clock.now += 1000


def quick():
    Clock.now += 10


def shared(kind):
    Clock.now += 2
    kind()


def alpha():
    Clock.now += 5
    shared(slow)


def beta():
    Clock.now += 7
    shared(quick)


def program():
    Clock.now += 1
    for _ in range(3):
        alpha()
    beta()


PATHS = {
    ("program",): 1,
    ("program", "alpha"): 15,
    ("program", "alpha", "shared"): 6,
    ("program", "alpha", "shared", "slow"): 3000,
    ("program", "beta"): 7,
    ("program", "beta", "shared"): 2,
    ("program", "beta", "shared", "quick"): 10,
}
CALLS = {path: 3 if "alpha" in path else 1 for path in PATHS}
TOTAL = sum(PATHS.values())


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    path = tmp_path_factory.mktemp("exports") / "app.prof"
    recording = ctraceprof.Profile(lambda: Clock.now, 1e-9, builtins=False)
    recording.runcall(program)
    recording.dump_stats(path)
    return path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Names that mean something in one format or another; each is a child of the first, 100 ns."""
    names = [
        "root", 'quo"te', "back\\slash", "new\nline", "semi;colon", "</script>", "caf\udce9", "tab\there",
        "ends 12", "a" * 10_000, "&amp;", "{brace}", "", "zero\0byte", "comma,", "percent%s", "数える", "(1)",
        " spaces ", "=(3)", "cr\rlf", "\x85\u2028", "\x1b[31m",
    ]  # fmt: skip
    labels = [(f"dir/{name[:50]}.py", n, name) for n, name in enumerate(names)]
    contexts = [(0, TOP, 1, 50)] + [(n, 0, n, 100) for n in range(1, len(names))]
    path = tmp_path_factory.mktemp("hostile") / "names.prof"
    write_profile(path, labels, {"th;re\"ad\n": contexts}, {"command": "a\nb"})
    return path, names


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """100 000 contexts of 1000 functions."""
    labels = [(f"package/module{n % 50}.py", n, f"function_{n}") for n in range(1000)]
    contexts = [(0, TOP, 1, 10)]
    for n in range(1, 100_000):
        contexts.append((n % 999 + 1, (n - 1) // 8 if n < 9 else n - 1 if n % 20 else 0, n % 7 + 1, n % 1000))
    path = tmp_path_factory.mktemp("big") / "big.prof"
    return write_profile(path, labels, {"MainThread": contexts}), contexts


def rows(path):
    return pstats.Stats(str(path)).stats


def nanoseconds(path, column):
    """{name: nanoseconds} of a profile's rows."""
    return {name: round(row[column] * 1e9) for (_, _, name), row in rows(path).items()}


# speedscope


def speedscope(files, tmp_path):
    node, chromium = need("node"), need("chromium", "/usr/bin/chromium-browser")
    if not all((NODE_MODULES / name).is_dir() for name in ("speedscope", "playwright-core", "ajv")):
        pytest.skip("speedscope, playwright-core and ajv are not installed")
    script = ROOT / "tests/viewers/speedscope.cjs"
    result = subprocess.run([node, script, NODE_MODULES, chromium, *files],
                            capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def last_names(paths):
    """Frames of collapsed stacks as plain names."""
    return {tuple(frame.split(" (")[0] for frame in path): weight for path, weight in paths.items()}


def test_speedscope_shows_each_path_with_its_time(profile, tmp_path):
    """From four formats, opened by its own importers; calls as weight too."""
    files = [tmp_path / name for name in
             ("a.speedscope.json", "calls.speedscope.json", "a.collapsed.txt", "a.pb.gz", "a.callgrind")]
    for file in files:
        convert(profile, file, *(["--weight", "calls"] if "calls" in file.name else []))
    results = speedscope(files, tmp_path)
    assert [result["problems"] for result in results] == [[]] * len(files)
    saved = [result["saved"] for result in results]
    paths = [speedscope_paths(s["profiles"][-1], s["shared"]["frames"]) for s in saved]
    assert paths[0] == PATHS
    assert paths[1] == CALLS
    assert last_names(paths[2]) == PATHS
    assert paths[3] == PATHS
    # Callgrind holds edges: no reader can tell what `shared` did for whom.
    assert sum(paths[4].values()) == pytest.approx(TOTAL)
    assert paths[4] != PATHS
    assert saved[0]["profiles"][0]["unit"] == "nanoseconds"
    assert saved[0]["profiles"][0]["name"] == "MainThread"
    assert saved[0]["name"] == "app.prof"


def test_speedscope_takes_any_name_any_depth_and_threads(hostile, big, tmp_path):
    path, names = hostile
    deep = [(0, TOP, 1, 1)] + [(n % 2, n - 1, 1, 1) for n in range(1, 1000)]
    write_profile(tmp_path / "deep.prof", [("a.py", 1, "a"), ("b.py", 1, "b")], {"main": deep})
    files = [tmp_path / f"{name}.speedscope.json" for name in ("hostile", "deep", "threads", "big")]
    sources = [path, tmp_path / "deep.prof", GOLDEN / "cli/processes.prof", big[0]]
    for source, file in zip(sources, files):
        convert(source, file)
    results = speedscope(files, tmp_path)
    assert [result["problems"] for result in results] == [[]] * len(files)
    saved = [result["saved"] for result in results]
    found = speedscope_paths(saved[0]["profiles"][0], saved[0]["shared"]["frames"])
    assert found == {("root",): 50, **{("root", name): 100 for name in names[1:]}}
    assert sum(speedscope_paths(saved[1]["profiles"][0], saved[1]["shared"]["frames"]).values()) == 1000
    assert [p["name"] for p in saved[2]["profiles"]] == [
        "(pid 4711) MainThread", "(pid 4711) worker", "(pid 4712) MainThread"]  # fmt: skip
    assert saved[3]["profiles"][0]["endValue"] == sum(own for *_, own in big[1])


def test_our_page_shows_each_path_with_its_time(profile, tmp_path):
    """Of the same file, in the same browser."""
    node, chromium = need("node"), need("chromium", "/usr/bin/chromium-browser")
    if not all((NODE_MODULES / name).is_dir() for name in ("playwright-core", "axe-core")):
        pytest.skip("playwright-core and axe-core are not installed")
    page = tmp_path / "app.html"
    subprocess.run([TOOL, "report", "-o", page, profile], check=True)
    known = [(path, sum(own for other, own in PATHS.items() if other[: len(path)] == path) / 1e9) for path in PATHS]
    environment = {**os.environ, "TRACEPROF_NODE": str(NODE_MODULES), "TRACEPROF_CHROMIUM": chromium,
                   "TRACEPROF_SHOTS": str(tmp_path)}  # fmt: skip
    wanted = {"check": "widths", "page": str(page), "argument": known}
    result = subprocess.run([node, ROOT / "tests/page/run.mjs"], input=json.dumps(wanted) + "\n",
                            capture_output=True, text=True, timeout=180, env=environment)
    assert result.stdout == "null\n", result.stdout + result.stderr


def test_where_snakeviz_is_wrong(profile, tmp_path):
    """It divides what `shared` called among its callers: beta did not call slow."""
    node = need("node")
    if importlib.util.find_spec("snakeviz") is None:
        pytest.skip("snakeviz is not installed for this interpreter")
    from snakeviz.stats import json_stats

    folder = Path(importlib.util.find_spec("snakeviz").origin).parent
    stats = json_stats(pstats.Stats(str(profile)))
    root = next(name for name in stats if name.endswith("(program)"))
    result = subprocess.run([node, ROOT / "tests/viewers/snakeviz.cjs", folder, root],
                            input=json.dumps(stats), capture_output=True, text=True, check=True)
    drawn = {}

    def walk(node, path):
        name = re.search(r"\((\w+)\)$", node["name"])[1]
        if not path or path[-1] != name:
            path = (*path, name)
            drawn[path] = round(node["time"] * 1e9, 3)
        for child in node.get("children", []):
            walk(child, path)

    walk(json.loads(result.stdout), ())
    wrong = ("program", "beta", "shared", "slow")
    assert drawn[wrong] > 10
    assert wrong not in PATHS
    assert drawn["program", "beta", "shared", "quick"] < 1 < PATHS["program", "beta", "shared", "quick"]


# pprof


def go_pprof(*arguments):
    result = subprocess.run([need("go"), "tool", "pprof", *map(str, arguments)],
                            capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return result.stdout


def go_top(file, index, unit):
    """{name: (flat, cumulative)}."""
    text = go_pprof("-top", "-nodecount=100000", "-nodefraction=0", f"-sample_index={index}", f"-unit={unit}",
                    file)
    lines = re.findall(r"^ *([\d.]+)(\w*) +[\d.]+% +[\d.]+% +([\d.]+)(\w*) +[\d.]+%  (.*)$", text, re.M)
    assert {unit for _, unit, _, _, _ in lines} <= {"ns", ""}
    return {name: (float(flat), float(cumulative)) for flat, _, cumulative, _, name in lines}


def test_go_pprof_has_our_sums(profile, tmp_path):
    file = tmp_path / "app.pb.gz"
    convert(profile, file)
    wall, calls = go_top(file, "wall", "ns"), go_top(file, "calls", "count")
    assert {name: flat for name, (flat, _) in wall.items()} == nanoseconds(profile, 2)
    assert {name: cumulative for name, (_, cumulative) in wall.items()} == nanoseconds(profile, 3)
    assert {name: flat for name, (flat, _) in calls.items()} == \
        {name: row[1] for (_, _, name), row in rows(profile).items()}
    raw = go_pprof("-raw", file)
    assert "calls/count wall/nanoseconds[dflt]" in raw
    assert sum(int(n) for n in re.findall(r"^ +\d+ +(\d+): ", raw, re.M)) == TOTAL
    traces = go_pprof("-traces", file)
    assert len(re.findall(r"^ +[\d.]+\w+ +slow\n +shared\n +alpha\n +program$", traces, re.M)) == 1
    assert not re.search(r"slow\n +shared\n +beta", traces)


def test_go_pprof_on_a_recording_with_library_code(tmp_path):
    """Names that occur more than once, direct recursion, builtins: flat sums are our own times."""
    source, file = GOLDEN / "good/ctraceprof-3.13.prof", tmp_path / "golden.pb.gz"
    convert(source, file)
    top = go_top(file, "wall", "ns")
    assert sum(flat for flat, _ in top.values()) == sum(collapsed_paths(
        converted(source, "collapsed").decode()).values())
    ours = Counter(nanoseconds(source, 2))
    for name, (flat, _) in top.items():
        assert flat == pytest.approx(ours[name.replace("\\udce9", "\udce9")], abs=5)


def test_go_pprof_takes_any_name(hostile, tmp_path):
    path, names = hostile
    file = tmp_path / "names.pb.gz"
    convert(path, file)
    assert "thread" in go_pprof("-raw", file)
    read = Pprof(gzip.decompress(file.read_bytes()))
    assert len(read.samples) == len(names) and len({path for path, _, _ in read.samples}) == len(names)


def test_pprof_message(profile, tmp_path):
    """What Go's reader does not insist on."""
    file = tmp_path / "app.pprof"
    convert(profile, file)
    read = Pprof(gzip.decompress(file.read_bytes()))
    assert read.types == [("calls", "count"), ("wall", "nanoseconds")] and read.default == "wall"
    assert {path: tuple(values) for path, values, _ in read.samples} == \
        {path: (CALLS[path], PATHS[path]) for path in PATHS}
    assert {tuple(sorted(labels)) for _, _, labels in read.samples} == {("thread", "thread_id")}
    assert {labels["thread"] for _, _, labels in read.samples} == {"MainThread"}
    assert "clock: callback" in read.comments


def test_pprof_tells_functions_of_one_name_apart(tmp_path):
    labels = [("a/x.py", 1, "f"), ("a/y.py", 1, "f"), ("b/y.py", 1, "f"), ("a/x.py", 9, "g")]
    contexts = [(3, TOP, 1, 1), (0, 0, 1, 1), (1, 0, 1, 1), (2, 0, 1, 1)]
    write_profile(tmp_path / "names.prof", labels, {"main": contexts})
    read = Pprof(gzip.decompress(converted(tmp_path / "names.prof", "pprof")))
    assert sorted(read.names.values()) == ["f (a/y.py:1)", "f (b/y.py:1)", "f (x.py:1)", "g"]


def test_gzip_compresses(big, tmp_path):
    data = converted(big[0], "pprof")
    assert len(data) < 0.4 * len(gzip.decompress(data))
    gzip_command = need("gzip")
    assert subprocess.run([gzip_command, "-t"], input=data).returncode == 0


# callgrind


def annotate(file, *options):
    text = subprocess.run([need("callgrind_annotate"), "--threshold=100", "--auto=no", *options, str(file)],
                          capture_output=True, text=True, check=True, timeout=120).stdout
    found = re.findall(r"^ *([\d,]+) *\([^)]*\)  (.*)$", text, re.M)
    return {name.strip(): int(number.replace(",", "")) for number, name in found}


def test_callgrind_annotate_has_our_sums(profile, tmp_path):
    file = tmp_path / "callgrind.out.1"
    convert(profile, file)
    own, inclusive = annotate(file, "--inclusive=no"), annotate(file, "--inclusive=yes")
    assert own.pop("PROGRAM TOTALS") == inclusive.pop("PROGRAM TOTALS") == TOTAL
    assert {name.split(":")[-1]: n for name, n in own.items()} == nanoseconds(profile, 2)
    assert {name.split(":")[-1]: n for name, n in inclusive.items()} == nanoseconds(profile, 3)
    tree = subprocess.run([need("callgrind_annotate"), "--tree=both", "--inclusive=yes", str(file)],
                          capture_output=True, text=True, timeout=120)
    assert tree.returncode == 0 and re.search(r"> .*:slow \(3x\)", tree.stdout)


@pytest.mark.parametrize("name", ["ctraceprof-3.13", "cprofile-3.12", "yappi-threads", "profile-3.13",
                                  "sampling-3.15", "pyinstrument"])  # fmt: skip
def test_callgrind_annotate_takes_all_dialects(name, tmp_path):
    source, file = GOLDEN / f"good/{name}.prof", tmp_path / "out.callgrind"
    convert(source, file)
    own = annotate(file)
    total = own.pop("PROGRAM TOTALS")
    assert total == sum(own.values())
    assert total == pytest.approx(sum(row[2] for key, row in rows_of_golden(source)) * 1e9, abs=100)


def rows_of_golden(source):
    """pstats of 3.11 does not know the sampler's key."""
    import marshal

    with open(source, "rb") as file:
        stats = marshal.load(file)
    return [(key, row) for key, row in stats.items() if len(key) == 3]


def test_callgrind_annotate_takes_any_name(hostile, tmp_path):
    path, names = hostile
    file = tmp_path / "names.callgrind"
    convert(path, file)
    assert annotate(file)["PROGRAM TOTALS"] == 50 + 100 * (len(names) - 1)


# graphs


def dot(text, *options):
    result = subprocess.run([need("dot"), *options], input=text, capture_output=True, timeout=300)
    assert result.returncode == 0 and result.stderr == b"", result.stderr.decode()
    return result.stdout.decode()


def test_graphviz_draws_all_functions(profile):
    svg = dot(converted(profile, "dot"), "-Tsvg")
    assert set(PATHS) and all(f">{name}<" in svg for name in ("program", "alpha", "beta", "shared", "slow"))
    assert svg.count('class="node"') == 6 and svg.count('class="edge"') == 6
    assert "98.7% (self 98.7%)" in svg and "3×" in svg


def test_graphviz_takes_any_name(hostile):
    path, names = hostile
    svg = dot(converted(path, "dot"), "-Tsvg")
    assert svg.count('class="node"') == len(names)
    assert "&lt;/script&gt;" in svg and "</script>" not in svg and "&amp;amp;" in svg


@pytest.mark.parametrize("to, option", [("callgrind", "callgrind"), ("collapsed", "collapse"), ("pstats", "pstats")])
def test_gprof2dot(profile, tmp_path, to, option):
    if importlib.util.find_spec("gprof2dot") is None:
        pytest.skip("gprof2dot is not installed for this interpreter")
    file = tmp_path / f"app.{to}"
    convert(profile, file, "--to", to)
    result = subprocess.run([sys.executable, "-m", "gprof2dot", "-f", option, "-n0", "-e0", file],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert re.search(r"slow.*\\n98\.\d+%", result.stdout)
    dot(result.stdout.encode(), "-Tsvg")


# collapsed stacks


def test_flamegraph(profile, tmp_path):
    script = need("flamegraph.pl", FLAMEGRAPH)
    file = tmp_path / "app.collapsed"
    convert(profile, file)
    result = subprocess.run(["perl", script, "--countname", "ns", file], capture_output=True, text=True)
    assert result.returncode == 0 and result.stderr == "", result.stderr
    titles = re.findall(r"<title>(\w+) \([^<]*\) \(([\d,]+) ns, ", result.stdout)
    boxes = Counter(PATHS)
    for path, weight in PATHS.items():
        for depth in range(1, len(path)):
            boxes[path[:depth]] += weight
    assert Counter((name, int(n.replace(",", ""))) for name, n in titles) == \
        Counter((path[-1], n) for path, n in boxes.items())


def test_inferno(profile, hostile, tmp_path):
    inferno = need("inferno-flamegraph")
    for source in profile, hostile[0]:
        result = subprocess.run([inferno], input=converted(source, "collapsed"), capture_output=True)
        assert result.returncode == 0 and b"WARN" not in result.stderr, result.stderr


def test_flamegraph_takes_any_name(hostile, tmp_path):
    script = need("flamegraph.pl", FLAMEGRAPH)
    path, names = hostile
    text = converted(path, "collapsed").decode()
    assert len(text.splitlines()) == len(names)
    result = subprocess.run(["perl", script], input=text.encode(), capture_output=True)
    assert result.returncode == 0 and result.stderr == b"", result.stderr
    assert f"({50 + 100 * (len(names) - 1):,} samples".encode() in result.stdout


# Python


def test_pstats_reads_what_is_converted(profile, tmp_path):
    file = tmp_path / "again.pstats"
    convert(profile, file)
    assert file.read_bytes() == profile.read_bytes()
    assert rows(file) == rows(profile)


def test_a_part_in_pstats(profile, tmp_path):
    file = tmp_path / "part.prof"
    convert(profile, file, "--focus", "beta")
    assert nanoseconds(file, 3) == {"program": 19, "beta": 19, "shared": 12, "quick": 10}

"""Files of ctraceprof in the programs people read profiles with: the same as a file of cProfile.

Both profilers run the same program by a timer that counts its readings, so that the files must hold
the same numbers, and whatever a reader makes of them must be the same.
"""

import cProfile
import importlib
import marshal
import os
import pstats
import re
import subprocess
import sys

import ctraceprof
import figures
import pytest

PYTHONS = os.environ.get("TEST_PYTHONS", "").split()


def _leaf(n):
    return n + 1


def _branch(n):
    return sum(map(_leaf, range(n))) if n < 2 else _branch(n - 1) + _leaf(n)


def _program():
    for n in range(6):
        _branch(n)
    sorted([3, 1, 2], key=_leaf)
    [].append(len("text"))


def _run(profile_class):
    """The program with one function above it all, for readers that want a root."""
    profile = profile_class(figures.counting_timer(), 1.0)
    with figures.no_garbage_collection():
        profile.enable()
        exec("program()", {"program": _program})
        profile.disable()
    return profile


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """cProfile's file and ours, with the same name in two folders."""
    folder = tmp_path_factory.mktemp("readers")
    paths = []
    for profile_class in (cProfile.Profile, ctraceprof.Profile):
        path = folder / profile_class.__module__ / "out.prof"
        path.parent.mkdir()
        _run(profile_class).dump_stats(path)
        paths.append(str(path))
    with open(paths[0], "rb") as file:
        stats = marshal.load(file)
    # One row has the name of the profiler's own class. Nothing else is touched.
    old = ("~", 0, "<method 'disable' of '_lsprof.Profiler' objects>")
    stats[old[0], old[1], old[2].replace("_lsprof", "ctraceprof._core")] = stats.pop(old)
    with open(paths[0], "wb") as file:
        marshal.dump(stats, file)
    return paths


def _tool(name):
    """The module, or a skip."""
    try:
        return importlib.import_module(name)
    except ImportError:
        pytest.skip(f"{name} is not installed for this interpreter")


def _ordered(value):
    """A tree with its lists in one order: readers keep the file's, and cProfile's is random."""
    if isinstance(value, dict):
        return {key: _ordered(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return sorted(map(_ordered, value), key=repr)
    if isinstance(value, str):
        return sorted(value.split(", "))  # tuna joins names of functions
    return value


def _output(*command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_pstats(files):
    theirs, ours = (pstats.Stats(path) for path in files)
    assert len(ours.stats) > 6
    assert ours.stats == theirs.stats
    assert (ours.total_calls, ours.prim_calls, ours.total_tt) == (
        theirs.total_calls, theirs.prim_calls, theirs.total_tt
    )
    assert ours.top_level == theirs.top_level


def test_pstats_adds_files_of_both(files):
    both = pstats.Stats(*files)
    assert both.total_calls == 2 * pstats.Stats(files[1]).total_calls


def test_pstats_module_prints_the_same(files):
    theirs, ours = (
        subprocess.run(
            [sys.executable, "-m", "pstats", path],
            input="sort stdname\nstats\ncallers\ncallees\n",
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[2:]
        for path in files
    )
    assert any("_branch" in line for line in ours)
    without_file_names = [re.sub(r"\S*out\.prof%?", "", line) for line in ours]
    assert without_file_names == [re.sub(r"\S*out\.prof%?", "", line) for line in theirs]


@pytest.mark.skipif(not PYTHONS, reason="TEST_PYTHONS names no other interpreters")
@pytest.mark.parametrize("python", PYTHONS)
def test_pstats_of_other_interpreters(files, python):
    script = "import pstats, sys; print(sorted(pstats.Stats(sys.argv[1]).stats.items()))"
    theirs, ours = (_output(python, "-c", script, path) for path in files)
    assert "_branch" in ours
    # Callers are dictionaries, whose order is the file's.
    assert _ordered(eval(ours)) == _ordered(eval(theirs))


def test_snakeviz(files):
    reader = _tool("snakeviz.stats")
    rows = [sorted(reader.table_rows(pstats.Stats(path)), key=repr) for path in files]
    trees = [reader.json_stats(pstats.Stats(path)) for path in files]
    assert len(rows[1]) > 6 and rows[0] == rows[1]
    assert any("_branch" in name for name in trees[1]) and trees[0] == trees[1]


def test_tuna(files):
    _tool("tuna")
    reader = importlib.import_module("tuna._runtime_profile")
    theirs, ours = (_ordered(reader.read_runtime_profile(path)) for path in files)
    assert "_branch" in repr(ours)
    assert ours == theirs


def test_gprof2dot(files):
    """Its numbers of nodes follow the file's order; their labels and the edges' do not."""
    _tool("gprof2dot")

    def lines(path):
        command = [sys.executable, "-m", "gprof2dot", "-f", "pstats", "-n0", "-e0", path]
        output = _output(*command)
        labels = dict(re.findall(r'^\t(\d+) \[.*?label="(.*?)\\n', output, re.MULTILINE))

        def with_names(line):
            head, bracket, tail = line.partition(" [")
            return re.sub(r"\d+", lambda number: labels[number.group()], head) + bracket + tail

        return sorted(map(with_names, output.splitlines()))

    theirs, ours = map(lines, files)
    assert any("_branch" in line and "->" in line for line in ours)
    assert ours == theirs


@pytest.mark.parametrize("form", ["log", "svg"])
def test_flameprof(files, form):
    _tool("flameprof")

    def drawn(path):
        output = _output(sys.executable, "-m", "flameprof", "--format", form, path)
        if form == "log":
            return sorted(output.splitlines())
        # Siblings are drawn in the file's order, which moves them but changes no width or text.
        widths = re.findall(r'<rect [^>]*?width="([^"]+)"', output)
        return sorted(widths), sorted(re.findall(r"<title>(.*?)</title>", output, re.DOTALL))

    theirs, ours = map(drawn, files)
    assert "_branch" in repr(ours)
    assert ours == theirs


def test_pyprof2calltree(files, tmp_path):
    _tool("pyprof2calltree")

    def converted(path):
        out = tmp_path / "out.callgrind"
        _output(sys.executable, "-m", "pyprof2calltree", "-i", path, "-o", str(out))
        blocks = out.read_text().split("\n\n")
        return sorted(sorted(block.splitlines()) for block in blocks)

    theirs, ours = map(converted, files)
    assert "_branch" in repr(ours)
    assert ours == theirs

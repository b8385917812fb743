"""Files of every writer of pstats files, and bad ones; see tests/golden/README.md."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = (Path(os.environ.get("TRACEPROF_BUILD", "build")) / "traceprof").resolve()
GOLDEN = Path(__file__).parents[1] / "golden"
GOOD = sorted(path.stem for path in GOLDEN.glob("good/*.prof"))
BAD = dict(
    line.split("\t") for line in (GOLDEN / "bad.txt").read_text(encoding="utf-8").splitlines()
)

def load_script(name):
    spec = importlib.util.spec_from_file_location(name, GOLDEN / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def top(path):
    """Labels are any bytes, so nothing is decoded but the message."""
    return subprocess.run([str(TOOL), "top", str(path)], capture_output=True, timeout=60)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_bad_files_are_what_their_script_writes(tmp_path):
    subprocess.run([sys.executable, GOLDEN / "make_bad.py", tmp_path], check=True, timeout=60)
    assert contents(tmp_path) == contents(GOLDEN / "bad")
    assert sorted(contents(tmp_path)) == sorted(f"{name}.prof" for name in BAD)


@pytest.mark.parametrize(
    "script, names, seed",
    [
        ("make_async", ["async.prof", "processes.prof"], "small-async.prof"),
        ("make_times", ["compensated.prof", "raw.prof"], "small-times.prof"),
    ],
)
def test_made_files_are_what_their_script_writes(script, names, seed, tmp_path):
    subprocess.run([sys.executable, GOLDEN / f"{script}.py", tmp_path], check=True, timeout=60)
    made = contents(tmp_path)
    assert made.pop(seed) == (GOLDEN.parent / "fuzz/corpus" / seed).read_bytes()
    assert sorted(made) == names
    assert made == {name: (GOLDEN / "cli" / name).read_bytes() for name in made}


def test_every_good_file_has_its_view():
    assert len(GOOD) > 15
    assert sorted(path.stem for path in GOLDEN.glob("expected/*.json")) == GOOD


@pytest.mark.parametrize("name", GOOD)
def test_python_sees_what_it_saw(name):
    """Every version reads all of them, even the code object in profile's."""
    expect = load_script("expect")
    expected = (GOLDEN / "expected" / f"{name}.json").read_text(encoding="ascii")
    assert expect.text(expect.view(GOLDEN / "good" / f"{name}.prof")) == expected


@pytest.mark.parametrize("name", GOOD)
def test_good_files_are_read(name):
    result = top(GOLDEN / "good" / f"{name}.prof")
    assert (result.stderr, result.returncode) == (b"", 0)
    assert b"one_round" in result.stdout


def meant(dialect, primitive, calls):
    """What a row's two counts mean: (calls, primitive calls); None where they are not known."""
    if dialect == "pyinstrument":
        return None, None
    if dialect == "yappi":
        return primitive, calls
    return calls, primitive


@pytest.mark.parametrize("name", GOOD)
def test_every_figure_of_good_files(name):
    """Labels, counts put right by the dialect, times: row by row what Python's marshal gives."""
    seen = json.loads((GOLDEN / "expected" / f"{name}.json").read_text(encoding="ascii"))
    expected = {}
    for label, primitive, calls, own, cumulative, _ in seen["rows"]:
        if code := re.match(r"<code object (.*), file ", label[2]):
            label[2] = code[1]
        expected[tuple(label)] = (*meant(seen["dialect"], primitive, calls), own, cumulative)
    command = [str(TOOL), "top", "--format", "json", str(GOLDEN / "good" / f"{name}.prof")]
    rows = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    first, second = ("samples", "direct") if seen["sampled"] else ("calls", "primitive_calls")
    assert expected == {
        (row["file"], row["line"], row["name"]): (
            row.get(first), row.get(second), row["self_s"], row["cumulative_s"]
        )
        for row in rows
    }


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_files_are_refused(name):
    path = GOLDEN / "bad" / f"{name}.prof"
    result = top(path)
    message = result.stderr.decode("utf-8")
    assert (result.stdout, result.returncode) == (b"", 3)
    assert str(path) in message
    assert BAD[name] in message

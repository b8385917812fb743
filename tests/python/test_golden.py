"""Files of every writer of pstats files, and bad ones; see tests/golden/README.md."""

import importlib.util
import os
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

# What the reader cannot pass yet: dialects whose callers are integers, a code object for a name, text
# that is not UTF-8. A name that passes after all fails the test until it is taken out.
PENDING = set()


def pending(names):
    mark = pytest.mark.xfail(strict=True, reason="the reader does not know it yet")
    return [pytest.param(name, marks=mark if name in PENDING else ()) for name in names]


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


def test_pending_names_are_names_of_files():
    assert PENDING <= {*GOOD, *BAD}


def test_bad_files_are_what_their_script_writes(tmp_path):
    subprocess.run([sys.executable, GOLDEN / "make_bad.py", tmp_path], check=True, timeout=60)
    assert contents(tmp_path) == contents(GOLDEN / "bad")
    assert sorted(contents(tmp_path)) == sorted(f"{name}.prof" for name in BAD)


def test_every_good_file_has_its_view():
    assert len(GOOD) > 15
    assert sorted(path.stem for path in GOLDEN.glob("expected/*.json")) == GOOD


@pytest.mark.parametrize("name", GOOD)
def test_python_sees_what_it_saw(name):
    """Every version reads all of them, even the code object in profile's."""
    expect = load_script("expect")
    expected = (GOLDEN / "expected" / f"{name}.json").read_text(encoding="ascii")
    assert expect.text(expect.view(GOLDEN / "good" / f"{name}.prof")) == expected


@pytest.mark.parametrize("name", pending(GOOD))
def test_good_files_are_read(name):
    result = top(GOLDEN / "good" / f"{name}.prof")
    assert (result.stderr, result.returncode) == (b"", 0)
    assert b"one_round" in result.stdout


@pytest.mark.parametrize("name", pending(sorted(BAD)))
def test_bad_files_are_refused(name):
    path = GOLDEN / "bad" / f"{name}.prof"
    result = top(path)
    message = result.stderr.decode("utf-8")
    assert (result.stdout, result.returncode) == (b"", 3)
    assert str(path) in message
    assert BAD[name] in message

"""Raw and compensated times: what the tool makes of files that have both, and of sums of them."""

import json
import os
import pstats
import subprocess
from pathlib import Path

import pytest

TOOL = (Path(os.environ.get("TRACEPROF_BUILD", "build")) / "traceprof").resolve()
GOLDEN = Path(__file__).parents[1] / "golden"
BOTH = str(GOLDEN / "cli/compensated.prof")
RAW = str(GOLDEN / "cli/raw.prof")
ROWS = str(GOLDEN / "good/cprofile-3.13.prof")
SECONDS = {"raw": 0.9, "compensated": 0.5}  # of BOTH, and of its outermost function


def tool(*arguments, typed=None):
    result = subprocess.run(
        [str(TOOL), *map(str, arguments)], input=typed, capture_output=True, text=True, timeout=60
    )
    assert (result.stderr, result.returncode) == ("", 0)
    return result.stdout


def rows(*arguments):
    """{name: row} of the table, and what its times are."""
    table = json.loads(tool("top", "--format", "json", *arguments))
    (times,) = {row.get("times") for row in table}
    return {row["name"]: row for row in table}, times


def cumulative(*arguments):
    table, times = rows(*arguments)
    return table["<module>"]["cumulative_s"], times


@pytest.fixture
def merged(tmp_path):
    def merge(*arguments):
        path = tmp_path / "sum.prof"
        tool("merge", "-o", path, *arguments)
        return path

    return merge


def test_files_without_both_say_nothing_of_times():
    assert cumulative(RAW) == (0.9, None)
    assert rows(ROWS)[1] is None
    assert "raw" not in tool("top", RAW).replace("raw.prof", "")


@pytest.mark.parametrize("times", SECONDS)
def test_a_sum_has_both(merged, times):
    path = merged(BOTH, BOTH, BOTH)
    assert cumulative(path)[1] == "compensated"
    assert cumulative(path, f"--{times}") == (pytest.approx(3 * SECONDS[times]), times)
    assert "1.200 s of probes" in tool("info", path)


def test_a_sum_with_raw_times_is_raw_and_compensated_in_part(merged):
    path = merged(BOTH, RAW)
    assert cumulative(path) == (pytest.approx(1.8), "raw")
    assert cumulative(path, "--compensated") == (pytest.approx(1.4), "compensated")
    assert ", compensated in part (400.000 ms" in tool("top", "--compensated", path)
    assert ", raw (at least 400.000 ms" in tool("top", path)
    # What is such a sum is not compensated beside one that is.
    assert tool("diff", BOTH, path).count(", raw (") == 2


def test_a_sum_without_a_tree_has_both(merged):
    path = merged("--strip-dirs", BOTH, BOTH)
    flat = subprocess.run(
        [str(TOOL), "merge", "-o", str(path), BOTH, ROWS], capture_output=True, timeout=60
    )
    assert flat.returncode == 0
    for times, seconds in SECONDS.items():
        tree = json.loads(tool("tree", f"--{times}", "--min", "0", "--format", "json", path))
        assert {row["times"] for row in tree} == {times}
        (top,) = [row for row in tree if row["file"] == "/srv/app.py" and row["depth"] == 0]
        assert top["inclusive_s"] == pytest.approx(seconds)


def test_what_is_shown_can_be_exchanged_in_a_file(merged):
    """Python's own reader sees what is shown."""
    assert pstats.Stats(BOTH).total_tt == pytest.approx(0.5)
    path = merged("--raw", BOTH)
    assert pstats.Stats(str(path)).total_tt == pytest.approx(0.9)
    assert cumulative(path) == (0.9, "raw")
    assert cumulative(path, "--compensated") == (0.5, "compensated")
    back = path.with_name("back.prof")
    tool("merge", "--compensated", "-o", back, path)
    again = path.with_name("again.prof")
    tool("merge", "-o", again, BOTH)
    assert back.read_bytes() == again.read_bytes()


def test_files_that_show_different_times_are_brought_to_one(merged):
    path = merged("--raw", BOTH)
    assert tool("diff", path, path).count(", raw (") == 2
    assert tool("diff", path, BOTH).count(", compensated (") == 2
    assert cumulative(path, BOTH) == (pytest.approx(1.0), "compensated")
    assert cumulative(path, path)[1] == "raw"
    report = tool("check", "-f", "cumtime > +1%", "-b", path, BOTH)
    assert "; times are compensated" in report


@pytest.mark.parametrize("options", [["--hide", "handle"], ["--focus", "fetch"], ["--root", "main"]])
def test_parts_have_both(options):
    command = "tree" if "--root" in options else "top"
    shown = {
        times: json.loads(tool(command, *options, f"--{times}", "--format", "json", BOTH))
        for times in SECONDS
    }
    for row, raw in zip(shown["compensated"], shown["raw"]):
        assert row["name"] == raw["name"]
        assert row["self_s"] <= raw["self_s"]
    totals = {times: sum(row["self_s"] for row in table) for times, table in shown.items()}
    assert totals["compensated"] < totals["raw"]


def test_the_browser_prints_the_times_that_are_asked_for(merged):
    as_raw = merged("--raw", BOTH)
    typed = f"read {BOTH}\nadd {BOTH}\nsort cumulative\nstats\ncallers\nquit\n"
    expected = tool("browse", typed=typed.replace(BOTH, str(as_raw)))
    shown = tool("browse", "--raw", typed=typed)
    assert figures(shown) == figures(expected)
    assert "in 1.800 seconds" in shown
    assert "in 1.000 seconds" in tool("browse", typed=typed)
    assert "ValueError: no compensated times" in tool(
        "browse", "--compensated", typed=f"read {BOTH}\nadd {RAW}\nquit\n"
    )


def figures(text):
    """Without files' names and dates."""
    return [line for line in text.splitlines() if ".prof" not in line]

"""What a user can get wrong: the exit status, a message that says what, and nothing on stdout."""

import marshal
import os
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("TRACEPROF_BUILD", "build"))
TOOL = (BUILD / "traceprof").resolve()
GOOD = Path(__file__).parents[1] / "golden" / "good"
TREE = str(GOOD / "ctraceprof-3.13.prof")
ROWS = str(GOOD / "cprofile-3.13.prof")
OF_PROFILE = str(GOOD / "profile-3.13.prof")


def tool(*arguments, **options):
    return subprocess.run(
        [str(TOOL), *map(str, arguments)], capture_output=True, text=True, timeout=60, **options
    )


USAGE = [
    ((), "usage: traceprof"),
    (("help", "nothing"), "unknown command 'nothing'"),
    (("nothing",), "unknown command 'nothing'"),
    (("top",), "no file given"),
    (("diff", TREE), "these are wanted: 'A B'"),
    (("diff", TREE, TREE, TREE), "one operand too many: '" + TREE),
    (("top", "--nothing", TREE), "unknown option '--nothing'"),
    (("top", "-?", TREE), "unknown option '-?'"),
    (("top", TREE, "-n"), "a value is missing for '-n'"),
    (("top", TREE, "--limit"), "a value is missing for '--limit'"),
    (("top", "--pstats=yes", TREE), "no value is wanted for '--pstats=yes'"),
    (("top", "--format", "xml", TREE), "not 'xml'"),
    (("top", "-c", "calls,nothing", TREE), "'calls,nothing'"),
    (("top", "-s", "n", TREE), "sort key 'n'"),
    (("top", "-n", "1.5", TREE), "between 0 and 1, not '1.5'"),
    (("top", "-n", "a(", TREE), "'a('"),
    (("top", "--width", "wide", TREE), "'wide'"),
    (("top", "--width", "-1", TREE), "'-1'"),
    (("top", "--focus", "[", TREE), "'['"),
    (("top", "--focus", r"(a)\1", TREE), "at byte 3"),
    (("top", "--pstats", "-s", "n", TREE), "sort key 'n'"),
    (("top", "--pstats", "-n", "2.5", TREE), "'2.5'"),
    (("top", "--pstats", "-n", r"(a)\1", TREE), "not supported"),
    (("peek", "(", TREE), "'('"),
    (("path", "-n", "x", TREE), "'x'"),
    (("merge", TREE), "-o FILE"),
    (("completions", "nothing"), "'nothing'"),
]


@pytest.mark.parametrize("arguments, message", USAGE, ids=[" ".join(a)[-40:] for a, _ in USAGE])
def test_wrong_usage(arguments, message):
    result = tool(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr


OPTION_VALUES = [
    ("diff", option, value, (TREE, TREE))
    for option, value in [
        ("--min-time", "soon"),
        ("--min-time", "-1ms"),
        ("--min-percent", "x"),
        ("--min-percent", "-1"),
        ("--limit", "x"),
        ("--only", "nothing"),
    ]
] + [
    ("tree", option, value, (TREE,))
    for option, value in [("--min", "x"), ("--depth", "x"), ("--depth", "-1"), ("--process", "x"),
                          ("--process", "-1"), ("--process", ""), ("--process", "9" * 30)]
]


@pytest.mark.parametrize("command, option, value, files", OPTION_VALUES)
def test_wrong_values(command, option, value, files):
    assert option + " " in tool("help", command).stdout
    result = tool(command, f"{option}={value}", *files)
    assert (result.returncode, result.stdout) == (2, "")
    assert f"'{value}'" in result.stderr


INPUT = [
    (("top", "--thread", "x", ROWS), "--thread needs the call tree"),
    (("tree", "--root", "x", ROWS), "--root needs the call tree"),
    (("top", "--thread", "nobody", TREE), "no thread 'nobody'"),
    (("top", "--process", "1", ROWS), "--process needs the call tree"),
    (("top", "--process", "1", TREE), "does not say of which process"),
    (("diff", "--tree", TREE, ROWS), "needs call trees"),
    (("peek", "matches nothing", TREE), "no function matches 'matches nothing'"),
    (("path", ROWS), "no call tree"),
    (("merge", "-o", "/", TREE), "Is a directory"),
    (("merge", "-o", "/dev/full", TREE), "No space left on device"),
    (("top", "/"), "Is a directory"),
    (("top", ROWS, "/nothing"), "/nothing"),
    (("top", "--pstats", ROWS, OF_PROFILE), f"{OF_PROFILE}: its callers have no times"),
    (("check", "-f", "calls > 1", "-r", "/nothing", TREE), "/nothing"),
    (("check", "-f", "calls > 1", "-r", "/", TREE), "/: "),
]


@pytest.mark.parametrize("arguments, message", INPUT, ids=[" ".join(a)[-40:] for a, _ in INPUT])
def test_wrong_input(arguments, message):
    result = tool(*arguments)
    assert (result.returncode, result.stdout) == (3, "")
    assert message in result.stderr


def test_counts_that_do_not_fit_a_sum(tmp_path):
    path = tmp_path / "vast.prof"
    path.write_bytes(marshal.dumps({("m.py", 1, "f"): (2**63 - 1, 2**63 - 1, 0.0, 0.0, {})}))
    result = tool("top", path, path)
    assert (result.returncode, result.stdout) == (3, "")
    assert f"{path}: cannot be added: larger than this library can hold" in result.stderr


def test_output_that_cannot_be_written():
    with open("/dev/full", "w") as full:
        result = subprocess.run([TOOL, "top", TREE], stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 3
    assert "No space left on device" in result.stderr


def test_browse_tells_and_goes_on(tmp_path):
    empty = tmp_path / "empty.prof"
    empty.write_bytes(marshal.dumps({}))
    typed = f"add {OF_PROFILE}\nadd {empty}\nread {empty}\nstats 1\nquit\n"
    result = tool("browse", ROWS, input=typed)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("TypeError: ") >= 2
    assert "function calls" in result.stdout
    assert result.stdout.endswith("Goodbye.\n")


def test_what_does_not_hold_is_told(tmp_path):
    path = tmp_path / "broken.prof"
    path.write_bytes(marshal.dumps({("m.py", 1, "f"): (1, 1, 5.0, 1.0, {})}))
    result = tool("info", "--check", path)
    assert result.returncode == 1
    assert "broken" in result.stdout and "not so in 1 place\n" in result.stdout

"""The traceprof command: exact output, exit statuses, messages."""

import cProfile
import marshal
import os
import pstats
import subprocess
import sys
from pathlib import Path

import pytest

import ctraceprof

BUILD = Path(os.environ.get("TRACEPROF_BUILD", "build"))
TOOL = (BUILD / "traceprof").resolve()


def tool(*arguments, **options):
    command = [str(TOOL), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def work():
    import json

    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    fib(10)
    json.loads(json.dumps([{"a": [1, 2.5, None]}] * 20, indent=1))
    return sorted("tuvw", key=str.upper)


def record(module, path):
    profile = module.Profile()
    profile.runcall(work)
    profile.dump_stats(path)
    return path


@pytest.fixture(params=[ctraceprof, cProfile], ids=["ctraceprof", "cProfile"])
def profile_file(request, tmp_path):
    return record(request.param, str(tmp_path / "some file.prof"))


def expected(path, key="cumulative", *limits):
    import io

    stream = io.StringIO()
    pstats.Stats(path, stream=stream).sort_stats(key).print_stats(*limits)
    return stream.getvalue()


def test_top_is_what_pstats_prints(profile_file):
    result = tool("top", profile_file)
    assert (result.stdout, result.stderr, result.returncode) == (expected(profile_file), "", 0)


@pytest.mark.parametrize("rows", [0, 1, 7, 100000])
def test_top_n(profile_file, rows):
    assert tool("top", "-n", rows, profile_file).stdout == expected(profile_file, "cumulative", rows)


@pytest.mark.parametrize(
    "key",
    "calls ncalls cumtime cumulative file filename line module name nfl pcalls stdname time tottime "
    "cumt tot std".split(),
)
def test_top_sorts_by_any_key(profile_file, key):
    assert tool("top", f"-s{key}", profile_file).stdout == expected(profile_file, key)


def test_top_through_the_browser(profile_file):
    """The very words of `python -m pstats`: sort cumulative; stats 5."""
    browser = subprocess.run(
        [sys.executable, "-m", "pstats", profile_file],
        input="sort cumulative\nstats 5\nquit\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    table = tool("top", "-n", "5", profile_file).stdout
    assert table.strip() in browser.stdout


def test_top_of_unusual_rows(tmp_path):
    path = str(tmp_path / "odd.prof")
    long_name = "n" * 400
    stats = {
        ("~", 0, "odd"): (0, 0, 0.0, 0.0, {}),
        ("~", 0, "<built-in method x>"): (1, 12345678, 1.5, 123456.5, {}),
        ("jprofile", 0, "profiler"): (1, 1, 0.0, 0.5, {}),
        ("é.py", -3, long_name): (2, 3, 0.25, 0.5, {("jprofile", 0, "profiler"): (3, 2, 0.0, 0.5)}),
    }
    with open(path, "wb") as file:
        marshal.dump(stats, file)
    assert tool("top", path).stdout == expected(path)
    assert tool("top", "-s", "stdname", path).stdout == expected(path, "stdname")


def test_top_from_standard_input(profile_file):
    with open(profile_file, "rb") as file:
        result = tool("top", "-n", "3", "-", stdin=file)
    lines = expected(profile_file, "cumulative", 3).splitlines()[1:]
    assert result.stdout.splitlines() == ["-", *lines]


def test_path_is_the_hottest(tmp_path):
    now = 0

    def pass_time(n):
        nonlocal now
        now += n

    def outer():
        pass_time(1)
        cold()
        hot()

    def cold():
        pass_time(2)

    def hot():
        pass_time(5)

    profile = ctraceprof.Profile(lambda: now, 1.0, builtins=False)
    profile.runcall(outer)
    path = str(tmp_path / "a.prof")
    profile.dump_stats(path)
    result = tool("path", path)
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["seconds", "share", "calls", "filename:lineno(function)"]
    assert [line[:3] for line in lines[1:]] == [
        ["8.000", "100.0%", "1"],
        ["5.000", "62.5%", "1"],
        ["5.000", "62.5%", "1"],
    ]
    assert [line[3].rpartition("(")[2] for line in lines[1:]] == ["outer)", "hot)", "pass_time)"]
    assert len(tool("path", "-n", 1, path).stdout.splitlines()) == 2


def test_path_without_a_tree(tmp_path):
    path = record(cProfile, str(tmp_path / "a.prof"))
    result = tool("path", path)
    assert result.stderr == f"traceprof path: {path}: the file holds no call tree\n"
    assert result.returncode == 3


def test_console_script_is_the_same_tool(profile_file):
    code = "import sys; from ctraceprof._console import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "top", "-n", "2", profile_file]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.stdout == tool("top", "-n", "2", profile_file).stdout
    command[3:] = ["nonsense"]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 2


def test_tool_module_checks_its_argument():
    from ctraceprof import _tool

    with pytest.raises(TypeError, match="arguments must be a list, not tuple"):
        _tool.run(())
    with pytest.raises(TypeError):
        _tool.run(["text"])


def test_help_and_version():
    assert tool("--version").stdout == f"traceprof {ctraceprof.__version__}\n"
    for arguments in ["--help"], ["help"], ["-h"]:
        assert tool(*arguments).stdout.startswith("usage: traceprof COMMAND")
    for command in "top", "path":
        for option in "--help", "-h":
            result = tool(command, option)
            assert result.stdout.startswith(f"usage: traceprof {command}")
            assert result.returncode == 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "usage: traceprof COMMAND [OPTIONS] FILE\n"),
        (["nonsense"], "traceprof: unknown command 'nonsense'; see 'traceprof --help'\n"),
        (["top"], "traceprof top: no file given; see 'traceprof top --help'\n"),
        (["path"], "traceprof path: no file given; see 'traceprof path --help'\n"),
        (["top", "a", "b"], "traceprof top: more than one file: 'b'; see 'traceprof top --help'\n"),
        (["top", "-x", "a"], "traceprof top: unknown option '-x'; see 'traceprof top --help'\n"),
        (["top", "--long", "a"], "traceprof top: unknown option '--long'; see"),
        (["path", "-s", "x", "a"], "traceprof path: unknown option '-s'; see"),
        (["top", "a", "-n"], "traceprof top: a value is missing for '-n'; see"),
        (["top", "-n", "x", "a"], "traceprof top: not a number of rows: 'x'; see"),
        (["top", "-n", "-1", "a"], "traceprof top: not a number of rows: '-1'; see"),
        (["top", "-n", "9" * 30, "a"], "traceprof top: not a number of rows: '999"),
        (["top", "-s", "n", "a"], "traceprof top: unknown or ambiguous sort key 'n'; see"),
    ],
)
def test_usage_errors(arguments, message):
    result = tool(*arguments)
    assert result.stderr.startswith(message)
    assert (result.stdout, result.returncode) == ("", 2)


def test_bad_input_names_file_and_place(tmp_path):
    missing = tmp_path / "none"
    result = tool("top", missing)
    assert result.stderr == f"traceprof: {missing}: cannot open: No such file or directory\n"
    assert result.returncode == 3
    result = tool("path", tmp_path)
    assert result.stderr == f"traceprof: {tmp_path}: cannot read: Is a directory\n"
    bad = tmp_path / "-bad"
    bad.write_bytes(b"{z\xff")
    result = tool("top", "--", bad)
    assert result.stderr == (
        f"traceprof: {bad}: not a profile: a length is greater than what is left of the file "
        "(at byte 3)\n"
    )
    assert result.returncode == 3


def test_small_files_do_not_stand_for_vast_profiles(tmp_path):
    """Rows may all refer to one dictionary of callers, threads to one set of columns."""
    bad = tmp_path / "bad"
    callers = {("f", i, "n"): (1, 1, 0.0, 0.0) for i in range(400)}
    stats = {("f", i, "n"): (1, 1, 0.0, 0.0, callers) for i in range(400)}
    bad.write_bytes(marshal.dumps(stats))
    result = tool("top", bad)
    assert "not a profile: more callers than the file has room for (at byte " in result.stderr
    assert result.returncode == 3
    count = 1000
    thread = {
        "name": "", "id": 1, "function": bytes(4 * count), "parent": b"\xff" * 4 * count,
        "calls": bytes(8 * count), "nested_calls": bytes(8 * count),
        "inclusive_ticks": bytes(8 * count),
    }
    extension = {
        "traceprof": (1, 0), "unit": 1.0, "properties": {}, "threads": [thread] * 100,
    }
    row = {("f", 1, "n"): (1, 1, 0.0, 0.0, {})}
    bad.write_bytes(marshal.dumps(row) + marshal.dumps(extension))
    assert "more contexts than the file has room for" in tool("top", bad).stderr
    extension["threads"] = [thread]
    bad.write_bytes(marshal.dumps(row) + marshal.dumps(extension))
    assert tool("top", bad).returncode == 0


def test_lost_output_is_an_error_and_a_closed_pipe_is_not(profile_file):
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [str(TOOL), "top", profile_file], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert result.stderr == "traceprof: cannot write: No space left on device\n"
    assert result.returncode == 3
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [str(TOOL), "top", profile_file], stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    assert (result.stderr, result.returncode) == ("", 0)

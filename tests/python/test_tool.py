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

COMMANDS = ("top callers callees tree path peek diff merge info check browse tui completions").split()
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
    result = tool("top", "--pstats", "-s", "cumulative", profile_file)
    assert (result.stdout, result.stderr, result.returncode) == (expected(profile_file), "", 0)


def test_top_through_the_browser(profile_file):
    """The very words of `python -m pstats`: sort cumulative; stats 5."""
    browser = subprocess.run(
        [sys.executable, "-m", "pstats", profile_file],
        input="sort cumulative\nstats 5\nquit\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    table = tool("top", "--pstats", "-s", "cumulative", "-n", "5", profile_file).stdout
    assert table.strip() in browser.stdout


def test_top_from_standard_input(profile_file):
    with open(profile_file, "rb") as file:
        result = tool("top", "--pstats", "-s", "cumulative", "-n", "3", "-", stdin=file)
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
    lines = [line.split() for line in result.stdout.splitlines()[3:]]
    assert lines[0] == ["total", "s", "total%", "calls", "function"]
    assert [line[:3] for line in lines[1:]] == [
        ["8.000", "100.0%", "1"],
        ["5.000", "62.5%", "1"],
        ["5.000", "62.5%", "1"],
    ]
    assert [line[3].rpartition("(")[2] for line in lines[1:]] == ["outer)", "hot)", "pass_time)"]
    assert len(tool("path", "-n", 1, path).stdout.splitlines()) == 5


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
    for command in COMMANDS:
        for arguments in [command, "--help"], [command, "-h"], ["help", command]:
            result = tool(*arguments)
            assert result.stdout.startswith(f"usage: traceprof {command} ")
            assert (result.stderr, result.returncode) == ("", 0)
            assert all(len(line) <= 88 for line in result.stdout.splitlines())


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
    assert "more threads and contexts than the file has room for" in tool("top", bad).stderr
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

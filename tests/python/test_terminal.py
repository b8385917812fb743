"""Terminal manners: width, colour, pager, closed pipes, and names that no terminal must see raw."""

import csv
import fcntl
import io
import json
import marshal
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest

TOOL = (Path(os.environ.get("TRACEPROF_BUILD", "build")) / "traceprof").resolve()
GOOD = Path(__file__).parents[1] / "golden" / "good"
TREE, OLDER, EDGES = "ctraceprof-3.13.prof", "ctraceprof-3.11.prof", "cprofile-3.13.prof"
PATH = os.environ.get("PATH", "/usr/bin:/bin")

COMMANDS = [
    ["top", TREE],
    ["callers", TREE],
    ["callees", EDGES],
    ["tree", TREE],
    ["tree", "--invert", TREE],
    ["path", TREE],
    ["peek", "one_round", TREE],
    ["diff", OLDER, TREE],
    ["diff", "--by", "cum", OLDER, TREE],
    ["diff", "--tree", OLDER, TREE],
]
NAMES = [" ".join(command[:-1]) for command in COMMANDS]


@pytest.fixture(autouse=True)
def in_the_folder(monkeypatch):
    """Headings begin with the file's name as given, which is not to depend on the machine."""
    monkeypatch.chdir(GOOD)


def terminal(*arguments, rows=1000, columns=80, **environment):
    """What a terminal of that size is sent, as bytes, and the exit status."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    attributes = termios.tcgetattr(side)
    attributes[1] &= ~termios.OPOST  # newlines as they are written
    termios.tcsetattr(side, termios.TCSANOW, attributes)
    command = subprocess.Popen(
        [str(TOOL), *map(str, arguments)], stdin=side, stdout=side, stderr=side,
        env={"PATH": PATH, "TERM": "xterm", **environment},
    )  # fmt: skip
    os.close(side)
    shown, deadline = b"", time.monotonic() + 30
    while time.monotonic() < deadline:
        if not select.select([main], [], [], 0.5)[0]:
            continue
        try:
            piece = os.read(main, 65536)
        except OSError:  # as Linux says that the other side is closed
            break
        if not piece:
            break
        shown += piece
    os.close(main)
    return shown, command.wait(30)


def plain(shown):
    return re.sub(rb"\x1b\[[0-9;]*m", b"", shown).decode()


def width(line):
    """Columns of a line of the golden files, whose wide characters are these."""
    return sum(2 if char in "数える" else 1 for char in line)


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
@pytest.mark.parametrize("columns", [80, 160])
def test_tables_fit_the_terminal(command, columns):
    shown, status = terminal(*command, columns=columns)
    lines = plain(shown).splitlines()
    assert status == 0 and len(lines) > 5
    assert max(map(width, lines)) <= columns
    if columns == 160:
        assert not any("..." in line for line in lines)
    piped = subprocess.run([str(TOOL), *map(str, command)], capture_output=True, text=True)
    assert len(piped.stdout.splitlines()) == len(lines)


def test_long_labels_are_cut_at_their_beginning():
    shown, _ = terminal("top", TREE, columns=80)
    cut = [line for line in plain(shown).splitlines() if "..." in line]
    assert cut and all(width(line) == 80 and line[-1] in ")}" for line in cut)


def test_columns_and_width():
    narrow, _ = terminal("path", TREE, columns=160, COLUMNS="60")
    assert max(map(width, plain(narrow).splitlines()[2:])) <= 60
    for other in ({"COLUMNS": "0"}, {"COLUMNS": "many"}, {}):
        assert terminal("path", TREE, columns=60, **other)[0] == narrow
    given, _ = terminal("path", "--width", "60", TREE, columns=160, COLUMNS="70")
    assert given == narrow
    unlimited, _ = terminal("path", "--width", "0", TREE, columns=60)
    assert b"..." not in unlimited


def test_colours():
    coloured, _ = terminal("top", TREE)
    assert b"\x1b[31m" in coloured and b"\x1b[1m" in coloured
    expected = plain(coloured).encode()
    assert expected != coloured
    assert terminal("top", TREE, NO_COLOR="1")[0] == expected
    assert terminal("top", TREE, NO_COLOR="")[0] == coloured
    assert terminal("top", TREE, TERM="dumb")[0] == expected
    assert terminal("top", "--color", "never", TREE)[0] == expected
    assert terminal("top", "--color", "always", TREE, NO_COLOR="1")[0] == coloured


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_pipes_get_colours_only_when_told(command):
    def run(*more):
        words = [str(TOOL), *map(str, [command[0], *more, *command[1:]])]
        return subprocess.run(words, capture_output=True, env={"TERM": "xterm"}).stdout

    assert b"\x1b" not in run()
    assert b"\x1b" in run("--color", "always")
    assert plain(run("--color", "always")).encode() == run()
    for form in "csv", "json", "jsonl", "md":
        text = run("--color", "always", "--format", form)
        assert b"\x1b" not in text, form


@pytest.fixture
def pager(tmp_path):
    """A pager that shows what it got, and can be told from none."""
    script = tmp_path / "pager"
    script.write_text("#!/bin/sh\necho '<paged>'\ncat\necho '</paged>'\n")
    script.chmod(0o755)
    return str(script)


def test_pager_for_what_is_taller(pager):
    bare, _ = terminal("top", TREE, PAGER=pager)
    height = bare.count(b"\n")
    for rows in height, 5:
        paged, status = terminal("top", TREE, rows=rows, PAGER=pager)
        assert paged == b"<paged>\n" + bare + b"</paged>\n"
        assert status == 0
    # A line is left for the prompt that follows.
    for rows in height + 1, 0:
        assert terminal("top", TREE, rows=rows, PAGER=pager)[0] == bare
    for options, environment in (["--no-pager"], {"PAGER": pager}), ([], {"PAGER": ""}), ([], {"PAGER": "cat"}):
        assert terminal("top", *options, TREE, rows=5, **environment)[0] == bare
    help_text, _ = terminal("help", rows=5, PAGER=pager)
    assert help_text.startswith(b"<paged>\nusage: traceprof")
    assert terminal("help", "--no-pager", rows=5, PAGER=pager)[0].startswith(b"usage: traceprof")


def test_no_pager_in_a_pipe(pager):
    result = subprocess.run(
        [str(TOOL), "top", str(TREE)], capture_output=True, text=True, env={"PAGER": pager, "PATH": PATH}
    )
    assert "<paged>" not in result.stdout


def test_a_pager_that_does_not_exist_costs_nothing():
    bare, _ = terminal("top", TREE)
    shown, status = terminal("top", TREE, rows=5, PAGER="no-such-pager-anywhere")
    assert shown.endswith(bare) and status == 0


def test_leaving_the_pager_early_is_no_error():
    shown, status = terminal("top", TREE, rows=5, PAGER="head -n 1")
    assert (shown.count(b"\n"), status) == (1, 0)


def test_status_of_a_rule_passes_through_the_pager(pager):
    rule = ["-f", "calls > 0", TREE]
    shown, status = terminal("check", *rule, rows=5, PAGER=pager)
    assert shown.startswith(b"<paged>") and status == 1


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_closed_pipe_and_full_device(command):
    words = [str(TOOL), *map(str, command)]
    reader, writer = os.pipe()
    os.close(reader)
    # As a shell leaves it: Python ignores the signal, and children would inherit that.
    result = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, restore_signals=True)
    os.close(writer)
    assert (result.stderr, result.returncode) == (b"", 0)
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    with open("/dev/full", "w") as full:
        result = subprocess.run(words, stdout=full, stderr=subprocess.PIPE)
    assert result.stderr == b"traceprof: cannot write: No space left on device\n"
    assert result.returncode == 3


def test_closed_pipe_in_the_middle(tmp_path):
    """More than a pipe holds, to a reader that takes a little of it."""
    path = tmp_path / "many.prof"
    path.write_bytes(marshal.dumps({("f.py", n, "f"): (1, 1, 0.0, 0.0, {}) for n in range(20000)}))
    command = subprocess.Popen([str(TOOL), "top", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    command.stdout.read(10)
    command.stdout.close()
    assert command.wait(30) == 0
    assert command.stderr.read() == b""
    command.stderr.close()


HOSTILE = [
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "two\nlines\r\n", "tab\t", "nul\0", "\x7f\x9b1m",
    "right\u202eleft", "\u2066isolate\u2069", "mark\u061c\u200f", "joined\u200d\u2060", "bom\ufeff",
    "lone\udc80\ud83d", "pipe|`code`*_[]()<b>", 'quo"te,comma;', "=1+1", "'single'", "back\\slash\\n",
    "é\u0301", "数" * 50, "\U0001f600", "long" * 2500, "", " ", "</script>", "%s%n",
]  # fmt: skip
FORBIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


@pytest.fixture
def hostile(tmp_path):
    """Hostile names and files, in a profile with edges and in the tree behind it."""
    labels = [(file, n, name) for n, (file, name) in enumerate(zip(HOSTILE, reversed(HOSTILE)))]
    rows = {}
    for n, label in enumerate(labels):
        callers = {labels[n - 1]: (2, 1, 0.25, 1.0)} if n else {}
        rows[label] = (1, 2, 0.5, len(labels) - n + 0.5, callers)
    count = len(labels)
    pack = lambda kind, values: struct.pack(f"<{count}{kind}", *values)  # noqa: E731
    thread = {
        "name": "thread\x1b[2J\u202e\n", "id": 2**63 - 1, "function": pack("I", range(count)),
        "parent": pack("I", [0xFFFFFFFF, *range(count - 1)]), "calls": pack("Q", [2] * count),
        "nested_calls": pack("Q", [0] * count),
        "inclusive_ticks": pack("q", [1000 - n for n in range(count)]),
    }  # fmt: skip
    extension = {
        "traceprof": (1, 0), "unit": 0.001, "threads": [thread],
        "properties": {"command": "\x1b[31mred\n", "prop\x1b\u202e": "x", "clock": "\ud800"},
    }  # fmt: skip
    path = tmp_path / "hostile\x1b[31m.prof"
    path.write_bytes(marshal.dumps(rows) + marshal.dumps(extension))
    return path


def hostile_commands(path):
    return [
        ["top", path], ["callers", path], ["callees", path], ["tree", "--min", "0", path],
        ["tree", "--min", "0", "--invert", "-d", "2", path], ["path", path], ["peek", ".", path],
        ["diff", EDGES, path], ["diff", "--tree", OLDER, path],
    ]  # fmt: skip


def output(command, *more):
    result = subprocess.run([str(TOOL), *map(str, command), *more], capture_output=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, b"")
    return result.stdout


@pytest.mark.parametrize("options", [[], ["--width", "80"], ["--format", "md"]], ids=str)
def test_hostile_names_reach_no_terminal(hostile, options):
    extra = [] if options else [["info", hostile]]
    for command in hostile_commands(hostile) + extra:
        text = output(command, *options).decode("utf-8")
        assert not FORBIDDEN.search(text), command
    shown, status = terminal("info", hostile, "--no-pager")
    assert status == 0 and b"\x1b" not in shown


def test_hostile_names_of_files_in_messages(tmp_path):
    bad = tmp_path / "\x1b[31mbad\n.prof"
    bad.write_bytes(b"x")
    for words in ["top", bad], ["top", str(bad) + "x"], ["path", bad], ["merge", "-o", "/dev/null", bad, bad]:
        result = subprocess.run([str(TOOL), *map(str, words)], capture_output=True)
        assert result.returncode == 3
        assert b"\x1b" not in result.stderr and result.stderr.count(b"\n") == 1
        assert b"\\x1b[31mbad\\n.prof" in result.stderr


def names_of_rows(rows, prefix=""):
    return [(row[prefix + "file"], int(row[prefix + "line"]), row[prefix + "name"]) for row in rows]


def test_json_and_csv_hold_the_same_names(hostile):
    labels = {(file, n, name) for n, (file, name) in enumerate(zip(HOSTILE, reversed(HOSTILE)))}
    for command in hostile_commands(hostile):
        rows = json.loads(output(command, "--format", "json"))
        lines = output(command, "--format", "jsonl").decode("utf-8").split("\n")
        assert [json.loads(line) for line in lines[:-1]] == rows and lines[-1] == ""
        text = output(command, "--format", "csv").decode("utf-8", "surrogatepass")
        table = list(csv.DictReader(io.StringIO(text, newline="")))
        assert names_of_rows(table) == names_of_rows(rows)
        assert all(None not in row and None not in row.values() for row in table)
        assert list(table[0]) == list(rows[0])
        if command[0] in ("top", "peek"):
            assert set(names_of_rows(rows)) == labels


def test_numbers_at_their_limits_are_valid_json(tmp_path):
    path = tmp_path / "big.prof"
    big = 2**63 - 1
    rows = {("f.py", n, "f"): (big, big, 1.7e308, 1.7e308, {("f.py", 0, "f"): (big, big, 1e308, 1e308)})
            for n in range(3)}  # fmt: skip
    path.write_bytes(marshal.dumps(rows))

    def refuse(text):
        raise AssertionError(f"{text} is not JSON")

    for command in ["top", path], ["callers", path], ["tree", path], ["diff", EDGES, path], ["peek", "f", path]:
        for unit in "s", "ns":
            text = output(command, "--format", "json", "--unit", unit)
            assert json.loads(text, parse_constant=refuse) is not None


def test_deep_trees_are_not_indented_without_end(tmp_path):
    """Two functions that call each other: blanks would be the square of the depth."""
    depth = 20000
    rows = {("f.py", n, "f"): (1, depth // 2, 1.0, 1.0, {}) for n in range(2)}
    pack = lambda kind, values: struct.pack(f"<{depth}{kind}", *values)  # noqa: E731
    thread = {
        "name": "", "id": 1, "function": pack("I", [n % 2 for n in range(depth)]),
        "parent": pack("I", [0xFFFFFFFF, *range(depth - 1)]), "calls": pack("Q", [1] * depth),
        "nested_calls": pack("Q", [0] * depth),
        "inclusive_ticks": pack("q", range(2 * depth, depth, -1)),
    }  # fmt: skip
    extension = {"traceprof": (1, 0), "unit": 1e-9, "properties": {}, "threads": [thread]}
    path = tmp_path / "deep.prof"
    path.write_bytes(marshal.dumps(rows) + marshal.dumps(extension))
    text = output(["tree", path])
    assert text.count(b"f.py") == depth
    assert max(map(len, text.splitlines())) < 300


def test_standard_input_may_be_a_terminal_only_by_request():
    """No file is an error, and not a wait for what is typed."""
    shown, status = terminal("top")
    assert (shown, status) == (b"traceprof top: no file given; see 'traceprof help top'\n", 2)


def test_a_page_goes_to_pipes_but_to_no_terminal(tmp_path):
    shown, status = terminal("report", "-o", "-", TREE)
    assert status == 2 and b"a page is nothing for a terminal" in shown
    page = subprocess.run([TOOL, "report", "-o", "-", TREE], capture_output=True, check=True).stdout
    assert subprocess.run([TOOL, "report", "-o", tmp_path / "a.html", TREE]).returncode == 0
    assert page == (tmp_path / "a.html").read_bytes() and page.startswith(b"<!doctype html>")


def test_merge_writes_to_pipes_but_to_no_terminal(tmp_path):
    shown, status = terminal("merge", "-o", "-", TREE)
    assert status == 2
    assert shown == b"traceprof merge: a profile is nothing for a terminal; see 'traceprof help merge'\n"
    result = subprocess.run([str(TOOL), "merge", "-o", "-", TREE, OLDER], capture_output=True)
    path = tmp_path / "sum.prof"
    subprocess.run([str(TOOL), "merge", "-o", path, TREE, OLDER], check=True)
    assert path.read_bytes() == result.stdout
    piped = subprocess.run([str(TOOL), "info", "--check", "-"], input=result.stdout, capture_output=True)
    assert piped.returncode == 0 and b"merged            2\n" in piped.stdout

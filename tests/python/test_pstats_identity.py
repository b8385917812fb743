"""Tables and browser print what Python's own pstats prints, to the byte."""

import os
import random
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pstats_cases as cases

BUILD = Path(os.environ.get("TRACEPROF_BUILD", "build"))
TOOL = (BUILD / "traceprof").resolve()
PROFILES = 520
GROUP = 20
COMMANDS = 8

samples_only = pytest.mark.skipif(
    sys.version_info < (3, 15), reason="pstats knows profiles made of samples from Python 3.15 on"
)


def run_tool(*arguments, **options):
    result = subprocess.run([str(TOOL), *arguments], capture_output=True, timeout=60, **options)
    assert (result.stderr, result.returncode) == (b"", 0)
    return result.stdout


def check(paths, command):
    """Both at the same time, each on a processor of its own where there are two."""
    words = [str(TOOL), *cases.arguments_for_tool(paths, command)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        expected = cases.printed_by_python(paths, command)
        printed, error = process.communicate(timeout=60)
    assert (error, process.returncode) == (b"", 0), command
    assert printed == expected, command


def make_files(rng, folder, kind, size, least=1, with_root=None):
    """One file, at times several to be merged."""
    count = max(least, rng.choice([1, 1, 1, 2, 3]))
    return [
        cases.write(cases.make_stats(rng, kind, size, with_root), folder / f"{number} {kind}.prof")
        for number in range(count)
    ]


def size_of(seed, rng):
    return 5000 if seed % 200 == 7 else rng.choice([1, 2, 5, 10, 30, 100])


@pytest.mark.parametrize("first", range(0, PROFILES, GROUP))
@pytest.mark.parametrize("kind", cases.KINDS)
def test_tables_of_random_profiles(tmp_path, kind, first):
    """A third of the profiles is of each kind: with all rows, with callers that have none, with
    numbers of calls alone for callers."""
    for seed in range(first, first + GROUP):
        if cases.KINDS[seed % 3] == kind:
            rng = random.Random(seed)
            paths = make_files(rng, tmp_path, kind, size_of(seed, rng))
            for _ in range(COMMANDS):
                check(paths, cases.make_command(rng))


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory):
    return [cases.write(cases.make_stats(random.Random(1), "plain", 60),
                        tmp_path_factory.mktemp("profiles") / "a b.prof")]


@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize("view", ["stats", "callers", "callees"])
def test_every_key(ordinary, view, strip):
    for key in cases.WORDS:
        check(ordinary, (view, [key], [], strip, False))


@pytest.mark.parametrize(
    "limit", [*cases.NUMBERS, *cases.FRACTIONS, *cases.PATTERNS, *cases.INVALID]
)
def test_every_limit(ordinary, limit):
    check(ordinary, ("stats", ["name"], [limit], False, False))
    check(ordinary, ("callers", [], [limit, "3"], False, False))


def test_every_beginning_of_a_key(ordinary):
    import pstats

    known = pstats.Stats().get_sort_arg_defs()
    beginnings = {word[:size] for word in cases.WORDS for size in range(1, len(word) + 1)}
    for word in sorted(beginnings | {"x", "callsx", "Time", "namen"}):
        if word in known:
            check(ordinary, ("stats", [word], ["1"], False, False))
        else:
            result = subprocess.run(
                [str(TOOL), "top", "--pstats", "-s", word, ordinary[0]],
                capture_output=True,
                text=True,
            )
            assert result.returncode == 2
            assert f"unknown or ambiguous sort key '{word}'" in result.stderr


@pytest.mark.parametrize("key", ["", "time,", ",time", "time,,name", "-1", "0", "2"])
def test_what_is_no_key(ordinary, key):
    result = subprocess.run([str(TOOL), "callers", "--pstats", f"--sort={key}", ordinary[0]],
                            capture_output=True, text=True)
    assert (result.stdout, result.returncode) == ("", 2)


@pytest.mark.parametrize("limit", ["1.1", "-0.1", "inf", "1e3", "-infinity", "9" * 5000])
def test_fractions_out_of_range(ordinary, limit):
    result = subprocess.run([str(TOOL), "top", "--pstats", f"--limit={limit}", ordinary[0]],
                            capture_output=True, text=True)
    assert (result.stdout, result.returncode) == ("", 2)
    assert "not a fraction between 0 and 1" in result.stderr


def test_files_of_two_kinds_are_not_merged(tmp_path):
    f, g = ("f", 1, "f"), ("g", 1, "g")
    times = cases.write({f: (1, 1, 0, 0, {}), g: (1, 1, 0, 0, {f: (1, 1, 0, 0)})}, tmp_path / "a")
    numbers = cases.write({f: (1, 1, 0, 0, {}), g: (1, 1, 0, 0, {f: 1})}, tmp_path / "b")
    result = subprocess.run([str(TOOL), "top", "--pstats", times, numbers],
                            capture_output=True, text=True)
    assert result.stderr == f"traceprof: {numbers}: its callers have no times, others have\n"
    assert (result.stdout, result.returncode) == ("", 3)


def test_sums_beyond_64_bits(tmp_path):
    callers = {("g", 1, "g"): (2**62, 2**62, 0.0, 0.0)}
    for sign in 1, -1:
        stats = {(f"{n}/f", 1, "f"): (sign * 2**62, sign * (2**62 + n), 1e30, 0.0, callers)
                 for n in range(9)} | {("g", 1, "g"): (1, 1, 0, 0, {})}
        path = cases.write(stats, tmp_path / "a")
        for strip in False, True:
            for key in "ncalls", "pcalls":
                check([path, path], ("stats", [key], [], strip, False))
            check([path, path], ("callers", [], [], strip, False))


def test_zeros_keep_their_sign_until_they_are_added(tmp_path):
    f, g = ("a/f", 1, "f"), ("a/g", 1, "g")
    one = cases.write({f: (1, 1, -0.0, -0.0, {})}, tmp_path / "a")
    two = cases.write({g: (1, 1, -0.0, -0.0, {})}, tmp_path / "b")
    for strip in False, True:
        check([one, two], ("stats", [], [], strip, False))


def test_a_file_without_functions(tmp_path):
    path = cases.write({}, tmp_path / "empty")
    result = subprocess.run([str(TOOL), "top", "--pstats", path], capture_output=True, text=True)
    assert result.stderr == f"traceprof: {path}: no functions in the file\n"
    assert (result.stdout, result.returncode) == ("", 3)


@samples_only
def test_samples(tmp_path):
    rng = random.Random(3)
    for number in range(10):
        stats = cases.make_stats(rng, "numbers", 40) | {("__sampled__",): True}
        path = cases.write(stats, tmp_path / str(number))
        for _ in range(10):
            check([path], cases.make_command(rng))


def random_script(rng, paths):
    lines = []
    for _ in range(25):
        view, keys, limits, _, _ = cases.make_command(rng)
        limits += rng.choices(["1.5", "-0.5", "inf"], k=rng.choice([0, 0, 1]))
        lines.append(rng.choice([
            f"{view} {' '.join(limits)}",
            f"{view} {' '.join(limits)}",
            f"{view}\t{' '.join(limits)}\xa0",
            f"sort {' '.join(keys)}",
            f"sort {' '.join(keys)} {rng.choice(['x', 'cum', 'time', '-1'])}",
            f"help {rng.choice(['sort', 'EOF', 'no such', '?'])}",
            "reverse", "strip", "", "", "help", f"?{view}", "? ", "!ls", "%", "statsx", f"{view}.1",
            "stats(1", "é", "add", "read", "EOFx",
            f"read {rng.choice(paths)}", f"add {rng.choice(paths)}", "add /no/such'\"file",
            "read /no/such", "read /", "  read", "help  add ",
        ]))
    ends = ["quit\n", "EOF\n", "EOF", "", "quit", "\r\nquit now\r\n", "stats 1"]
    return "\n".join(lines) + "\n" + rng.choice(ends)


@pytest.mark.parametrize("kind", cases.KINDS)
@pytest.mark.parametrize("seed", range(12))
def test_scripted_sessions(tmp_path, kind, seed):
    rng = random.Random(seed)
    paths = make_files(rng, tmp_path, kind, 12, least=2, with_root=False)
    start = rng.choice([[], paths[:1], paths[:1], paths[:2], ["/no/such"]])
    script = random_script(rng, paths)
    given = script.encode("utf-8", "surrogatepass")
    assert run_tool("browse", *start, input=given) == cases.browse_python(start, script), script


def test_every_help(ordinary):
    names = "EOF add callees callers help quit read reverse sort stats strip other".split()
    script = "help\n?\n" + "".join(f"help {name}\n?{name}\n" for name in names)
    assert run_tool("browse", input=script.encode()) == cases.browse_python([], script)


def test_callees_are_not_found_again_when_rows_are_added(tmp_path):
    """An oddity of pstats, kept: its table of callees is made once."""
    f, g = ("f", 1, "f"), ("g", 1, "g")
    one = cases.write({f: (1, 1, 0, 0, {}), g: (1, 1, 0, 0, {f: (1, 1, 0, 0)})}, tmp_path / "a")
    two = cases.write({g: (1, 1, 0, 0, {}), f: (1, 1, 0, 0, {g: (1, 1, 0, 0)})}, tmp_path / "b")
    for end in "callees", "strip\ncallees", "read\ncallees":
        script = f"callees\nadd {two}\ncallees\n{end}\n"
        assert run_tool("browse", one, input=script.encode()) == cases.browse_python([one], script)


@samples_only
def test_browser_on_samples(tmp_path):
    stats = cases.make_stats(random.Random(3), "numbers", 40, False) | {("__sampled__",): True}
    path = cases.write(stats, tmp_path / "samples")
    keys = "samples nsamples psamples calls ncalls cum cumtime cumulative line nfl time stdname"
    script = "".join(f"sort {key}\nstats 3\ncallers 2\n" for key in keys.split())
    assert run_tool("browse", path, input=script.encode()) == cases.browse_python([path], script)


@pytest.mark.parametrize("content", [b"", b"text", b"[", b"i\0\0\0\0"])
def test_browser_on_what_is_no_profile(tmp_path, content):
    """Where Python names an exception of its own; see the list in tools/browse.c."""
    path = tmp_path / "bad"
    path.write_bytes(content)
    printed = run_tool("browse", input=f"read {path}\nstats\nquit\n".encode()).decode().splitlines()
    assert re.fullmatch(r"% ValueError: .+ \(at byte \d+\)", printed[1])
    assert printed[2:] == ["% No statistics object is loaded.", "% Goodbye."]


def test_browser_goes_on_after_a_bad_add(tmp_path, ordinary):
    path = tmp_path / "bad"
    path.write_bytes(b"text")
    script = f"add {path}\nstats 1\n".encode()
    good = run_tool("browse", *ordinary, input=b"stats 1\n")
    lines = run_tool("browse", *ordinary, input=script).splitlines(keepends=True)
    assert lines.pop(1).split(b"% ", 1)[1].startswith(b"ValueError: ")
    assert b"".join(lines) == good


def read_until(terminal, text, seconds=10):
    got, end = b"", time.monotonic() + seconds
    while text not in got and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            got += os.read(terminal, 4096)
    assert text in got
    return got


def test_keys_commands_and_files_are_completed_on_a_terminal(ordinary):
    if not re.search(rb"lib(edit|readline)\.", TOOL.read_bytes()):
        pytest.skip("built without a library for line editing: none was found")
    import pty

    folder = Path(ordinary[0]).parent
    cases.write(cases.make_stats(random.Random(2), "plain", 5), folder / "only.prof")
    controller, terminal = pty.openpty()
    environment = os.environ | {"TERM": "xterm"}
    process = subprocess.Popen([str(TOOL), "browse", ordinary[0]], stdin=terminal, stdout=terminal,
                               stderr=terminal, env=environment)
    os.close(terminal)
    try:
        read_until(controller, b"% ")
        os.write(controller, b"sort cum\t")
        time.sleep(0.2)
        os.write(controller, b"u\t")
        read_until(controller, b"lative")
        os.write(controller, b"\nsta\t")
        read_until(controller, b"ts ")
        os.write(controller, b" 1\n")
        read_until(controller, b"Ordered by: cumulative time")
        os.write(controller, f"read {folder}/onl\t".encode())
        read_until(controller, b"y.prof")
        os.write(controller, b"\n")
        read_until(controller, f"{folder}/only.prof% ".encode())
        os.write(controller, b"qu\t\n")
        read_until(controller, b"Goodbye.")
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        os.close(controller)

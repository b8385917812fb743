"""traceprof tui in a terminal, which is tmux: keys are typed, screens are compared.

A file in tests/golden/tui is a case: steps, each with the screen that it leads to. `=== start 80x24 WORDS` runs
`traceprof tui WORDS` in tests/golden/good, `=== keys WORDS` types (words are those of tmux send-keys), `=== size
200x60` changes the terminal. With TRACEPROF_UPDATE_GOLDEN=1 the screens are rewritten, to be looked at before they
are committed.
"""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

import ctraceprof

TOOL = (Path(os.environ.get("TRACEPROF_BUILD", "build")) / "traceprof").resolve()
GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(GOLDEN.glob("tui/*.txt"))
UPDATE = os.environ.get("TRACEPROF_UPDATE_GOLDEN") == "1"
PATIENCE = 20  # seconds, on a machine that has much else to do

# What `make asan` has to say to the programs it made.
SANITIZERS = ["ASAN_OPTIONS", "LD_PRELOAD"]

# Around the tool: what was there before, how it ended, and whether the terminal is as it was.
WRAPPER = """
trap : INT
echo before
sh -c 'echo $$ > "$PID_FILE"; exec "$@"' sh "$@"
echo "status $?"
stty -a | tr ' ;' '\\n\\n' | grep -x -e '-*echo' -e '-*icanon'
exec sleep 1000
"""
BEHIND = "before\nstatus {}\nicanon\necho"


def is_built_with_ncurses():
    """Said by the tool itself, if it has a terminal."""
    with Terminal(80, 24, [str(TOOL), "tui", str(GOLDEN / "good" / "cprofile-3.13.prof")]) as terminal:
        return "built without ncurses" not in terminal.wait(lambda text: text.count("\n") > 1)


class Terminal:
    """A tmux server of its own, with one pane in which a command runs."""

    def __init__(self, columns, lines, command, cwd=None, term="screen", **environment):
        # Not in pytest's folders: the name of a socket must be short.
        self.folder = Path(tempfile.mkdtemp(prefix="tp-tui-"))
        self.pid_file = self.folder / "pid"
        config = self.folder / "conf"
        config.write_text(f"set -g status off\nset -g default-terminal {term}\nset -s escape-time 0\n")
        self.environment = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm",
            "PID_FILE": str(self.pid_file),
            **{name: os.environ[name] for name in SANITIZERS if name in os.environ},
            **environment,
        }
        self.tmux(
            "-f", str(config), "new-session", "-d", "-x", str(columns), "-y", str(lines),
            shlex.join(["sh", "-c", WRAPPER, "wrapper", *command]), cwd=cwd,
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(self.command("kill-server"), capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *words):
        return ["tmux", "-u", "-S", str(self.folder / "socket"), *words]

    def tmux(self, *words, cwd=None):
        result = subprocess.run(
            self.command(*words), env=self.environment, cwd=cwd, capture_output=True, timeout=60
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.decode()

    def keys(self, *words):
        self.tmux("send-keys", *words)

    def resize(self, columns, lines):
        self.tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def screen(self, *options):
        lines = self.tmux("capture-pane", "-p", *options).split("\n")
        return "\n".join(line.rstrip() for line in lines).rstrip("\n")

    def wait(self, wanted, *options):
        """The screen once it is what is wanted, or the last one there was."""
        end = time.monotonic() + PATIENCE
        while not wanted(screen := self.screen(*options)) and time.monotonic() < end:
            time.sleep(0.03)
        return screen

    def settled(self):
        before, after = None, self.screen()
        while before != after:
            time.sleep(0.5)
            before, after = after, self.screen()
        return after

    def pid(self):
        return int(self.pid_file.read_text())


@pytest.fixture(scope="module", autouse=True)
def needed():
    if not shutil.which("tmux"):
        pytest.skip("there is no tmux here")
    if not is_built_with_ncurses():
        pytest.skip("the tool was built without ncurses")


def tui(*words, size=(80, 24), **options):
    return Terminal(*size, [str(TOOL), "tui", *map(str, words)], **options)


def size_of(word):
    return tuple(map(int, word.split("x")))


def steps_of(text):
    """[(words, screen)]"""
    assert text.startswith("=== start ")
    steps = []
    for part in text[len("=== ") :].split("\n=== "):
        line, _, screen = part.partition("\n")
        steps.append((shlex.split(line), line, screen.rstrip("\n")))
    return steps


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_screens(path):
    steps = steps_of(path.read_text(encoding="utf-8"))
    (start, line, _), seen = steps[0], []
    with tui(*start[2:], size=size_of(start[1]), cwd=GOLDEN / "good") as terminal:
        for (verb, *words), line, expected in steps:
            if verb == "keys":
                terminal.keys(*words)
            elif verb == "size":
                terminal.resize(*size_of(words[0]))
            actual = terminal.settled() if UPDATE else terminal.wait(lambda text: text == expected)
            seen.append(f"=== {line}\n{actual}\n")
    if UPDATE:
        assert "CI" not in os.environ, "a build must not write what it is judged by"
        path.write_text("".join(seen), encoding="utf-8")
    assert "".join(seen) == path.read_text(encoding="utf-8")


SAMPLE = GOLDEN / "good" / "ctraceprof-3.13.prof"


def is_shown(screen):
    return "functions by" in screen


def behind(status):
    return lambda screen: screen == BEHIND.format(status)


def test_leaving_gives_the_screen_back():
    with tui(SAMPLE) as terminal:
        terminal.wait(is_shown)
        terminal.keys("j", "q")
        assert terminal.wait(behind(0)) == BEHIND.format(0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_screen_back(number):
    with tui(SAMPLE) as terminal:
        terminal.wait(is_shown)
        os.kill(terminal.pid(), number)
        last = terminal.wait(lambda text: f"status {128 + number}" in text and "echo" in text)
        assert last.splitlines()[0] == "before" and last.splitlines()[-3:] == [
            f"status {128 + number}", "icanon", "echo"
        ]  # fmt: skip


def test_control_c_gives_the_screen_back():
    with tui(SAMPLE) as terminal:
        terminal.wait(is_shown)
        terminal.keys("C-c")
        last = terminal.wait(lambda text: "status 130" in text and "echo" in text)
        assert last.splitlines()[0] == "before" and last.splitlines()[-3:] == [
            "status 130", "icanon", "echo"
        ]  # fmt: skip


def record(tmp_path, name="source file.py"):
    """A profile of a function in a file of that name, at line 3."""
    source = tmp_path / name
    source.write_text("\n\ndef work():\n    return sum(range(1000))\nwork()\n", encoding="utf-8")
    profile = ctraceprof.Profile()
    profile.runctx(compile(source.read_text(encoding="utf-8"), str(source), "exec"), {}, {})
    profile.dump_stats(str(tmp_path / "made.prof"))
    return source, tmp_path / "made.prof"


def editor(tmp_path, ending=""):
    """A script for $EDITOR that keeps its arguments."""
    script = tmp_path / "editor"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/words.new"\n'
                      f'mv "{tmp_path}/words.new" "{tmp_path}/words"\n{ending}\n')  # fmt: skip
    script.chmod(0o755)
    return script


def words_given(tmp_path):
    end = time.monotonic() + PATIENCE
    while not (tmp_path / "words").exists() and time.monotonic() < end:
        time.sleep(0.03)
    return (tmp_path / "words").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", ["source file.py", "$(touch hurt);'\".py", "Übung.py"])
def test_the_editor_opens_the_line(tmp_path, name):
    source, profile = record(tmp_path, name)
    with tui(profile, cwd=tmp_path, EDITOR=f"'{editor(tmp_path)}' -x") as terminal:
        before = terminal.wait(is_shown)
        terminal.keys("/", r"\(work", "Enter", "O")
        assert words_given(tmp_path) == ["-x", "+3", str(source)]
        assert not (tmp_path / "hurt").exists()
        after = terminal.wait(is_shown)
        assert after.splitlines()[0] == before.splitlines()[0]
        terminal.keys("q")
        assert terminal.wait(behind(0)) == BEHIND.format(0)


def test_visual_goes_before_editor(tmp_path):
    _, profile = record(tmp_path)
    with tui(profile, VISUAL=str(editor(tmp_path, "exit 3")), EDITOR="false") as terminal:
        terminal.wait(is_shown)
        terminal.keys("/", r"\(work", "Enter", "O")
        assert words_given(tmp_path)[0] == "+3"
        last = terminal.wait(lambda text: "ended with status" in text).splitlines()[-1]
        assert last == "the editor ended with status 3"


def test_a_source_that_is_gone_is_said(tmp_path):
    source, profile = record(tmp_path)
    source.unlink()
    with tui(profile, EDITOR=str(editor(tmp_path))) as terminal:
        terminal.wait(is_shown)
        terminal.keys("/", r"\(work", "Enter", "O")
        last = terminal.wait(lambda text: "No such file" in text).splitlines()[-1]
        wanted = f"No such file or directory: {source}"
        assert last == wanted[:80] and not (tmp_path / "words").exists()
        terminal.keys("/", "sum", "Enter", "O")
        last = terminal.wait(lambda text: "built in" in text).splitlines()[-1]
        assert last == "built in: it has no source in Python"


def test_names_are_escaped_and_cut(tmp_path):
    """A name that would clear the screen, one that is wide, and one that is long."""
    profile = ctraceprof.Profile()
    names = ["\x1b[2J\x1b[H\x07gone", "日本語" * 20, "x" * 500]
    for name in names:
        code = compile("pass", name, "exec")
        profile.runctx(code, {}, {})
    profile.dump_stats(str(tmp_path / "made.prof"))
    with tui(tmp_path / "made.prof") as terminal:
        screen = terminal.wait(is_shown)
        assert "\\x1b[2J\\x1b[H\\x07gone" in screen and "日本語:1(<module>)" in screen
        assert "functions by cum" in screen.splitlines()[14]
        # A wide character takes two columns.
        wide = [sum(2 if ord(c) > 0x2E80 else 1 for c in line) for line in screen.splitlines()]
        assert max(wide) <= 80


def test_a_folder_gives_way_to_figures(tmp_path):
    deep = tmp_path / ("folder" * 12) / "a.prof"
    deep.parent.mkdir()
    shutil.copy(GOLDEN / "good" / "cprofile-3.13.prof", deep)
    with tui(deep) as terminal:
        screen = terminal.wait(is_shown)
        assert screen.startswith("a.prof: 72 calls (52 primitive) of 26 functions in 80.0 us")
        terminal.resize(250, 24)
        assert terminal.wait(lambda text: text.startswith(str(deep))).startswith(f"{deep}: 72 calls")


def test_colours_and_their_absence():
    with tui(SAMPLE) as terminal:
        assert "\x1b[31m" in terminal.wait(lambda text: "\x1b[31m" in text, "-e")
    with tui(SAMPLE, NO_COLOR="1") as terminal:
        assert "\x1b[31m" not in terminal.wait(is_shown, "-e")
    with tui("--color", "never", SAMPLE) as terminal:
        assert "\x1b[31m" not in terminal.wait(is_shown, "-e")


def test_bars_are_what_the_locale_can_say():
    with tui(SAMPLE) as terminal:
        assert "█" in terminal.wait(is_shown)
    with tui(SAMPLE, LC_ALL="C") as terminal:
        screen = terminal.wait(is_shown)
        assert "##" in screen and "█" not in screen
    with tui("--bars", "never", SAMPLE) as terminal:
        screen = terminal.wait(is_shown)
        assert "##" not in screen and "█" not in screen


@pytest.mark.parametrize("command", ["top", "tree"])
def test_tables_have_bars_on_a_terminal(command):
    def table(*words, columns=80, **environment):
        run = [str(TOOL), command, "--no-pager", *words, str(SAMPLE)]
        with Terminal(columns, 60, run, **environment) as terminal:
            return terminal.wait(lambda text: "status 0" in text)

    assert "█" in table(columns=120)
    assert ("█" in table()) == (command == "tree")  # there the numbers need the room
    assert "█" in table("--bars", "always")
    assert "█" not in table("--bars", "never", columns=120)
    signs = table(columns=120, LC_ALL="POSIX")
    assert "####" in signs and "█" not in signs


def test_terminals_too_small():
    with tui(SAMPLE, size=(20, 5)) as terminal:
        assert terminal.wait(lambda text: "too small" in text) == "too small: 50 x 10 a"
        terminal.keys("j", "Tab", "f")
        terminal.resize(80, 24)
        assert "functions by cum" in terminal.wait(is_shown)
        terminal.resize(1, 1)
        terminal.resize(60, 12)
        assert is_shown(terminal.wait(is_shown))


@pytest.mark.parametrize(
    "term, message",
    [
        ("dumb", "cannot draw on the terminal that TERM names: 'dumb'"),
        ("no-such-terminal", "cannot draw on the terminal that TERM names: 'no-such-terminal'"),
    ],
)
def test_terminals_that_cannot(term, message):
    with Terminal(80, 24, ["env", f"TERM={term}", str(TOOL), "tui", str(SAMPLE)]) as terminal:
        screen = terminal.wait(lambda text: "echo" in text)
    assert screen == f"before\ntraceprof tui: {message}\nstatus 2\nicanon\necho"


def test_no_terminal_at_all():
    result = subprocess.run([str(TOOL), "tui", str(SAMPLE)], capture_output=True, text=True,
                            stdin=subprocess.DEVNULL, timeout=60)  # fmt: skip
    assert (result.returncode, result.stdout) == (2, "")
    assert "input and output must be a terminal" in result.stderr


def test_the_package_goes_without():
    """The extension's tool is built without ncurses, whose state would be the interpreter's too."""
    import sys

    program = "import sys; from ctraceprof import _tool; sys.exit(_tool.run([*map(str.encode, sys.argv)]))"
    command = [sys.executable, "-c", program, "tui", str(SAMPLE)]
    with Terminal(120, 24, command, PYTHONPATH=os.environ.get("PYTHONPATH", "")) as terminal:
        screen = terminal.wait(lambda text: "echo" in text)
    assert "built without ncurses" in screen and "status 2" in screen

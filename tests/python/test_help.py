"""Help, manual page and completions: all say the same, and the tools that read them have no complaint."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOOL = (Path(os.environ.get("TRACEPROF_BUILD", "build")) / "traceprof").resolve()
SHELLS = ["bash", "zsh", "fish"]


def tool(*words):
    result = subprocess.run([str(TOOL), *words], capture_output=True, text=True, timeout=60)
    assert result.stderr == ""
    return result.stdout


def commands():
    return re.findall(r"^  (\w+)  ", tool("help"), re.M)


def options_of(command):
    """[(letter or None, name)] as the command's help has them."""
    found = re.findall(r"^  (?:-(\w), |    )--([\w-]+)", tool("help", command), re.M)
    return [(letter or None, name) for letter, name in found]


def need(program):
    if not shutil.which(program):
        pytest.skip(f"there is no {program} here")
    return program


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "traceprof.1"
    path.write_text(tool("help", "--man"), encoding="utf-8")
    return path


def test_there_are_commands_with_options():
    assert len(commands()) == 17
    assert ("n", "limit") in options_of("top") and (None, "collapse-lib") in options_of("merge")
    for command in commands():
        assert options_of(command)[-1] == ("h", "help")


def test_lines_fit():
    for command in commands():
        wide = 88 if command == "browse" else 80  # its words are those of the prompt it describes
        assert max(map(len, tool("help", command).splitlines())) <= wide
    assert max(map(len, tool("help").splitlines())) <= 80


def test_mandoc_has_no_complaint(page):
    command = [need("mandoc"), "-T", "lint", "-W", "warning", page]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.stdout + result.stderr, result.returncode) == ("", 0)


def test_man_has_no_complaint(page):
    command = [need("man"), "--warnings", "-l", str(page)]
    environment = {**os.environ, "MANWIDTH": "80", "MANPAGER": "cat", "LC_ALL": "C.UTF-8"}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    if "--warnings" in result.stderr:
        pytest.skip("this man has no --warnings")
    assert (result.stderr, result.returncode) == ("", 0)
    assert "traceprof - read, compare and check profiles" in re.sub(r".\x08", "", result.stdout)


def test_manual_has_every_option(page):
    text = page.read_text(encoding="utf-8").replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
    shared = text[text.index("OPTIONS OF MANY COMMANDS") :]
    for command in commands():
        own = text[text.index(f".SS traceprof {command} ") :].split("\n.SS", 1)[0]
        for letter, name in options_of(command):
            line = (f"-{letter}, " if letter else "") + f"--{name}"
            assert line in own or line in shared, (command, name)


def script(shell):
    return tool("completions", shell)


@pytest.mark.parametrize("shell", SHELLS)
def test_completions_are_valid(shell, tmp_path):
    path = tmp_path / "completions"
    path.write_text(script(shell), encoding="utf-8")
    result = subprocess.run([need(shell), "-n", path], capture_output=True, text=True)
    assert (result.stdout, result.stderr, result.returncode) == ("", "", 0)


@pytest.mark.parametrize("shell", SHELLS)
def test_completions_have_every_option(shell):
    text = script(shell)
    for command in commands():
        if shell == "bash":
            (own,) = re.findall(rf'^        {command}\) COMPREPLY=\(\$\(compgen -W "([^"]*)"', text, re.M)
            assert own.split() == [
                word for letter, name in options_of(command)
                for word in ([f"--{name}", f"-{letter}"] if letter else [f"--{name}"])
            ]  # fmt: skip
        elif shell == "zsh":
            own = re.search(rf"^    {command}\)\n(.*?);;$", text, re.M | re.S)[1]
            for letter, name in options_of(command):
                assert re.search(rf"'\*--{name}=?\[", own), (command, name)
                assert letter is None or re.search(rf"'\*-{letter}\+?\[", own), (command, letter)
        else:
            own = [line for line in text.splitlines() if f"__fish_seen_subcommand_from {command}'" in line]
            for letter, name in options_of(command):
                (line,) = [line for line in own if f" -l {name} " in line]
                assert letter is None or f" -s {letter} " in line


@pytest.fixture
def complete(tmp_path):
    """complete(words...): what bash offers for the last of them, in a folder with two files."""
    (tmp_path / "a.prof").touch()
    (tmp_path / "with blank.prof").touch()
    (tmp_path / "completions").write_text(script("bash"), encoding="utf-8")

    def complete(*words):
        code = (
            'source ./completions; COMP_WORDS=(traceprof "$@"); COMP_CWORD=$#; _traceprof; '
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        result = subprocess.run(
            [need("bash"), "--norc", "-c", code, "bash", *words],
            capture_output=True, text=True, cwd=tmp_path,
        )  # fmt: skip
        assert (result.stderr, result.returncode) == ("", 0)
        return [line for line in result.stdout.splitlines() if line]

    return complete


def test_bash_completes(complete):
    files = {"a.prof", "completions", "with blank.prof"}
    assert complete("ca") == ["callers", "callees"]
    assert set(complete("")) == {*commands(), *files, "--help", "--version"}
    assert complete("--v") == ["--version"]
    assert complete("top", "--so") == ["--sort"]
    assert complete("top", "--format", "j") == ["json", "jsonl"]
    assert complete("top", "--format", "=", "j") == ["json", "jsonl"]
    assert complete("top", "--format", "=") == "text md csv json jsonl".split()
    assert complete("diff", "--by", "") == ["self", "cum", "calls"]
    assert complete("check", "--report", "ju") == ["junit"]
    assert set(complete("top", "")) == files
    assert complete("top", "a.prof", "with") == ["with blank.prof"]
    assert complete("path", "--by", "") != ["self", "cum", "calls"]
    assert complete("help", "me") == ["merge"]
    assert complete("completions", "") == SHELLS
    assert complete("merge", "--nothing") == []


def test_zsh_loads_the_function(tmp_path):
    need("zsh")
    (tmp_path / "_traceprof").write_text(script("zsh"), encoding="utf-8")
    code = "fpath=($1 $fpath); autoload -Uz compinit; compinit -u -D; print $_comps[traceprof]"
    result = subprocess.run(
        ["zsh", "-f", "-c", code, "zsh", tmp_path], capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "ZDOTDIR": str(tmp_path)},
    )  # fmt: skip
    assert (result.stdout, result.stderr) == ("_traceprof\n", "")


def test_fish_completes(tmp_path):
    need("fish")
    (tmp_path / "completions").write_text(script("fish"), encoding="utf-8")

    def complete(line):
        code = f"source completions; complete -C '{line}'"
        result = subprocess.run(
            ["fish", "--no-config", "-c", code], capture_output=True, text=True, cwd=tmp_path,
            env={**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
        )  # fmt: skip
        return {word.split("\t")[0] for word in result.stdout.splitlines()}

    assert {"callers", "callees"} <= complete("traceprof cal")
    assert complete("traceprof top --format j") == {"json", "jsonl"}
    assert "--collapse-lib" in complete("traceprof tree --coll")
    assert complete("traceprof completions ") == set(SHELLS)


@pytest.mark.parametrize(
    "words, meant",
    [
        (["tpo"], "'top'"),
        (["callrs"], "'callers'"),
        (["pekk"], "'peek'"),
        (["mrge"], "'merge'"),
        (["help", "dif"], "'diff'"),
        (["helpp"], "'help'"),
        (["top", "--limt", "5"], "'--limit'"),
        (["tree", "--invrt"], "'--invert'"),
        (["tree", "-invert"], "'--invert'"),
        (["diff", "--mintime=3"], "'--min-time'"),
        (["check", "--fail-fi", "x"], "'--fail-if'"),
    ],
)
def test_near_words_are_suggested(words, meant):
    result = subprocess.run([str(TOOL), *words], capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.endswith(f"; did you mean {meant}?\n")


@pytest.mark.parametrize(
    "words", [["x"], ["xyz"], ["profile"], ["top", "--x"], ["top", "--nothing-near"], ["top", "-x"]]
)
def test_nothing_far_is_suggested(words):
    result = subprocess.run([str(TOOL), *words], capture_output=True, text=True)
    assert result.returncode == 2
    assert "did you mean" not in result.stderr and "; see 'traceprof help" in result.stderr
    long = subprocess.run([str(TOOL), "t" * 5000], capture_output=True, text=True)
    assert long.returncode == 2 and "did you mean" not in long.stderr

"""The traceprof command's whole output, byte for byte: a file in tests/golden/cli is a case.

Its first line is the command, run in tests/golden/good; then come standard output, standard error if
there is any, and the exit status. With TRACEPROF_UPDATE_GOLDEN=1 the files are rewritten from their
first lines, to be looked at before they are committed.
"""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

TOOL = (Path(os.environ.get("TRACEPROF_BUILD", "build")) / "traceprof").resolve()
GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(GOLDEN.glob("cli/*.txt"))
UPDATE = os.environ.get("TRACEPROF_UPDATE_GOLDEN") == "1"
PROMPT = "$ traceprof"



def arguments_of(first_line):
    """The words of the command, and the file behind "<" or None."""
    assert first_line.startswith(PROMPT)
    words = shlex.split(first_line[len(PROMPT) :])
    if "<" not in words:
        return words, None
    at = words.index("<")
    return words[:at], words[at + 1]


def transcript(first_line):
    arguments, source = arguments_of(first_line)
    stdin = open(GOLDEN / "good" / source, "rb") if source else subprocess.DEVNULL
    result = subprocess.run(
        [str(TOOL), *arguments], stdin=stdin, capture_output=True, timeout=60, env={},
        cwd=GOLDEN / "good",
    )  # fmt: skip
    if source:
        stdin.close()
    parts = [first_line.encode() + b"\n", result.stdout]
    if result.stderr:
        parts += [b"--- stderr\n", result.stderr]
    parts.append(b"--- status %d\n" % result.returncode)
    return b"".join(parts)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_transcript(path):
    first_line = path.read_bytes().split(b"\n", 1)[0].decode()
    actual = transcript(first_line)
    if UPDATE:
        assert "CI" not in os.environ, "a build must not write what it is judged by"
        path.write_bytes(actual)
    assert actual.decode(errors="backslashreplace") == path.read_bytes().decode(
        errors="backslashreplace"
    )


def help_of(command):
    result = subprocess.run([str(TOOL), "help", command], capture_output=True, text=True)
    return result.stdout


def commands():
    overview = subprocess.run([str(TOOL), "help"], capture_output=True, text=True).stdout
    return re.findall(r"^  (\w+)  ", overview, re.M)


def given_in_cases():
    """{command: options that some case gives it}."""
    given = {}
    for path in CASES:
        words, _ = arguments_of(path.read_text(encoding="utf-8").split("\n", 1)[0])
        options = {word.split("=")[0] for word in words if word.startswith("-") and word != "-"}
        given.setdefault(words[0] if words else "", set()).update(options)
    return given


@pytest.mark.parametrize("command", commands())
def test_every_option_has_a_case(command):
    given = given_in_cases().get(command, set())
    for line in help_of(command).splitlines():
        if option := re.match(r"  (?:(-\w), |    )(--[\w-]+)", line):
            assert option[1] in given or option[2] in given, f"no case gives {command} {option[2]}"


def test_every_format_and_unit_has_a_case():
    lines = [path.read_text(encoding="utf-8").split("\n", 1)[0] for path in CASES]
    for words in "--format text md csv json jsonl", "--unit auto s ms us ns", "--color always never":
        option, *values = words.split()
        for value in values:
            assert any(f"{option} {value}" in line for line in lines), f"{option} {value}"

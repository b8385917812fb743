"""The package's stubs, as type checkers read them."""

import ast
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ctraceprof
from ctraceprof._web.options import Options

PROGRAM = Path(__file__).parent / "typed_uses.py"
STUBS = Path(__file__).parents[2] / "pymod/ctraceprof"
pytestmark = pytest.mark.slow


def expected(checker):
    """Lines that are errors."""
    lines = PROGRAM.read_text().splitlines()
    marks = {n: re.search(r"# E(?: (\w+))?(:|$)", line) for n, line in enumerate(lines, 1)}
    return {n for n, mark in marks.items() if mark and mark[1] in (None, checker)}


def run(*command, **options):
    return subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, timeout=170, **options
    )


def test_mypy(tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed")
    environment = {**os.environ, "MYPYPATH": str(STUBS.parent)}
    result = run(
        "mypy", "--strict", "--cache-dir", str(tmp_path), "--python-version", "3.11", str(PROGRAM),
        env=environment, cwd=tmp_path,
    )  # fmt: skip
    errors = re.findall(r"^(\S+?):(\d+): error: (.*)", result.stdout, re.M)
    assert [e for e in errors if not e[0].endswith(PROGRAM.name)] == []
    assert {int(line) for _, line, _ in errors} == expected("mypy"), result.stdout


def test_pyright(tmp_path):
    pytest.importorskip("pyright", reason="pyright is not installed")
    settings = {
        "include": [PROGRAM.name], "extraPaths": [str(STUBS.parent)], "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
    }  # fmt: skip
    shutil.copy(PROGRAM, tmp_path)
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    result = run("pyright", "--outputjson", "-p", str(tmp_path))
    if not result.stdout.startswith("{"):
        pytest.skip("pyright cannot be had here: " + result.stderr[-200:])
    found = json.loads(result.stdout)["generalDiagnostics"]
    errors = {d["range"]["start"]["line"] + 1 for d in found if d["severity"] == "error"}
    assert errors == expected("pyright"), result.stdout


def options_of(stub, name):
    """The names in a TypedDict of a stub."""
    tree = ast.parse((STUBS / stub).read_text())
    options = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
    return [field.target.id for field in options.body]


def test_the_stub_of_the_decorator_says_what_it_takes():
    parameters = inspect.signature(ctraceprof.profile).parameters.values()
    assert options_of("_decorator.pyi", "_Options") == [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


@pytest.mark.parametrize("face", ["asgi", "wsgi"])
def test_the_stubs_of_the_middlewares_say_what_they_take(face):
    parameters = inspect.signature(Options).parameters.values()
    tree = ast.parse((STUBS / f"{face}.pyi").read_text())
    (init,) = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == "__init__")
    own = [a.arg for a in init.args.kwonlyargs]
    assert own == ["when", "guard", "route"]
    assert {*own, *options_of("_web/options.pyi", "Options")} == {p.name for p in parameters}


def test_the_stub_of_the_package_exports_what_it_does():
    exported = ast.parse((STUBS / "__init__.pyi").read_text())
    listed = next(n for n in exported.body if isinstance(n, ast.Assign)).value
    assert ast.literal_eval(listed) == ctraceprof.__all__

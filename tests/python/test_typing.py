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


def test_the_stub_of_the_decorator_says_what_it_takes():
    tree = ast.parse((STUBS / "_decorator.pyi").read_text())
    stubs = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "profile"]
    signature = inspect.signature(ctraceprof.profile)
    names = [p.name for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
    assert len(stubs) == 4
    for stub in stubs:
        assert [a.arg for a in stub.args.kwonlyargs] == names
        defaults = [ast.literal_eval(d) for d in stub.args.kw_defaults]
        assert defaults == [signature.parameters[n].default for n in names]
    exported = ast.parse((STUBS / "__init__.pyi").read_text())
    listed = next(n for n in exported.body if isinstance(n, ast.Assign)).value
    assert ast.literal_eval(listed) == ctraceprof.__all__

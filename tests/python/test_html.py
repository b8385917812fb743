"""The page from Python: Profile.html(), --html, notebooks. What is on the page is for tests/page."""

import html
import json
import os
import re
import subprocess
import sys
import types

import pytest

import ctraceprof

FIXED = """
def inner(): pass
def outer():
    for _ in range(3): inner()
"""


def data_of(page):
    assert page.startswith("<!doctype html>")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    return json.loads(found[1])


def calls_of(page):
    data = data_of(page)
    names = [data["strings"][i] for i in data["functions"]["name"]]
    return dict(zip(names, data["profiles"][-1]["rows"]["calls"]))


@pytest.fixture
def profile():
    space = {}
    exec(FIXED, space)
    made = ctraceprof.Profile()
    made.runcall(space["outer"])
    return made


def test_html_is_the_page_of_what_was_recorded(profile):
    page = profile.html()
    assert calls_of(page)["inner"] == 3 and calls_of(page)["outer"] == 1
    assert "<title>Profile</title>" in page
    assert page == profile.html()


def test_html_takes_a_title(profile):
    page = profile.html("<b> & \udcff 数")
    assert "<title>&lt;b&gt; &amp; \ufffd 数</title>" in page
    assert data_of(page)["title"] == "<b> & \udcff 数"
    with pytest.raises(TypeError):
        profile.html(title=b"bytes")


def test_html_of_a_profile_that_goes_on():
    profile = ctraceprof.Profile()
    with profile:
        divmod(7, 2)
        assert calls_of(profile.html())["<built-in method builtins.divmod>"] == 1
        divmod(7, 2)
    assert calls_of(profile.html())["<built-in method builtins.divmod>"] == 2


def test_html_of_nothing():
    data = data_of(ctraceprof.Profile().html())
    assert data["profiles"][0]["tree"] == "none" and data["profiles"][0]["threads"] == []


def test_a_notebook_shows_the_page_in_a_sandbox(profile):
    shown = profile._repr_html_()
    found = re.fullmatch(r'<iframe sandbox="allow-scripts" srcdoc="([^"]*)" title="Profile" style="[^"]*"></iframe>', shown)
    assert html.unescape(found[1]) == profile.html()


def run(*arguments, cwd):
    command = [sys.executable, "-m", "ctraceprof", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)


def test_command_line(tmp_path):
    result = run("--html", "page.html", "-c", FIXED + "outer()", cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert calls_of(page)["inner"] == 3
    properties = dict(data_of(page)["profiles"][0]["properties"])
    assert properties["command"] and properties["duration"] > 0
    assert os.listdir(tmp_path) == ["page.html"]


def test_command_line_writes_both(tmp_path):
    result = run("--html", "page.html", "-o", "out.prof", "-c", FIXED + "outer()", cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert sorted(os.listdir(tmp_path)) == ["out.prof", "page.html"]


def test_command_line_says_beforehand_that_it_cannot_write(tmp_path):
    result = run("--html", tmp_path / "no/page.html", "-c", "print('ran')", cwd=tmp_path)
    assert result.returncode == 2 and result.stdout == "" and "cannot write the profile" in result.stderr


@pytest.mark.parametrize("outfile", [(), ("-o", "out.prof")])
def test_command_line_with_subprocesses(tmp_path, outfile):
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum([1])'])"
    result = run("--subprocesses", *outfile, "--html", "page.html", "-c", code, cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    data = data_of((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert len(data["profiles"][0]["processes"]) == 2
    assert sorted(os.listdir(tmp_path)) == sorted(["page.html", *outfile[1:]])


class Shell:
    """As much of IPython's as the magics use."""

    def __init__(self):
        self.magics = {}
        self.user_ns = {"__name__": "__main__"}

    def register_magic_function(self, function, kind, name):
        assert kind == "line_cell"
        self.magics[name] = function

    def transform_cell(self, text):
        return text + "\n"


@pytest.fixture
def ctprof(monkeypatch):
    """The magic, and what it displays, without IPython."""
    shown = []
    display = types.ModuleType("IPython.display")
    display.display = lambda data, raw: shown.append(data)
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    shell = Shell()
    ctraceprof.load_ipython_extension(shell)
    magic = shell.magics["ctprof"]
    return types.SimpleNamespace(run=magic, shown=shown, space=shell.user_ns)


def test_line_magic(ctprof):
    assert ctprof.run("x = sorted('-q \"a\"')") is None
    assert ctprof.space["x"][0] == " "
    (data,) = ctprof.shown
    assert "sorted" in data["text/plain"] and "srcdoc" in data["text/html"]


def test_cell_magic(ctprof, tmp_path, capsys):
    file = tmp_path / "a file.prof"
    profile = ctprof.run(f"-r -q -D '{file}' --no-builtins", FIXED + "outer()")
    assert ctprof.shown == [] and file.exists()
    assert {f.name for f in profile.stats()} >= {"inner", "outer"} and "outer" in ctprof.space
    assert not any(f.name.startswith("<built-in") for f in profile.stats())
    ctprof.run("-s calls -l 1", FIXED + "outer()")
    assert ctprof.shown == [] and "(inner)" in capsys.readouterr().out


def test_magic_says_what_is_wrong(ctprof):
    with pytest.raises(ValueError, match="options alone"):
        ctprof.run("x = 1", "y = 2")
    with pytest.raises(ZeroDivisionError):
        ctprof.run("1 / 0")
    ctprof.run("raise SystemExit(3)")  # as %prun: the session goes on
    assert len(ctprof.shown) == 1


def test_in_ipython(tmp_path):
    pytest.importorskip("IPython", reason="no IPython here")
    source = "%load_ext ctraceprof\n%ctprof sorted([2, 1])\np = get_ipython().run_cell_magic('ctprof', '-r -q', 'x = len(\"abc\")')\nprint(x, type(p).__name__)\n"
    (tmp_path / "session.ipy").write_text(source)
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "session.ipy"]
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert "function calls" in result.stdout and "built-in method builtins.sorted" in result.stdout
    assert "3 Profile" in result.stdout

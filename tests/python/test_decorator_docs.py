"""docs/decorator.md: each snippet runs, in turn, and does what is said there."""

import asyncio
import contextlib
import io
import os
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs/decorator.md").read_text()
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """All names of all snippets, after they have run in a folder of their own."""
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("docs"))
    names = {"__name__": "docs", "printed": io.StringIO()}
    try:
        with contextlib.redirect_stderr(names["printed"]):
            for number, snippet in enumerate(SNIPPETS):
                exec(compile(snippet, f"docs/decorator.md, snippet {number}", "exec"), names)
        yield names
    finally:
        os.chdir(before)


def calls(profile, name):
    return sum(r.calls for r in profile.stats() if r.name == name)


def test_there_are_snippets():
    assert len(SNIPPETS) == 4


def test_the_first_one(space):
    total = space["total"]
    del total.profile.stats  # print_stats() left a table
    assert calls(total.profile, "total") == 2 and calls(total.profile, "price") == 2
    assert os.path.getsize("total.prof") > 100


def test_options(space):
    for _ in range(150):
        space["often"](1)
    assert calls(space["often"].profile, "often") == 2
    space["slow"](5)
    assert "profile of slow:" in space["printed"].getvalue()
    for _ in range(2):
        space["file_each"](5), space["file_all"](5), space["looked_at"](5)
    assert {"slow-1.prof", "slow-2.prof", "all.prof"} <= set(os.listdir())
    assert [calls(profile, "looked_at") for profile in space["seen"]] == [1, 1]


def test_blocks(space):
    async def answer(request):
        return request + 1

    space["answer"] = answer
    assert asyncio.run(space["handler"](3)) == 4
    assert "request-1.prof" in os.listdir()
    assert calls(space["profile"], "<lambda>") == 100


def test_sums(space):
    assert calls(space["both"], "slow") == 2 and calls(space["both"], "<lambda>") == 30
    assert space["page"].startswith(b"<!doctype html>")


def test_options_are_all_told():
    import inspect

    import ctraceprof

    table = PAGE[PAGE.index("| option |") : PAGE.index("What is printed, written")]
    options = [p.name for p in inspect.signature(ctraceprof.profile).parameters.values() if p.kind is p.KEYWORD_ONLY]
    assert [name for name in options if f"`{name}" not in table] == []

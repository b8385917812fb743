"""Profile.dumps(): what traceprof convert makes of a file, made in memory."""

import gzip
import json
import os
import pstats
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ctraceprof import Profile
from samples import leaf, work

TOOL = (Path(os.environ.get("TRACEPROF_BUILD", "build")) / "traceprof").resolve()
EXPORTS = "speedscope pprof callgrind collapsed dot json jsonl csv".split()


@pytest.fixture(scope="module")
def profile():
    made = Profile()
    made.runcall(work, 5)
    made.runcall(sorted, [3, 1, 2], key=lambda x: leaf() - x)
    return made


def test_pstats_are_the_bytes_of_the_file(profile, tmp_path):
    path = tmp_path / "whole.prof"
    profile.dump_stats(path)
    assert profile.dumps() == profile.dumps("pstats") == path.read_bytes()
    del profile.stats  # a method again
    assert pstats.Stats(str(path)).total_calls == sum(r.calls for r in profile.stats())


@pytest.mark.parametrize("format", EXPORTS)
def test_exports_are_those_of_the_tool(profile, tmp_path, format):
    if not TOOL.exists():
        pytest.skip("the traceprof command is not built")
    # The file's name is in some: it is what the tool calls the profile.
    path = tmp_path / "x.prof"
    profile.dump_stats(path)
    made = subprocess.run(
        [TOOL, "convert", "--to", format, path], capture_output=True, check=True, timeout=60
    )
    own = profile._encode(format, {}, "x.prof")
    assert own == made.stdout
    assert len(profile.dumps(format)) > 50


def test_html_is_the_page(profile):
    assert profile.dumps("html").decode() == profile.html()
    assert b"<title>&lt;i&gt;</title>" in profile._encode("html", {}, "<i>")


def test_properties_and_title_go_where_there_is_room_for_them(profile):
    facts = {"route": "/items/{id}", "status": 200, "awaited": 0.25, "odd": "\udcff"}
    data = json.loads(profile._encode("json", facts, "a title"))
    kept = {p["name"]: p["value"] for p in data["properties"]}
    assert kept["route"] == "/items/{id}" and kept["status"] == 200 and kept["awaited"] == 0.25
    assert data["name"] == "a title"
    again = json.loads(profile.dumps("json"))
    assert "route" not in {p["name"] for p in again["properties"]}
    assert b"/items/{id}" in profile._encode("pstats", facts)


@pytest.mark.parametrize("format", ["pstats", "html", *EXPORTS])
def test_nothing_recorded_is_a_file_too(format):
    assert isinstance(Profile().dumps(format), bytes)


@pytest.mark.parametrize("format", ["pstats", "html", *EXPORTS])
def test_while_it_is_enabled(format):
    profile = Profile()
    with profile:
        work()
        first = profile.dumps(format)
        work()
    assert b"leaf" in (gzip.decompress(first) if format == "pprof" else first)


def test_what_cannot_be_made_is_said(profile):
    with pytest.raises(ValueError, match="format must be 'pstats', 'html', .*not 'svg'"):
        profile.dumps("svg")
    with pytest.raises(ValueError, match="timeline"):
        profile.dumps("chrome")
    for wrong in (None, 3, b"json"):
        with pytest.raises(TypeError):
            profile.dumps(wrong)
    with pytest.raises(ValueError, match="null|NUL"):
        profile.dumps("json\0")
    with pytest.raises(TypeError):
        profile._encode("json", {"a": []})
    with pytest.raises(TypeError):
        profile._encode("json", {1: "a"})
    with pytest.raises(OverflowError):
        profile._encode("json", {"a": 1 << 70})


def test_others_run_meanwhile():
    """A large profile is encoded without the GIL, or the counter would stand."""
    space = {}
    exec("\n".join(f"def f{i}(): pass" for i in range(40_000)), space)
    profile = Profile(builtins=False)
    with profile:
        for i in range(40_000):
            space[f"f{i}"]()
    count, stop = [0], threading.Event()

    def counter():
        while not stop.is_set():
            count[0] += 1
            time.sleep(0)

    thread = threading.Thread(target=counter)
    thread.start()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(60)  # only who lets go of the GIL loses it
    try:
        before = count[0]
        assert len(profile.dumps("json")) > 1_000_000
        assert count[0] > before
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        thread.join()

"""Hooks of recordings that come one after the other: they stay on for some events, and never for good."""

import cProfile
import os
import random
import subprocess
import sys
import textwrap
import threading

import pytest

import ctraceprof
from ctraceprof import Profile

pytestmark = pytest.mark.skipif(
    not hasattr(sys, "monitoring"), reason="3.12's sys.monitoring; before, hooks go at once"
)
IDLE_EVENTS = 300


def leaf():
    return 1


def work(n):
    for _ in range(n):
        leaf()


@ctraceprof.profile
def subject():
    return leaf()


def our_ids():
    return [i for i in range(6) if sys.monitoring.get_tool(i) == "ctraceprof"]


def events():
    return [sys.monitoring.get_events(i) for i in our_ids()]


@pytest.fixture(autouse=True)
def off():
    """Each test begins and ends without hooks."""
    work(IDLE_EVENTS)
    assert our_ids() == []
    yield
    work(IDLE_EVENTS)
    assert our_ids() == []


def free_threaded():
    return not getattr(sys, "_is_gil_enabled", lambda: True)()


needs_gil = pytest.mark.skipif(free_threaded(), reason="without a GIL hooks go at once")


@needs_gil
def test_they_stay_for_some_events_and_go():
    subject()
    assert our_ids() == [3]  # the profiler's id is left to others
    work(10)
    assert our_ids() == [3]
    work(IDLE_EVENTS // 2)
    assert our_ids() == []


@needs_gil
def test_they_stay_for_calls_that_follow():
    subject()
    seen = set()
    for _ in range(IDLE_EVENTS):
        work(10)
        seen.add(tuple(our_ids()))
        subject()
    assert seen == {(3,)}


def test_an_ordinary_profile_leaves_nothing_on():
    with Profile():
        assert our_ids() == [2]
    assert our_ids() == []
    subject()
    with Profile() as profile:
        assert len(our_ids()) == 1
        leaf()
    assert our_ids() == []
    assert [r.calls for r in profile.stats() if r.name == "leaf"] == [1]


def test_one_that_stops_as_the_last_beside_an_ordinary_one():
    profile = Profile()

    @ctraceprof.profile
    def outlives():
        profile.disable()
        leaf()

    profile.enable()
    assert our_ids() == [2]
    outlives()
    leaf()
    assert [r.calls for r in outlives.profile.stats() if r.name == "leaf"] == [1]


@needs_gil
def test_cprofile_has_the_profilers_id():
    subject()
    assert our_ids() == [3]
    theirs = cProfile.Profile()
    theirs.enable()
    leaf()
    theirs.disable()
    theirs.create_stats()
    assert any(name == "leaf" for _, _, name in theirs.stats)


def test_more_is_recorded_by_one_that_follows():
    """Builtins, where those that were on before had none."""
    plain = ctraceprof.profile(builtins=False)(leaf)

    @ctraceprof.profile
    def whole():
        return len([leaf()])

    plain()
    whole()
    plain()
    rows = {r.name: r.calls for r in whole.profile.stats()}
    assert rows == {"whole": 1, "leaf": 1, "<built-in method builtins.len>": 1}
    assert {r.name: r.calls for r in plain.profile.stats()} == {"leaf": 2}


class Odd(Exception):
    pass


def raises(n):
    if n:
        raises(n - 1)
    raise Odd(n)


def values(n):
    try:
        for i in range(n):
            yield i
    finally:
        leaf()


async def waits(n):
    for _ in range(n):
        await step()


class step:
    def __await__(self):
        yield 1


def mixture(rng):
    """All events there are, in some order."""
    for _ in range(rng.randrange(5, 40)):
        kind = rng.randrange(6)
        if kind == 0:
            with pytest.raises(Odd) as caught:
                raises(rng.randrange(4))
            assert caught.value.__context__ is None
        elif kind == 1:
            assert sum(values(3)) == 3
        elif kind == 2:
            made = values(3)
            next(made)
            with pytest.raises(Odd):
                made.throw(Odd())
        elif kind == 3:
            made = waits(2)
            made.send(None)
            made.close()
        elif kind == 4:
            assert len(str(abs(-3))) == 1
            with pytest.raises(ValueError):
                int("x")
        else:
            leaf()


def test_they_go_at_an_event_of_any_kind():
    rng = random.Random(1)
    for _ in range(300):
        subject()
        work(rng.randrange(IDLE_EVENTS // 2))
        mixture(rng)


def test_they_go_on_whatever_thread():
    subject()
    thread = threading.Thread(target=work, args=(IDLE_EVENTS,))
    thread.start()
    thread.join()
    assert our_ids() == []


@needs_gil
def test_what_another_tool_has_taken_meanwhile_is_left_alone():
    subject()
    (number,) = our_ids()
    told = []
    start = sys.monitoring.events.PY_START
    sys.monitoring.free_tool_id(number)
    sys.monitoring.use_tool_id(number, "another")
    sys.monitoring.register_callback(number, start, lambda code, offset: told.append(code.co_name))
    sys.monitoring.set_events(number, start)
    work(3 * IDLE_EVENTS)
    assert sys.monitoring.get_tool(number) == "another"
    assert sys.monitoring.get_events(number) == start and told.count("leaf") == 3 * IDLE_EVENTS
    subject()
    assert sys.monitoring.get_tool(number) == "another"
    sys.monitoring.set_events(number, 0)
    sys.monitoring.register_callback(number, start, None)
    sys.monitoring.free_tool_id(number)
    subject()
    assert [r.calls for r in subject.profile.stats() if r.name == "leaf"][0] >= 3


def run(code):
    source = "import os, sys\nimport ctraceprof\nfrom ctraceprof import Profile\n"
    source += "def leaf(): return 1\n@ctraceprof.profile\ndef subject(): return leaf()\n"
    source += "def our_ids():\n    m = sys.monitoring\n"
    source += "    return [i for i in range(6) if m.get_tool(i) == 'ctraceprof']\n"
    result = subprocess.run(
        [sys.executable, "-c", source + textwrap.dedent(code)],
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout, result.stderr


def test_the_interpreter_ends_meanwhile():
    assert run("subject()") == ("", "")
    assert run("subject(); del ctraceprof, Profile, subject; sys.modules.clear()") == ("", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_meanwhile():
    assert run("""
        subject()
        if os.fork() == 0:
            for _ in range(1000): leaf()
            assert our_ids() == [], our_ids()
            subject()
            assert [r.calls for r in subject.profile.stats() if r.name == "leaf"] == [2]
            os._exit(0)
        assert os.wait()[1] == 0
        for _ in range(1000): leaf()
        assert our_ids() == []
        """) == ("", "")


def test_events_are_not_set_more_often_than_they_can_be():
    """The interpreter's count would run out, and what is on could not be switched off any more."""
    out, err = run("""
        import warnings
        profile = Profile()
        profile.enable()
        ctraceprof._core.count_changes(1 << 40)
        profile.disable()
        assert our_ids() == []
        try:
            profile.enable()
        except ValueError as error:
            print(error)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            assert subject() == 1
            assert subject() == 1
        assert our_ids() == []
        print(len(told), told[0].message)
        """)
    assert err == ""
    lines = out.splitlines()
    assert "events were switched 4294967295 times in this process" in lines[0]
    assert lines[1].startswith("1 calls of subject are not profiled") and len(lines) == 2


def test_those_that_follow_each_other_closely_count_once():
    out, _ = run("""
        subject()  # what recording costs is found out at first, by switching often
        ctraceprof._core.count_changes(16_000_000 - 100)
        for _ in range(1000):
            subject()
        print(subject.profile.stats()[0].calls)
        """)
    if not free_threaded():
        assert out == "1001\n"

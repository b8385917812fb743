"""A caller's timer: what it may give, what it may not do, and what runs within a hook at all."""

import marshal
import os
import sys
import threading
import warnings

import pytest

from ctraceprof import Profile
from samples import calls, leaf

MONITORING = sys.version_info >= (3, 12)


@pytest.fixture
def unraisable(monkeypatch):
    caught = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: caught.append(args.exc_value))
    return caught


@pytest.mark.parametrize(
    "timer, timeunit, error, message",
    [
        (lambda: 1 / 0, 0.0, ZeroDivisionError, "division by zero"),
        (lambda: float("nan"), 0.0, ValueError, "the timer's result is not a number (nan)"),
        (lambda: float("inf"), 0.0, OverflowError, "the timer's result is too large"),
        (lambda: 1 << 80, 0.0, OverflowError, "the timer's result is too large"),
        (lambda: 1 << 60, 0.0, OverflowError, "the timer's result is too large"),
        (lambda: "now", 0.0, TypeError, "the timer must return int or float, not str"),
        (lambda: None, 0.0, TypeError, "the timer must return int or float, not NoneType"),
        (lambda: 1.5, 0.1, TypeError, "with timeunit the timer must return int, not float"),
    ],
)
def test_timer_that_gives_nonsense(unraisable, timer, timeunit, error, message):
    profile = Profile(timer, timeunit)
    profile.runcall(leaf)
    assert unraisable and all(type(e) is error for e in unraisable)
    assert message in str(unraisable[0])
    assert calls(profile, "leaf") == 1
    assert all(row[2] == 0 and row[3] == 0 for row in profile.stats.values())


def test_timer_that_fails_now_and_then_holds_its_last_value(unraisable):
    values = iter([0, 10, "x", 20, 30, 40, 50, 60, 70])
    profile = Profile(lambda: next(values), 1.0)
    profile.enable(builtins=False)
    leaf()
    leaf()
    profile.disable()
    assert len(unraisable) == 1
    profile.snapshot_stats()
    (row,) = [row for key, row in profile.stats.items() if key[2] == "leaf"]
    assert row[:2] == (2, 2) and 0 <= row[2] <= 70


def test_timer_that_goes_backwards_is_held():
    values = iter(range(1000, 0, -1))
    profile = Profile(lambda: next(values), 1.0)
    profile.enable()
    leaf()
    with pytest.warns(RuntimeWarning, match=r"^the timer went backwards \d+ times: it was held at"):
        profile.disable()
    profile.snapshot_stats()
    assert all(row[2] >= 0 for row in profile.stats.values())


def test_timer_that_meddles(unraisable):
    profile = None
    action = None

    def timer():
        if action is not None:
            action()
        return 0

    profile = Profile(timer)
    for name in "disable", "clear", "getstats":
        profile.enable()
        action = getattr(profile, name)
        leaf()
        action = None
        profile.disable()
        assert type(unraisable[0]) is RuntimeError
        assert "from within the timer of the profile" in str(unraisable[0])
        unraisable.clear()


def test_timer_that_drops_another_profile():
    kept = [Profile()]
    kept[0].enable()

    def timer():
        kept.clear()
        return 0

    profile = Profile(timer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        profile.runcall(leaf)
        if not MONITORING and sys.getprofile() is not None:
            sys.getprofile().disable()
    assert calls(profile, "leaf") == 1
    Profile().runcall(leaf)


@pytest.mark.skipif(not MONITORING, reason="on 3.11 the hook keeps an enabled profile alive")
def test_profile_dropped_within_its_own_timer():
    kept, readings = [], []

    def timer():
        readings.append(0)
        if len(readings) == 2:
            kept.clear()
        return 0

    kept.append(Profile(timer))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kept[0].enable()
        abs(1)
        abs(1)
    for _ in range(100):
        leaf()
    assert sys.monitoring.get_tool(2) is None
    before = len(readings)
    leaf()
    assert len(readings) == before < 10


def test_timer_on_another_thread_is_no_obstacle():
    """While one thread's timer sleeps, without the GIL, other profiles work as ever."""
    inside, done = threading.Event(), threading.Event()

    def timer():
        inside.set()
        done.wait(10)
        return 0

    def record():
        profile = Profile(timer)
        profile.runcall(leaf)

    thread = threading.Thread(target=record)
    thread.start()
    assert inside.wait(10)
    try:
        with Profile() as profile:
            leaf()
        assert calls(profile, "leaf") == 1
        profile.clear()
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("meddle", ["clear", "disable", "drop"])
def test_no_code_of_the_program_runs_within_a_hook(meddle):
    """A class may cover a C method with an object whose repr does as it likes."""
    holder, called = [Profile()], []

    class Evil:
        def __repr__(self):
            called.append(meddle)
            if meddle == "drop":
                holder.clear()
            else:
                getattr(holder[0], meddle)()
            return "evil"

    class Sub(list):
        append = Evil()

    bound = super(Sub, Sub()).append
    profile = holder[0]
    profile.enable()
    if meddle == "drop":
        del profile
    bound(1)
    holder[0].disable()
    assert calls(holder[0], "<method 'append' of 'list' objects>") == 1
    assert called == []


def test_each_thread_has_its_own_tree(tmp_path):
    profile = Profile()

    def record():
        with profile:
            leaf()

    for name in "one", "two":
        thread = threading.Thread(target=record, name=name)
        thread.start()
        thread.join()
    profile._write(os.fsencode(tmp_path / "a"), {})
    with open(tmp_path / "a", "rb") as file:
        marshal.load(file)
        names = [thread["name"] for thread in marshal.load(file)["threads"]]
    assert names == ["one", "two"]
    assert calls(profile, "leaf") == 2


def test_a_stopped_profile_leaves_its_timer_alone():
    readings = []
    profile = Profile(lambda: readings.append(0) or 0)
    profile.runcall(leaf)
    before = len(readings)
    profile.getstats()
    profile.snapshot_stats()
    assert len(readings) == before

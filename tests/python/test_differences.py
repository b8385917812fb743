"""Where ctraceprof does not do what cProfile does: one test for each entry of docs/differences.md.

The tests say of both what they do, so that an entry that no longer holds is noticed.
"""

import contextlib
import cProfile
import fractions
import gc
import marshal
import os
import pathlib
import re
import sys
import threading
import types
import warnings
import weakref

import ctraceprof
import figures
import pytest

MONITORING = sys.version_info >= (3, 12)
BOTH = (cProfile.Profile, ctraceprof.Profile)
ABS = "<built-in method builtins.abs>"
needs_monitoring = pytest.mark.skipif(not MONITORING, reason="sys.monitoring is new in 3.12")
needs_setprofile = pytest.mark.skipif(MONITORING, reason="3.11 alone uses the profile hook")


def profiled(profile_class, program, *arguments, **options):
    """The profile of program(), stopped."""
    profile = profile_class(*arguments, **options)
    with figures.no_garbage_collection():
        profile.enable()
        try:
            program()
        finally:
            profile.disable()
    return profile


def counts(profile):
    """{name: (nc, cc)}, summed over functions of the same name."""
    return {key[2]: row[:2] for key, row in figures.of_entries(profile.getstats())[0].items()}


def stats_of(profile):
    profile.snapshot_stats()
    return profile.stats


@contextlib.contextmanager
def unraisable():
    """What went to sys.unraisablehook, as a list."""
    seen = []
    old = sys.unraisablehook
    # Reports keep what failed alive; the types are enough.
    sys.unraisablehook = lambda report: seen.append(report.exc_type)
    try:
        yield seen
    finally:
        sys.unraisablehook = old


def same_labels(depth):
    """`depth` functions with one label; each calls the next."""
    function = None
    for _ in range(depth):
        namespace = {"inner": function}
        exec(compile("def same(n): return inner and inner(n)", "<same>", "exec"), namespace)
        function = namespace["same"]
    return function


SAME = ("<same>", 1, "same")


# Rows


def test_equal_labels_are_one_row():
    first, second = same_labels(1), same_labels(1)

    def program():
        for n in (1, 2, 3):
            first(n)
        for n in (1, 2, 3, 4, 5):
            second(n)

    theirs, ours = (stats_of(profiled(profile_class, program))[SAME] for profile_class in BOTH)
    assert theirs[:2] in {(3, 3), (5, 5)}
    assert ours[:2] == (8, 8)
    assert [edge[:2] for edge in ours[4].values()] == [(8, 8)]


def test_nested_equal_labels_are_recursion():
    function = same_labels(3)
    theirs, ours = (
        figures.of_entries(figures.record(profile_class, lambda: function(1)).getstats())
        for profile_class in BOTH
    )
    # The clock ticks at each beginning and end: the calls last 5, 3 and 1.
    assert theirs[0][SAME] == (3, 3, 5, 5 + 3 + 1)
    assert ours[0][SAME] == (3, 1, 5, 5)
    assert theirs[1][SAME, SAME] == (2, 2, 3, 3 + 1)
    assert ours[1][SAME, SAME] == (2, 1, 3, 3)


def test_labels_have_no_addresses():
    theirs, ours = (
        [key[2] for key in stats_of(profiled(profile_class, lambda: object.__new__(object)))]
        for profile_class in BOTH
    )
    assert any(name.startswith("<built-in method __new__ of type object at 0x") for name in theirs)
    assert "<built-in method __new__ of type object>" in ours
    assert not any("0x" in name for name in ours)


class Loud(list):
    """Has a function of its own over a C method."""

    def append(self, value):
        super().append(value)


def test_overridden_methods_keep_their_label():
    theirs, ours = (
        {key[2] for key in stats_of(profiled(profile_class, lambda: Loud().append(1)))}
        for profile_class in BOTH
    )
    method = "<method 'append' of 'list' objects>"
    assert method not in theirs and any(name.startswith("<function Loud.app") for name in theirs)
    assert method in ours and not any(name.startswith("<function") for name in ours)


def test_rows_are_in_order_of_their_labels():
    def program():
        sorted([3, 1, 2], key=abs)
        same_labels(2)(1)
        ", ".join("abc")

    first, second = (figures.record(ctraceprof.Profile, program) for _ in range(2))
    first.snapshot_stats()
    second.snapshot_stats()
    assert list(first.stats) == sorted(first.stats)
    assert list(first.stats.items()) == list(second.stats.items())
    for row in first.stats.values():
        assert list(row[4]) == sorted(row[4])
    names = [figures.label(entry.code) for entry in first.getstats()]
    assert names == sorted(names)


def test_rows_of_the_profiler_itself():
    def rows(profile_class):
        with profile_class() as profile:
            pass
        return {(os.path.basename(key[0]), key[2]) for key in stats_of(profile)}

    (ours,) = {key for key in rows(ctraceprof.Profile) if key[1] == "__exit__"}
    assert ours[0] == "_profile.py"
    disable = "<method 'disable' of '{}' objects>"
    assert ("~", disable.format("ctraceprof._core.Profiler")) in rows(ctraceprof.Profile)
    assert ("~", disable.format("_lsprof.Profiler")) in rows(cProfile.Profile)


def test_entries_of_freed_code_are_stand_ins():
    def program():
        exec("def gone(): return 1\ngone()", {})

    def result_of(profile):
        gc.collect()
        (code,) = [e.code for e in profile.getstats() if figures.label(e.code)[2] == "gone"]
        assert figures.label(code) == ("<string>", 1, "gone")
        return types.FunctionType(code, {})()

    theirs, ours = (profiled(profile_class, program) for profile_class in BOTH)
    assert result_of(theirs) == 1
    with pytest.raises(AssertionError):  # what an empty code object does
        result_of(ours)


# Calls that the profiler does not see whole


def test_looking_while_calls_run():
    """Also of the calls between functions that have not ended yet."""

    def run(profile_class):
        profile = profile_class()
        seen = []

        def inner():
            seen.extend(profile.getstats())

        def outer():
            inner()

        profile.enable()
        outer()
        profile.disable()
        return figures.of_entries(seen)

    theirs, ours = (run(profile_class) for profile_class in BOTH)
    assert theirs == ({}, {})
    assert figures.named(ours, "inner", "outer") == {"inner": (1, 1), "outer": (1, 1)}
    assert figures.edges_named(ours, "inner", "outer") == {("outer", "inner"): (1, 1)}


def test_disable_ends_all_calls_at_once():
    def run(profile_class):
        profile = profile_class(figures.counting_timer(), 1.0)

        def inner():
            profile.disable()

        def outer():
            inner()

        profile.enable()
        outer()
        functions, _ = figures.of_entries(profile.getstats())
        return {key[2]: row[2:] for key, row in functions.items() if key[2] in ("inner", "outer")}

    theirs, ours = (run(profile_class) for profile_class in BOTH)
    assert theirs == {"inner": (2, 3), "outer": (2, 5)}
    assert ours == {"inner": (1, 2), "outer": (1, 3)}


def test_ends_without_beginnings_are_ignored():
    """3.12 and 3.13 tell of such a call's end only; cProfile there takes it for the caller's."""

    def program():
        types.MethodType(len, ())()
        abs(1)

    theirs, ours = (profiled(profile_class, program) for profile_class in BOTH)
    told = "<built-in method builtins.len>" in counts(theirs)
    assert ("program" in counts(theirs)) == told
    assert counts(ours)["program"] == (1, 1)
    assert ("<built-in method builtins.len>" in counts(ours)) == told
    edges = figures.of_entries(ours.getstats())[1]
    assert {(a[2], b[2]): row[:2] for (a, b), row in edges.items() if b[2] == ABS} == {
        ("program", ABS): (1, 1)
    }


def test_refused_receivers_raise_what_they_should():
    """Before gh-132250 cProfile made a SystemError of it."""

    def program():
        bytes.find(str())

    with pytest.raises((TypeError, SystemError)):
        profiled(cProfile.Profile, program)
    with pytest.raises(TypeError):
        profiled(ctraceprof.Profile, program)


# Enabling


def test_enable_keeps_what_the_constructor_said():
    def rows(profile_class):
        given = {"subcalls": False, "builtins": False}
        entries = profiled(profile_class, lambda: sorted([1], key=abs), **given).getstats()
        return [figures.label(entry.code) for entry in entries if isinstance(entry.code, str)]

    assert rows(ctraceprof.Profile) == []
    assert bool(rows(cProfile.Profile)) == (sys.version_info >= (3, 14))


def test_second_profile_may_be_enabled():
    first, second = ctraceprof.Profile(), ctraceprof.Profile()
    with figures.no_garbage_collection():
        first.enable()
        abs(1)
        second.enable()
        abs(2)
        second.disable()
        abs(3)
        first.disable()
    assert counts(first)[ABS] == (3, 3)
    assert counts(second)[ABS] == (1, 1)


def test_second_cprofile_may_not_be_enabled():
    """On 3.11 it may, and ends the first one's recording."""
    first, second = cProfile.Profile(), cProfile.Profile()
    first.enable()
    if MONITORING:
        pytest.raises(ValueError, second.enable)
    else:
        second.enable()
    abs(1)
    second.disable()
    first.disable()
    assert (ABS in counts(first)) == MONITORING


def test_same_profile_may_not_be_enabled_twice():
    ours, theirs = ctraceprof.Profile(), cProfile.Profile()
    ours.enable()
    with pytest.raises(ValueError, match="this profile is already enabled"):
        ours.enable()
    ours.disable()
    theirs.enable()
    with pytest.raises(ValueError) if MONITORING else contextlib.nullcontext():
        theirs.enable()
    theirs.disable()


@needs_monitoring
def test_other_tool_ids_are_used():
    """cProfile has the profiler's id; ours takes one that is nobody's."""
    theirs, ours = (profile_class() for profile_class in BOTH)
    theirs.enable()
    ours.enable()
    abs(1)
    ours.disable()
    theirs.disable()
    assert counts(ours)[ABS] == counts(theirs)[ABS] == (1, 1)


@needs_monitoring
def test_tool_name():
    profile = ctraceprof.Profile()
    profile.enable()
    name = sys.monitoring.get_tool(sys.monitoring.PROFILER_ID)
    profile.disable()
    assert name == "ctraceprof"
    assert sys.monitoring.get_tool(sys.monitoring.PROFILER_ID) is None


@needs_setprofile
def test_hook_of_others_is_left_alone():
    """cProfile takes the hook from whoever has it."""

    def hook(*arguments):
        """Somebody else's."""

    after = []
    for profile_class in BOTH:
        profile = profile_class()
        sys.setprofile(hook)
        try:
            with contextlib.suppress(ValueError):
                profile.enable()
            after.append(sys.getprofile())
        finally:
            sys.setprofile(None)
            profile.disable()
    assert isinstance(after[0], cProfile.Profile)
    assert after[1] is hook


@needs_setprofile
def test_loss_of_the_hook_is_told():
    profile = ctraceprof.Profile()
    profile.enable()
    sys.setprofile(None)
    with pytest.warns(RuntimeWarning, match="took the profiler's hook away"):
        profile.disable()


def test_only_the_enabling_thread_is_recorded():
    def worker():
        abs(1)

    def program():
        worker()
        thread = threading.Thread(target=worker)
        thread.start()
        thread.join()

    theirs, ours = (profiled(profile_class, program) for profile_class in BOTH)
    assert counts(ours)["worker"] == (1, 1)
    assert counts(theirs)["worker"][0] == (2 if MONITORING else 1)


def test_any_thread_may_disable():
    """On 3.11 cProfile clears the hook of the thread that calls disable(), not its own."""

    def calls(profile_class):
        profile = profile_class()
        profile.enable()
        thread = threading.Thread(target=profile.disable)
        thread.start()
        thread.join()
        abs(1)
        found = counts(profile)
        profile.disable()
        return ABS in found

    assert not calls(ctraceprof.Profile)
    assert calls(cProfile.Profile) == (not MONITORING)


@needs_monitoring
def test_deleted_while_enabled():
    """On 3.11 the hook holds the profile, ours as well as cProfile's."""
    theirs, ours = (profile_class() for profile_class in BOTH)
    alive = weakref.ref(theirs)
    theirs.enable()
    del theirs
    gc.collect()
    assert alive() is not None
    alive().disable()
    alive = weakref.ref(ours)
    ours.enable()
    with pytest.warns(ResourceWarning, match="was never disabled"):
        del ours
        gc.collect()
    gc.collect()
    assert alive() is None
    assert sys.monitoring.get_tool(sys.monitoring.PROFILER_ID) is None


# Timers


def readings(*values):
    """A timer that gives these, and then the last for ever. An exception is raised."""
    left = list(values)

    def timer():
        value = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(value, Exception):
            raise value
        return value

    return timer


def time_of_abs(profile_class, timer, *unit):
    profile = profiled(profile_class, lambda: abs(1), timer, *unit, subcalls=True)
    return figures.of_entries(profile.getstats())[0]["~", 0, ABS][3]


@pytest.mark.parametrize("bad", [KeyError("timer"), 1 << 70, "text", None])
def test_failing_timer_stands_still(bad):
    """program and abs begin at 5 and 6; abs ends when the timer fails."""
    with unraisable() as seen:
        ours = time_of_abs(ctraceprof.Profile, readings(5, 6, bad, 9), 1.0)
        assert len(seen) == 1
        theirs = time_of_abs(cProfile.Profile, readings(5, 6, bad, 9), 1.0)
    assert ours == 0
    assert theirs == -6
    assert len(seen) == 2


def test_not_a_number_stands_still():
    with unraisable() as seen:
        assert time_of_abs(ctraceprof.Profile, readings(5.0, 6.0, float("nan"), 9.0)) == 0
        assert time_of_abs(cProfile.Profile, readings(5.0, 6.0, float("nan"), 9.0)) == -6
    assert seen == [ValueError, ValueError]


def test_float_with_timeunit_stands_still():
    """cProfile refuses it as well, but goes on from 0."""
    with unraisable() as seen:
        assert time_of_abs(ctraceprof.Profile, readings(5, 6, 7.0, 9), 1.0) == 0
        assert time_of_abs(cProfile.Profile, readings(5, 6, 7.0, 9), 1.0) == -6
    assert seen == [TypeError, TypeError]


def test_backward_timer_stands_still():
    with pytest.warns(RuntimeWarning, match="went backwards 1 times"):
        assert time_of_abs(ctraceprof.Profile, readings(5, 6, 2, 9), 1.0) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert time_of_abs(cProfile.Profile, readings(5, 6, 2, 9), 1.0) == -4


class Reading:
    """A number that is neither int nor float."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


def test_timer_may_give_what_stands_for_an_int():
    """As NumPy's integers do. cProfile with timeunit takes them since 3.15."""
    values = [Reading(5), Reading(6), Reading(8), Reading(9)]
    with unraisable() as seen:
        assert time_of_abs(ctraceprof.Profile, readings(*values), 1.0) == 2
        assert time_of_abs(ctraceprof.Profile, readings(*values)) == 2
        assert seen == []
        assert time_of_abs(cProfile.Profile, readings(*values)) == 2
        theirs = time_of_abs(cProfile.Profile, readings(*values), 1.0)
    assert theirs == (2 if sys.version_info >= (3, 15) else 0)


def test_timer_may_not_give_what_stands_for_a_float():
    """cProfile takes fractions and decimals since 3.15; earlier ones refuse them as we do."""
    values = [fractions.Fraction(n) for n in (5, 6, 8, 9)]
    with unraisable() as seen:
        assert time_of_abs(ctraceprof.Profile, readings(*values)) == 0
        assert set(seen) == {TypeError}
        theirs = time_of_abs(cProfile.Profile, readings(*values))
    assert theirs == (2 if sys.version_info >= (3, 15) else 0)


def test_timer_must_be_callable():
    cProfile.Profile(5)
    with pytest.raises(TypeError, match="timer must be callable, not int"):
        ctraceprof.Profile(5)


@pytest.mark.parametrize("unit", [-1.0, float("nan"), float("inf")])
def test_timeunit_must_be_a_number_of_seconds(unit):
    cProfile.Profile(readings(1), unit)
    with pytest.raises(ValueError, match="timeunit"):
        ctraceprof.Profile(readings(1), unit)


# Files


def test_dump_stats_wants_a_path(tmp_path):
    """What is written appears whole or not at all, which an open file descriptor cannot do."""
    path = tmp_path / "out.prof"
    with open(path, "wb") as file:
        with pytest.raises(TypeError):
            ctraceprof.Profile().dump_stats(file.fileno())
        cProfile.Profile().dump_stats(os.dup(file.fileno()))
    assert path.stat().st_size > 0


def test_dump_stats_replaces_the_file(tmp_path):
    """Another name of the old file keeps the old content: nothing is overwritten halfway."""
    for profile_class, kept in zip(BOTH, (False, True)):
        path, other = tmp_path / "out.prof", tmp_path / profile_class.__module__
        path.write_bytes(b"old")
        os.link(path, other)
        profiled(profile_class, lambda: abs(1)).dump_stats(path)
        assert (other.read_bytes() == b"old") == kept
        path.unlink()


def test_dump_stats_writes_a_second_object(tmp_path):
    sizes = []
    for profile_class in BOTH:
        path = tmp_path / "out.prof"
        profiled(profile_class, lambda: abs(1)).dump_stats(path)
        with open(path, "rb") as file:
            assert ("~", 0, ABS) in marshal.load(file)
            sizes.append(len(file.read()))
    assert sizes[0] == 0 and sizes[1] > 0


def test_every_entry_has_its_test():
    """The tests that the page names exist."""
    here = pathlib.Path(__file__).parent
    page = (here.parents[1] / "docs/differences.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", page))
    defined = set()
    for name in ("test_differences.py", "test_cli.py", "test_threads.py", "test_fork.py",
                 "test_processes.py", "test_compensation.py"):
        defined |= set(re.findall(r"^def (test_\w+)\(", (here / name).read_text(), re.M))
    assert len(named) > 30
    assert named <= defined


def test_stats_is_a_method_until_it_is_the_dictionary():
    assert not hasattr(cProfile.Profile(), "stats")
    profile = ctraceprof.Profile()
    profile.runcall(len, ())
    assert [record.calls for record in profile.stats()]
    for profiler in (profile, cProfile.Profile()):
        profiler.create_stats()
        assert type(profiler.stats) is dict

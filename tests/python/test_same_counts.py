"""The same program under cProfile and under ctraceprof: the same rows, edges, counts and times.

cProfile's numbers are taken from getstats(): its .stats keeps only one of several functions with
equal labels. Both profiles use a timer that goes on by one at each reading, so that times are equal
too when both saw the same events in the same order. The hooks have a faster way for the real clock;
with that, counts are compared.
"""

import cProfile
import types

import ctraceprof
import figures
import programs
import pytest

PROGRAMS = programs.load()
# cProfile labels a C method by what the type of `self` has under its name. Where a subclass has put
# a function over it, that names the wrong one.
OVERRIDDEN = {
    "<function Random.seed>": "<method 'seed' of '_random.Random' objects>",
    "<function _Default.get>": "<method 'get' of 'dict' objects>",
    "<function _Loud.append>": "<method 'append' of 'list' objects>",
    "<function _Loud.sort>": "<method 'sort' of 'list' objects>",
    "<function _Meta.__instancecheck__>": "<method '__instancecheck__' of 'type' objects>",
    "<function socket.close>": "<method 'close' of '_socket.socket' objects>",
}
FEW = ["recursion.mutual", "generators.recursive", "classes.operators", "library.json_texts"]


def _right_label(key):
    return (*key[:2], OVERRIDDEN.get(key[2], key[2]))


def _relabelled(given):
    functions, edges = given
    return (
        {_right_label(key): row for key, row in functions.items()},
        {(_right_label(a), _right_label(b)): row for (a, b), row in edges.items()},
    )


def _fails_on_bad_receivers():
    """Before gh-132250 was fixed, cProfile put a SystemError into the program."""

    def program():
        try:
            bytes.find(str())
        except TypeError:
            pass

    try:
        figures.record(cProfile.Profile, program)
    except SystemError:
        return True
    return False


def _loses_callers():
    """Before gh-122029 was fixed, cProfile took one C call's end for that of its caller."""

    def program():
        types.MethodType(len, ())()

    entries = figures.record(cProfile.Profile, program).getstats()
    return not any(figures.label(entry.code)[2] == "program" for entry in entries)


CPROFILE_FAILS = {
    "callables.wrong_receivers": _fails_on_bad_receivers,
    "classes.method_objects_around_builtins": _loses_callers,
}


def both(program, **options):
    """Figures by cProfile and by ctraceprof, after a run that fills the program's caches."""
    program()
    theirs = figures.record(cProfile.Profile, program, **options).getstats()
    ours = figures.record(ctraceprof.Profile, program, **options)
    ours.snapshot_stats()
    return _relabelled(figures.of_entries(theirs)), figures.of_stats(ours.stats), ours


def assert_same(theirs, ours):
    for kind, their_rows, our_rows in zip(("functions", "edges"), theirs, ours):
        differing = {
            key: (their_rows.get(key), our_rows.get(key))
            for key in their_rows.keys() | our_rows.keys()
            if their_rows.get(key) != our_rows.get(key)
        }
        assert not differing, f"{kind} differ, cProfile's first"


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    if name in CPROFILE_FAILS and CPROFILE_FAILS[name]():
        pytest.skip("this version's cProfile fails here; see the tests with explicit numbers")
    theirs, ours, profile = both(PROGRAMS[name])
    assert len(ours[0]) > 1, "nothing but disable() was recorded"
    assert_same(theirs, ours)
    assert_same(figures.of_entries(profile.getstats()), ours)


def test_wrong_receivers_explicitly():
    """A method descriptor runs nothing when it refuses its first argument."""
    program = PROGRAMS["callables.wrong_receivers"]
    ours = figures.of_entries(figures.record(ctraceprof.Profile, program).getstats())
    assert {key[2]: row[:2] for key, row in ours[0].items()} == {
        "wrong_receivers": (1, 1),
        "<lambda>": (1, 1),
        figures.DISABLE[2]: (1, 1),
    }


def test_method_objects_explicitly():
    """Some versions do not tell of the call itself; nothing else may suffer from that."""
    program = PROGRAMS["classes.method_objects_around_builtins"]
    ours = figures.of_entries(figures.record(ctraceprof.Profile, program).getstats())
    expected = {
        "method_objects_around_builtins": (1, 1),
        "_measure": (2, 2),
        "<genexpr>": (7, 7),
        "<built-in method builtins.sum>": (2, 2),
    }
    assert figures.named(ours, *expected) == expected
    called = {"<built-in method builtins.len>": (3, 3), "<built-in method builtins.max>": (1, 1)}
    assert figures.named(ours, *called) in ({}, called)


@pytest.mark.parametrize("builtins", [True, False])
@pytest.mark.parametrize("subcalls", [True, False])
@pytest.mark.parametrize("name", FEW)
def test_options(name, subcalls, builtins):
    theirs, ours, _ = both(PROGRAMS[name], subcalls=subcalls, builtins=builtins)
    assert bool(ours[1]) == subcalls
    assert any(label[0] == "~" for label in ours[0]) == builtins
    assert_same(theirs, ours)


@pytest.mark.parametrize("name", PROGRAMS)
def test_real_clock(name):
    """Twice into one profile: the second time every path is known already."""
    program = PROGRAMS[name]
    program()
    slow = ctraceprof.Profile(figures.counting_timer(), 1.0)
    fast = ctraceprof.Profile()
    for profile in (slow, fast) * 2:
        figures.record(lambda profile=profile, **_: profile, program, real_clock=True)
    expected, found = (figures.of_entries(profile.getstats()) for profile in (slow, fast))
    assert_same(figures.counts_only(expected), figures.counts_only(found))


@pytest.mark.parametrize("name", FEW)
def test_two_at_once(name):
    """One that records C functions, and one that does not, are as if they were alone."""
    program = PROGRAMS[name]
    program()
    alone = [figures.record(ctraceprof.Profile, program, builtins=flag) for flag in (True, False)]
    outer, inner = ctraceprof.Profile(), ctraceprof.Profile(builtins=False)
    with figures.no_garbage_collection():
        outer.enable()
        inner.enable()
        program()
        inner.disable()
        outer.disable()
    for expected, found in zip(alone, (outer, inner)):
        expected, found = (
            figures.counts_only(figures.of_entries(profile.getstats()))
            for profile in (expected, found)
        )
        # The outer one sees the inner one's methods, too.
        for table in (*expected, *found):
            table.pop(figures.DISABLE, None)
            table.pop(("~", 0, "<method 'enable' of 'ctraceprof._core.Profiler' objects>"), None)
        assert_same(expected, found)


@pytest.mark.parametrize("name", PROGRAMS)
def test_few_contexts(name):
    """Beyond the tree's cap everything pstats shows stays as it was."""
    program = PROGRAMS[name]
    program()
    whole = figures.record(ctraceprof.Profile, program)
    capped = ctraceprof.Profile(figures.counting_timer(), 1.0, max_contexts=5)
    figures.record(lambda *arguments: capped, program)
    assert_same(figures.of_entries(whole.getstats()), figures.of_entries(capped.getstats()))

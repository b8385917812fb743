"""@ctraceprof.profile: each call of a function is recorded by itself, and adds up in its profile."""

import asyncio
import inspect
import os
import pickle
import sys
import traceback
import types
import typing
import warnings

import pytest
from decorated import FOLDER, calls_by_name, calls_of, leaf, our_ids, work

import ctraceprof

# --- functions ---------------------------------------------------------------------------------


@ctraceprof.profile
def plain(a, b=2, /, c=3, *rest, d, e=5, **others):
    """What it does."""
    work(a)
    return a, b, c, rest, d, e, others


def test_a_function():
    before = calls_of(plain, "plain")[0]
    assert plain(1, d=4) == (1, 2, 3, (), 4, 5, {})
    assert plain(1, 7, 8, 9, 10, d=4, e=6, f=7) == (1, 7, 8, (9, 10), 4, 6, {"f": 7})
    assert calls_of(plain, "plain")[0] == before + 2
    assert isinstance(plain.profile, ctraceprof.Profile)


def test_it_is_recorded_and_nothing_else():
    @ctraceprof.profile
    def subject():
        return len(str(leaf()))

    for _ in range(3):
        work(100)
        subject()
    rows = {r.name: (r.calls, [c.name for c in r.callers]) for r in subject.profile.stats()}
    assert rows == {
        "subject": (3, []),
        "leaf": (3, ["subject"]),
        "<built-in method builtins.len>": (3, ["subject"]),
    }


def test_what_is_kept_of_a_function():
    assert plain.__name__ == plain.__qualname__ == "plain" and plain.__doc__ == "What it does."
    assert plain.__module__ == __name__
    assert str(inspect.signature(plain)) == "(a, b=2, /, c=3, *rest, d, e=5, **others)"
    # those that do not look behind it see the same
    assert inspect.signature(plain, follow_wrapped=False) == inspect.signature(plain.__wrapped__)
    assert inspect.getfullargspec(plain) == inspect.getfullargspec(plain.__wrapped__)
    assert plain.__defaults__ == (2, 3) and plain.__kwdefaults__ == {"e": 5}
    assert isinstance(plain, types.FunctionType) and inspect.unwrap(plain) is plain.__wrapped__
    assert pickle.loads(pickle.dumps(plain)) is plain


def test_annotations_attributes_and_closures():
    total = 0

    def subject(a: int, *, b: "str" = "x") -> typing.List[int]:
        nonlocal total
        total += a
        return [total]

    subject.mark = object()
    made = ctraceprof.profile(subject)
    assert made.mark is subject.mark
    assert made.__annotations__ == subject.__annotations__
    assert typing.get_type_hints(made) == {"a": int, "b": str, "return": typing.List[int]}
    assert made(2) == [2] and made(3) == [5]


@pytest.mark.parametrize(
    "arguments, keywords",
    [((), {}), ((1,), {}), ((), {"a": 1}), ((1,), {"d": 1, "a": 2}), ((1, 2, 3), {"d": 4, "c": 5})],
)
def test_wrong_arguments_are_told_as_ever(arguments, keywords):
    def plain(a, b=2, /, c=3, *, d):
        return a, b, c, d

    def generator(a, b=2, /, c=3, *, d):
        yield a, b, c, d

    async def coroutine(a, b=2, /, c=3, *, d):
        return a, b, c, d

    async def async_generator(a, b=2, /, c=3, *, d):
        yield a, b, c, d

    for function in plain, generator, coroutine, async_generator:
        errors = []
        for subject in function, ctraceprof.profile(function):
            with pytest.raises(TypeError) as error:
                subject(*arguments, **keywords)
            errors.append(str(error.value))
        assert errors[0] == errors[1] and function.__name__ + "()" in errors[0]


def test_parameters_of_any_name():
    @ctraceprof.profile
    def subject(_, _end, _calls, _function, self, *_wrapper, _make=1, **__):
        return _, _end, _calls, _function, self, _wrapper, _make, __

    assert subject(1, 2, 3, 4, 5, 6, _make=7, ___=8) == (1, 2, 3, 4, 5, (6,), 7, {"___": 8})

    @ctraceprof.profile
    def unicode(ä, ñ=2):
        return ä + ñ

    assert unicode(1) == 3 and unicode(ñ=4, ä=1) == 5

    class Owner:
        @ctraceprof.profile
        def mangled(self, __secret=3):
            return __secret

    assert Owner().mangled() == 3


def test_exceptions_pass_as_they_are():
    class Odd(BaseException):
        pass

    error = Odd("x")
    cause = KeyError("why")

    @ctraceprof.profile
    def subject():
        leaf()
        raise error from cause

    for n in range(1, 4):
        with pytest.raises(Odd) as caught:
            subject()
        assert caught.value is error and error.__cause__ is cause and error.__context__ is None
        assert calls_of(subject) == {"subject": n, "leaf": n}
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert names[-1] == "subject"
    # an exception that is being handled is not disturbed by a call
    try:
        raise ValueError("outer")
    except ValueError:
        plain(1, d=1)
        assert str(sys.exc_info()[1]) == "outer"


def test_lambdas_and_functions_without_a_name_of_their_own():
    twice = ctraceprof.profile(lambda x: 2 * x)
    assert twice(4) == 8 and twice.__name__ == "<lambda>"
    assert calls_of(twice) == {"<lambda>": 1}


# --- recursion ---------------------------------------------------------------------------------


def test_recursion_counts_once():
    @ctraceprof.profile
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    def bare(n):
        return n if n < 2 else bare(n - 1) + bare(n - 2)

    alone = ctraceprof.Profile()
    alone.runcall(bare, 12)
    reference = {r.name: r for r in alone.stats()}["bare"]
    assert fib(12) == 144
    row = {r.name: r for r in fib.profile.stats()}["fib"]
    assert (row.calls, row.primitive_calls) == (reference.calls, 1)
    assert [(c.name, c.calls, c.primitive_calls) for c in row.callers] == [
        ("fib", c.calls, c.primitive_calls) for c in reference.callers if c.name == "bare"
    ]
    fib(12)
    row = {r.name: r for r in fib.profile.stats()}["fib"]
    assert (row.calls, row.primitive_calls) == (2 * reference.calls, 2)


def test_mutual_recursion_of_two_decorated_functions():
    @ctraceprof.profile
    def even(n):
        return True if n == 0 else odd(n - 1)

    @ctraceprof.profile
    def odd(n):
        return False if n == 0 else even(n - 1)

    assert even(10)
    assert calls_of(even) == {"even": 6, "odd": 5}
    assert calls_of(odd) == {"even": 5, "odd": 5}  # from the first odd() on
    row = {r.name: r for r in odd.profile.stats()}["odd"]
    assert row.primitive_calls == 1


def test_recursion_of_generators_and_coroutines():
    @ctraceprof.profile
    def walk(n):
        if n:
            yield from walk(n - 1)
            leaf()
            yield n

    assert list(walk(4)) == [1, 2, 3, 4]
    assert calls_of(walk, "leaf") == (4,)

    @ctraceprof.profile
    async def down(n):
        leaf()
        await asyncio.sleep(0)
        return n and await down(n - 1)

    asyncio.run(down(4))
    row = {r.name: r for r in down.profile.stats()}["down"]
    assert calls_of(down, "leaf") == (5,)
    assert row.coroutine.started == 5


def test_a_generator_that_outlives_the_call_that_made_it():
    """Made within a profiled call, it is a part of that; from then on it is one of its own."""

    @ctraceprof.profile
    def values(n):
        if n == 0:
            made.append(values(3))
            next(made[0])
        for i in range(n):
            leaf()
            yield i

    made = []
    assert list(values(0)) == []
    assert calls_of(values, "leaf") == (1,)
    assert list(made[0]) == [1, 2]
    assert calls_of(values, "leaf") == (3,)


# --- options that choose -----------------------------------------------------------------------


def test_every():
    @ctraceprof.profile(every=3)
    def subject(n):
        work(n)

    for n in range(8):
        subject(n)
    assert calls_of(subject) == {"subject": 3, "work": 3, "<genexpr>": 0 + 3 + 6 + 3, "leaf": 0 + 3 + 6}


def test_every_of_generators_and_coroutines():
    @ctraceprof.profile(every=2)
    def numbers(n):
        for _ in range(n):
            leaf()
            yield

    for n in range(4):
        list(numbers(n))
    assert calls_of(numbers, "leaf") == (2,)

    @ctraceprof.profile(every=2)
    async def waits(n):
        for _ in range(n):
            leaf()
            await asyncio.sleep(0)

    async def main():
        for n in range(4):
            await waits(n)

    asyncio.run(main())
    assert calls_of(waits, "leaf") == (2,)


def test_filters_builtins_and_times():
    @ctraceprof.profile(exclude="json", builtins=False)
    def subject():
        import json

        return len(json.dumps([leaf()]))

    subject()
    assert {r.name for r in subject.profile.stats()} >= {"subject", "leaf"}
    assert not [r for r in subject.profile.stats() if r.file == "~" or "json" in r.file]

    @ctraceprof.profile(include=FOLDER + "/*")
    def included():
        import textwrap

        return textwrap.dedent(" a") + str(leaf())

    included()
    assert {os.path.dirname(r.file) for r in included.profile.stats() if r.file != "~"} == {FOLDER}
    raw = ctraceprof.profile(compensate=False)(work)
    raw(10)
    assert raw.profile._dictionary() == raw.profile._dictionary(False)

    @ctraceprof.profile(max_contexts=2)
    def folded():
        work(3)

    folded()
    assert calls_of(folded, "leaf") == (3,)
    assert b'"calls_folded","value":0' not in folded.profile.dumps("jsonl")


# --- the profile -------------------------------------------------------------------------------


def test_the_profile_is_one_and_always_of_now(tmp_path):
    @ctraceprof.profile
    def subject(n):
        if n:
            seen.append(calls_of(subject, "leaf")[0])
        work(n)
        if n:
            seen.append(calls_of(subject, "leaf")[0])

    seen = []
    total = subject.profile
    subject(3)
    subject(4)
    assert subject.profile is total
    assert seen == [0, 3, 3, 7]  # calls under way count as far as they have come
    total.dump_stats(tmp_path / "a.prof")
    total.print_stats("cumulative")
    assert "subject" in total.html() and b"leaf" in total.dumps("json")
    del total.stats
    total.clear()
    assert total.stats() == []
    subject(2)
    assert calls_of(subject, "leaf") == (2,)
    other = ctraceprof.Profile()
    other.add(total)
    assert calls_by_name(other)["leaf"] == 2


def test_the_profile_outlives_its_function():
    def make():
        @ctraceprof.profile
        def subject():
            leaf()

        subject()
        return subject.profile

    assert {r.name: r.calls for r in make().stats()} == {"subject": 1, "leaf": 1}


def test_cleared_from_within():
    @ctraceprof.profile
    def subject():
        work(3)
        subject.profile.clear()
        work(2)

    subject()
    assert calls_of(subject, "leaf") == (2,)


def test_calls_are_not_seen_by_the_profile_of_another_function():
    one, other = ctraceprof.profile(work), ctraceprof.profile(work)
    one(3)
    other(4)
    assert calls_of(one, "leaf") == (3,) and calls_of(other, "leaf") == (4,)


def test_nothing_is_printed(capfd):
    ctraceprof.profile(work)(3)
    asyncio.run(ctraceprof.profile(asyncio.sleep)(0))
    assert capfd.readouterr() == ("", "")


# --- where nothing can be recorded -------------------------------------------------------------


@pytest.fixture
def taken():
    """All that a profile needs is another tool's."""
    if hasattr(sys, "monitoring"):
        for number in range(6):
            sys.monitoring.use_tool_id(number, f"tool {number}")
        yield
        for number in range(6):
            sys.monitoring.free_tool_id(number)
    else:
        sys.setprofile(lambda *event: None)
        yield
        sys.setprofile(None)


def test_the_function_runs_all_the_same(taken):
    @ctraceprof.profile
    def subject(n):
        return work(n)

    @ctraceprof.profile
    def numbers(n):
        yield from range(n)

    with pytest.warns(RuntimeWarning, match="calls of .*subject are not profiled.*taken"):
        assert subject(3) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert subject(4) == 4  # told once
    with pytest.warns(RuntimeWarning, match="numbers are not profiled"):
        assert list(numbers(3)) == [0, 1, 2]
    assert subject.profile.stats() == []


def test_a_warning_that_is_an_error_does_not_reach_the_caller(taken, monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)

    @ctraceprof.profile
    def subject():
        return 5

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert subject() == 5
    assert [type(u.exc_value) for u in told] == [RuntimeWarning]


def test_a_hook_that_is_taken_away_is_told_once():
    if not hasattr(sys, "monitoring"):
        pytest.skip("3.12's sys.monitoring has ids to take")

    @ctraceprof.profile
    def subject():
        number = our_ids()[0]
        sys.monitoring.free_tool_id(number)
        sys.monitoring.use_tool_id(number, "thief")
        leaf()
        sys.monitoring.free_tool_id(number)
        return 5

    with pytest.warns(RuntimeWarning, match="another tool took"):
        assert subject() == 5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert subject() == 5


def test_an_interrupt_between_two_instructions_leaves_nothing_on():
    """What a call has begun with ends as it is thrown away."""
    total = ctraceprof.Profile(scope="context")
    calls = ctraceprof._core.calls("x", total, {"scope": "context"}, 1, (), False)
    end = calls()
    leaf()
    del end
    work(5)
    assert {r.name: r.calls for r in total.stats()} == {"leaf": 1}
    assert hasattr(sys, "monitoring") or sys.getprofile() is None
    work(200)
    assert our_ids() == []

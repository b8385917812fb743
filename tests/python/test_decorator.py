"""@ctraceprof.profile: every kind of callable stays what it was, and each call is recorded by itself."""

import abc
import asyncio
import functools
import inspect
import pickle
import sys
import traceback
import types
import typing
import warnings
from unittest import mock

import pytest

import ctraceprof

HERE = __file__


def leaf():
    return 1


def work(n=3):
    return sum(leaf() for _ in range(n))


def our_ids():
    monitoring = getattr(sys, "monitoring", None)
    return [i for i in range(6) if monitoring is not None and monitoring.get_tool(i) == "ctraceprof"]


def calls_of(function, *names):
    """Calls by name, of this file's functions."""
    rows = {r.name: r.calls for r in function.profile.stats() if r.file == HERE}
    return tuple(rows.get(name, 0) for name in names) if names else rows


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


# --- other kinds -------------------------------------------------------------------------------


def test_kinds_are_told_apart_as_ever():
    async def coroutine():
        leaf()
        return 7

    def generator():
        leaf()
        yield 7

    async def async_generator():
        leaf()
        yield 7

    tests = (
        inspect.iscoroutinefunction,
        inspect.isgeneratorfunction,
        inspect.isasyncgenfunction,
        inspect.isfunction,
    )
    for function in coroutine, generator, async_generator, work:
        made = ctraceprof.profile(function)
        assert [test(made) for test in tests] == [test(function) for test in tests]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            assert asyncio.iscoroutinefunction(made) == asyncio.iscoroutinefunction(function)
    made = ctraceprof.profile(coroutine)()
    assert inspect.iscoroutine(made) and made.__qualname__ == coroutine.__qualname__
    assert asyncio.run(made) == 7
    made = ctraceprof.profile(generator)()
    assert inspect.isgenerator(made) and made.__name__ == "generator"
    assert list(made) == [7]


def test_between_two_values_nothing_is_recorded():
    @ctraceprof.profile
    def numbers(n):
        for i in range(n):
            leaf()
            yield i

    for i in numbers(4):
        work(100)
    assert calls_of(numbers) == {"numbers": 5, "leaf": 4}
    rows = {r.name for r in numbers.profile.stats()}
    assert rows == {"numbers", "leaf"}


def test_between_two_values_hooks_are_off():
    if not hasattr(sys, "monitoring"):
        pytest.skip("3.12's sys.monitoring tells")

    @ctraceprof.profile
    def numbers():
        yield our_ids()

    made = numbers()
    assert next(made) == [3]
    work(200)  # they stay for a while, in case another call follows
    assert our_ids() == []
    made.close()


def test_async_generators_and_what_they_await():
    async def other():
        work(50)
        await asyncio.sleep(0)

    @ctraceprof.profile
    async def numbers(n):
        for i in range(n):
            leaf()
            await asyncio.sleep(0)
            yield i
        await asyncio.gather(child(), child())

    async def child():
        leaf()
        await asyncio.sleep(0)

    async def main():
        got = []
        async for i in numbers(3):
            await other()
            got.append(i)
        return got

    assert asyncio.run(main()) == [0, 1, 2]
    counts = calls_of(numbers)
    assert counts == {"numbers": 3 * 2 + 2, "leaf": 5, "child": 4}
    row = {r.name: r for r in numbers.profile.stats()}["numbers"]
    assert row.coroutine.started == 1


def test_who_awaits_is_not_recorded():
    @ctraceprof.profile
    async def inner():
        leaf()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def middle():
        work(10)
        await inner()

    async def outer():
        await middle()

    asyncio.run(outer())
    assert calls_of(inner) == {"inner": 3, "leaf": 1}
    names = {r.name for r in inner.profile.stats()}
    assert not names & {"middle", "outer", "work", "run", "run_until_complete"}


def test_tasks_and_threads_of_a_call_belong_to_it():
    @ctraceprof.profile
    async def handler(n):
        task = asyncio.create_task(child(n))
        await asyncio.to_thread(work, n)
        await task

    async def child(n):
        for _ in range(n):
            leaf()
            await asyncio.sleep(0)

    asyncio.run(handler(4))
    assert calls_of(handler, "leaf", "work", "child") == (8, 1, 5)


def test_methods_of_all_kinds():
    class Base:
        def __init__(self):
            self.x = 3

        @ctraceprof.profile
        def method(self, n):
            leaf()
            return self.x + n

        @ctraceprof.profile
        @classmethod
        def over_class(cls, n):
            leaf()
            return cls.__name__, n

        @classmethod
        @ctraceprof.profile
        def under_class(cls, n):
            leaf()
            return cls.__name__, n

        @ctraceprof.profile
        @staticmethod
        def over_static(n):
            leaf()
            return n

        @staticmethod
        @ctraceprof.profile
        def under_static(n):
            leaf()
            return n

        @property
        @ctraceprof.profile
        def value(self):
            leaf()
            return self.x

        @ctraceprof.profile
        async def waits(self):
            leaf()
            return self.x

        @ctraceprof.profile
        def __call__(self, n):
            leaf()
            return n

        @ctraceprof.profile
        def superior(self):
            return "base"

    class Derived(Base):
        @ctraceprof.profile
        def superior(self):
            return super().superior() + __class__.__name__

    for owner in Base, Derived:
        made = owner()
        name = owner.__name__
        assert made.method(1) == owner.method(made, 1) == 4
        assert made.over_class(1) == owner.over_class(1) == (name, 1)
        assert made.under_class(1) == owner.under_class(1) == (name, 1)
        assert made.over_static(2) == owner.over_static(2) == 2
        assert made.under_static(2) == owner.under_static(2) == 2
        assert made.value == 3 and made(4) == 4
        assert asyncio.run(made.waits()) == 3
    assert Derived().superior() == "baseDerived"
    for name in "method", "over_class", "under_class", "over_static", "under_static":
        function = getattr(Base, name)
        assert calls_of(function) == {name: 4, "leaf": 4}, name
        assert str(inspect.signature(function)) == ("(self, n)" if name == "method" else "(n)")
    assert calls_of(Base.__dict__["over_class"], "leaf") == (4,)
    assert calls_of(Base.value.fget, "value") == (2,)
    assert calls_of(Base.__call__, "__call__") == (2,)
    assert isinstance(Base.__dict__["over_class"], classmethod)
    assert isinstance(Base.__dict__["over_static"], staticmethod)
    assert inspect.ismethod(Base.over_class) and inspect.ismethod(Base().method)


def test_a_bound_method_and_what_its_object_knows():
    class Owner:
        def method(self, n):
            return self, n

    owner = Owner()
    made = ctraceprof.profile(owner.method)
    assert inspect.ismethod(made) and made.__self__ is owner
    assert made(3) == (owner, 3) and calls_of(made, "method") == (1,)
    assert str(inspect.signature(made)) == "(n)"


def test_abstract_and_overridden():
    class Abstract(abc.ABC):
        @ctraceprof.profile
        @abc.abstractmethod
        def method(self):
            return 1

        @abc.abstractmethod
        @ctraceprof.profile
        def other(self):
            return 1

    assert Abstract.__abstractmethods__ == {"method", "other"}


def test_partial_objects():
    def subject(a, b, *, c=3):
        leaf()
        return a, b, c

    made = ctraceprof.profile(functools.partial(subject, 1, c=4))
    assert isinstance(made, functools.partial) and made.args == (1,) and made.keywords == {"c": 4}
    assert made(2) == (1, 2, 4) and made(2, c=5) == (1, 2, 5)
    assert calls_of(made) == {"subject": 2, "leaf": 2}
    assert str(inspect.signature(made)) == str(inspect.signature(functools.partial(subject, 1, c=4)))

    async def coroutine(n):
        await asyncio.sleep(0)
        return n

    made = ctraceprof.profile(functools.partial(coroutine, 5))
    assert inspect.iscoroutinefunction(made) and asyncio.run(made()) == 5

    class Owner:
        def method(self, a, b):
            return a, b

        half = ctraceprof.profile(functools.partialmethod(method, 1))

    assert Owner().half(2) == (1, 2)
    assert calls_of(Owner.__dict__["half"], "method") == (1,)


def test_objects_that_can_be_called():
    class Doubles:
        """Doubles."""

        def __call__(self, x):
            leaf()
            return 2 * x

    class Waits:
        async def __call__(self, x):
            leaf()
            await asyncio.sleep(0)
            return x

    class Counts:
        def __call__(self, n):
            yield from range(n)

    made = ctraceprof.profile(Doubles())
    assert made(3) == 6 and calls_of(made) == {"__call__": 1, "leaf": 1}
    assert made.__doc__ == "Doubles."
    assert str(inspect.signature(made)) == "(x)"
    made = ctraceprof.profile(Waits())
    assert asyncio.run(made(3)) == 3 and calls_of(made) == {"__call__": 2, "leaf": 1}
    assert list(ctraceprof.profile(Counts())(3)) == [0, 1, 2]


def test_built_in_functions():
    made = ctraceprof.profile(sorted)
    assert made([2, 1], reverse=True) == [2, 1]
    assert {r.name: r.calls for r in made.profile.stats()} == {"<built-in method builtins.sorted>": 1}
    assert made.__name__ == "sorted" and "iterable" in str(inspect.signature(made))


def test_cached_and_dispatched_functions():
    @ctraceprof.profile
    @functools.lru_cache
    def cached(n):
        leaf()
        return n

    assert [cached(1), cached(1), cached(2)] == [1, 1, 2]
    assert calls_of(cached, "leaf") == (2,)

    @ctraceprof.profile
    @functools.singledispatch
    def kind(x):
        return "any"

    @kind.register
    def _(x: int):
        return "int"

    assert kind(1) == "int" and kind("") == "any"

    @contextmanager_of_profile
    def manager(x):
        leaf()
        yield x
        leaf()

    with manager(3) as x:
        work(10)
        assert x == 3
    assert calls_of(manager.__wrapped__, "leaf", "work") == (2, 0)


def contextmanager_of_profile(function):
    import contextlib

    return contextlib.contextmanager(ctraceprof.profile(function))


def test_generators_that_are_coroutines():
    @ctraceprof.profile
    @types.coroutine
    def pause():
        leaf()
        got = yield
        return got

    assert inspect.isgeneratorfunction(pause) and inspect.isawaitable(pause())

    async def main():
        return await pause()

    made = main()
    made.send(None)
    with pytest.raises(StopIteration) as stop:
        made.send(5)
    assert stop.value.value == 5
    assert calls_of(pause) == {"pause": 2, "leaf": 1}


def test_what_is_marked_as_a_coroutine_function():
    async def inner(n):
        leaf()
        return n

    if hasattr(inspect, "markcoroutinefunction"):
        marked = inspect.markcoroutinefunction(lambda n: inner(n))
        made = ctraceprof.profile(marked)
        assert inspect.iscoroutinefunction(made)
        assert asyncio.run(made(3)) == 3
        assert calls_of(made, "leaf") == (1,)
    if hasattr(asyncio.coroutines, "_is_coroutine"):

        def function(n):
            return inner(n)

        function._is_coroutine = asyncio.coroutines._is_coroutine
        made = ctraceprof.profile(function)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            assert asyncio.iscoroutinefunction(made)
        assert asyncio.run(made(3)) == 3
    made = ctraceprof.profile(mock.AsyncMock(return_value=4))
    assert asyncio.run(made(1)) == 4
    made = ctraceprof.profile(mock.Mock(return_value=4))
    assert made(1) == 4


def test_what_a_marked_function_gives_must_be_awaitable():
    if not hasattr(inspect, "markcoroutinefunction"):
        pytest.skip("3.12's inspect.markcoroutinefunction")
    made = ctraceprof.profile(inspect.markcoroutinefunction(lambda: 3))
    with pytest.raises(TypeError, match="can't be used in 'await' expression"):
        asyncio.run(made())

    class Custom:
        def __await__(self):
            return iter(())

    made = ctraceprof.profile(inspect.markcoroutinefunction(lambda: Custom()))
    assert asyncio.run(made()) is None


def test_decorated_twice():
    @ctraceprof.profile
    @ctraceprof.profile
    def subject():
        leaf()

    subject()
    assert calls_of(subject) == calls_of(subject.__wrapped__) == {"subject": 1, "leaf": 1}


def test_other_profiles_see_the_function_and_not_what_decorates_it():
    @ctraceprof.profile
    def inner():
        leaf()

    @ctraceprof.profile
    def numbers():
        yield leaf()

    def outer():
        inner()
        return list(numbers())

    for scope in "thread", "process", "context":
        with ctraceprof.Profile(scope=scope) as profile:
            outer()
        rows = {r.name: r for r in profile.stats()}
        assert [c.name for c in rows["inner"].callers] == ["outer"]
        assert rows["leaf"].calls == 2
        assert not [r.name for r in profile.stats() if "<ctraceprof" in r.file]


def test_what_cannot_be_decorated_is_said():
    class Class:
        pass

    for wrong in (3, "x.prof", None.__class__, Class, object(), property(leaf)):
        with pytest.raises(TypeError, match=r"profile\(\) takes a function"):
            ctraceprof.profile(wrong)
    with pytest.raises(TypeError):
        ctraceprof.profile()(3)
    with pytest.raises(TypeError, match="positional"):
        ctraceprof.profile(leaf, 3)


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"every": 0}, ValueError, "every must be"),
        ({"every": True}, ValueError, "every must be"),
        ({"every": 1.5}, ValueError, "every must be"),
        ({"limit": -1}, ValueError, "limit must be"),
        ({"limit": "3"}, ValueError, "limit must be"),
        ({"sort": "speed"}, ValueError, "sort must be"),
        ({"sort": ("calls", 9)}, ValueError, "sort must be"),
        ({"stream": 3}, TypeError, "stream must"),
        ({"out": 3}, TypeError, "str, bytes or os.PathLike"),
        ({"out": "{x}.prof"}, ValueError, "out may have"),
        ({"out": "{n.prof"}, ValueError, "out must be"),
        ({"on_profile": 3}, TypeError, "on_profile must be callable"),
        ({"on_profile": test_recursion_counts_once.__class__}, None, None),
        ({"include": 3}, TypeError, "include"),
        ({"exclude": ""}, ValueError, "exclude"),
        ({"max_contexts": 0}, ValueError, "max_contexts"),
        ({"scope": "thread"}, TypeError, "scope"),
        ({"timer": leaf}, TypeError, "timer"),
    ],
)
def test_bad_options_are_named_at_once(options, error, message):
    if error is None:
        ctraceprof.profile(**options)
        return
    with pytest.raises(error, match=message):
        ctraceprof.profile(**options)
    with pytest.raises(error, match=message):
        ctraceprof.profile(leaf, **options)


def test_on_profile_cannot_be_awaited():
    async def later(profile):
        pass

    with pytest.raises(TypeError, match="would have to be awaited"):
        ctraceprof.profile(on_profile=later)


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

    @ctraceprof.profile(include=HERE.replace(".py", "*"))
    def included():
        import textwrap

        return textwrap.dedent(" a") + str(leaf())

    included()
    assert {r.file for r in included.profile.stats()} <= {HERE, "~"}
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
    assert {r.name: r.calls for r in other.stats() if r.file == HERE}["leaf"] == 2


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

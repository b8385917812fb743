"""@ctraceprof.profile: every kind of callable stays what it was."""

import abc
import asyncio
import functools
import inspect
import sys
import types
import warnings
from unittest import mock

import pytest
from decorated import calls_of, leaf, our_ids, work

import ctraceprof


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
        ({"on_profile": types.FunctionType}, None, None),
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

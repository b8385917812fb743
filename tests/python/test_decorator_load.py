"""@ctraceprof.profile under many calls at once."""

import asyncio
import concurrent.futures
import contextvars
import gc
import inspect
import os
import random
import sys
import threading
import weakref
from collections import Counter

import pytest

import ctraceprof

HERE = __file__
QUICK = os.environ.get("TRACEPROF_TEST_QUICK") is not None
current = contextvars.ContextVar("current", default=None)


def leaf():
    return abs(-1)


def work(n):
    for _ in range(n):
        leaf()


def fib(n):
    leaf()
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def ladder(n):
    for i in range(n):
        leaf()
        yield i


async def nap(n):
    for _ in range(n):
        leaf()
        await asyncio.sleep(0)


async def beats(n):
    for i in range(n):
        leaf()
        await asyncio.sleep(0)
        yield i


OWN = {"leaf", "work", "fib", "ladder", "nap", "beats", "sync_call", "async_call", "pulse"}


def counts(profile):
    functions, edges = Counter(), Counter()
    for record in profile.stats():
        if record.file == HERE and record.name in OWN:
            functions[record.name, "primitive"] = record.primitive_calls
            functions[record.name] = record.calls
            for caller in record.callers:
                if caller.file == HERE and caller.name in OWN:
                    edges[caller.name, record.name] = caller.calls
    return functions + edges


class Own:
    """The profile of each call by what `current` was, and that they are called once each."""

    def __init__(self):
        self.profiles = {}

    def __call__(self, profile):
        assert current.get() not in self.profiles
        self.profiles[current.get()] = profile

    def counts(self):
        return {n: counts(profile) for n, profile in self.profiles.items()}


def sync_call(n):
    work(n % 17)
    fib(n % 7)
    sum(ladder(n % 11))
    return n


async def async_call(n):
    work(n % 17)
    await asyncio.gather(nap(n % 5), nap(n % 3))
    async for _ in beats(n % 4):
        work(1)
    task = asyncio.create_task(nap(2))
    fib(n % 6)
    await task
    return n


def on_thread(function, n):
    current.set(n)
    return function(n)


def alone(function, n):
    """Counts of one call, with nothing beside it."""
    own = Own()
    decorated = ctraceprof.profile(on_profile=own)(function)
    context = contextvars.Context()
    if inspect.iscoroutinefunction(function):
        context.run(asyncio.run, on_task(decorated, n))
    else:
        context.run(on_thread, decorated, n)
    return own.counts()[n]


async def on_task(function, n):
    current.set(n)
    return await function(n)


@pytest.fixture
def switching():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_64_threads_at_once(switching):
    own = Own()
    with_own = ctraceprof.profile(on_profile=own)(sync_call)
    pooled = ctraceprof.profile(sync_call)
    gate = threading.Barrier(64)

    def run(n):
        gate.wait(30)
        on_thread(with_own, n)
        for _ in range(5):
            assert pooled(n) == n

    threads = [threading.Thread(target=contextvars.Context().run, args=(run, n)) for n in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = {n: alone(sync_call, n) for n in range(64)}
    assert own.counts() == expected
    total = sum(expected.values(), Counter())
    assert counts(with_own.profile) == total
    assert counts(pooled.profile) == Counter({key: 5 * n for key, n in total.items()})


def test_500_tasks_at_once():
    own = Own()
    with_own = ctraceprof.profile(on_profile=own)(async_call)
    pooled = ctraceprof.profile(async_call)

    async def main():
        got = await asyncio.gather(*(on_task(with_own, n) for n in range(500)))
        assert got == list(range(500))
        await asyncio.gather(*(pooled(n) for n in range(500)))

    asyncio.run(main())
    expected = {n: alone(async_call, n) for n in range(0, 500, 1 if not QUICK else 25)}
    found = own.counts()
    assert {n: found[n] for n in expected} == expected
    total = sum(found.values(), Counter())
    assert counts(with_own.profile) == total
    assert counts(pooled.profile) == total


@pytest.mark.parametrize("loop", ["uvloop", "anyio", "eager"])
def test_other_loops_and_tasks(loop):
    own = Own()
    subject = ctraceprof.profile(on_profile=own)(async_call)
    numbers = range(40)

    async def main():
        if loop == "eager":
            asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        if loop == "anyio":
            async with module.create_task_group() as group:
                for n in numbers:
                    group.start_soon(on_task, subject, n)
        else:
            await asyncio.gather(*(on_task(subject, n) for n in numbers))

    expected = {n: alone(async_call, n) for n in numbers}
    if loop == "eager":
        if not hasattr(asyncio, "eager_task_factory"):
            pytest.skip("3.12's asyncio.eager_task_factory")
        asyncio.run(main())
        # What such a task does before it waits is not a step of its own: resumes differ, calls do not.
        names = "leaf", "work", "fib"
        found = {n: [c[name] for name in names] for n, c in own.counts().items()}
        assert found == {n: [c[name] for name in names] for n, c in expected.items()}
        return
    module = pytest.importorskip(loop, reason=f"{loop} is not installed")
    if loop == "uvloop":
        with asyncio.Runner(loop_factory=module.new_event_loop) as runner:
            runner.run(main())
    else:
        module.run(main)
    assert own.counts() == expected


def test_500_tasks_of_generators_of_all_kinds():
    pulse = ctraceprof.profile(beats)
    steps = ctraceprof.profile(ladder)

    async def one(n):
        got = [i async for i in pulse(n % 9)]
        assert got == list(range(n % 9))
        assert list(steps(n % 13)) == list(range(n % 13))

    async def main():
        await asyncio.gather(*(one(n) for n in range(500)))

    asyncio.run(main())
    leaves = sum(n % 9 for n in range(500))
    assert counts(pulse.profile)["leaf"] == leaves
    assert counts(pulse.profile)["beats"] == 500 + 2 * leaves
    assert counts(steps.profile)["leaf"] == sum(n % 13 for n in range(500))


def test_coroutines_driven_by_hand_in_one_context():
    """In turn, without tasks: each has its own."""
    own = []

    @ctraceprof.profile(on_profile=own.append)
    async def pulse(n):
        for _ in range(n):
            leaf()
            await asyncio.sleep(0)

    made = [pulse(n) for n in range(6)]
    while made:
        for one in list(made):
            try:
                one.send(None)
            except StopIteration:
                made.remove(one)
    assert sorted(counts(profile)["leaf"] for profile in own) == list(range(6))
    assert counts(pulse.profile)["leaf"] == sum(range(6))


def test_threads_and_loops_at_once(switching):
    sync, later = ctraceprof.profile(sync_call), ctraceprof.profile(async_call)

    def run(k):
        async def main():
            await asyncio.gather(*(later(n) for n in range(20)))

        if k % 2:
            asyncio.run(main())
        else:
            for n in range(20):
                sync(n)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(8)))
    each = [sum((alone(f, n) for n in range(20)), Counter()) for f in (sync_call, async_call)]
    assert counts(sync.profile) == Counter({key: 4 * n for key, n in each[0].items()})
    assert counts(later.profile) == Counter({key: 4 * n for key, n in each[1].items()})


def test_a_generator_passed_from_thread_to_thread(switching):
    subject = ctraceprof.profile(ladder)
    made = [subject(50) for _ in range(4)]
    lock = threading.Lock()
    rng = random.Random(5)
    order = [i for i in range(4) for _ in range(51)]
    rng.shuffle(order)

    def run():
        while True:
            with lock:
                if not order:
                    return
                i = order.pop()
                next(made[i], None)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(subject.profile)["leaf"] == 200
    assert counts(subject.profile)["ladder"] == 4 * 51


def test_the_profile_is_read_and_cleared_meanwhile(switching):
    subject = ctraceprof.profile(sync_call)
    stop = threading.Event()
    errors = []

    def reader():
        while not stop.is_set():
            try:
                subject.profile.stats()
                subject.profile.dumps("json")
            except BaseException as error:
                errors.append(error)

    def clearer():
        while not stop.is_set():
            try:
                subject.profile.clear()
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=target) for target in (reader, clearer)]
    workers = [
        threading.Thread(target=lambda: [subject(n) for n in range(60)]) for _ in range(4)
    ]
    for thread in threads + workers:
        thread.start()
    for thread in workers:
        thread.join()
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    subject.profile.clear()
    subject(9)
    assert counts(subject.profile) == alone(sync_call, 9)


# --- cancellation and ends of all kinds --------------------------------------------------------


def test_cancelled_tasks_leave_nothing_running():
    rng = random.Random(3)

    @ctraceprof.profile
    async def pulse(n):
        try:
            for _ in range(n):
                leaf()
                await asyncio.sleep(0)
        finally:
            await asyncio.sleep(0)
            work(1)
            ended.append(n)

    ended = []

    async def main():
        tasks = [asyncio.create_task(pulse(1000)) for _ in range(100)]
        for _ in range(20):
            await asyncio.sleep(0)
        for task in rng.sample(tasks, 100):
            task.cancel()
            if rng.random() < 0.5:
                await asyncio.sleep(0)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(r, asyncio.CancelledError) for r in results)

    asyncio.run(main())
    assert len(ended) == 100
    assert counts(pulse.profile)["work"] == 100
    assert counts(pulse.profile)["pulse", "primitive"] == counts(pulse.profile)["pulse"]
    assert_idle()


def assert_idle():
    """No recording runs: hooks are off, soon."""
    if hasattr(sys, "monitoring"):
        work(200)
        assert "ctraceprof" not in [sys.monitoring.get_tool(i) for i in range(6)]
    else:
        assert sys.getprofile() is None


def test_timeouts_shields_and_task_groups():
    @ctraceprof.profile
    async def pulse(n):
        async with asyncio.TaskGroup() as group:
            for _ in range(n):
                group.create_task(nap(2))
        leaf()

    async def main():
        await asyncio.shield(pulse(3))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await forever()
        with pytest.raises(ExceptionGroup):
            await broken()

    @ctraceprof.profile
    async def forever():
        while True:
            leaf()
            await asyncio.sleep(0.001)

    @ctraceprof.profile
    async def broken():
        async with asyncio.TaskGroup() as group:
            group.create_task(forever())
            group.create_task(fails())

    async def fails():
        raise ValueError("x")

    asyncio.run(main())
    assert counts(pulse.profile)["leaf"] == 7
    assert counts(forever.profile)["leaf"] >= 1
    assert_idle()


def test_an_async_generator_that_is_left_is_closed_by_the_loop():
    closed = []

    @ctraceprof.profile
    async def pulse():
        try:
            while True:
                leaf()
                yield
        finally:
            await asyncio.sleep(0)
            leaf()
            closed.append(True)

    errors = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context))
        async for _ in pulse():
            break
        gc.collect()
        await asyncio.sleep(0.01)
        assert closed == [True]
        kept.append(pulse())
        await anext(kept[0])
        # that one is the loop's to close, at its end

    kept = []
    asyncio.run(main())
    assert closed == [True, True] and errors == []
    assert counts(pulse.profile)["leaf"] == 4
    assert_idle()


def test_coroutines_that_never_run_or_are_thrown_away():
    @ctraceprof.profile
    async def pulse(seconds=0):
        try:
            leaf()
            await asyncio.sleep(seconds)
        finally:
            leaf()

    with pytest.warns(RuntimeWarning, match="coroutine '.*pulse' was never awaited"):
        pulse()
        gc.collect()
    made = pulse(10)

    async def main():
        task = asyncio.create_task(made)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)

    asyncio.run(main())
    assert counts(pulse.profile)["leaf"] == 2
    made = pulse()
    made.send(None)
    del made
    gc.collect()
    assert counts(pulse.profile)["leaf"] == 4
    assert_idle()


def test_nothing_is_kept_alive():
    class Thing:
        pass

    @ctraceprof.profile
    def function(thing):
        leaf()

    @ctraceprof.profile
    def generator(thing):
        yield weakref.ref(thing)

    @ctraceprof.profile
    async def coroutine(thing):
        await asyncio.sleep(0)

    @ctraceprof.profile
    async def async_generator(thing):
        yield weakref.ref(thing)

    async def use(thing):
        await coroutine(thing)
        return [ref async for ref in async_generator(thing)]

    thing = Thing()
    gone = weakref.ref(thing)
    function(thing)
    list(generator(thing))
    asyncio.run(use(thing))
    del thing
    assert gone() is None

    @ctraceprof.profile
    def values():
        for _ in range(3):
            yield Thing()

    for value in values():
        gone = weakref.ref(value)
        del value
        assert gone() is None  # also while the generator waits

    gone = weakref.ref(function)
    del function
    gc.collect()
    assert gone() is None

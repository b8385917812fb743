"""What coroutines await: counted per function, exact, and without keeping anything alive."""

import asyncio
import gc
import random
import time
import types
import weakref

import pytest

import ctraceprof
from ctraceprof import CoroutineStats


class Clock:
    """Seconds that pass only when they are told to."""

    def __init__(self):
        self.now = 0

    def __call__(self):
        return self.now


@types.coroutine
def switch(value=None):
    return (yield value)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def profile(clock):
    return ctraceprof.Profile(timer=clock, timeunit=1.0)


def figures(profile):
    return {r.name: r.coroutine for r in profile.stats() if r.coroutine is not None}


def run_all(clock, tasks):
    """A loop of our own: tasks are (coroutine, seconds to wait before each step)."""
    ready = list(tasks)
    while ready:
        coroutine, wait = ready.pop(0)
        clock.now += wait
        try:
            coroutine.send(None)
        except StopIteration:
            continue
        ready.append((coroutine, wait))


def test_active_and_awaited_of_one_coroutine(clock, profile):
    async def waiter():
        clock.now += 3
        await switch()
        clock.now += 5
        await switch()
        clock.now += 7

    with profile:
        run_all(clock, [(waiter(), 100)])
    assert figures(profile) == {"waiter": CoroutineStats(1, 2, 15.0, 200.0)}


def test_overlapping_instances_are_kept_apart(clock, profile):
    async def inner(n):
        clock.now += n
        await switch()
        clock.now += n

    async def outer(n):
        await inner(n)
        await inner(n)

    # Three tasks in turn; each step of one is waiting time of the others.
    with profile:
        run_all(clock, [(outer(n), 10) for n in (1, 2, 4)])
    # Every outer has two suspensions. Between two steps of one task the two others step, or one when
    # one has ended: all steps take 10 + n at an edge, 10 + 2n in the middle.
    now, since, awaited, ready = 0, {}, 0, [[1, 3], [2, 3], [4, 3]]
    while ready:
        n, steps = ready.pop(0)
        now += 10
        if n in since:
            awaited += now - since.pop(n)
        now += n if steps in (3, 1) else 2 * n
        if steps > 1:
            since[n] = now
            ready.append([n, steps - 1])
    got = figures(profile)
    assert got["outer"] == CoroutineStats(3, 6, 28.0, float(awaited))
    assert got["inner"] == CoroutineStats(6, 6, 28.0, float(awaited))
    assert clock.now == now


def test_recursive_coroutines(clock, profile):
    async def nest(depth):
        clock.now += 1
        if depth > 0:
            await nest(depth - 1)
        else:
            await switch()
        clock.now += 1

    with profile:
        run_all(clock, [(nest(3), 50)])
    # Active: 1 + 2 + 3 + 4 seconds on the way down, and again on the way up.
    assert figures(profile) == {"nest": CoroutineStats(4, 4, 20.0, 200.0)}


@pytest.mark.parametrize("end", ["throw", "close", "collect"])
def test_cancelled_closed_and_collected_coroutines_end_there(clock, profile, end):
    async def waiter():
        try:
            await switch()
        finally:
            clock.now += 2

    with profile:
        coroutine = waiter()
        coroutine.send(None)
        clock.now += 30
        if end == "throw":
            with pytest.raises(KeyError):
                coroutine.throw(KeyError())
        elif end == "close":
            coroutine.close()
        del coroutine
        gc.collect()
        clock.now += 1000
    assert figures(profile) == {"waiter": CoroutineStats(1, 1, 2.0, 30.0)}


def test_never_awaited_coroutines_leave_nothing(clock, profile, recwarn):
    async def never():
        clock.now += 1

    with profile:
        never()
        clock.now += 10
        coroutine = never()
        with pytest.raises(KeyError):
            coroutine.throw(KeyError())
    got = figures(profile)
    # throw() enters what has never run, as an interpreter of 3.11 does to close it.
    assert got["never"].resumes == 0
    assert got["never"].started in (1, 2)
    assert (got["never"].active, got["never"].awaited) == (0.0, 0.0)


def test_what_is_suspended_as_the_profile_ends_is_awaited_until_then(clock, profile):
    async def waiter():
        await switch()

    coroutine = waiter()
    with profile:
        coroutine.send(None)
        clock.now += 20
        assert figures(profile)["waiter"].awaited == 20.0  # seen while it is enabled
        clock.now += 20
    clock.now += 500
    assert figures(profile) == {"waiter": CoroutineStats(1, 0, 0.0, 40.0)}
    coroutine.close()
    profile.clear()
    assert figures(profile) == {}


def test_a_profile_that_starts_while_a_coroutine_is_suspended(clock, profile):
    async def waiter():
        await switch()
        await switch()

    coroutine = waiter()
    coroutine.send(None)
    clock.now += 1000
    with profile:
        clock.now += 5
        coroutine.send(None)
        clock.now += 7
        with pytest.raises(StopIteration):
            coroutine.send(None)
    assert figures(profile) == {"waiter": CoroutineStats(0, 2, 0.0, 7.0)}


def test_the_coroutine_that_enables_the_profile(clock, profile):
    async def waiter():
        with profile:
            clock.now += 1
            await switch()
            clock.now += 2
            await switch()

    run_all(clock, [(waiter(), 10)])
    got = figures(profile)["waiter"]
    assert (got.started, got.resumes, got.awaited) == (0, 2, 20.0)


def test_going_on_where_the_profile_does_not_look(clock):
    """Driven by hand: suspended in one context, gone on with in another."""
    import contextvars

    profile = ctraceprof.Profile(timer=clock, timeunit=1.0)
    context = ctraceprof.Profile(scope="context")

    async def waiter():
        await switch()
        await switch()

    def step(coroutine):
        coroutine.send(None)

    inside = contextvars.copy_context()
    inside.run(context.enable)
    coroutine = waiter()
    inside.run(step, coroutine)
    time.sleep(0.02)
    step(coroutine)  # outside: what was suspended inside is not so any more
    time.sleep(0.1)
    context.disable()
    coroutine.close()
    got = figures(context)["waiter"]
    assert got.started == 1
    assert 0.02 <= got.awaited < 0.08
    assert not profile.stats()


def test_async_generators_wait_only_where_they_await(clock, profile):
    async def numbers():
        for n in range(3):
            clock.now += 1
            await switch()
            clock.now += 1
            yield n

    async def consume():
        async for _ in numbers():
            clock.now += 100  # the generator is idle, and waits for nothing

    with profile:
        run_all(clock, [(consume(), 10)])
    got = figures(profile)
    assert got["numbers"] == CoroutineStats(1, 6, 6.0, 30.0)
    assert got["consume"] == CoroutineStats(1, 3, 306.0, 30.0)


def test_beyond_the_cap_the_figures_are_the_same(clock):
    async def inner(n):
        clock.now += n
        await switch()
        clock.now += n

    async def outer(n):
        await inner(n)

    results = []
    for cap in (1, 2, 3, 1000):
        profile = ctraceprof.Profile(timer=clock, timeunit=1.0, max_contexts=cap)
        with profile:
            run_all(clock, [(outer(n), 10) for n in (1, 2, 4)])
        results.append(figures(profile))
    assert results[0] == results[1] == results[2] == results[3]
    assert results[0]["inner"].active == 14.0


def test_random_schedules_equal_a_model(clock):
    rng = random.Random(3)
    for _ in range(50):
        profile = ctraceprof.Profile(timer=clock, timeunit=1.0)

        async def job(costs):
            for cost in costs[:-1]:
                clock.now += cost
                await switch()
            clock.now += costs[-1]

        started = resumes = active = awaited = 0
        with profile:
            open_jobs = {}
            for _ in range(60):
                clock.now += rng.randrange(20)
                if rng.random() < 0.4 or not open_jobs:
                    costs = [rng.randrange(5) for _ in range(rng.randrange(1, 5))]
                    coroutine, left = job(costs), list(costs)
                    started += 1
                else:
                    coroutine = rng.choice(list(open_jobs))
                    left, since = open_jobs.pop(coroutine)
                    awaited += clock.now - since
                    resumes += 1
                    if rng.random() < 0.2:
                        coroutine.close()
                        continue
                active += left.pop(0)
                try:
                    coroutine.send(None)
                except StopIteration:
                    continue
                open_jobs[coroutine] = left, clock.now
            awaited += sum(clock.now - since for _, since in open_jobs.values())
        assert figures(profile) == {"job": CoroutineStats(started, resumes, active, awaited)}
        for coroutine in open_jobs:
            coroutine.close()


def test_no_reference_is_kept_to_a_coroutine():
    async def waiter():
        await switch()

    with ctraceprof.Profile():
        coroutine = waiter()
        coroutine.send(None)
        alive = weakref.ref(coroutine)
        del coroutine
        assert alive() is None


def test_ten_sleeps_at_once_are_awaited_at_once():
    async def child():
        await asyncio.sleep(0.05)

    async def parent():
        await asyncio.gather(*(child() for _ in range(10)))

    with ctraceprof.Profile(scope="context") as profile:
        asyncio.run(parent())
    got = figures(profile)
    assert (got["parent"].started, got["child"].started) == (1, 10)
    assert 0.045 <= got["parent"].awaited <= 0.25
    assert 0.045 <= got["child"].awaited / 10 <= 0.25
    assert got["parent"].active < 0.2


def test_stats_are_plain_records_and_give_way_to_cprofiles_dictionary():
    def plain():
        return abs(-1)

    profile = ctraceprof.Profile()
    assert profile.stats() == []
    profile.runcall(plain)
    records = {r.name: r for r in profile.stats()}
    assert records["plain"].calls == 1 and records["plain"].coroutine is None
    builtin = records["<built-in method builtins.abs>"]
    assert (builtin.file, builtin.line) == ("~", 0)
    assert [(c.name, c.calls) for c in builtin.callers] == [("plain", 1)]
    assert records["plain"]._fields[:3] == ("file", "line", "name")

    profile.create_stats()
    assert type(profile.stats) is dict and len(profile.stats) == len(records)
    del profile.stats
    assert len(profile.stats()) == len(records)
    profile.print_stats()  # pstats takes the dictionary and gives it back empty
    assert len(profile.stats()) == len(records)

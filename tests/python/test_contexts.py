"""scope="context": each profile has what its own context does, on whatever task or thread."""

import asyncio
import concurrent.futures
import contextvars
import random
import threading
from collections import Counter

import pytest

import ctraceprof

HERE = __file__


def leaf():
    return abs(-1)


def work(n):
    for _ in range(n):
        leaf()


async def step(n):
    work(n)
    await asyncio.sleep(0)
    work(n)


async def ticks(n):
    for i in range(n):
        work(1)
        await asyncio.sleep(0)
        yield i


def late_work(gate, n):
    gate.wait(10)
    work(n)


async def request(n):
    """What one request does: some of everything that crosses tasks and threads."""
    work(n)
    await asyncio.gather(*(step(n) for _ in range(3)))
    # The thread may not end before the loop has gone on: then there would be nothing to await.
    gate = threading.Event()
    asyncio.get_running_loop().call_soon(gate.set)
    await asyncio.to_thread(late_work, gate, n)
    async for _ in ticks(n % 5):
        work(1)
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(step(n))


OWN = {"leaf", "work", "late_work", "step", "ticks", "request"}


def counts(profile):
    """Calls of this file's functions, and the edges between them."""
    functions, edges = Counter(), Counter()
    for record in profile.stats():
        if record.file == HERE and record.name in OWN:
            functions[record.name] = record.calls
            for caller in record.callers:
                if caller.file == HERE and caller.name in OWN:
                    edges[caller.name, record.name] = caller.calls
    return functions, edges


def expected(n):
    """Calls of functions in arithmetic. work() is called by request, twice each by 3 + 2 steps, by a
    thread, and by ticks and for each of its values; ticks yields k values and awaits as often, and is
    entered once more to find its end."""
    k = n % 5
    return Counter(
        request=1 + 3 + k,
        step=5 * 2,
        ticks=1 + 2 * k,
        late_work=1,
        work=1 + 10 + 1 + 2 * k,
        leaf=n * 12 + 2 * k,
    )


async def profiled(n):
    with ctraceprof.Profile(scope="context") as profile:
        await request(n)
    return profile


def alone(n):
    return counts(asyncio.run(profiled(n)))


def test_two_hundred_requests_at_once_are_each_as_if_alone():
    async def main():
        return await asyncio.gather(*(profiled(n) for n in range(200)))

    profiles = asyncio.run(main())
    for n, profile in enumerate(profiles):
        functions, edges = counts(profile)
        assert functions == +expected(n), n
        if n % 20 == 0:
            assert (functions, edges) == alone(n)


def test_uvloop_is_like_asyncio():
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")

    async def main():
        return await asyncio.gather(*(profiled(n) for n in range(20)))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        profiles = runner.run(main())
    for n, profile in enumerate(profiles):
        assert counts(profile)[0] == +expected(n)


def test_anyio_tasks_and_worker_threads_belong_to_their_request():
    anyio = pytest.importorskip("anyio", reason="anyio is not installed")

    async def one(n, profiles):
        with ctraceprof.Profile(scope="context") as profile:
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(step, n)
                await anyio.to_thread.run_sync(work, n)
        profiles[n] = profile

    async def main():
        profiles = {}
        async with anyio.create_task_group() as group:
            for n in range(20):
                group.start_soon(one, n, profiles)
        return profiles

    for n, profile in anyio.run(main).items():
        functions, _ = counts(profile)
        assert functions["leaf"] == n * 7
        assert functions["work"] == 7
        assert functions["step"] == 3 * 2


def test_a_cancelled_request_leaves_a_valid_profile():
    profile = ctraceprof.Profile(scope="context")

    async def endless():
        with profile:
            work(3)
            while True:
                work(1)
                await asyncio.sleep(0)

    async def main():
        task = asyncio.create_task(endless())
        neighbour = asyncio.create_task(step(50))
        for _ in range(10):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await neighbour

    asyncio.run(main())
    functions, _ = counts(profile)
    assert functions["step"] == 0
    assert functions["work"] == 1 + (functions["leaf"] - 3)
    assert 4 <= functions["leaf"] <= 13
    assert profile.stats()[0].calls >= 1


def test_what_a_task_leaves_running_is_not_recorded_after_the_end():
    async def late():
        await asyncio.sleep(0.01)
        work(100)

    async def main():
        with ctraceprof.Profile(scope="context") as profile:
            task = asyncio.create_task(late())
            await asyncio.sleep(0)
        await task
        return profile

    functions, _ = counts(asyncio.run(main()))
    assert functions["work"] == 0


def test_threads_and_executors_need_bind():
    profile = ctraceprof.Profile(scope="context")
    with profile, concurrent.futures.ThreadPoolExecutor(2) as pool:
        pool.submit(work, 100).result()
        pool.submit(ctraceprof.bind(work), 7).result()
        for target in (work, ctraceprof.bind(work)):
            thread = threading.Thread(target=target, args=(5,))
            thread.start()
            thread.join()
    assert counts(profile)[0] == Counter(work=2, leaf=12)


def test_run_in_executor_with_bind():
    async def main():
        loop = asyncio.get_running_loop()
        with ctraceprof.Profile(scope="context") as profile:
            await loop.run_in_executor(None, ctraceprof.bind(work), 9)
            await loop.run_in_executor(None, work, 100)
        return profile

    assert counts(asyncio.run(main()))[0] == Counter(work=1, leaf=9)


def test_a_bound_callable_adds_its_profiles_to_those_that_are_there():
    first, second = (ctraceprof.Profile(scope="context") for _ in range(2))
    with first:
        bound = ctraceprof.bind(work)
        context = contextvars.copy_context()

    # first has ended: nothing to take along any more
    with second:
        bound(3)
    assert not counts(first)[0]
    assert counts(second)[0] == Counter(work=1, leaf=3)

    first.clear(), second.clear()
    first.enable()
    bound = ctraceprof.bind(work)
    with second:
        contextvars.Context().run(bound, 4)
        context.run(bound, 2)
    first.disable()
    assert counts(first)[0] == Counter(work=2, leaf=6)
    assert not counts(second)[0]


def test_bind_keeps_results_and_exceptions_and_refuses_what_cannot_be_called():
    with ctraceprof.Profile(scope="context"):
        assert ctraceprof.bind(max)(3, 4) == 4
        assert ctraceprof.bind(dict)(a=1) == {"a": 1}
        with pytest.raises(ZeroDivisionError):
            ctraceprof.bind(divmod)(1, 0)
        assert ctraceprof.bind(work).__wrapped__ is work
        assert repr(ctraceprof.bind(abs)) == "ctraceprof.bind(<built-in function abs>)"
    with pytest.raises(TypeError, match="needs a callable, not int"):
        ctraceprof.bind(3)
    assert ctraceprof.bind(work) is work  # nothing is recorded here


def test_contexts_nest_and_overlap():
    outer, inner = (ctraceprof.Profile(scope="context") for _ in range(2))
    with outer:
        work(1)
        with inner:
            work(2)
            contextvars.Context().run(work, 50)
            contextvars.copy_context().run(work, 4)
        work(8)
    work(100)
    assert counts(outer)[0] == Counter(work=4, leaf=15)
    assert counts(inner)[0] == Counter(work=2, leaf=6)


@pytest.mark.parametrize("builtins", [True, False])
def test_recursion_through_a_context_that_is_not_recorded(builtins):
    """The function that ends out there has the code of one that is open in here."""
    profile = ctraceprof.Profile(scope="context", builtins=builtins)
    outside = contextvars.Context()

    def across(inside):
        if inside is not None:
            return inside.run(leaf)
        leaf()
        outside.run(across, contextvars.copy_context())
        leaf()

    with profile:
        across(None)
    rows = {r.name: r for r in profile.stats()}
    assert rows["across"].calls == 1
    assert rows["leaf"].calls == 3
    callers = {c.name: c.calls for c in rows["leaf"].callers}
    if builtins:
        assert callers.pop(next(name for name in callers if "'run'" in name)) == 1
        assert callers == {"across": 2}
    else:
        assert callers == {"across": 3}
    with profile:
        work(3)  # the short way again
    assert {r.name: r for r in profile.stats()}["leaf"].calls == 6


def test_ended_out_of_order_and_on_another_thread():
    first, second = (ctraceprof.Profile(scope="context") for _ in range(2))
    first.enable()
    second.enable()
    work(1)
    thread = threading.Thread(target=first.disable)
    thread.start()
    thread.join()
    work(2)
    second.disable()
    work(4)
    assert counts(first)[0] == Counter(work=1, leaf=1)
    assert counts(second)[0] == Counter(work=2, leaf=3)
    first.enable()
    work(8)
    first.disable()
    assert counts(first)[0] == Counter(work=2, leaf=9)


def test_all_three_scopes_together():
    profiles = {scope: ctraceprof.Profile(scope=scope) for scope in ("thread", "process", "context")}
    for profile in profiles.values():
        profile.enable()
    work(1)
    contextvars.Context().run(work, 2)
    thread = threading.Thread(target=work, args=(4,))
    thread.start()
    thread.join()
    thread = threading.Thread(target=ctraceprof.bind(work), args=(8,))
    thread.start()
    thread.join()
    for profile in profiles.values():
        profile.disable()
    got = {scope: counts(profile)[0]["leaf"] for scope, profile in profiles.items()}
    assert got == {"thread": 3, "process": 15, "context": 9}


def test_worker_threads_have_tracks_of_their_own(tmp_path):
    async def main():
        with ctraceprof.Profile(scope="context") as profile:
            await asyncio.to_thread(work, 3)
        return profile

    profile = asyncio.run(main())
    path = tmp_path / "a.prof"
    profile.dump_stats(path)
    import marshal

    with open(path, "rb") as file:
        marshal.load(file)
        names = {thread["name"] for thread in marshal.load(file)["threads"]}
    assert "MainThread" in names
    assert any(name.startswith("asyncio_") for name in names), names


def test_random_switches_between_contexts_equal_a_reference():
    """Contexts entered in any order, profiles started and ended in them: a model tells who sees what."""
    rng = random.Random(7)
    for _ in range(60):
        profiles = [ctraceprof.Profile(scope="context") for _ in range(6)]
        seen = [0] * len(profiles)
        alive = set()
        contexts = [(contextvars.Context(), set())]

        def act(depth, members, rng=rng, profiles=profiles, seen=seen, alive=alive,
                contexts=contexts):
            for _ in range(rng.randrange(1, 6)):
                kind, i = rng.random(), rng.randrange(len(profiles))
                if kind < 0.4:
                    n = rng.randrange(4)
                    for j in members & alive:
                        seen[j] += n
                    work(n)
                elif kind < 0.55 and i not in alive:
                    profiles[i].enable()
                    alive.add(i)
                    members.add(i)
                    for _, others in contexts:
                        if others is not members:
                            others.discard(i)
                elif kind < 0.65 and i in alive:
                    profiles[i].disable()
                    alive.discard(i)
                elif kind < 0.8:
                    contexts.append((contextvars.copy_context(), set(members)))
                elif depth < 4:
                    context, others = rng.choice(contexts)
                    try:
                        context.run(act, depth + 1, others)
                    except RuntimeError as error:
                        assert "already entered" in str(error)

        contextvars.Context().run(act, 0, set())
        for profile in profiles:
            profile.disable()
        got = [counts(profile)[0]["leaf"] for profile in profiles]
        assert got == seen


@pytest.mark.parametrize("include", [None, HERE], ids=["all", "filtered"])
@pytest.mark.parametrize("others", [False, True], ids=["alone", "beside others"])
def test_what_asgiref_carries_into_its_own_event_loop(include, others):
    """async_to_sync() sets variables in a context that the thread is in already, so no switch tells of it;
    views of Django and Flask that are coroutines run so under a WSGI server."""
    sync = pytest.importorskip("asgiref.sync", reason="asgiref is not installed")

    async def inner(n):
        work(n)  # before anything is awaited
        await asyncio.sleep(0)
        work(n)

    def outer(n):
        with ctraceprof.Profile(scope="context", include=include) as profile:
            work(n)
            sync.async_to_sync(inner)(n)
            work(n)
        work(1)
        return profile

    beside = ctraceprof.Profile(scope="context")
    if others:
        contextvars.copy_context().run(beside.enable)
    sync.async_to_sync(inner)(5)  # nobody's
    got = [counts(contextvars.copy_context().run(outer, n))[0] for n in (1, 2, 3)]
    beside.disable()
    assert got == [Counter(work=4, leaf=4 * n) for n in (1, 2, 3)]
    assert counts(beside)[0] == Counter()


def test_an_async_generator_closed_early_or_collected():
    async def main():
        with ctraceprof.Profile(scope="context") as profile:
            generator = ticks(10)
            async for _ in generator:
                break
            await generator.aclose()
            generator = ticks(10)
            await anext(generator)
            del generator
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return profile

    functions, _ = counts(asyncio.run(main()))
    assert functions["work"] == 2
    # each is entered, resumed once by the loop, and closed
    assert functions["ticks"] == 2 * 3


@pytest.mark.parametrize("name", ["thread", "process", "context"])
def test_two_thousand_short_profiles_one_after_the_other(name):
    for _ in range(2000):
        with ctraceprof.Profile(scope=name) as profile:
            leaf()
        assert counts(profile)[0] == Counter(leaf=1)


def test_a_context_leaves_its_profile_and_enters_it_again():
    profile, other = ctraceprof.Profile(scope="context"), ctraceprof.Profile(scope="context")
    profile._join()  # nothing happens: it is not enabled
    with other:
        profile.enable()
        work(1)
        left = contextvars.copy_context()
        left.run(profile._leave)
        left.run(work, 10)
        work(100)
        left.run(profile._join)
        left.run(profile._join)
        left.run(work, 1000)
        profile.disable()
        left.run(profile._join)
        left.run(work, 10000)
    assert counts(profile)[0]["leaf"] == 1101 and counts(other)[0]["leaf"] == 11111


def test_taking_turns_in_one_context():
    """Frames stay open above what is recorded, and suspended ones below it are entered again."""

    def generator(n):
        for i in range(n):
            work(i)
            yield

    profile = ctraceprof.Profile(scope="context")
    profile.enable()
    mine, others = generator(50), generator(50)
    for _ in range(50):
        next(mine)
        profile._leave()
        next(others)
        work(1)
        profile._join()
    profile.disable()
    functions = counts(profile)[0]
    assert functions["leaf"] == sum(range(50)) and functions["work"] == 50
    rows = {record.name: record for record in profile.stats()}
    assert rows["generator"].calls == 50 and "_join" not in str(rows["generator"].callers)

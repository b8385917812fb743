"""@ctraceprof.profile: memory is flat over very many calls."""

import os
import subprocess
import sys
import textwrap

import pytest

QUICK = os.environ.get("TRACEPROF_TEST_QUICK") is not None

FLAT = """
import asyncio, contextvars, gc, resource, sys, threading, warnings
import ctraceprof

def leaf():
    return abs(-1)

def pages():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

def measure(run, count):
    run(count // 5)
    before = pages()
    run(count)
    return (pages() - before) * resource.getpagesize()

@ctraceprof.profile
def function(n):
    return leaf()

@ctraceprof.profile
def generator(n):
    for i in range(n):
        yield leaf()

@ctraceprof.profile
async def coroutine(n):
    leaf()
    await asyncio.sleep(0)

@ctraceprof.profile
async def async_generator(n):
    yield leaf()
    await asyncio.sleep(0)

fresh = []
@ctraceprof.profile(on_profile=lambda profile: fresh.append(len(profile.stats())) if len(fresh) < 5 else None)
def reported(n):
    return leaf()
"""


def run_flat(code):
    result = subprocess.run(
        [sys.executable, "-c", FLAT + textwrap.dedent(code)],
        capture_output=True, text=True, timeout=170,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    assert result.stderr == ""
    return int(result.stdout)


COUNT = 100_000 if not QUICK else 5_000
needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no /proc here")


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize(
    "run",
    [
        "lambda n: [function(1) for _ in range(n)] and None",
        "lambda n: [sum(generator(2)) for _ in range(n)] and None",
        "lambda n: [reported(1) for _ in range(n)] and None",
        "lambda n: asyncio.run(many(n))",
        "lambda n: asyncio.run(at_once(n))",
        "lambda n: [contextvars.Context().run(function, 1) for _ in range(n)] and None",
    ],
)
def test_memory_is_flat_over_a_hundred_thousand_calls(run):
    grown = run_flat(f"""
        async def many(n):
            for _ in range(n):
                await coroutine(1)
                async for _ in async_generator(1):
                    pass

        async def at_once(n):
            for _ in range(n // 100):
                await asyncio.gather(*(coroutine(1) for _ in range(100)))

        run = {run}
        count = {COUNT}
        grown = measure(run, count)
        calls = sum(r.calls for f in (function, generator, coroutine, async_generator, reported)
                    for r in f.profile.stats() if r.name == "leaf")
        assert calls >= count + count // 5, calls
        print(grown)
        """)
    assert grown < 2_000_000


@needs_proc
@pytest.mark.slow
def test_memory_is_flat_over_many_threads():
    """A thread a call: beyond a thousand of them they share what is kept of them."""
    count = 6_000 if not QUICK else 2_500
    grown = run_flat(f"""
        def run(n):
            for _ in range(n):
                thread = threading.Thread(target=function, args=(1,))
                thread.start()
                thread.join()
        run(2000)
        grown = measure(run, {count})
        assert [r.calls for r in function.profile.stats() if r.name == "leaf"] == [2000 + {count} * 6 // 5]
        print(grown)
        """)
    assert grown < 3_000_000


@needs_proc
@pytest.mark.slow
def test_many_functions_and_calls_at_once_do_not_stay():
    """More calls at once than are kept for: their profiles are added up and go."""
    grown = run_flat("""
        async def burst(n):
            await asyncio.gather(*(coroutine(1) for _ in range(n)))

        def decorate(n):
            for _ in range(n):
                made = ctraceprof.profile(leaf)
                made()
                assert made.profile.stats()

        # A recording touches a part of what it allocates: until all that has been touched takes some bursts.
        for _ in range(16):
            asyncio.run(burst(2000))
        decorate(200)
        before = pages()
        for _ in range(5):
            asyncio.run(burst(2000))
        decorate(1000)
        assert [r.coroutine.started for r in coroutine.profile.stats() if r.name == "coroutine"] == [42000]
        print((pages() - before) * resource.getpagesize())
        """)
    assert grown < 4_000_000

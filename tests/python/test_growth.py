"""Nothing grows: what a program starts and ends by the million leaves resident memory flat.

Each program runs in a process of its own, does its work in ten parts, and measures resident memory after
the first and after the last: tables have their size by then, and allocators what they keep. The full
numbers take ten minutes: `make growth`, which sets TRACEPROF_TEST_FULL. Else it is a part of them.

A million real threads would take too long here. The full number of threads is 100 000, started in
batches; a million threads' worth of enter and exit is done by thread states that C code makes and lets
go (PyGILState_Ensure and its release on a thread of C, as for each callback from a library)."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="resident memory is read from /proc/self/statm"
)

FULL = bool(os.environ.get("TRACEPROF_TEST_FULL"))
QUICK = bool(os.environ.get("TRACEPROF_TEST_QUICK"))
# Python takes memory by the mebibyte, at a time of its own. A leak of a hundred bytes a time is found by
# the smaller numbers, one of a few bytes by the full ones.
ALLOWED = 1_250_000

PRELUDE = """
import asyncio, ctypes, gc, resource, sys, threading, types, warnings
import ctraceprof
from ctraceprof import Profile

scope, count, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
warnings.simplefilter("ignore")

def leaf():
    return 1

@types.coroutine
def switch():
    yield

def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

def measure(part):
    part(max(count // 10, 1))
    before = resident()
    for _ in range(9):
        part(max(count // 10, 1))
    return resident() - before

def calls(profile, name):
    profile.snapshot_stats()
    return sum(row[1] for (_, _, n), row in profile.stats.items() if n == name)
"""


def grown(source, scope, count, path=""):
    """How much resident memory a program has grown by, as it prints."""
    program = PRELUDE + textwrap.dedent(source)
    command = [sys.executable, "-X", "faulthandler", "-c", program, scope, str(count), str(path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=1500)
    assert result.returncode == 0, result.stderr[-3000:]
    print("grown by", result.stdout.split()[-1])
    return int(result.stdout.split()[-1])


def sizes(quick, full):
    return pytest.mark.parametrize("count", [full if FULL else quick // 2 if QUICK else quick])


COROUTINES = {
    "awaited": "drive(waiter())",
    "suspends and ends": "c = waiter(); c.send(None); drive(c)",
    "cancelled": "c = waiter(); c.send(None); attempt(c.throw, asyncio.CancelledError)",
    "closed": "c = waiter(); c.send(None); c.close()",
    "collected": "c = waiter(); c.send(None); del c",
    "collected in a cycle": "c = waiter(box := []); box.append(c); c.send(None); del c, box",
    "never awaited": "waiter()",
    "ends elsewhere": "c = waiter(); c.send(None); elsewhere.run(drive, c)",
    "an async generator": "g = ticker(); drive(g.__anext__()); drive(g.aclose())",
    "an async generator collected": "g = ticker(); drive(g.__anext__()); del g",
}


@pytest.mark.parametrize("scope", ["process", "context"])
@pytest.mark.parametrize("kind", COROUTINES)
@sizes(60_000, 1_000_000)
def test_short_coroutines(scope, kind, count):
    source = f"""
    import contextvars
    elsewhere = contextvars.Context()
    async def waiter(box=None):
        await switch(); await switch(); leaf()
    async def ticker():
        await switch()
        yield 1
        await switch()
        yield 2
    def drive(coroutine):
        try:
            while True: coroutine.send(None)
        except (StopIteration, StopAsyncIteration): pass
    def attempt(function, *args):
        try: function(*args)
        except asyncio.CancelledError: pass
    def part(n):
        for i in range(n):
            {COROUTINES[kind]}
            if i % 200 == 0: gc.collect()
    gc.disable()
    profile = Profile(scope=scope)
    with profile:
        result = measure(part)
    assert calls(profile, "part") == 10
    print(result)
    """
    assert grown(source, scope, count) < ALLOWED


@pytest.mark.parametrize("scope", ["process", "context"])
@sizes(20_000, 1_000_000)
def test_tasks_of_an_event_loop(scope, count):
    source = """
    async def short(n):
        await asyncio.sleep(0)
        leaf()
        if n % 3 == 0:
            await asyncio.sleep(1000)
    async def batch(n):
        tasks = [asyncio.ensure_future(short(i)) for i in range(n)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in tasks[::3]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async def part(n):
        for _ in range(n // 100): await batch(100)
    async def main():
        await part(count // 10)
        before = resident()
        for _ in range(9): await part(count // 10)
        return resident() - before
    profile = Profile(scope=scope)
    with profile:
        result = asyncio.run(main())
    assert calls(profile, "leaf") == count // 1000 * 10 * 100
    print(result)
    """
    assert grown(source, scope, count // 1000 * 1000) < ALLOWED


@pytest.mark.parametrize("scope", ["process", "context"])
@sizes(12_000, 100_000)
def test_threads_in_batches(scope, count):
    """A profile of the process keeps the trees of its first thousand threads; the quick number's first
    tenth is more than these."""
    source = """
    def part(n):
        for _ in range(n // 20):
            threads = [threading.Thread(target=bound) for _ in range(20)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
    profile = Profile(scope=scope)
    with profile:
        bound = ctraceprof.bind(leaf)
        result = measure(part)
    assert calls(profile, "leaf") == count
    print(result)
    """
    count = max(count, 12_000)
    # 3.11 and the C library keep something of a thread's: that is measured in the same way.
    plain = grown(source.replace("with profile:", "if True:").replace(
        'assert calls(profile, "leaf") == count', ""), scope, count)
    assert grown(source, scope, count) < ALLOWED + max(plain, 0)


@pytest.mark.parametrize("scope", ["process", "context"])
@sizes(50_000, 1_000_000)
def test_thread_states_of_c_threads(scope, count, tmp_path):
    """A thousand of them have trees of their own: the first tenth is more than these here, too."""
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler")
    code = tmp_path / "caller.c"
    code.write_text(
        "#include <pthread.h>\n"
        "static void (*called)(int); static int count; static pthread_t thread;\n"
        "static void *run(void *x) { for (int i = 0; i < count; i++) called(i); return x; }\n"
        "void start(void (*f)(int), int n) { called = f; count = n;\n"
        "    pthread_create(&thread, 0, run, 0); }\n"
        "void finish(void) { pthread_join(thread, 0); }\n"
    )
    command = ["cc", "-shared", "-fPIC", "-o", tmp_path / "caller.so", code, "-lpthread"]
    subprocess.run(command, check=True)
    source = """
    def called(i):
        bound()
        if i in (count // 10, count - 1):
            sizes.append(resident())
    sizes = []
    library = ctypes.CDLL(path)
    callback = ctypes.CFUNCTYPE(None, ctypes.c_int)(called)
    profile = Profile(scope=scope)
    with profile:
        bound = ctraceprof.bind(leaf)
        library.start(callback, count)
        library.finish()
    # the hook of 3.11 is not in threads that C code has made
    assert calls(profile, "leaf") == (count if hasattr(sys, "monitoring") else 0)
    print(sizes[1] - sizes[0])
    """
    assert grown(source, scope, count, tmp_path / "caller.so") < ALLOWED


SESSIONS = {
    "alone": "with Profile(scope=scope): leaf()",
    "again": "with again: leaf()",
    "left to the collector": "p = Profile(scope=scope); p.me = p; p.enable(); leaf(); del p",
    "dropped while enabled": "Profile(scope=scope).enable()",
    "with a timer": "with Profile(lambda: 1, 1.0, scope=scope): leaf()",
    "within another": "with Profile(scope=scope), Profile(scope=scope): leaf()",
    "ended on another thread": "p = Profile(scope=scope); p.enable(); ends.put(p); done.get()",
    "with suspended coroutines": "p = Profile(scope=scope); p.enable(); c = waiter(); c.send(None);"
                                 " p.disable(); c.close()",
}


@pytest.mark.parametrize("scope", ["thread", "process", "context"])
@pytest.mark.parametrize("kind", SESSIONS)
@sizes(12_000, 100_000)
def test_sessions_opened_and_closed(scope, kind, count):
    source = f"""
    import queue
    ends, done, again = queue.SimpleQueue(), queue.SimpleQueue(), Profile(scope=scope)
    async def waiter(): await switch()
    def end():
        while (profile := ends.get()) is not None:
            profile.disable(); del profile; done.put(1)
    thread = threading.Thread(target=end)
    thread.start()
    def part(n):
        for i in range(n):
            {SESSIONS[kind]}
            if i % 50 == 0: gc.collect()
    print(measure(part))
    ends.put(None)
    thread.join()
    """
    assert grown(source, scope, count) < ALLOWED


@sizes(6_000, 100_000)
def test_sessions_of_contexts_with_tasks(count):
    """As a server's requests: each task has a profile, starts tasks, and some are cancelled."""
    source = """
    async def step(n):
        await asyncio.sleep(0)
        leaf()
    async def request(n):
        with Profile(scope="context") as profile:
            await asyncio.gather(step(n), step(n))
            left.append(asyncio.ensure_future(step(n)))
            if n % 5 == 0:
                await asyncio.sleep(1000)
        left.append(contextvars.copy_context())
    async def batch(n):
        tasks = [asyncio.ensure_future(request(i)) for i in range(n)]
        for _ in range(3): await asyncio.sleep(0)
        for task in tasks[::5]: task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        del left[:]
    async def main():
        for _ in range(count // 500): await batch(50)
        before = resident()
        for _ in range(9 * count // 500): await batch(50)
        return resident() - before
    import contextvars
    left = []
    print(asyncio.run(main()))
    """
    assert grown(source, "context", count) < ALLOWED

"""Many threads at once, as they are where no lock keeps them apart. The tests hold with one, too."""

import asyncio
import collections
import contextlib
import gc
import itertools
import os
import random
import subprocess
import sys
import sysconfig
import threading
import time
import weakref

import pytest

import ctraceprof

pytestmark = pytest.mark.skipif(sys.version_info < (3, 13), reason="all builds have a global lock")

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
SECONDS = 1.0  # of each test that stirs things up


def leaf(n):
    return n


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def chain(n):
    return leaf(n) if n == 0 else chain(n - 1)


def many(n):
    for i in range(n):
        leaf(i)


async def coroutine(n):
    for _ in range(n):
        await asyncio.sleep(0)
        leaf(n)


@contextlib.contextmanager
def threads(count, work):
    """Runs `work(stop, number)` on so many threads until the block ends; what they raise is raised."""
    stop, errors = threading.Event(), []

    def run(number):
        try:
            work(stop, number)
        except BaseException as error:
            errors.append(error)
            stop.set()

    started = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(count)]
    for thread in started:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in started:
            thread.join(60)
        assert not any(thread.is_alive() for thread in started), "a thread hangs"
    if errors:
        raise errors[0]


def busy(stop, number):
    while not stop.is_set():
        fib(8)
        many(20)
        chain(number % 7)


def rounds(stop):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and not stop.is_set():
        yield


def calls(profile):
    profile.create_stats()
    return {name: row[1] for (_, _, name), row in profile.stats.items()}


def calls_now(profile):
    return {row.code.co_name: row.callcount for row in profile.getstats() if hasattr(row.code, "co_name")}


@pytest.mark.skipif(not FREE_THREADED, reason="this interpreter has a global lock")
def test_the_lock_stays_off():
    code = "import sys, ctraceprof, ctraceprof._tool; print(sys._is_gil_enabled())"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHON_GIL"}
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True,
                         env=environment, text=True, timeout=60)
    assert (run.stdout, run.stderr, run.returncode) == ("False\n", "", 0)


@pytest.mark.parametrize("scope", ["process", "thread", "context"])
def test_counts_are_exact(scope):
    counts = collections.Counter()
    barrier = threading.Barrier(16)

    def work():
        barrier.wait()
        for _ in range(200):
            if scope == "process":
                fib(8)
                many(10)
            else:
                profile = ctraceprof.Profile(scope=scope)
                with profile:
                    fib(8)
                    many(10)
                found = calls(profile)
                assert (found["fib"], found["leaf"]) == (67, 10)

    errors = []

    def guarded():
        try:
            work()
        except BaseException as error:
            errors.append(error)

    profile = ctraceprof.Profile(scope="process") if scope == "process" else contextlib.nullcontext()
    with profile:
        running = [threading.Thread(target=guarded) for _ in range(16)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
    assert not errors, errors[0]
    if scope == "process":
        counts = calls(profile)
        assert (counts["fib"], counts["leaf"]) == (16 * 200 * 67, 16 * 200 * 10)
        assert counts["many"] == 16 * 200


def test_start_and_stop_while_threads_run():
    with threads(4, busy) as stop:
        for _ in rounds(stop):
            profile = ctraceprof.Profile(scope="process")
            profile.enable()
            many(50)
            profile.disable()
            assert calls(profile)["leaf"] >= 50


def test_read_while_threads_run():
    profile = ctraceprof.Profile(scope="process")
    with threads(4, busy) as stop, profile:
        before = 0
        for _ in rounds(stop):
            now = calls_now(profile).get("fib", 0)
            assert now >= before
            before = now
        assert before > 0


def test_clear_while_threads_run():
    profile = ctraceprof.Profile(scope="process")
    with threads(4, busy) as stop, profile:
        for _ in rounds(stop):
            profile.clear()
            many(30)
            assert calls_now(profile)["leaf"] >= 30


def test_many_profiles_toggled_by_many_threads():
    """Profiles of all scopes, switched, read, cleared and made anew by whoever comes."""
    scopes = itertools.cycle(["thread", "process", "context"])
    profiles = [ctraceprof.Profile(scope=next(scopes)) for _ in range(100)]

    def toggle(stop, number):
        dice = random.Random(number)
        while not stop.is_set():
            profile = dice.choice(profiles)
            action = dice.randrange(8)
            try:
                if action < 3:
                    profile.enable()
                elif action < 6:
                    profile.disable()
                elif action == 6:
                    profile.getstats()
                else:
                    profile.clear()
            except ValueError as error:  # somebody else was first
                assert "already enabled" in str(error)
            many(10)

    with threads(4, toggle) as stop:
        for _ in rounds(stop):
            fib(6)
    for profile in profiles:
        profile.disable()
    with ctraceprof.Profile() as last:
        many(10)
    assert calls(last)["leaf"] == 10


def test_one_profile_used_by_many_threads():
    profile = ctraceprof.Profile()

    def use(stop, number):
        dice = random.Random(number)
        actions = [profile.enable, profile.disable, profile.clear, profile.getstats, profile.__init__,
                   profile._records, profile._dictionary]
        while not stop.is_set():
            try:
                dice.choice(actions)()
            except ValueError as error:
                assert "already enabled" in str(error)
            many(5)

    with threads(6, use) as stop:
        for _ in rounds(stop):
            time.sleep(0.01)
    profile.disable()


def test_profiles_dropped_on_other_threads():
    """The last reference goes anywhere, and with it a profile that is enabled."""
    kept = collections.deque(maxlen=20)

    def make(stop, number):
        while not stop.is_set():
            profile = ctraceprof.Profile(scope=("thread", "process", "context")[number % 3])
            profile.enable()
            kept.append(profile)
            many(10)

    with pytest.warns(ResourceWarning):
        with threads(4, make) as stop:
            for _ in rounds(stop):
                fib(5)
        kept.clear()
        gc.collect()


def test_code_freed_on_other_threads():
    """Code is made and run here, and freed there: its address comes back while others record. Modules' code,
    as 3.13t keeps functions for ever once there are threads."""
    made = collections.deque()
    runs = [0] * 4
    gone = []

    def make(stop, number):
        while not stop.is_set():
            code = compile("x = len(())", f"/f{runs[number] % 7}.py", "exec")
            for _ in range(3):
                exec(code, {})
            runs[number] += 1
            if runs[number] % 50 == 1:
                gone.append(weakref.ref(code))
            made.append(code)
            del code

    profile = ctraceprof.Profile(scope="process")
    with profile:
        with threads(4, make) as stop:
            for _ in rounds(stop):
                time.sleep(0.005)
                while made:
                    made.popleft()
                gc.collect()
                profile.getstats()
        made.clear()
    gc.collect()
    assert gone and all(reference() is None for reference in gone), "no code was freed: nothing was tested"
    profile.create_stats()
    found = {file: row[1] for (file, _, name), row in profile.stats.items() if name == "<module>"}
    assert sum(found[f"/f{i}.py"] for i in range(7)) == 3 * sum(runs)


def test_contexts_and_worker_threads():
    async def request(number):
        with ctraceprof.Profile(scope="context") as profile:
            await asyncio.gather(*(asyncio.to_thread(many, 20) for _ in range(3)), coroutine(5))
        return calls(profile)

    async def main():
        return await asyncio.gather(*(request(i) for i in range(20)))

    def run(stop, number):
        while not stop.is_set():
            for found in asyncio.run(main()):
                assert (found["many"], found["leaf"]) == (3, 65)

    with threads(3, run) as stop:
        for _ in rounds(stop):
            many(10)


def test_threads_that_come_and_go():
    """Entries of threads that have ended are others' by and by."""
    profile = ctraceprof.Profile(scope="process")
    total = 0
    with threads(2, busy) as stop, profile:
        for _ in rounds(stop):
            running = [threading.Thread(target=chain, args=(3,)) for _ in range(8)]
            for thread in running:
                thread.start()
            for thread in running:
                thread.join()
            total += 8
            with ctraceprof.Profile(scope="process"):
                pass
    assert calls_now(profile)["chain"] >= 4 * total


@pytest.mark.filterwarnings("ignore:the timer went backwards:RuntimeWarning")  # on another thread
def test_timers_and_overlapping_profiles():
    """The long way, on many threads: a timer in Python, and two profiles at once."""
    slow = ctraceprof.Profile(lambda: time.perf_counter_ns(), 1e-9, scope="process")
    counts = [0] * 4

    def work(stop, number):
        while not stop.is_set():
            many(10)
            counts[number] += 1

    with slow, ctraceprof.Profile(scope="process") as other:
        with threads(4, work) as stop:
            for _ in rounds(stop):
                try:
                    slow.getstats()
                except RuntimeError as error:
                    assert "timer" in str(error)
                other.getstats()
    assert calls(other)["many"] == sum(counts)
    assert calls(slow)["many"] == sum(counts)


def test_filters_on_many_threads():
    counts = [0] * 4

    def work(stop, number):
        while not stop.is_set():
            names = {"__name__": "left.out" if number % 2 else "wanted"}
            exec("def f(): return len(())", names)
            names["f"]()
            counts[number] += 1

    profile = ctraceprof.Profile(scope="process", include="wanted")
    with profile:
        with threads(4, work) as stop:
            for _ in rounds(stop):
                with ctraceprof.Profile(scope="process", exclude="left"):
                    many(3)
                gc.collect()
    assert calls(profile)["f"] == counts[0] + counts[2]


def test_thread_locals_that_run_code_as_they_go():
    """What runs as a thread state is cleared is neither lost in memory nor followed into it."""

    class Last:
        def __del__(self):
            many(3)

    local = threading.local()

    def work(stop, number):
        def short():
            local.value = Last()
            leaf(1)

        while not stop.is_set():
            thread = threading.Thread(target=short)
            thread.start()
            thread.join()

    with threads(4, work) as stop:
        for _ in rounds(stop):
            with ctraceprof.Profile(scope="process"):
                many(20)


def test_nothing_stays():
    gone = []
    for _ in range(20):
        profile = ctraceprof.Profile(scope="process")
        with threads(2, busy), profile:
            pass
        gone.append(weakref.ref(profile))
        del profile
    gc.collect()
    assert all(reference() is None for reference in gone)

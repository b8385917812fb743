"""Profile.add(): sums of profiles in memory, of whatever is recorded and however it is shown."""

import asyncio
import gc
import json
import marshal
import os
import random
import resource
import sys
import threading
from collections import Counter

import pytest

import ctraceprof
from ctraceprof import Profile
from samples import calls, leaf, work


def recorded(n=3, **options):
    profile = Profile(**options)
    profile.runcall(work, n)
    return profile


def table(profile):
    """Counts of all rows and edges, by label."""
    rows = {r[:3]: r[3:5] for r in profile.stats()}
    edges = {
        (c[:3], r[:3]): (c.calls, c.primitive_calls) for r in profile.stats() for c in r.callers
    }
    return rows, edges


def added_tables(tables):
    """What the sum must show, reckoned here."""
    rows, edges = {}, {}
    for some_rows, some_edges in tables:
        for into, more in (rows, some_rows), (edges, some_edges):
            for key, (n, m) in more.items():
                a, b = into.get(key, (0, 0))
                into[key] = (a + n, b + m)
    return rows, edges


def paths(profile):
    """Calls by path, a tuple of names, in the trees of all threads."""
    data = json.loads(profile.dumps("json"))
    assert data["tree"] == "exact"
    names = [f["name"] for f in data["functions"]]
    found, path_of = Counter(), {}
    for c in data["contexts"]:
        above = () if c["parent"] is None else path_of[c["thread"], c["parent"]]
        path = path_of[c["thread"], c["context"]] = (*above, names[c["function"]])
        found[path] += c["calls"]
    return found


def test_all_views_are_of_the_sum(tmp_path):
    sum_of = Profile()
    for n in (3, 4):
        sum_of.add(recorded(n))
    sum_of.runcall(work, 5)
    assert calls(sum_of, "leaf") == 12
    del sum_of.stats
    assert {r.name: r.calls for r in sum_of.stats()}["leaf"] == 12
    assert marshal.loads(sum_of._dictionary())[ctraceprof.label(leaf.__code__)][:2] == (12, 12)
    assert {e.code: e.callcount for e in sum_of.getstats()}[leaf.__code__] == 12
    path = tmp_path / "sum.prof"
    sum_of.dump_stats(path)
    with open(path, "rb") as file:
        assert marshal.load(file)[ctraceprof.label(leaf.__code__)][0] == 12
        extension = marshal.load(file)
    assert extension["properties"]["merged"] == 3
    assert len(extension["threads"]) == 1
    for page in (sum_of.html(), sum_of._repr_html_()):
        assert "leaf" in page
    del sum_of.stats  # create_stats left cProfile's table
    sum_of.clear()
    assert sum_of.stats() == []


def test_rows_are_in_the_order_of_their_labels():
    one, other, both = Profile(), Profile(), Profile()
    one.runcall(sorted, [2, 1])
    other.runcall(work)
    both.add(one)
    both.add(other)
    labels = [r[:3] for r in both.stats()]
    assert labels == sorted(labels) and len(labels) > 4
    for row in both.stats():
        assert [c[:3] for c in row.callers] == sorted(c[:3] for c in row.callers)


def test_what_is_added_is_what_there_is_at_that_time():
    running, sum_of = Profile(), Profile()
    running.enable()
    work(2)
    sum_of.add(running)
    work(3)
    running.disable()
    assert calls(sum_of, "leaf") == 2
    assert calls(running, "leaf") == 5
    sum_of.add(running)
    assert calls(sum_of, "leaf") == 7
    running.clear()
    del running
    assert calls(sum_of, "leaf") == 7


def test_the_sum_may_be_enabled_meanwhile():
    sum_of, part = Profile(builtins=False), recorded(4)
    with sum_of:
        work(2)
        sum_of.add(part)
        work(3)
        assert calls(sum_of, "leaf") == 9
    assert calls(sum_of, "leaf") == 9


def test_a_profile_added_to_itself_counts_twice():
    profile = recorded(3)
    profile.add(profile)
    assert calls(profile, "leaf") == 6
    profile.add(profile)
    assert calls(profile, "leaf") == 12


def test_sums_of_sums_and_empty_profiles():
    empty, inner, outer = Profile(), Profile(), Profile()
    inner.add(empty)
    assert inner.stats() == []
    inner.add(recorded(2))
    inner.add(recorded(3))
    outer.add(inner)
    outer.add(inner)
    outer.add(empty)
    assert calls(outer, "leaf") == 10
    assert json.loads(outer.dumps("json"))["tree"] == "exact"


def test_only_profiles_can_be_added():
    profile = recorded()
    for wrong in (None, 3, "x", profile.stats(), Profile):
        with pytest.raises(TypeError, match="other must be a Profiler, not"):
            profile.add(wrong)
    with pytest.raises(ValueError, match="__init__"):
        profile.add(Profile.__new__(Profile))
    with pytest.raises(ValueError, match="__init__"):
        Profile.__new__(Profile).add(profile)
    assert calls(profile, "leaf") == 3


def test_an_init_anew_forgets_the_sum():
    profile = Profile()
    profile.add(recorded())
    profile.__init__()
    assert profile.stats() == []


def test_clear_from_within_the_timer_keeps_all():
    profile = None
    told = []

    def timer():
        if profile is not None and not told:
            try:
                profile.clear()
            except RuntimeError as error:
                told.append(error)
        return 1.0

    profile = Profile(timer)
    profile.add(recorded(3))
    profile.runcall(leaf)
    assert told and calls(profile, "leaf") == 4


def test_times_add_up_both_ways():
    tick = iter(range(10**9))
    parts = [Profile(lambda: next(tick), 0.5) for _ in range(3)]
    for n, part in enumerate(parts):
        part.runcall(work, n)
    sum_of = Profile()
    for part in parts:
        sum_of.add(part)
    total = {r.name: r for r in sum_of.stats()}["work"]
    each = [{r.name: r for r in part.stats()}["work"] for part in parts]
    assert total.cumulative == sum(r.cumulative for r in each)
    assert total.total == sum(r.total for r in each)


def test_raw_and_compensated_times_of_the_sum():
    parts = [recorded(2000, builtins=False) for _ in range(2)]
    raw, compensated = Profile(compensate=False), Profile()
    for part in parts:
        raw.add(part)
        compensated.add(part)

    def own(profile, *how):
        return marshal.loads(profile._dictionary(*how))[ctraceprof.label(leaf.__code__)][2]

    assert own(raw) == own(compensated, False) == sum(own(part, False) for part in parts)
    assert own(compensated) == own(raw, True) == sum(own(part) for part in parts)
    assert own(compensated) < own(raw)
    # what shows raw times adds both
    again = Profile()
    again.add(raw)
    assert own(again) == own(compensated)


def test_coroutines_add_up():
    async def nap():
        await asyncio.sleep(0)

    sum_of = Profile()
    for n in (1, 2):
        part = Profile(scope="context")

        async def main(n=n, part=part):
            with part:
                for _ in range(n):
                    await nap()

        asyncio.run(main())
        sum_of.add(part)
    figures = {r.name: r.coroutine for r in sum_of.stats()}["nap"]
    assert (figures.started, figures.resumes) == (3, 3)


def test_threads_of_one_name_are_one_and_trees_stay_exact():
    def on_thread(name, n):
        part = Profile()
        thread = threading.Thread(target=part.runcall, args=(work, n), name=name)
        thread.start()
        thread.join()
        return part

    sum_of = Profile()
    for name, n in ("a", 1), ("b", 2), ("a", 3):
        sum_of.add(on_thread(name, n))
    data = json.loads(sum_of.dumps("json"))
    names = [f["name"] for f in data["functions"]]
    found = Counter()
    for c in data["contexts"]:
        if names[c["function"]] == "leaf":
            found[data["threads"][c["thread"]]["name"]] += c["calls"]
    assert found == {"a": 4, "b": 2}


def test_random_sums_equal_a_reckoning():
    rng = random.Random(11)

    def f(n, m):
        return leaf() if n == 0 else max(g(n - 1, m) for _ in range(m))

    def g(n, m):
        return f(max(n - 1, 0), m)

    for _ in range(25):
        sum_of, tables, trees = Profile(), [], Counter()
        for _ in range(rng.randrange(1, 12)):
            part = Profile(builtins=rng.random() < 0.5)
            part.runcall(rng.choice([f, g]), rng.randrange(5), rng.randrange(1, 4))
            if rng.random() < 0.3:
                part.add(rng.choice([recorded(2), recorded(1, builtins=False)]))
            sum_of.add(part)
            tables.append(table(part))
            trees += paths(part)
            if rng.random() < 0.3:
                assert table(sum_of) == added_tables(tables)
        assert table(sum_of) == added_tables(tables)
        assert paths(sum_of) == trees


def test_large_and_small_ones_in_any_order():
    """Sizes from one context to thousands: they are kept apart and gathered by size."""
    space = {}
    exec("\n".join(f"def f{i}(): pass" for i in range(30_000)), space)
    functions = [space[f"f{i}"] for i in range(30_000)]
    rng = random.Random(3)

    def part(count):
        profile = Profile(builtins=False)
        first = rng.randrange(len(functions) - count)
        with profile:
            for function in functions[first : first + count]:
                function()
        return profile

    sum_of, tables = Profile(), []
    for size in [20_000, 1, 1, 1, 300, 1, 15_000, 2, 1, 20_000, 1]:
        one = part(size)
        sum_of.add(one)
        tables.append(table(one))
    assert table(sum_of) == added_tables(tables)


def test_adding_from_many_threads_at_once_loses_nothing():
    sum_of = Profile()
    errors = []

    def adder(n):
        try:
            for _ in range(50):
                sum_of.add(recorded(n, builtins=False))
        except BaseException as error:
            errors.append(error)

    def reader(stop):
        seen = 0
        try:
            while not stop.is_set():
                now = sum(r.calls for r in sum_of.stats() if r.name == "leaf")
                assert now >= seen
                seen = now
        except BaseException as error:
            errors.append(error)

    stop = threading.Event()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        adders = [threading.Thread(target=adder, args=(n,)) for n in range(8)]
        readers = [threading.Thread(target=reader, args=(stop,)) for _ in range(2)]
        for thread in adders + readers:
            thread.start()
        for thread in adders:
            thread.join()
        stop.set()
        for thread in readers:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert errors == []
    assert calls(sum_of, "leaf") == 50 * sum(range(8))


def test_cleared_while_others_add():
    sum_of = Profile()
    stop = threading.Event()
    part = recorded(3)

    def clear():
        while not stop.is_set():
            sum_of.clear()

    thread = threading.Thread(target=clear)
    thread.start()
    for _ in range(500):
        sum_of.add(part)
    stop.set()
    thread.join()
    assert calls(sum_of, "leaf") % 3 == 0
    sum_of.clear()
    sum_of.add(part)
    assert calls(sum_of, "leaf") == 3


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


@pytest.mark.slow  # sanitizers keep what is freed
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no /proc here")
def test_memory_is_flat():
    sum_of, part = Profile(), recorded(3)
    for _ in range(500):
        sum_of.add(part)
    gc.collect()
    before = resident()
    for _ in range(20_000):
        sum_of.add(part)
    assert calls(sum_of, "leaf") == 3 * 20_500
    assert resident() - before < 1_000_000

"""Where coroutines await: in each place of the tree, exactly, and whatever is then done to the tree."""

import asyncio
import json
import random
import re
import subprocess
import types
from collections import Counter

import ctraceprof
import pytest
from exports import GOLDEN, TOOL, converted


@types.coroutine
def switch():
    yield


class World:
    """A clock that only the program moves, and how long each call of a coroutine was there, by its path."""

    def __init__(self, seed):
        self.now = 0
        self.pick = random.Random(seed)
        self.wall = Counter()
        self.names = ("red", "green", "blue", "grey")
        self.functions = {name: self.make(name) for name in self.names}

    def make(self, name):
        space = {"call": self.call}
        exec(f"async def {name}(path): return await call(path + ({name!r},))", space)
        return space[name]

    async def call(self, path):
        begun = self.now
        for _ in range(self.pick.randrange(1, 4)):
            self.now += self.pick.randrange(5)
            if self.pick.random() < 0.5 and len(path) < 6:
                await self.functions[self.pick.choice(self.names)](path)
            else:
                await switch()
        self.now += self.pick.randrange(5)
        self.wall[path] += self.now - begun

    def run(self, tasks):
        """Whoever it is that goes on next; time passes between."""
        ready = [self.functions[self.pick.choice(self.names)](()) for _ in range(tasks)]
        while ready:
            self.now += self.pick.randrange(20)
            task = self.pick.choice(ready)
            try:
                task.send(None)
            except StopIteration:
                ready.remove(task)


def record(world, tasks):
    profile = ctraceprof.Profile(timer=lambda: world.now, timeunit=1.0, builtins=False)
    profile.runcall(world.run, tasks)
    return profile


def contexts_of(path, *options):
    """{path: (seconds active, seconds awaited)}, callees included."""
    data = json.loads(converted(path, "json", *options))
    found, paths = Counter(), []
    waits = Counter()
    for context in data["contexts"]:
        above = () if context["parent"] is None else paths[context["parent"]]
        name = data["functions"][context["function"]]["name"]
        paths.append((*above, name))
        found[paths[-1]] += context["cumulative"]
        waits[paths[-1]] += context.get("awaited", 0)
    return {path: (found[path], waits[path]) for path in found}


@pytest.mark.parametrize("seed", range(20))
def test_active_and_awaited_make_wall_time(seed, tmp_path):
    """As the program measures it on its own clock, for every path of awaits."""
    world = World(seed)
    record(world, 15).dump_stats(tmp_path / "a.prof")
    found = {}
    for path, (active, awaited) in contexts_of(tmp_path / "a.prof").items():
        # call() stands between a coroutine and the next one, so that none is direct recursion.
        if path[-1] in world.names:
            found[tuple(name for name in path if name in world.names)] = active + awaited
    assert len(found) > 10 and found == {path: pytest.approx(wall) for path, wall in world.wall.items()}


def test_the_file_holds_it_and_sums_add_it_up(tmp_path):
    world = World(3)
    record(world, 4).dump_stats(tmp_path / "a.prof")
    before = contexts_of(tmp_path / "a.prof")
    assert any(awaited > 0 for _, awaited in before.values())
    subprocess.run([TOOL, "merge", "-o", tmp_path / "b.prof", tmp_path / "a.prof", tmp_path / "a.prof"], check=True)
    assert contexts_of(tmp_path / "b.prof") == {path: (2 * a, 2 * w) for path, (a, w) in before.items()}
    (tmp_path / "c.prof").write_bytes(converted(tmp_path / "b.prof", "pstats"))
    assert (tmp_path / "c.prof").read_bytes() == (tmp_path / "b.prof").read_bytes()


def test_what_is_hidden_gives_its_waits_to_its_callers(tmp_path):
    world = World(5)
    record(world, 4).dump_stats(tmp_path / "a.prof")
    before = contexts_of(tmp_path / "a.prof")
    after = contexts_of(tmp_path / "a.prof", "--hide", r"\(call\)")
    kept = {tuple(name for name in path if name != "call"): found for path, found in before.items() if path[-1] != "call"}
    # Of a function that calls itself inner calls are part of one place.
    flat = {path: found for path, found in kept.items() if all(a != b for a, b in zip(path, path[1:]))}
    assert len(flat) > 5 and {path: after[path] for path in flat} == flat
    part = contexts_of(tmp_path / "a.prof", "--focus", r"\(blue\)")
    assert part[("run",)][1] == sum(
        awaited for path, (_, awaited) in before.items() if path[-1] == "blue" and "blue" not in path[:-1]
    )


def awaited_on_page(page, name):
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
    thread = data["profiles"][0]["threads"][0]
    names = [data["strings"][data["functions"]["name"][function]] for function in thread["function"]]
    return dict(zip(names, thread["awaited"]))[name]


def test_who_still_waits_has_waited_until_now(tmp_path):
    now = 0

    async def waits():
        await switch()

    profile = ctraceprof.Profile(timer=lambda: now, timeunit=1.0, builtins=False)
    task = waits()
    with profile:
        task.send(None)
        now += 7
        for _ in range(2):
            assert awaited_on_page(profile.html(), "waits") == 7
        now += 3
    profile.dump_stats(tmp_path / "a.prof")
    assert contexts_of(tmp_path / "a.prof")[("waits",)] == (0, 10)
    task.close()


def test_a_task_that_outlives_its_maker(tmp_path):
    """What is begun in a coroutine and goes on by itself waits longer than that was there."""
    now = 0
    begun = []

    async def child():
        await switch()

    async def parent():
        begun.append(child())
        begun[0].send(None)

    profile = ctraceprof.Profile(timer=lambda: now, timeunit=1.0, builtins=False)
    with profile:
        with pytest.raises(StopIteration):
            parent().send(None)
        now += 50
        with pytest.raises(StopIteration):
            begun[0].send(None)
    profile.dump_stats(tmp_path / "a.prof")
    found = contexts_of(tmp_path / "a.prof")
    assert found["parent", "child"] == (0, 50) and found[("parent",)] == (0, 50)


def test_on_asyncios_own_loop(tmp_path):
    async def inner():
        await asyncio.sleep(0.03)

    async def outer():
        await inner()

    async def main():
        await asyncio.gather(outer(), outer())

    profile = ctraceprof.Profile()
    profile.runcall(asyncio.run, main())
    rows = {r.name: r.coroutine.awaited for r in profile.stats() if r.coroutine is not None}
    profile.dump_stats(tmp_path / "a.prof")
    waits = {path[-1]: awaited for path, (_, awaited) in contexts_of(tmp_path / "a.prof").items()}
    assert 0.06 <= waits["inner"] < 1 and waits["outer"] == pytest.approx(waits["inner"], rel=0.1)
    assert 0.03 <= waits["main"] < 1
    assert waits["outer"] == pytest.approx(rows["outer"])


def test_files_that_do_not_know_say_nothing(tmp_path):
    for name in "cprofile-3.13.prof", "ctraceprof-3.13.prof":
        data = json.loads(converted(GOLDEN / "good" / name, "json"))
        assert all("awaited" not in context for context in data["contexts"])

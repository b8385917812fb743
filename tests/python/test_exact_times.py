"""Every time is what it must be, by a clock that only the profiled functions move.

The reference is a model of a few lines: it walks the same random tree with a stack of names. Beyond
max_contexts the recorder counts in another way, and must come to the same numbers.
"""

import copy
import itertools

import ctraceprof
import figures
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SORTED = "<built-in method builtins.sorted>"
NAMES = ["a", "b", "c", "d"]
CAPS = [1, 3, 10, 100_000]


class Failure(Exception):
    """Raised by nodes that end so."""


class World:
    """A clock and the functions that move it; made anew for each profile.

    A tree is (name, items, ending). Items are steps of the clock, "look", or trees; a tree's ending
    says that it raises at its end, or that it is called by sorted().
    """

    def __init__(self):
        self.now = 0
        self.profile = None
        self.seen = []
        self.functions = {name: self._define(name) for name in NAMES}

    def read(self):
        return self.now

    def look(self):
        self.seen.append(self.profile.getstats())

    def _define(self, name):
        source = (
            f"def {name}(tree):\n"
            "    for item in tree[1]:\n"
            "        if item.__class__ is int: world.now += item\n"
            "        elif item == 'look': world.look()\n"
            "        elif item[2] == 'sorted': sorted((item,), key=world.functions[item[0]])\n"
            "        else:\n"
            "            try: world.functions[item[0]](item)\n"
            "            except Failure: pass\n"
            "    if tree[2] == 'raise': raise Failure\n"
        )
        namespace = {"world": self, "Failure": Failure}
        exec(source, namespace)
        return namespace[name]

    def run(self, profile, trees):
        """Enables for each tree anew."""
        self.profile = profile
        for tree in trees:
            profile.enable()
            try:
                self.functions[tree[0]](tree)
            except Failure:
                pass
            profile.disable()


class Model:
    """What a profile of the same trees must hold: rows are [nc, cc, tt, ct]."""

    def __init__(self, trees):
        self.now = 0
        self.open = []  # [name, start, own time so far]
        self.seen = []
        self.functions, self.edges = {}, {}
        for name, items, _ in trees:
            self._call(name, items)

    def _end(self, functions, edges, depth):
        """The call at this depth ends now."""
        name, start, own = self.open[depth]
        above = [call[0] for call in self.open[:depth]]
        whole = self.now - start
        _add(functions.setdefault(name, [0, 0, 0, 0]), name not in above, own, whole)
        if above:
            edge = (above[-1], name)
            outermost = edge not in zip(above, above[1:])
            _add(edges.setdefault(edge, [0, 0, 0, 0]), outermost, own, whole)

    def _look(self):
        functions, edges = copy.deepcopy((self.functions, self.edges))
        for depth in range(len(self.open)):
            self._end(functions, edges, depth)
        self.seen.append((functions, edges))

    def _call(self, name, items):
        self.open.append([name, self.now, 0])
        for item in items:
            if item == "look":
                self._look()
            elif isinstance(item, int):
                self.now += item
                self.open[-1][2] += item
            elif item[2] == "sorted":
                self._call(SORTED, [(*item[:2], "")])
            else:
                self._call(*item[:2])
        self._end(self.functions, self.edges, len(self.open) - 1)
        self.open.pop()


def _add(row, outermost, own, whole):
    row[0] += 1
    row[2] += own
    if outermost:
        row[1] += 1
        row[3] += whole


def by_name(given):
    """The figures by the bare names of the functions above; others have taken no time."""
    known = {*NAMES, SORTED}
    functions, edges = given
    return (
        {key[2]: row for key, row in functions.items() if key[2] in known},
        {(a[2], b[2]): row for (a, b), row in edges.items() if a[2] in known and b[2] in known},
    )


def in_seconds(rows, unit=1.0):
    return {key: (nc, cc, tt * unit, ct * unit) for key, (nc, cc, tt, ct) in rows.items()}


def assert_matches(given, expected):
    functions, edges = by_name(given)
    assert functions == in_seconds(expected[0])
    assert edges == in_seconds(expected[1])


def record(trees, max_contexts, unit=1.0):
    world = World()
    profile = ctraceprof.Profile(world.read, unit, max_contexts=max_contexts)
    world.run(profile, trees)
    return world, profile


def _trees(items):
    return st.tuples(st.sampled_from(NAMES), items, st.sampled_from(["", "", "raise", "sorted"]))


STEP = st.integers(0, 9)
TREE = st.recursive(
    _trees(st.lists(STEP, max_size=2)),
    lambda inner: _trees(st.lists(STEP | inner, max_size=4)),
    max_leaves=25,
)
LOOKED_AT = st.recursive(
    _trees(st.lists(STEP | st.just("look"), max_size=2)),
    lambda inner: _trees(st.lists(STEP | inner | st.just("look"), max_size=4)),
    max_leaves=12,
)
LIMITS = settings(
    max_examples=100, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.mark.parametrize("max_contexts", CAPS)
@LIMITS
@given(trees=st.lists(TREE, min_size=1, max_size=3))
def test_random_trees(max_contexts, trees):
    _, profile = record(trees, max_contexts)
    profile.snapshot_stats()
    model = Model(trees)
    assert_matches(figures.of_stats(profile.stats), (model.functions, model.edges))
    assert_matches(figures.of_entries(profile.getstats()), (model.functions, model.edges))


@pytest.mark.parametrize("max_contexts", CAPS)
@LIMITS
@given(trees=st.lists(LOOKED_AT, min_size=1, max_size=2))
def test_looking_while_enabled(max_contexts, trees):
    """Calls still open count as ending now, and what comes after is as if nobody had looked."""
    world, profile = record(trees, max_contexts)
    model = Model(trees)
    assert_matches(figures.of_entries(profile.getstats()), (model.functions, model.edges))
    assert len(world.seen) == len(model.seen)
    for seen, expected in zip(world.seen, model.seen):
        assert_matches(figures.of_entries(seen), expected)


@pytest.mark.parametrize("max_contexts", CAPS)
@LIMITS
@given(tree=TREE)
def test_self_times_add_up(max_contexts, tree):
    world, profile = record([tree], max_contexts)
    functions, _ = figures.of_entries(profile.getstats())
    root = next(row for key, row in functions.items() if key[2] == tree[0])
    assert sum(row[2] for row in functions.values()) == root[3] == world.now


RECURSION = ("a", [1, ("b", [2, ("a", [4, ("b", [8, ("c", [16], "")], "raise")], "")], ""), 32], "")


@pytest.mark.parametrize("max_contexts", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
@pytest.mark.parametrize("unit", [1.0, 0.001])
def test_recursion_by_hand(max_contexts, unit):
    """a > b > a > b > c, with the numbers written out."""
    _, profile = record([RECURSION], max_contexts, unit)
    functions, edges = by_name(figures.of_entries(profile.getstats()))
    assert functions == in_seconds(
        {"a": (2, 1, 37, 63), "b": (2, 1, 10, 30), "c": (1, 1, 16, 16)}, unit
    )
    assert edges == in_seconds(
        {("a", "b"): (2, 1, 10, 30), ("b", "a"): (1, 1, 4, 28), ("b", "c"): (1, 1, 16, 16)}, unit
    )


def test_float_timer_is_kept_to_the_nanosecond():
    """Without timeunit the timer gives seconds; parts of a nanosecond are cut off."""
    readings = itertools.chain([10.0, 10.25, 11.0], itertools.repeat(11.000000001))
    profile = ctraceprof.Profile(lambda: next(readings))
    profile.enable()
    abs(-1)
    profile.disable()
    functions, _ = figures.of_entries(profile.getstats())
    assert functions["~", 0, "<built-in method builtins.abs>"] == (1, 1, 0.25, 0.25)
    assert functions[figures.DISABLE] == (1, 1, 1e-9, 1e-9)

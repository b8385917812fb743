"""Many profiles at once, started and stopped in any order over nested calls: each sees its own part.

A program is a random list of steps: call a function with steps of its own, enable a profile, disable
one. The reference walks the same list and notes, for each profile, which calls began while it was
enabled, and below which of these."""

import random
from collections import Counter

import pytest

import ctraceprof

NAMES = "alpha beta gamma delta epsilon".split()


def make_functions(perform):
    functions = {}
    for name in NAMES:
        exec(f"def {name}(steps):\n    perform(steps)", {"perform": perform}, functions)
    return functions


def random_steps(rng, depth, profiles, budget):
    steps = []
    for _ in range(rng.randrange(1, 8)):
        if budget[0] <= 0:
            break
        budget[0] -= 1
        kind = rng.random()
        if kind < 0.5 and depth < 12:
            steps.append(("call", rng.choice(NAMES), random_steps(rng, depth + 1, profiles, budget)))
        else:
            steps.append(("toggle", rng.randrange(profiles), None))
    return steps


class Reference:
    """What each profile is to have recorded: {(caller or None, callee): calls}."""

    def __init__(self, profiles):
        self.edges = [Counter() for _ in range(profiles)]
        self.open = [None] * profiles  # names of the calls recorded and still open; None: disabled

    def enter(self, name):
        marks = []
        for edges, stack in zip(self.edges, self.open):
            if stack is not None:
                edges[stack[-1] if stack else None, name] += 1
                stack.append(name)
            marks.append(stack)
        return marks

    def leave(self, marks):
        """Ends the call in those that have been enabled all the time since it began."""
        for stack, mark in zip(self.open, marks):
            if mark is not None and stack is mark:
                stack.pop()

    def perform(self, steps):
        marks = self.enter("perform")
        for kind, what, inner in steps:
            if kind == "call":
                below = self.enter(what)
                self.perform(inner)
                self.leave(below)
            else:
                self.open[what] = [] if self.open[what] is None else None
        self.leave(marks)


def run(steps, profiles, scope):
    recorders = [ctraceprof.Profile(builtins=False, scope=scope) for _ in range(profiles)]
    enabled = [False] * profiles

    def perform(steps):
        for kind, what, inner in steps:
            if kind == "call":
                functions[what](inner)
            elif enabled[what]:
                enabled[what] = False
                recorders[what].disable()
            else:
                enabled[what] = True
                recorders[what].enable()

    functions = make_functions(perform)
    perform(steps)
    for recorder in recorders:
        recorder.disable()
    for recorder in recorders:
        recorder.snapshot_stats()
    return recorders


def edges_of(stats):
    edges = Counter()
    for (_, _, name), (_, calls, _, _, callers) in stats.items():
        below = 0
        for (_, _, caller), figures in callers.items():
            edges[caller, name] += figures[0]
            below += figures[0]
        if calls > below:
            edges[None, name] += calls - below
    return edges


@pytest.mark.parametrize("scope", ["thread", "process"])
@pytest.mark.parametrize("seed", range(25))
def test_each_profile_sees_its_own_part(seed, scope):
    rng = random.Random(seed)
    profiles = 100 if seed < 5 else rng.randrange(1, 20)
    steps = random_steps(rng, 0, profiles, [2000 if profiles == 100 else 300])
    reference = Reference(profiles)
    reference.perform(steps)
    for recorder, expected in zip(run(steps, profiles, scope), reference.edges):
        assert edges_of(recorder.stats) == expected
        assert all(row[2] >= 0 and row[3] >= 0 for row in recorder.stats.values())

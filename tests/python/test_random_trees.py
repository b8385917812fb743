"""Random programs under cProfile and under ctraceprof: the same counts, edges and times.

A program is a few Python functions whose bodies are random statements: calls of each other, of C
functions with and without a callback, generators read to some depth, exceptions raised and caught.
Every call takes one from the fuel it hands on, so that all of them end.
"""

import cProfile

import ctraceprof
import figures
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FUNCTIONS = 4
FUEL = 4


class Failure(Exception):
    """What random programs raise."""


# {f} is a function's number, {n} a small one, {line} is the statement's own.
STATEMENTS = [
    "f{f}(fuel - 1)",
    "len(()); abs({n})",
    "max((1, 2), key=lambda _: f{f}(fuel - 1))",
    "[].append(sorted(('b', 'a'), key=len))",
    "sum(map(f{f}, (fuel - 1,)))",
    "sum(f{f}(fuel - 1) for _ in range({n}))",
    "[f{f}(fuel - 1) for _ in range({n})]",
    "for _ in g{f}(fuel - 1, {n}): break",
    "sum(g{f}(fuel - 1, {n}))",
    "any(g{f}(fuel - 1, {n}))",
    "throw_into(g{f}(fuel - 1, {n}), {n})",
    "g{f}(fuel - 1, {n}).close()",
    "attempt(f{f}, fuel - 1)",
    "attempt(len)",
    "attempt(ord, 'too long')",
    "attempt(next, iter(()))",
    "attempt(g{f}(fuel - 1, 1).send, None)",
    "Thing(f{f}, fuel - 1).value",
    "raise Failure({n})",
    "if fuel == {n}: raise Failure",
]
COMMON = """\
def attempt(function, *arguments):
    try:
        function(*arguments)
    except (Failure, TypeError, StopIteration, RuntimeError):
        return 1
    return 0

def throw_into(generator, steps):
    try:
        for _ in range(steps):
            next(generator)
        generator.throw(Failure)
    except (Failure, StopIteration):
        return 1

class Thing:
    def __init__(self, function, fuel):
        self.function = function
        self.fuel = fuel
    @property
    def value(self):
        return self.function(self.fuel)
"""

def _statements(texts):
    fill = lambda text, f, n: text.replace("{f}", str(f)).replace("{n}", str(n))  # noqa: E731
    return st.builds(fill, st.sampled_from(texts), st.integers(0, FUNCTIONS - 1), st.integers(0, 3))


def _bodies(texts):
    body = st.lists(_statements(texts), min_size=2, max_size=4)
    return st.lists(body, min_size=FUNCTIONS, max_size=FUNCTIONS)


LIMITS = settings(
    max_examples=200, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def source_of(functions, generators):
    """Each statement has its own line, so that no two lambdas have the same label."""
    lines = [COMMON]
    for number, (statements, steps) in enumerate(zip(functions, generators)):
        lines += [f"def f{number}(fuel):", "    if fuel <= 0: return 0"]
        lines += ["    " + text for text in statements]
        lines += ["    return 1", ""]
        lines += [f"def g{number}(fuel, steps):", "    if fuel <= 0: return", "    yield 0"]
        lines += ["    for _ in range(steps):"]
        lines += ["        " + text for text in steps]
        lines += ["        yield 0", ""]
    lines += ["def program():", f"    attempt(f0, {FUEL})", f"    attempt(f1, {FUEL})"]
    return "\n".join(lines)


def compiled(functions, generators):
    namespace = {"Failure": Failure}
    exec(compile(source_of(functions, generators), "<random>", "exec"), namespace)
    return namespace


@LIMITS
@given(functions=_bodies(STATEMENTS), generators=_bodies(STATEMENTS))
def test_random_program(functions, generators):
    program = compiled(functions, generators)["program"]
    theirs = figures.of_entries(figures.record(cProfile.Profile, program).getstats())
    for options in ({}, {"max_contexts": 4}):
        profile = ctraceprof.Profile(figures.counting_timer(), 1.0, **options)
        ours = figures.of_entries(figures.record(lambda *_: profile, program).getstats())
        assert theirs[0] == ours[0]
        assert theirs[1] == ours[1]


class Switch:
    """Turns a profile on and off, from wherever a program happens to be."""

    def __init__(self, profile):
        self.profile = profile
        self.on = False

    def __call__(self):
        self.on = not self.on
        if self.on:
            self.profile.enable()
        else:
            self.profile.disable()


def switched_counts(namespace, profile):
    """Counts of the program, recorded in pieces that begin and end somewhere within it."""
    namespace["switch"] = switch = Switch(profile)
    with figures.no_garbage_collection():
        switch()
        namespace["program"]()
        if switch.on:
            switch()
    # Times are left out: cProfile reads its clock once for each call that disable() ends.
    return figures.counts_only(figures.of_entries(profile.getstats()))


SWITCHING = [*STATEMENTS, "switch()", "switch(); f{f}(fuel - 1)", "next(map(switch_back, (1,)))"]


@LIMITS
@given(functions=_bodies(SWITCHING), generators=_bodies(SWITCHING))
def test_random_pieces(functions, generators):
    namespace = compiled(functions, generators)
    namespace["switch_back"] = lambda _: namespace["switch"]()
    theirs = switched_counts(namespace, cProfile.Profile())
    for options in ({}, {"max_contexts": 4}):
        assert theirs == switched_counts(namespace, ctraceprof.Profile(**options))

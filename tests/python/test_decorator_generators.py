"""Decorated generators, async generators and coroutines, driven by random scripts beside undecorated ones.

Whatever is sent, thrown or closed, what comes back is the same: values, exceptions with their contexts, causes and
states; and each step, and nothing else, is in the profile.
"""

import gc
import os
import sys
import types
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ctraceprof

PACKAGE = os.path.dirname(ctraceprof.__file__) + os.sep


class Odd(Exception):
    """Raised by scripts."""


class Leave(GeneratorExit):
    """One that is not the interpreter's own."""


RAISED = [Odd, ValueError, StopIteration, StopAsyncIteration, GeneratorExit, Leave, KeyboardInterrupt]


def build(kind):
    """A function of a plan: what to do at each step, and what when something is thrown in."""

    if kind == "generator":

        def subject(plan, log):
            for n, (step, handler) in enumerate(plan):
                log.append(("step", n))
                try:
                    if step == "yield":
                        log.append(("got", (yield n)))
                    elif step == "delegate":
                        log.append(("got", (yield from inner(n, log))))
                    elif step == "return":
                        return ("returned", n)
                    elif step == "tuple":
                        return (n, n)
                    elif step == "exception":
                        return ValueError("returned, not raised")
                    elif step == "raise":
                        raise Odd(n)
                    elif step == "stop":
                        raise StopIteration(n)
                except BaseException as error:
                    log.append(("caught", describe(error)))
                    if handler == "raise":
                        raise
                    if handler == "other":
                        raise LookupError(n)
                    if handler == "from":
                        raise LookupError(n) from error
                    if handler == "yield":
                        yield ("answer", n)
                    if handler == "return":
                        return ("gave up", n)
                finally:
                    log.append(("finally", n))
            return "end"

        def inner(n, log):
            try:
                return (yield ("inner", n))
            except GeneratorExit as error:
                log.append(("inner exit", type(error).__name__))
                raise
            finally:
                log.append(("inner finally", n))

        return subject

    if kind == "coroutine":

        async def subject(plan, log):
            for n, (step, handler) in enumerate(plan):
                log.append(("step", n))
                try:
                    if step in ("yield", "delegate"):
                        log.append(("got", await pause(n)))
                    elif step == "return":
                        return ("returned", n)
                    elif step == "tuple":
                        return (n, n)
                    elif step == "exception":
                        return ValueError("returned, not raised")
                    elif step == "raise":
                        raise Odd(n)
                    elif step == "stop":
                        raise StopIteration(n)
                except BaseException as error:
                    log.append(("caught", describe(error)))
                    if handler == "raise":
                        raise
                    if handler == "other":
                        raise LookupError(n)
                    if handler == "from":
                        raise LookupError(n) from error
                    if handler == "yield":
                        await pause(("answer", n))
                    if handler == "return":
                        return ("gave up", n)
                finally:
                    log.append(("finally", n))
            return "end"

        return subject

    async def subject(plan, log):
        for n, (step, handler) in enumerate(plan):
            log.append(("step", n))
            try:
                if step == "yield":
                    log.append(("got", (yield n)))
                elif step == "delegate":
                    log.append(("awaited", await pause(n)))
                elif step in ("return", "tuple", "exception"):
                    return
                elif step == "raise":
                    raise Odd(n)
                elif step == "stop":
                    raise StopAsyncIteration(n)
            except BaseException as error:
                log.append(("caught", describe(error)))
                if handler == "raise":
                    raise
                if handler == "other":
                    raise LookupError(n)
                if handler == "from":
                    raise LookupError(n) from error
                if handler == "yield":
                    yield ("answer", n)
                if handler == "return":
                    return
                if handler == "await":
                    log.append(("awaited", await pause(("handler", n))))
            finally:
                log.append(("finally", n))

    return subject


@types.coroutine
def pause(value):
    """Suspends the chain, whoever drives it."""
    return (yield value)


def describe(error, depth=0):
    """An exception and those behind it."""
    if error is None or depth > 5:
        return None
    return (
        type(error).__name__,
        str(error.args),
        repr(getattr(error, "value", None)),
        error.__suppress_context__,
        describe(error.__cause__, depth + 1),
        describe(error.__context__, depth + 1),
    )


def outcome(action):
    try:
        return "value", repr(action())
    except BaseException as error:
        return "raised", describe(error)


STEPS = st.sampled_from(["yield"] * 6 + ["delegate"] * 3 + ["return", "tuple", "exception", "raise", "stop", "pass"])
HANDLERS = st.sampled_from(["raise", "other", "from", "yield", "return", "pass", "await"])
PLANS = st.lists(st.tuples(STEPS, HANDLERS), max_size=6)
THROWN = st.sampled_from(RAISED)
ACTIONS = st.lists(
    st.one_of(
        st.just(("next",)),
        st.just(("next",)),
        st.tuples(st.just("send"), st.integers(0, 9)),
        st.tuples(st.just("throw"), THROWN),
        st.tuples(st.just("throw class"), THROWN),
        st.tuples(st.just("throw from handler"), THROWN),
        st.just(("close",)),
    ),
    max_size=10,
)


def drive(made, actions, is_coroutine):
    """All outcomes of a script on a generator or coroutine."""
    results = []
    for action, *argument in actions:
        if action == "next":
            results.append(outcome(lambda: made.send(None) if is_coroutine else next(made)))
        elif action == "send":
            results.append(outcome(lambda: made.send(argument[0])))
        elif action == "throw":
            results.append(outcome(lambda: made.throw(argument[0]("thrown"))))
        elif action == "throw class":
            results.append(outcome(lambda: made.throw(argument[0])))
        elif action == "throw from handler":
            try:
                raise KeyError("handled meanwhile")
            except KeyError:
                results.append(outcome(lambda: made.throw(argument[0]("thrown"))))
        else:
            results.append(outcome(made.close))
        frame = made.cr_frame if is_coroutine else made.gi_frame
        results.append(("over", frame is None))
    return results


def steps_of(log):
    return sum(entry[0] == "step" for entry in log)


def check_profile(function, name):
    """Recorded was the function, what it calls, and nothing of who drives it."""
    rows = {r.name: r for r in function.profile.stats()}
    allowed = {name, "inner", "pause", "describe"}
    own = {n for n in rows if rows[n].file == __file__}
    assert own <= allowed, own
    assert not {n for n in rows if rows[n].file.startswith((PACKAGE, "<ctraceprof"))}
    return rows


class Complaints:
    """What is told of generators that are thrown away half-way."""

    def __enter__(self):
        self.told = []
        self._hook = sys.unraisablehook
        sys.unraisablehook = lambda unraisable: self.told.append(describe(unraisable.exc_value))
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("ignore")  # never awaited
        return self

    def __exit__(self, *exc_info):
        self._warnings.__exit__(*exc_info)
        sys.unraisablehook = self._hook

    def ignored(self):
        return any("ignored GeneratorExit" in told[1] for told in self.told)


def compare(kind, play):
    """play(function, log) gives results; the log is looked at again when what was made has been thrown away."""
    plain = build(kind)
    decorated = ctraceprof.profile(plain)
    seen = []
    for function in plain, decorated:
        log = []
        with Complaints() as complaints:
            results = play(function, log)
            gc.collect(0)  # exceptions and frames that hold each other
        seen.append((results, log, complaints))
    assert seen[0][0] == seen[1][0]
    if seen[0][2].ignored():
        # Thrown away, it answered GeneratorExit with a value. Its wrapper did, too, and is thrown away in turn,
        # by which it gets another one. The interpreter leaves no way to prevent that.
        assert seen[1][2].ignored()
        assert seen[1][1][: len(seen[0][1])] == seen[0][1]
    else:
        assert seen[0][1] == seen[1][1]
        assert seen[0][2].told == seen[1][2].told
    check_profile(decorated, "subject")


@settings(max_examples=400, deadline=None)
@given(PLANS, ACTIONS)
def test_generators(plan, actions):
    compare("generator", lambda function, log: drive(function(plan, log), actions, False))


@settings(max_examples=400, deadline=None)
@given(PLANS, ACTIONS)
def test_coroutines(plan, actions):
    compare("coroutine", lambda function, log: drive(function(plan, log), actions, True))


ASYNC_ACTIONS = st.lists(
    st.tuples(
        st.one_of(
            st.just(("anext",)),
            st.just(("anext",)),
            st.tuples(st.just("asend"), st.integers(0, 9)),
            st.tuples(st.just("athrow"), THROWN),
            st.just(("aclose",)),
        ),
        # What is done to the awaitable as long as it is suspended.
        st.lists(
            st.one_of(
                st.just(("send", None)),
                st.tuples(st.just("send"), st.integers(0, 9)),
                st.tuples(st.just("throw"), THROWN),
                st.just(("close",)),
                st.just(("forget",)),
            ),
            max_size=4,
        ),
    ),
    max_size=8,
)


def await_by_hand(awaitable, actions, results):
    iterator = awaitable.__await__() if hasattr(awaitable, "__await__") else awaitable
    ended = []

    def step(function):
        try:
            return "suspended", repr(function())
        except StopIteration as stop:
            ended.append(True)
            return "value", repr(stop.value)
        except BaseException as error:
            ended.append(True)
            return "raised", describe(error)

    results.append(step(lambda: iterator.send(None)))
    for action, *argument in actions:
        if ended:
            return
        if action == "send":
            results.append(step(lambda: iterator.send(argument[0])))
        elif action == "throw":
            results.append(step(lambda: iterator.throw(argument[0]("thrown"))))
        elif action == "close":
            results.append(outcome(iterator.close))
            return
        else:
            return
    while not ended and len(results) < 200:
        results.append(step(lambda: iterator.send("on")))


def drive_async(made, actions):
    results = []
    for (action, *argument), steps in actions:
        if action == "anext":
            awaitable = outcome_of(lambda: made.__anext__())
        elif action == "asend":
            awaitable = outcome_of(lambda: made.asend(argument[0]))
        elif action == "athrow":
            awaitable = outcome_of(lambda: made.athrow(argument[0]("thrown")))
        else:
            awaitable = outcome_of(made.aclose)
        if isinstance(awaitable, tuple):
            results.append(awaitable)
            continue
        await_by_hand(awaitable, steps, results)
        results.append(("running", made.ag_running))
        results.append(("over", made.ag_frame is None))
    return results


def outcome_of(action):
    try:
        return action()
    except BaseException as error:
        return "raised", describe(error)


@settings(max_examples=600, deadline=None)
@given(PLANS, ASYNC_ACTIONS)
def test_async_generators(plan, actions):
    compare("async generator", lambda function, log: drive_async(function(plan, log), actions))


@pytest.mark.parametrize("kind", ["generator", "coroutine", "async generator"])
def test_the_scripts_reach_what_they_are_for(kind):
    """A script with all that matters in it, so that the tests above are not empty."""
    plan = [("yield", "yield"), ("delegate", "pass"), ("raise", "pass"), ("yield", "raise")]
    log = []
    decorated = ctraceprof.profile(build(kind))
    if kind == "async generator":
        made = decorated(plan, log)
        results = drive_async(made, [(("anext",), []), (("athrow", Odd), []), (("aclose",), [("send", None)])])
    else:
        made = decorated(plan, log)
        results = drive(made, [("next",), ("throw", Odd), ("next",), ("close",)], kind == "coroutine")
    assert ("caught", describe(Odd("thrown"))) in log
    assert len(results) >= 6
    assert check_profile(decorated, "subject")["subject"].calls >= 3

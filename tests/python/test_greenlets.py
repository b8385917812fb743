"""Greenlets: each has a stack of its own, and time stands still for those that do not run."""

import subprocess
import sys
import threading
from collections import Counter

import pytest

import ctraceprof

greenlet = pytest.importorskip("greenlet", reason="greenlet is not installed")

HERE = __file__
SCOPES = ["thread", "process", "context"]


class Clock:
    def __init__(self):
        self.now = 0

    def __call__(self):
        return self.now


def leaf():
    return abs(-1)


def counts(profile):
    functions, edges = Counter(), Counter()
    for record in profile.stats():
        if record.file == HERE:
            functions[record.name] = record.calls
            for caller in record.callers:
                if caller.file == HERE:
                    edges[caller.name, record.name] = caller.calls
    return functions, edges


def ping(other, n):
    for _ in range(n):
        pass_on(other)
        leaf()


def pass_on(other):
    leaf()
    other[0].switch()


def play(n):
    """Two greenlets that switch to each other in the middle of nested calls."""
    main = greenlet.getcurrent()
    a, b = [None], [None]
    a[0] = greenlet.greenlet(lambda: ping(b, n))
    b[0] = greenlet.greenlet(lambda: ping(a, n), parent=main)
    a[0].switch()
    leaf()
    for other in (a, b):
        while not other[0].dead:
            other[0].switch()


@pytest.mark.parametrize("scope", ["thread", "process"])
@pytest.mark.parametrize("builtins", [True, False])
def test_calls_and_callers_are_those_of_each_greenlet(scope, builtins):
    with ctraceprof.Profile(scope=scope, builtins=builtins) as profile:
        play(50)
    functions, edges = counts(profile)
    assert functions["ping"] == 2
    assert functions["pass_on"] == 100
    assert functions["leaf"] == 201
    assert edges["ping", "pass_on"] == 100
    assert edges["ping", "leaf"] == 100
    assert edges["pass_on", "leaf"] == 100
    assert edges["play", "leaf"] == 1
    assert not edges["pass_on", "ping"] and not edges["pass_on", "<lambda>"]


def test_time_stands_still_for_what_does_not_run():
    clock = Clock()

    def worker(n, parent):
        clock.now += n
        parent.switch()
        clock.now += n

    profile = ctraceprof.Profile(timer=clock, timeunit=1.0)
    with profile:
        main = greenlet.getcurrent()
        workers = [greenlet.greenlet(worker) for _ in range(3)]
        for n, g in enumerate(workers):
            g.switch(10**n, main)
            clock.now += 1000
        for g in workers:
            g.switch()
            clock.now += 1000
    rows = {r.name: r for r in profile.stats()}
    assert rows["worker"].calls == 3
    # its switches away are builtins, in which no time passes
    assert rows["worker"].cumulative == 222.0
    assert rows["worker"].total == 222.0


@pytest.mark.parametrize("end", ["throw", "collect", "profile"])
def test_ended_early(end):
    def worker(parent):
        leaf()
        parent.switch()
        leaf()

    profile = ctraceprof.Profile()
    with profile:
        g = greenlet.greenlet(worker)
        g.switch(greenlet.getcurrent())
        if end == "throw":
            with pytest.raises(KeyError):
                g.throw(KeyError)
        elif end == "collect":
            del g
    functions, edges = counts(profile)
    assert functions["worker"] == 1
    assert functions["leaf"] == 1
    assert edges["worker", "leaf"] == 1
    if end == "profile":
        g.switch()


def test_a_context_profile_follows_its_greenlet():
    import contextvars

    profile = ctraceprof.Profile(scope="context")
    log = []

    def recorded(parent):
        profile.enable()
        leaf()
        parent.switch()
        for _ in range(5):
            leaf()
            parent.switch()
        profile.disable()
        log.append("done")

    def other(parent):
        while True:
            leaf()
            parent.switch()

    main = greenlet.getcurrent()
    inside, outside = greenlet.greenlet(recorded), greenlet.greenlet(other)
    sharing = greenlet.greenlet(other)
    inside.switch(main)
    sharing.gr_context = inside.gr_context.copy()
    assert isinstance(sharing.gr_context, contextvars.Context)
    while not log:
        outside.switch(main)
        sharing.switch(main)
        inside.switch(main)
    functions, _ = counts(profile)
    assert functions["leaf"] == 1 + 5 + 6
    assert functions["other"] == 1


def test_an_older_tracer_goes_on_being_told_and_comes_back():
    told = []

    def tracer(event, args):
        told.append(event)

    greenlet.settrace(tracer)
    try:
        profile = ctraceprof.Profile()
        with profile:
            play(3)
        assert greenlet.gettrace() is tracer
    finally:
        greenlet.settrace(None)
    assert told.count("switch") > 6
    assert counts(profile)[1]["ping", "leaf"] == 6


def test_a_later_tracer_keeps_calling_ours():
    told = []
    profile = ctraceprof.Profile()
    with profile:
        leaf()
        ours = greenlet.gettrace()

        def tracer(event, args):
            told.append(event)
            ours(event, args)

        greenlet.settrace(tracer)
        play(3)
    assert greenlet.gettrace() is tracer
    greenlet.settrace(None)
    assert told and counts(profile)[1]["ping", "leaf"] == 6
    play(1)


def test_threads_have_their_own_greenlets():
    with ctraceprof.Profile(scope="process") as profile:
        threads = [threading.Thread(target=play, args=(20,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    functions, edges = counts(profile)
    assert functions["pass_on"] == 8 * 40
    assert edges["ping", "pass_on"] == 8 * 40


IMPORTED_LATE = """
import ctraceprof, sys
profile = ctraceprof.Profile({options})
profile.enable()
import greenlet
def worker(parent):
    for _ in range(10):
        inner(parent)
def inner(parent):
    parent.switch()
def main():
    g = greenlet.greenlet(worker)
    g.switch(greenlet.getcurrent())
    while not g.dead:
        g.switch()
main()
profile.disable()
rows = {{r.name: r for r in profile.stats()}}
callers = {{c.name for c in rows["inner"].callers}}
assert callers == {{"worker"}}, callers
assert rows["inner"].calls == 10
names = {{c.name for c in rows["worker"].callers}}
assert names <= {{"main", "<method 'switch' of 'greenlet.greenlet' objects>"}}, names
"""


@pytest.mark.parametrize("include", ["", ", include='__main__'"])
@pytest.mark.parametrize("builtins", [True, False])
def test_greenlet_imported_while_recording(builtins, include):
    code = IMPORTED_LATE.format(options=f"builtins={builtins}{include}")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


SWITCHED_AT_ONCE = """
import ctraceprof
profile = ctraceprof.Profile(builtins={builtins}, include="__main__")
def main():
    import greenlet
    g = greenlet.greenlet(worker)
    g.switch(greenlet.getcurrent())
    after()
    g.switch()
    after()
def worker(parent):
    parent.switch()
def after(): pass
profile.enable()
main()
profile.disable()
rows = {{r.name: [c.name for c in r.callers] for r in profile.stats() if r.file == "<string>"}}
assert rows == {{"main": [], "worker": [], "after": ["main"]}}, rows
"""


@pytest.mark.parametrize("builtins", [True, False])
def test_greenlet_imported_by_code_that_is_left_out(builtins):
    """No recorded function begins between the import and the first switch."""
    code = SWITCHED_AT_ONCE.format(builtins=builtins)
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


GEVENT = """
import gevent.monkey
gevent.monkey.patch_all()
import gevent, sys, time
def leaf(): pass
def work(n):
    for _ in range(n):
        leaf()
        time.sleep(0.001)
def main():
    gevent.joinall([gevent.spawn(work, n) for n in range(20)])
if __name__ == "__main__":
    main()
"""


def test_gevent_under_the_command_line(tmp_path):
    pytest.importorskip("gevent", reason="gevent is not installed")
    script, out = tmp_path / "script.py", tmp_path / "out.prof"
    script.write_text(GEVENT)
    done = subprocess.run(
        [sys.executable, "-m", "ctraceprof", "-o", str(out), str(script)],
        capture_output=True, text=True, timeout=60, check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    import pstats

    stats = pstats.Stats(str(out)).stats
    rows = {key[2]: value for key, value in stats.items() if key[0] == str(script)}
    assert rows["work"][1] == 20
    assert rows["leaf"][1] == sum(range(20))
    assert {key[2] for key in rows["leaf"][4]} == {"work"}


def test_gevent_greenlets_take_a_context_profile_along_by_bind():
    """They begin with an empty context of their own."""
    gevent = pytest.importorskip("gevent", reason="gevent is not installed")

    def work(n):
        for _ in range(n):
            leaf()
            gevent.sleep(0)

    def request(n, profiles):
        with ctraceprof.Profile(scope="context") as profile:
            bound = ctraceprof.bind(work)
            gevent.joinall([gevent.spawn(bound, n), gevent.spawn(bound, 2 * n),
                            gevent.spawn(work, 100)])
        profiles[n] = profile

    profiles = {}
    gevent.joinall([gevent.spawn(request, n, profiles) for n in range(30)])
    for n, profile in profiles.items():
        functions, edges = counts(profile)
        assert functions["leaf"] == 3 * n
        assert functions["work"] == 2
        assert edges["work", "leaf"] == 3 * n

"""What is left out costs nothing, once so many events have come as do before anything is switched off."""

import dis
import sys
import threading

import pytest
from filtering import counts, make, wear_out

import ctraceprof

needs_monitoring = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="3.11's hook cannot be switched off for some code only"
)


def instrumented(function):
    """Names of the instructions that call the tools of sys.monitoring, as they stand now."""
    names = {number: name for name, number in dis.opmap.items()}
    code = function.__code__
    present = [names.get(code._co_code_adaptive[i.offset], "") for i in dis.get_instructions(code)]
    return [name for name in present if name.startswith("INSTRUMENTED_")]


BUSY = """
def busy(look=int):
    leaf()
    len(())
    int("1")
    int(*())
    dict(a=leaf())
    [].append(1)
    for _ in generator():
        pass
    look()
    return 1

def generator():
    yield leaf()
    yield 2
    return

def leaf():
    return len(())
"""


def busy(name="busy"):
    namespace = make(BUSY, f"/x/{name}.py", __name__=name)
    return [namespace[name] for name in ("busy", "generator", "leaf")]


@needs_monitoring
@pytest.mark.parametrize("builtins", [True, False])
@pytest.mark.parametrize("scope", ["thread", "process", "context"])
def test_code_left_out_is_not_instrumented(scope, builtins):
    functions = busy()
    with ctraceprof.Profile(builtins=builtins):
        functions[0]()
        assert all(map(instrumented, functions))
    with ctraceprof.Profile(exclude=["busy", "worn"], builtins=builtins, scope=scope):
        functions[0]()
        assert all(map(instrumented, functions))  # it may be over soon
        wear_out()
        functions[0]()
        functions[0]()
        assert list(map(instrumented, functions)) == [[], [], []]


@needs_monitoring
def test_code_left_out_on_another_thread_is_not_instrumented():
    functions = busy()
    with ctraceprof.Profile(exclude=["busy", "worn"]):
        wear_out()
        thread = threading.Thread(target=lambda: [functions[0](), functions[0]()])
        thread.start()
        thread.join()
        assert list(map(instrumented, functions)) == [[], [], []]


@needs_monitoring
def test_code_that_another_profile_records_stays_instrumented():
    functions = busy()
    whole, part, other = ctraceprof.Profile(), ctraceprof.Profile(exclude=["busy", "worn"]), busy("other")
    with whole, part:
        wear_out()
        functions[0]()
        other[0]()
        assert all(map(instrumented, functions))
    part.enable()
    wear_out()
    functions[0]()
    assert not any(map(instrumented, functions))
    with ctraceprof.Profile(include="busy") as wanted:
        functions[0]()
        assert all(map(instrumented, functions))
    part.disable()
    assert [counts(profile)["leaf"] for profile in (whole, part, wanted)] == [6, 3, 3]


@needs_monitoring
def test_equal_filters_do_not_restart_each_other():
    """What is off stays off as a second profile with the same patterns, in whatever order, begins."""
    functions = busy()
    seen = []
    with ctraceprof.Profile(exclude=["busy", "worn"]):
        wear_out()
        functions[0]()
        for patterns in (["busy", "worn"], ["worn", "busy", "worn"]):
            with ctraceprof.Profile(exclude=patterns):
                functions[0](lambda: seen.append(list(map(instrumented, functions))))
        # And a third one that wants more starts all anew: the line behind the call has yet to run.
        with ctraceprof.Profile(exclude=["busy"]):
            functions[0](lambda: seen.append(list(map(instrumented, functions))))
    assert seen[:2] == [[[], [], []]] * 2
    assert seen[2][0] != []


@needs_monitoring
def test_a_filter_that_was_not_there_all_the_time_restarts():
    """a switches off alone, then both; b's own later sessions must not trust what a switched off."""
    f, g = busy("f"), busy("g")
    profile_a, profile_b = ctraceprof.Profile(exclude=["f", "g", "worn"]), ctraceprof.Profile(exclude="g")
    with profile_a:
        wear_out()
        f = make("def f(): return len(())", "/x/f.py", __name__="f")["f"]
        f()
        with profile_b:
            g[0]()
            f()
        f()
        with profile_b:
            f()
    assert counts(profile_b)["f"] == 2
    assert "f" not in counts(profile_a)


@needs_monitoring
def test_other_tools_find_everything_switched_on():
    """What was off would stay so, for the next tool under this id, until the code runs again."""
    monitoring = sys.monitoring
    function = make("def f(): return 1", "/x/f.py", __name__="f")["f"]
    with ctraceprof.Profile(exclude=["f", "worn"]):
        wear_out()
        function()
        function()
    seen = []
    monitoring.use_tool_id(2, "test")
    try:
        event = monitoring.events.PY_START
        monitoring.register_callback(2, event, lambda code, offset: seen.append(code.co_name))
        monitoring.set_events(2, event)
        function()
    finally:
        monitoring.set_events(2, 0)
        monitoring.register_callback(2, event, None)
        monitoring.free_tool_id(2)
    assert "f" in seen

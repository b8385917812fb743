"""Hostile hosts: tools that take the hook, threads and interpreters that end, signals, timers, finalizers.

Each program runs in a process of its own, where it may crash, hang or complain without harm to the tests:
it must end with status 0, in time, and with nothing on stderr but what it expects there. Where something
was lost the profile says so, and `traceprof info` prints it."""

import pytest

from hosts import MONITORING, each_scope, info, needs_hook, needs_monitoring, run


@each_scope
def test_a_hook_that_is_taken_is_in_the_profile(scope, tmp_path):
    source = """
    warnings.simplefilter("error")
    go = threading.Event()
    def elsewhere():
        go.wait()
        mixed()
    others = in_threads(2, elsewhere)
    profile = Profile(scope=scope)
    profile.enable()
    mixed()
    suspended = numbers(3)
    next(suspended)
    take_hook()
    go.set()
    for _ in range(5):
        mixed()
    next(suspended)
    join(others)
    try:
        profile.disable()
    except RuntimeWarning as warning:
        assert "another tool took the profiler's hook away" in str(warning), warning
    else:
        raise AssertionError("no warning")
    print(calls(profile))
    profile.dump_stats(path)
    """
    out = run(source, scope, tmp_path / "a.prof")
    # 3.11's hook is a thread's own: in the scope of a process the others are still recorded.
    assert int(out) == (15 if scope == "process" and not MONITORING else 5)
    assert info(tmp_path / "a.prof")["hook lost"] == "1"


@each_scope
def test_a_profile_that_nobody_disturbed_says_so(scope, tmp_path):
    source = """
    with Profile(scope=scope) as profile:
        mixed()
    profile.dump_stats(path)
    """
    run(source, scope, tmp_path / "a.prof")
    fields = info(tmp_path / "a.prof")
    assert fields["hook lost"] == "0" and "shared with" not in fields


@each_scope
def test_a_loss_stays_in_the_profile_until_it_is_cleared(scope, tmp_path):
    source = """
    warnings.simplefilter("ignore")
    def give_back():
        if monitoring is None:
            sys.setprofile(None)
        else:
            monitoring.free_tool_id(2)
    profile = Profile(scope=scope)
    for _ in range(2):
        profile.enable()
        take_hook()
        profile.disable()
        give_back()
    with profile:
        leaf()
    profile.dump_stats(path)
    profile.clear()
    with profile:
        leaf()
    profile.dump_stats(path + "2")
    with profile:
        take_hook()
        profile._write(os.fsencode(path + "3"), {})
    """
    run(source, scope, tmp_path / "a")
    assert [info(tmp_path / name)["hook lost"] for name in ("a", "a2", "a3")] == ["2", "0", "1"]


@needs_monitoring
@each_scope
@pytest.mark.parametrize("theft", ["events", "id", "callbacks"])
def test_each_way_of_taking_a_part_is_noticed(scope, theft, tmp_path):
    source = f"""
    warnings.simplefilter("ignore")
    profile = Profile(scope=scope)
    profile.enable()
    leaf()
    if {theft!r} == "events":
        monitoring.set_events(2, monitoring.events.PY_START)
    elif {theft!r} == "id":
        monitoring.free_tool_id(2)
    else:
        monitoring.register_callback(2, monitoring.events.PY_START, lambda *ignored: None)
    leaf()
    profile.disable()
    print(calls(profile))
    profile.dump_stats(path)
    with Profile(scope=scope) as again:
        leaf()
    assert calls(again) == 1
    """
    run(source, scope, tmp_path / "a.prof")
    assert info(tmp_path / "a.prof")["hook lost"] == "1"


@needs_monitoring
@each_scope
def test_a_profile_that_gets_its_hook_back_still_says_that_it_lost_it(scope, tmp_path):
    source = """
    warnings.simplefilter("ignore")
    profile, second = Profile(scope=scope), Profile(scope=scope)
    profile.enable()
    leaf()
    monitoring.set_events(2, 0)
    monitoring.free_tool_id(2)
    leaf()
    second.enable()
    leaf()
    second.disable()
    profile.disable()
    assert (calls(profile), calls(second)) == (2, 1)
    profile.dump_stats(path)
    second.dump_stats(path + "2")
    """
    run(source, scope, tmp_path / "a")
    assert [info(tmp_path / name)["hook lost"] for name in ("a", "a2")] == ["1", "0"]


@needs_monitoring
def test_a_second_copys_id_is_not_taken_for_ours():
    source = """
    warnings.simplefilter("ignore")
    for name in [n for n in sys.modules if n.startswith("ctraceprof")]:
        del sys.modules[name]
    import ctraceprof as copy
    ours, theirs = Profile(), copy.Profile()
    ours.enable()
    monitoring.free_tool_id(2)
    theirs.enable()
    assert monitoring.get_tool(2) == "ctraceprof"
    leaf()
    ours.disable()
    leaf()
    theirs.disable()
    assert calls(theirs) == 2
    """
    run(source)


@needs_hook
def test_a_hook_taken_on_another_thread_is_noticed(tmp_path):
    source = """
    warnings.simplefilter("ignore")
    def rob():
        leaf()
        sys.setprofile(None)
        leaf()
        taken.set(); go.wait()
    taken, go = threading.Event(), threading.Event()
    profile = Profile(scope="process")
    profile.enable()
    thread = threading.Thread(target=rob)
    thread.start()
    taken.wait()
    profile.disable()
    go.set(); thread.join()
    assert calls(profile) == 1
    profile.dump_stats(path)
    """
    run(source, "process", tmp_path / "a.prof")
    assert info(tmp_path / "a.prof")["hook lost"] == "1"


@needs_hook
def test_a_thread_with_the_number_of_another_is_not_taken_for_it():
    """The system gives a thread's number to the next one that starts."""
    source = """
    warnings.simplefilter("error")
    profile = Profile()
    numbers = []
    def first():
        numbers.append(threading.get_ident())
        profile.enable()
    def second():
        numbers.append(threading.get_ident())
        with Profile():
            leaf()
        profile.disable()
    for target in first, second:
        join(in_threads(1, target))
    """
    run(source)


TRACERS = {
    "sys.settrace": "sys.settrace(lambda *ignored: None); threading.settrace(lambda *ignored: None)",
    "sys.setprofile": "sys.setprofile(lambda *ignored: None)",
    "cProfile": "import cProfile; tool = cProfile.Profile(); tool.enable()",
    "a tool": "monitoring.use_tool_id(0, 'a tool'); monitoring.set_events(0, 1)",
}


@each_scope
@pytest.mark.parametrize("tool", TRACERS)
def test_beside_another_tool_counts_are_right_and_it_is_named(scope, tool, tmp_path):
    if not MONITORING and tool != "sys.settrace":
        pytest.skip("3.11 has one profile hook: who has it is told by the ValueError of enable()")
    source = f"""
    {TRACERS[tool]}
    with Profile(scope=scope) as profile:
        mixed()
        threads = in_threads(3, ctraceprof.bind(leaf))
        join(threads)
    sys.settrace(None); threading.settrace(None)
    print(calls(profile))
    profile.dump_stats(path)
    """
    out = run(source, scope, tmp_path / "a.prof")
    assert int(out) == (5 if scope == "thread" else 8)
    fields = info(tmp_path / "a.prof")
    assert (fields["hook lost"], fields["shared with"]) == ("0", tool)


@each_scope
def test_beside_coverage(scope, tmp_path):
    pytest.importorskip("coverage", reason="coverage.py is not there")
    source = """
    import coverage
    tool = coverage.Coverage(data_file=None, concurrency="thread")
    tool.start()
    with Profile(scope=scope) as profile:
        mixed()
        join(in_threads(2, mixed))
    tool.stop()
    print(calls(profile))
    """
    assert int(run(source, scope)) == (15 if scope == "process" else 5)


@each_scope
def test_tools_that_come_and_go_meanwhile(scope):
    source = """
    warnings.simplefilter("ignore")
    import cProfile
    stop = False
    def meddle(*ignored):
        while not stop:
            sys.settrace(lambda *ignored: None); leaf(); sys.settrace(None)
            if monitoring is not None:
                sys.setprofile(lambda *ignored: None); leaf(); sys.setprofile(None)
                tool = cProfile.Profile()
                try:
                    tool.enable(); leaf(); tool.disable()
                except ValueError:
                    pass
                monitoring.restart_events()
    sys.setswitchinterval(1e-6)
    threads = in_threads(2, meddle)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with Profile(scope=scope) as profile:
            mixed()
        if scope != "process":
            assert calls(profile) == 5, calls(profile)
    stop = True
    join(threads)
    """
    run(source, scope, errors=None)


@pytest.mark.parametrize("outcome", ["raises", "enables", "switches"])
@each_scope
def test_audit_hooks_that_raise_meddle_and_wait(scope, outcome):
    source = f"""
    warnings.simplefilter("ignore")
    inside = []
    def audit(event, args):
        if not event.startswith(("sys.setprofile", "sys.monitoring")) or inside:
            return
        inside.append(event)
        try:
            if {outcome!r} == "raises":
                raise PermissionError(event)
            elif {outcome!r} == "enables":
                for profile in profiles:
                    profile.enable(); profile.disable()
            else:
                time.sleep(1e-5)
        except (ValueError, RuntimeError):
            pass
        finally:
            inside.clear()
    profiles = [Profile(scope=scope) for _ in range(3)]
    sys.addaudithook(audit)
    def toggle():
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for profile in profiles:
                try:
                    profile.enable(); leaf(); profile.disable()
                except (PermissionError, ValueError, RuntimeError):
                    pass
    join(in_threads(3, toggle))
    for profile in profiles:
        profile.disable()
    """
    run(source, scope, errors=None)

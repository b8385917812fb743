"""Living with other tools: nothing is taken from them, and who holds what is said."""

import cProfile
import sys
import threading

import pytest

from ctraceprof import Profile

monitoring = getattr(sys, "monitoring", None)
needs_monitoring = pytest.mark.skipif(monitoring is None, reason="sys.monitoring is 3.12's")
needs_hook = pytest.mark.skipif(monitoring is not None, reason="the profile hook is used on 3.11 only")


def leaf():
    return 1


def calls(profile, name="leaf"):
    profile.snapshot_stats()
    return sum(row[1] for (_, _, n), row in profile.stats.items() if n == name)


@pytest.fixture
def claimed():
    ids = []

    def claim(number, name):
        monitoring.use_tool_id(number, name)
        ids.append(number)

    yield claim
    for number in ids:
        if monitoring.get_tool(number) is not None:
            monitoring.free_tool_id(number)


def our_ids():
    return [i for i in range(6) if monitoring.get_tool(i) == "ctraceprof"]


@needs_monitoring
def test_the_profilers_id_is_preferred_and_given_back():
    with Profile():
        assert our_ids() == [2]
        with Profile():
            assert our_ids() == [2]
        assert our_ids() == [2]
    assert our_ids() == []


@needs_monitoring
def test_beside_a_running_cprofile():
    theirs, ours = cProfile.Profile(), Profile()
    theirs.enable()
    ours.enable()
    leaf()
    assert monitoring.get_tool(2) == "cProfile" and our_ids() == [3]
    ours.disable()
    theirs.disable()
    assert calls(ours) == 1
    theirs.create_stats()
    assert any(name == "leaf" for _, _, name in theirs.stats)


@needs_monitoring
def test_conventional_ids_are_taken_last(claimed):
    for number in 2, 3, 4:
        claimed(number, f"tool {number}")
    with Profile():
        assert our_ids() == [5]
    claimed(5, "tool 5")
    with Profile():
        assert our_ids() == [1]


@needs_monitoring
def test_without_a_free_id_the_holders_are_named(claimed):
    for number in range(6):
        if monitoring.get_tool(number) is None:
            claimed(number, f"tool {number}")
    with pytest.raises(ValueError) as caught:
        Profile().enable()
    message = str(caught.value)
    assert message.startswith("all tool ids of sys.monitoring are taken: 0 by ")
    assert "2 by 'tool 2', 3 by 'tool 3'" in message


@needs_monitoring
def test_eviction_is_noticed_and_respected():
    profile = Profile()
    profile.enable()
    leaf()
    monitoring.set_events(2, 0)
    for event in ("PY_START", "PY_RETURN"):
        monitoring.register_callback(2, getattr(monitoring.events, event), None)
    monitoring.free_tool_id(2)
    monitoring.use_tool_id(2, "robber")
    try:
        leaf()
        with pytest.warns(RuntimeWarning, match="another tool took the profiler's hook away"):
            profile.disable()
        assert monitoring.get_tool(2) == "robber"
    finally:
        monitoring.free_tool_id(2)
    assert calls(profile) == 1
    with Profile() as again:
        leaf()
    assert calls(again) == 1


@needs_hook
def test_a_foreign_hook_is_left_alone():
    def hook(frame, event, argument):
        pass

    sys.setprofile(hook)
    try:
        with pytest.raises(ValueError, match="the profile hook of this thread is taken by <function"):
            Profile().enable()
        assert sys.getprofile() is hook
    finally:
        sys.setprofile(None)


@needs_hook
def test_hook_shows_the_profile_and_goes_with_it():
    outer, inner = Profile(), Profile()
    with outer:
        with inner:
            assert sys.getprofile() is inner
        assert sys.getprofile() is outer
    assert sys.getprofile() is None


@needs_hook
def test_a_hook_that_was_taken_away_is_noticed():
    profile = Profile()
    profile.enable()
    sys.setprofile(None)
    with pytest.warns(RuntimeWarning, match="another tool took the profiler's hook away"):
        profile.disable()


def test_profiles_overlap_in_any_order():
    first, second = Profile(), Profile()
    first.enable()
    leaf()
    second.enable()
    leaf()
    first.disable()
    leaf()
    second.disable()
    assert (calls(first), calls(second)) == (2, 2)


def test_profiles_on_several_threads_at_once():
    results = {}

    def run(n):
        profile = Profile()
        with profile:
            for _ in range(n):
                leaf()
        results[n] = calls(profile)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(100, 108)]
    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(old)
    assert results == {n: n for n in range(100, 108)}


@needs_monitoring
def test_an_id_that_became_anothers_is_left_alone(claimed):
    profile = Profile(builtins=False)
    profile.enable()
    monitoring.free_tool_id(2)
    claimed(2, "robber")
    # Up to 3.13 freeing an id leaves its events set; they are the robber's business now.
    before = monitoring.get_events(2)
    second = Profile()
    second.enable()
    assert our_ids() == [3]
    leaf()
    monitoring.free_tool_id(3)
    claimed(3, "second robber")
    for robbed in profile, second:
        with pytest.warns(RuntimeWarning, match="another tool took"):
            robbed.disable()
    assert calls(second) == 1
    assert monitoring.get_events(2) == before
    monitoring.set_events(2, 0)
    monitoring.set_events(3, 0)


@needs_monitoring
def test_a_second_copy_of_the_package_does_not_blind_the_first():
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if "ctraceprof" in name}
    try:
        import ctraceprof as copy

        with Profile() as profile:
            leaf()
            with copy.Profile() as other:
                leaf()
            leaf()
        assert (calls(profile), calls(other)) == (3, 1)
    finally:
        sys.modules.update(kept)


def test_subinterpreters_have_their_own():
    try:
        import _interpreters
    except ImportError:
        try:
            import _xxsubinterpreters as _interpreters
        except ImportError:
            pytest.skip("this build has no module for subinterpreters")
    number = _interpreters.create()
    source = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "from ctraceprof import Profile\n"
        "def f(): pass\n"
        "p = Profile()\n"
        "p.runcall(f)\n"
        "p.snapshot_stats()\n"
        "assert any(name == 'f' for _, _, name in p.stats)\n"
    )
    with Profile() as profile:
        failure = getattr(_interpreters, "run_string", None)(number, source)
    assert failure is None
    _interpreters.destroy(number)
    assert calls(profile, "f") == 0

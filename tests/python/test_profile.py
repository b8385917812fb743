"""The Profile class: interface, states, and what may be wrong with what it is given."""

import gc
import os
import pstats
import subprocess
import sys
import textwrap
import threading
import warnings
import weakref

import pytest

import ctraceprof
from ctraceprof import Profile
from samples import calls, leaf, work

MONITORING = sys.version_info >= (3, 12)


def run_code(source, **options):
    """Run source in another interpreter."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


# --- interface ---------------------------------------------------------------------------------


def test_enable_disable_collects_over_several_rounds():
    profile = Profile()
    for _ in range(2):
        profile.enable()
        work()
        profile.disable()
        work()
    assert calls(profile, "leaf") == 6


def test_context_manager_run_runctx_runcall():
    with Profile() as profile:
        work()
    assert calls(profile, "leaf") == 3
    assert Profile().runcall(work, n=2) == 2
    namespace = {"work": work}
    profile = Profile()
    assert profile.runctx("x = work(5)", namespace, namespace) is profile
    assert namespace["x"] == 5 and calls(profile, "leaf") == 5
    assert calls(Profile().run("len([])"), "<built-in method builtins.len>") == 1


def test_the_result_survives_an_exception():
    profile = Profile()
    with pytest.raises(ZeroDivisionError):
        profile.runcall(lambda: (work(), 1 / 0))
    assert calls(profile, "leaf") == 3
    with pytest.raises(ZeroDivisionError), profile:
        1 / 0


def test_clear_forgets():
    profile = Profile()
    profile.runcall(work)
    profile.clear()
    assert profile.getstats() == []
    profile.enable()
    work()
    profile.clear()
    work(2)
    profile.disable()
    assert calls(profile, "leaf") == 2


def test_getstats_records():
    profile = Profile()
    profile.runcall(work)
    entries = {getattr(e.code, "co_name", e.code): e for e in profile.getstats()}
    entry = entries["leaf"]
    assert entry.code is leaf.__code__
    assert (entry.callcount, entry.reccallcount, entry.calls) == (3, 0, None)
    assert entry.totaltime >= entry.inlinetime >= 0
    callees = {getattr(s.code, "co_name", s.code): s for s in entries["work"].calls}
    assert "<built-in method builtins.sum>" in callees
    assert "<built-in method builtins.sum>" in entries
    (made_by_genexpr,) = entries["<genexpr>"].calls
    assert made_by_genexpr.callcount == 3 and made_by_genexpr.code is leaf.__code__


def test_code_that_is_gone_still_has_its_label():
    profile = Profile()
    namespace = {}
    exec(compile("\n\ndef gone(): pass", "gone.py", "exec"), namespace)
    profile.runcall(namespace["gone"])
    namespace.clear()
    gc.collect()
    (code,) = [e.code for e in profile.getstats() if getattr(e.code, "co_name", "") == "gone"]
    assert ctraceprof.label(code) == ("gone.py", 3, "gone")


def test_label():
    assert ctraceprof.label("<x>") == ("~", 0, "<x>")
    code = leaf.__code__
    assert ctraceprof.label(code) == (code.co_filename, code.co_firstlineno, "leaf")


def test_print_stats(capsys):
    profile = Profile()
    profile.runcall(work)
    profile.print_stats("ncalls")
    assert "Ordered by: call count" in capsys.readouterr().out
    profile.print_stats(("name", "line"))
    assert "Ordered by: function name, line number" in capsys.readouterr().out


@pytest.mark.parametrize("kind", [str, os.fsencode, lambda path: path])
def test_dump_stats_takes_any_path(tmp_path, kind):
    profile = Profile()
    profile.runcall(work)
    path = tmp_path / "a\udce9.prof"
    profile.dump_stats(kind(path) if kind is not str else str(path))
    assert pstats.Stats(str(path)).stats == profile.stats


def test_dump_stats_leaves_the_old_file_when_it_cannot_write(tmp_path):
    profile = Profile()
    profile.runcall(work)
    with pytest.raises(FileNotFoundError, match="none/a.prof"):
        profile.dump_stats(tmp_path / "none/a.prof")
    with pytest.raises(IsADirectoryError):
        profile.dump_stats(tmp_path)
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        profile.dump_stats("/dev/full")
    with pytest.raises(TypeError, match="NoneType"):
        profile.dump_stats(None)


def test_module_functions(tmp_path, capsys):
    path = str(tmp_path / "a.prof")
    ctraceprof.run("len([])", path)
    assert ("~", 0, "<built-in method builtins.len>") in pstats.Stats(path).stats
    ctraceprof.runctx("f()", {"f": leaf}, {}, sort="name")
    assert "(leaf)" in capsys.readouterr().out
    ctraceprof.run("raise SystemExit(3)")
    assert "function calls" in capsys.readouterr().out
    with pytest.raises(ZeroDivisionError):
        ctraceprof.run("1/0")


def test_subcalls_and_builtins():
    profile = Profile(subcalls=False)
    profile.runcall(work)
    profile.snapshot_stats()
    assert all(row[4] == {} for row in profile.stats.values())
    assert all(entry.calls is None for entry in profile.getstats())
    profile = Profile(builtins=False)
    profile.runcall(work)
    profile.snapshot_stats()
    assert {name for _, _, name in profile.stats} == {"work", "leaf", "<genexpr>"}
    profile = Profile(builtins=False)
    profile.enable(builtins=True)
    work()
    profile.disable()
    assert calls(profile, "<built-in method builtins.sum>") == 1


def test_two_with_and_without_builtins_at_once():
    plain, full = Profile(builtins=False), Profile()
    plain.enable()
    full.enable()
    work()
    full.disable()
    plain.disable()
    assert calls(full, "<built-in method builtins.sum>") == 1
    assert calls(plain, "<built-in method builtins.sum>") == 0
    assert calls(plain, "leaf") == calls(full, "leaf") == 3


def test_two_runs_give_the_same_bytes_but_for_times():
    def once():
        profile = Profile(timer=lambda: 0, timeunit=1.0)
        profile.runcall(work)
        return profile._dictionary()

    assert once() == once()


# --- states ------------------------------------------------------------------------------------


def test_enable_twice():
    profile = Profile()
    profile.enable()
    try:
        with pytest.raises(ValueError, match="^this profile is already enabled$"):
            profile.enable()
    finally:
        profile.disable()


def test_enable_while_another_thread_has_it():
    profile = Profile()
    errors = []

    def try_to_enable():
        try:
            profile.enable()
        except ValueError as error:
            errors.append(str(error))

    with profile:
        thread = threading.Thread(target=try_to_enable)
        thread.start()
        thread.join()
    (message,) = errors
    assert message == f"this profile is already enabled, on thread {threading.get_ident()}"


def test_disable_from_another_thread_stops_it():
    profile = Profile()
    profile.enable()
    work()
    thread = threading.Thread(target=profile.disable)
    thread.start()
    thread.join()
    work()
    assert calls(profile, "leaf") == 3
    profile.enable()
    work()
    profile.disable()
    assert calls(profile, "leaf") == 6


def test_thread_that_ended_with_its_profile_enabled():
    profile = Profile()

    def leave_it_on():
        profile.enable()
        work()

    thread = threading.Thread(target=leave_it_on)
    thread.start()
    thread.join()
    profile.disable()
    assert calls(profile, "leaf") == 3


def test_disable_without_enable():
    profile = Profile()
    assert profile.disable() is None
    assert profile.disable() is None
    assert profile.getstats() == []


def test_only_the_enabling_thread_is_recorded():
    profile = Profile()
    with profile:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        leaf()
    assert calls(profile, "leaf") == 1


@pytest.mark.skipif(not MONITORING, reason="on 3.11 the hook keeps an enabled profile alive")
def test_deleted_while_enabled():
    profile = Profile()
    profile.enable()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gone = weakref.ref(profile)
        del profile
        gc.collect()
    (warning,) = caught
    assert warning.category is ResourceWarning
    assert str(warning.message).endswith("was never disabled")
    del caught, warning  # they hold what they warn of
    gc.collect()
    assert gone() is None
    assert sys.monitoring.get_tool(2) is None


@pytest.mark.skipif(MONITORING, reason="from 3.12 on nothing holds an enabled profile")
def test_hook_keeps_an_enabled_profile_alive():
    Profile().enable()
    profile = sys.getprofile()
    profile.disable()
    assert isinstance(profile, Profile) and sys.getprofile() is None


def test_collected_in_a_cycle_with_its_timer():
    class Owner:
        def timer(self):
            return 0

    owner = Owner()
    owner.profile = Profile(owner.timer)
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None


def test_init_again_starts_anew():
    profile = Profile()
    profile.runcall(work)
    profile.__init__(builtins=False)
    assert profile.getstats() == []


def test_subclass_without_init():
    class Careless(Profile):
        def __init__(self):
            pass

    for method in "enable", "disable", "clear", "getstats", "create_stats", "snapshot_stats":
        with pytest.raises(ValueError, match=r"Profiler.__init__\(\) was not called"):
            getattr(Careless(), method)()


def test_recursion_to_the_limit():
    def dive(n):
        dive(n + 1)

    profile = Profile()
    with pytest.raises(RecursionError):
        profile.runcall(dive, 0)
    assert calls(profile, "dive") > 100
    (row,) = [row for (_, _, name), row in profile.stats.items() if name == "dive"]
    assert row[0] == 1


def test_interpreter_exit_while_enabled():
    result = run_code(
        """
        import atexit, threading
        import ctraceprof
        kept = ctraceprof.Profile()
        kept.enable()
        class Late:
            def __del__(self): print("late")
        late = Late()
        def other():
            global second
            second = ctraceprof.Profile(); second.enable()
        t = threading.Thread(target=other); t.start(); t.join()
        atexit.register(lambda: print("atexit"))
        """
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "atexit\nlate\n"


def test_exit_within_a_timer_profile():
    result = run_code(
        """
        import ctraceprof, time
        p = ctraceprof.Profile(time.perf_counter)
        p.enable()
        def f(): f2()
        def f2(): raise SystemExit(4)
        f()
        """
    )
    assert (result.returncode, result.stderr) == (4, "")


# --- arguments -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"timer": 3}, TypeError, "timer must be callable, not int"),
        ({"timeunit": -1.0}, ValueError, "timeunit must be a number of seconds, 0 or more"),
        ({"timeunit": float("nan")}, ValueError, "timeunit must be a number of seconds"),
        ({"timeunit": "x"}, TypeError, "must be real number, not str"),
        ({"max_contexts": 0}, ValueError, "max_contexts must be from 1 to "),
        ({"max_contexts": 1 << 40}, ValueError, "max_contexts must be from 1 to "),
        ({"nonsense": 1}, TypeError, "nonsense"),
    ],
)
def test_constructor_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        Profile(**arguments)


def test_bad_enable_arguments():
    class Undecided:
        def __bool__(self):
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="^no$"):
        Profile().enable(subcalls=Undecided())
    with pytest.raises(TypeError):
        Profile().enable(1, 2, 3)


def test_write_and_probe_arguments(tmp_path):
    profile = Profile()
    target = os.fsencode(tmp_path / "a")
    with pytest.raises(TypeError):
        profile._write("text", {})
    with pytest.raises(OverflowError):
        profile._write(target, {"a": 1 << 70})
    with pytest.raises(TypeError):
        profile._write(target, {1: "a"})
    with pytest.raises(TypeError):
        profile._write(target, {"a": b"bytes"})
    with pytest.raises(ValueError, match="null byte"):
        profile.dump_stats(str(tmp_path / "a\0b"))
    with pytest.raises(ValueError, match="null byte"):
        ctraceprof._core.probe(b"a\0b")
    assert os.listdir(tmp_path) == []
    with pytest.raises(TypeError, match="path must be bytes, not str"):
        ctraceprof._core.probe("x")


def test_its_size_is_that_of_what_was_recorded():
    profile = ctraceprof.Profile()
    empty = sys.getsizeof(profile)
    with profile:
        sorted(range(3), key=lambda x: -x)
    few = sys.getsizeof(profile)
    namespaces = [{} for _ in range(2000)]
    for number, namespace in enumerate(namespaces):
        exec(f"def f{number}(): pass", namespace)
    with profile:
        for number, namespace in enumerate(namespaces):
            namespace[f"f{number}"]()
    many = sys.getsizeof(profile)
    profile.clear()
    names = sys.getsizeof(profile)
    assert 0 < empty < few < names < many  # the functions that it has met are not forgotten
    assert many > 2000 * 72

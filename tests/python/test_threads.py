"""All threads at once: scope="process", and the command line's default."""

import collections
import gc
import marshal
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import ctraceprof

TOOL = Path(os.environ.get("TRACEPROF_BUILD", "build")).resolve() / "traceprof"
QUICK = bool(os.environ.get("TRACEPROF_TEST_QUICK"))
HERE = os.path.basename(__file__)


def recursion(n):
    return n if n < 2 else recursion(n - 1) + recursion(n - 2)


def numbers(n):
    yield from range(n)


def consume(n):
    return sum(numbers(n)) + len([abs(i) for i in range(n)])


def work(n):
    recursion(6 + n % 5)
    for _ in range(n):
        consume(n)
    return sorted(range(n), key=negative)


def negative(n):
    return -n


def columns(path):
    """{thread name: {(parent label, label): calls}} of a file's trees, and its pstats dictionary."""
    import struct

    with open(path, "rb") as file:
        stats, extension = marshal.load(file), marshal.load(file)
    labels = list(stats)
    trees = {}
    for thread in extension["threads"]:
        count = len(thread["function"]) // 4
        function = struct.unpack(f"<{count}I", thread["function"])
        parent = struct.unpack(f"<{count}I", thread["parent"])
        calls = struct.unpack(f"<{count}Q", thread["calls"])
        edges = trees.setdefault(thread["name"], collections.Counter())
        for f, p, c in zip(function, parent, calls):
            edges[labels[function[p]] if p != 0xFFFFFFFF else None, labels[f]] += c
    return trees, stats


def below(edges, name):
    """The edges that work of this file's functions makes: what lies between is threading's."""
    own = {e for e in edges if e[0] is not None and os.path.basename(e[0][0]) == HERE}
    return {e: edges[e] for e in own if e[0][2] in name}


OWN = {"work", "recursion", "consume", "numbers", "negative", "<listcomp>"}


def record_alone(n, path):
    profile = ctraceprof.Profile()
    profile.runcall(work, n)
    profile.dump_stats(path)
    trees, _ = columns(path)
    return below(trees["MainThread"], OWN)


def run_threads(count, path):
    threads = [threading.Thread(target=work, args=(n,), name=f"worker {n}") for n in range(count)]
    profile = ctraceprof.Profile(scope="process")
    profile.enable()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    profile.dump_stats(path)
    return columns(path)


@pytest.fixture
def switching():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_every_thread_is_as_if_alone(tmp_path, switching):
    alone = [record_alone(n, tmp_path / "alone.prof") for n in range(16)]
    gc.disable()
    try:
        for _ in range(10 if QUICK else 200):
            trees, stats = run_threads(16, tmp_path / "all.prof")
            for n in range(16):
                assert below(trees[f"worker {n}"], OWN) == alone[n]
            sums = collections.Counter()
            for edges in trees.values():
                sums.update(edges)
            for label, (_, calls, _, _, callers) in stats.items():
                assert calls == sum(c for (_, f), c in sums.items() if f == label)
                for caller, figures in callers.items():
                    assert figures[0] == sums[caller, label]
    finally:
        gc.enable()


def test_threads_alive_before_and_born_later(tmp_path):
    go = threading.Event()

    def wait_and_work():
        go.wait()
        work(3)

    early = threading.Thread(target=wait_and_work, name="früh")
    early.start()
    with ctraceprof.Profile(scope="process") as profile:
        late = threading.Thread(target=work, args=(4,), name="late")
        late.start()
        go.set()
        early.join()
        late.join()
    profile.dump_stats(tmp_path / "a.prof")
    trees, _ = columns(tmp_path / "a.prof")
    assert below(trees["früh"], OWN) == record_alone(3, tmp_path / "b.prof")
    assert below(trees["late"], OWN) == record_alone(4, tmp_path / "b.prof")
    result = subprocess.run([TOOL, "top", "--thread", "late", tmp_path / "a.prof"],
                            capture_output=True, text=True, timeout=60)
    assert "(consume)" in result.stdout and "(wait_and_work)" not in result.stdout


def test_a_thread_scope_sees_its_own_thread_only(tmp_path):
    with ctraceprof.Profile() as profile:
        thread = threading.Thread(target=work, args=(4,))
        thread.start()
        thread.join()
    profile.create_stats()
    assert not any(label[2] == "consume" for label in profile.stats)


def test_both_scopes_at_once(tmp_path):
    everything = ctraceprof.Profile(scope="process")
    mine = ctraceprof.Profile()
    with everything:
        thread = threading.Thread(target=work, args=(5,), name="other")
        with mine:
            thread.start()
            work(2)
            thread.join()
        work(3)
    everything.dump_stats(tmp_path / "all.prof")
    mine.dump_stats(tmp_path / "mine.prof")
    trees, _ = columns(tmp_path / "mine.prof")
    assert list(trees) == ["MainThread"]
    assert below(trees["MainThread"], OWN) == record_alone(2, tmp_path / "b.prof")
    trees, _ = columns(tmp_path / "all.prof")
    assert below(trees["other"], OWN) == record_alone(5, tmp_path / "b.prof")
    both = collections.Counter(record_alone(2, tmp_path / "b.prof"))
    both.update(record_alone(3, tmp_path / "b.prof"))
    assert below(trees["MainThread"], OWN) == both


def test_stopped_by_another_thread(tmp_path):
    profile = ctraceprof.Profile(scope="process")
    begun, stopped = threading.Event(), threading.Event()

    def outer():
        begun.set()
        stopped.wait()
        return work(2)  # no longer recorded

    thread = threading.Thread(target=outer, name="open")
    profile.enable()
    thread.start()
    begun.wait()
    helper = threading.Thread(target=profile.disable)
    helper.start()
    helper.join()
    stopped.set()
    thread.join()
    profile.dump_stats(tmp_path / "a.prof")
    trees, stats = columns(tmp_path / "a.prof")
    names = {label[2] for label in stats}
    assert "outer" in names and "work" not in names
    assert min(row[2] for row in stats.values()) >= 0


def test_many_threads_share_tracks(tmp_path):
    """The first thousand have a tree each; what comes later takes the place of those that ended."""
    count = 1200
    profile = ctraceprof.Profile(scope="process", builtins=False)
    profile.enable()
    for n in range(count):
        thread = threading.Thread(target=recursion, args=(3,), name=f"t{n}")
        thread.start()
        thread.join()
    profile.dump_stats(tmp_path / "a.prof")
    trees, stats = columns(tmp_path / "a.prof")
    assert 900 <= len(trees) <= 1001
    assert "(several threads)" in trees
    label = next(label for label in stats if label[2] == "recursion")
    assert stats[label][1] == count * 5


def test_restarted_profiles_go_on_with_their_threads(tmp_path):
    profile = ctraceprof.Profile(scope="process")
    for n in 2, 3:
        with profile:
            work(n)
    profile.dump_stats(tmp_path / "a.prof")
    trees, _ = columns(tmp_path / "a.prof")
    both = collections.Counter(record_alone(2, tmp_path / "b.prof"))
    both.update(record_alone(3, tmp_path / "b.prof"))
    assert below(trees["MainThread"], OWN) == both


def test_wrong_scope():
    with pytest.raises(ValueError, match="scope must be 'thread', 'process' or 'context', not 'task'"):
        ctraceprof.Profile(scope="task")


PROGRAM = """
import threading
def job():
    return sum(range(10))
thread = threading.Thread(target=job, name="worker")
thread.start()
thread.join()
"""


@pytest.mark.parametrize("option, seen", [([], True), (["--this-thread"], False)])
def test_the_command_line_records_all_threads(tmp_path, option, seen):
    script = tmp_path / "script.py"
    script.write_text(PROGRAM)
    command = [sys.executable, "-m", "ctraceprof", *option, "-o", tmp_path / "a.prof", script]
    subprocess.run(command, check=True, timeout=60)
    trees, stats = columns(tmp_path / "a.prof")
    assert ("worker" in trees) is seen
    assert any(label[2] == "job" for label in stats) is seen


def test_daemon_threads_at_exit(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import threading, time\n"
        "def spin():\n"
        "    while True: abs(1)\n"
        "for _ in range(4): threading.Thread(target=spin, daemon=True).start()\n"
        "time.sleep(0.05)\n"
    )
    command = [sys.executable, "-m", "ctraceprof", "-o", tmp_path / "a.prof", script]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (result.stderr, result.returncode) == ("", 0)
    _, stats = columns(tmp_path / "a.prof")
    assert any(label[2] == "spin" for label in stats)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="sys.monitoring needs no hook of threading")
def test_threading_hook_of_another_tool_is_left_alone():
    def foreign(*ignored):
        pass

    threading.setprofile(foreign)
    try:
        with ctraceprof.Profile(scope="process"):
            pass
        assert threading.getprofile() is foreign
    finally:
        threading.setprofile(None)
    with ctraceprof.Profile(scope="process"):
        assert threading.getprofile() is not None
    assert threading.getprofile() is None

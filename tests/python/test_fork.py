"""What a fork does to a profile, without --subprocesses."""

import os
import subprocess
import sys

import pytest
from process_files import WORK, counts, processes

import ctraceprof

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def test_without_the_option_a_forked_child_neither_writes_nor_prints(tmp_path):
    (tmp_path / "program.py").write_text(WORK + "work(3)\nif os.fork() == 0: work(5)\nelse: os.wait()\n")
    command = [sys.executable, "-m", "ctraceprof", "program.py"]
    table = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert table.stdout.count("function calls") == 1
    command[3:3] = ["-o", "out.prof"]
    assert subprocess.run(command, cwd=tmp_path, timeout=60).returncode == 0
    assert counts(tmp_path / "out.prof")["leaf"] == 3
    (process,) = processes(tmp_path / "out.prof")
    assert (process["parent"], process["command"]) == (os.getpid(), "program.py")


def test_without_the_option_a_forked_child_dies_of_sigterm_as_it_would(tmp_path):
    (tmp_path / "program.py").write_text(
        WORK + "def main():\n"
        "    for _ in range(50):\n"
        "        pid = os.fork()\n"
        "        if pid == 0:\n"
        "            signal.pause()\n"
        "        os.kill(pid, signal.SIGTERM)\n"
        "        assert os.waitpid(pid, 0)[1] == signal.SIGTERM\n"
        "main()\n"
    )
    command = [sys.executable, "-m", "ctraceprof", "-o", "out.prof", "program.py"]
    assert subprocess.run(command, cwd=tmp_path, timeout=30).returncode == 0


def called(profile, name):
    profile.snapshot_stats()
    return sum(row[1] for key, row in profile.stats.items() if key[2] == name)


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # pytest has a thread
def test_a_profile_goes_on_in_a_child_as_a_copy():
    def step():
        pass

    with ctraceprof.Profile() as profile:
        step()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                step()
                step()
                profile.disable()
                status = 0 if called(profile, "step") == 3 else 2
            finally:
                os._exit(status)
        assert os.waitpid(pid, 0)[1] == 0
    assert called(profile, "step") == 1


FORK_AMONG_THREADS = """
import os, sys, threading, time
import ctraceprof
sys.setswitchinterval(1e-6)
def spin():
    while not done: tick()
def tick(): pass
done = False
def timer():
    for _ in range(3): pass  # another thread may get its turn here
    return time.perf_counter()
profile = ctraceprof.Profile({timer}, scope="process")
threads = [threading.Thread(target=spin) for _ in range(3)]
profile.enable()
for thread in threads: thread.start()
def lost():
    # Time of calls that were open on the threads which are no more.
    rows = __import__("marshal").loads(profile._dictionary())
    return sum(row[3] for key, row in rows.items() if key[2] == "spin")
def in_child():
    tick()
    first = lost()
    time.sleep(0.01)
    # A clock that runs learns how long a tick is.
    assert 0 < first and abs(lost() - first) < 0.005 + first / 100
    profile.disable()
    before = profile._dictionary()
    tick()
    assert profile._dictionary() == before, "it was off"
    total = sum(row[2] for row in __import__("marshal").loads(before).values())
    assert 0 < total < 60 * 5, total
    profile.clear()
    profile.enable()
    tick()
    profile.disable()
    profile.snapshot_stats()
    assert [row[1] for key, row in profile.stats.items() if key[2] == "tick"] == [1]
    assert not [key for key in profile.stats if key[2] == "spin"]
    del globals()["profile"]
failed = []
def forker():
    for _ in range(30):
        pid = os.fork()
        if pid == 0:
            try:
                in_child()
                os._exit(0)
            except BaseException:
                __import__("traceback").print_exc()
            os._exit(1)
        if os.waitpid(pid, 0)[1]: failed.append(pid)
thread = threading.Thread(target=forker)
thread.start()
thread.join()
done = True
for thread in threads: thread.join()
profile.disable()
sys.exit(len(failed))
"""


@pytest.mark.parametrize("timer", ["None", "timer"])
def test_fork_from_a_thread_while_others_are_recorded(timer):
    source = FORK_AMONG_THREADS.format(timer=timer)
    command = [sys.executable, "-W", "ignore", "-c", source]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr


def test_fork_while_a_thread_reads_the_timer_for_a_call_that_begins(tmp_path):
    """In the child that call is over, and its time is not what its frame held by chance."""
    (tmp_path / "program.py").write_text(
        "import _thread, os, threading, time, ctraceprof\n"
        "reading, forked = _thread.allocate_lock(), _thread.allocate_lock()\n"
        "reading.acquire(); forked.acquire()\n"
        "blocked = None\n"
        "def timer():\n"
        "    if _thread.get_ident() == blocked: reading.release(); forked.acquire()\n"
        "    return time.perf_counter() + 1e6\n"
        "def dig(depth):\n"
        "    global blocked\n"
        "    if depth > 0: return dig(depth - 1)\n"
        "    blocked = _thread.get_ident()\n"
        "    bottom()\n"
        "def bottom(): pass\n"
        "profile = ctraceprof.Profile(timer, builtins=False, scope='process')\n"
        "profile.enable()\n"
        "thread = threading.Thread(target=dig, args=(100,))\n"
        "thread.start()\n"
        "reading.acquire()\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    profile.disable()\n"
        "    profile.snapshot_stats()\n"
        "    (row,) = [row for key, row in profile.stats.items() if key[2] == 'bottom']\n"
        "    os._exit(0 if row[1] == 1 and 0 <= row[2] < 100 else 1)\n"
        "blocked = None\n"
        "forked.release()\n"
        "thread.join()\n"
        "raise SystemExit(os.waitpid(pid, 0)[1] != 0)\n"
    )
    command = [sys.executable, "-W", "ignore", tmp_path / "program.py"]
    assert subprocess.run(command, timeout=60).returncode == 0


def test_fork_from_within_a_timer(tmp_path):
    """In the child the recording is still being asked for the time."""
    (tmp_path / "program.py").write_text(
        "import os, time, ctraceprof\n"
        "child = []\n"
        "def timer():\n"
        "    if not child:\n"
        "        child.append(os.fork())\n"
        "        if child[0] == 0:\n"
        "            try: profile.disable()\n"
        "            except RuntimeError: child.append('refused')\n"
        "    return time.perf_counter()\n"
        "profile = ctraceprof.Profile(timer)\n"
        "profile.enable()\n"
        "def f(): pass\n"
        "f()\n"
        "profile.disable()\n"
        "if child[0] == 0: os._exit(0 if child[1:] == ['refused'] else 1)\n"
        "raise SystemExit(os.waitpid(child[0], 0)[1] != 0)\n"
    )
    assert subprocess.run([sys.executable, tmp_path / "program.py"], timeout=60).returncode == 0

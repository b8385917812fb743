"""python -m ctraceprof --subprocesses."""

import marshal
import os
import pstats
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from process_files import WORK, counts, extension, processes

import ctraceprof
from ctraceprof import _core, _subprocesses

TOOL = Path(os.environ.get("TRACEPROF_BUILD", "build"), "traceprof").resolve()

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


@pytest.fixture
def run(tmp_path):
    """Run WORK and `source` under --subprocesses; the result has the paths and the counts."""

    def run(source, *options, out="out.prof", status=0, **more):
        (tmp_path / "program.py").write_text(WORK + source)
        command = [sys.executable, "-W", "ignore", "-m", "ctraceprof", "--subprocesses", *options]
        command += ["-o", out] if out is not None else []
        result = subprocess.run(
            [*command, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60, **more
        )
        assert result.returncode == status, result.stderr
        return result

    return run


def only_result(folder):
    return [name for name in os.listdir(folder) if name.startswith("out")] == ["out.prof"]


# --- how children come and go ------------------------------------------------------------------


@pytest.mark.parametrize(
    "ending", ["pass", "sys.exit(3)", "os._exit(3)", "1 / 0", "os.kill(os.getpid(), signal.SIGTERM)"]
)
def test_a_forked_child_is_counted_from_the_fork_on(run, tmp_path, ending):
    run(f"work(10)\nif os.fork() == 0:\n    work(7)\n    {ending}\nelse: os.wait(); work(1)\n")
    found = counts(tmp_path / "out.prof")
    assert (found["leaf"], found["work"], found["<module>"]) == (18, 3, 1)
    parent, child = processes(tmp_path / "out.prof")
    assert child["parent"] == parent["pid"] and only_result(tmp_path)


MULTIPROCESSING = """
def main():
    context = multiprocessing.get_context(sys.argv[1])
    process = context.Process(target=work, args=(10,))
    process.start()
    process.join()
    assert process.exitcode == 0
    with context.Pool(2) as pool: pool.map(work, [100] * 4)
    with ProcessPoolExecutor(2, mp_context=context) as executor: list(executor.map(work, [1000] * 3))
if __name__ == "__main__": main()
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_and_futures(run, tmp_path, method):
    source = MULTIPROCESSING.replace("sys.argv[1]", repr(method))
    result = run(source)
    assert (result.stdout, result.stderr) == ("", "")
    found = counts(tmp_path / "out.prof")
    assert (found["leaf"], found["work"], found["main"]) == (3410, 8, 1)
    main, *others = processes(tmp_path / "out.prof")
    assert main["command"] == "program.py" and only_result(tmp_path)
    # One process, a pool of two, and up to two that the executor wanted: no tracker, no server.
    assert 4 <= len(others) <= 5
    # A worker that is terminated before it has begun has no name yet.
    assert sum("Process-" in o["command"] or "PoolWorker-" in o["command"] for o in others) >= 2
    for other in others:
        assert (other["parent"] == main["pid"]) == (method != "forkserver")
        assert main["start"] <= other["start"] and 0 < other["duration"] < 60


def test_a_child_that_nobody_joins_is_waited_for_as_by_python(run, tmp_path):
    run(
        "def later(): time.sleep(0.3); work(5)\n"
        "if __name__ == '__main__':\n"
        "    multiprocessing.get_context('fork').Process(target=later).start()\n"
    )
    assert counts(tmp_path / "out.prof")["leaf"] == 5 and only_result(tmp_path)


def test_python_started_by_subprocess(run, tmp_path):
    run(
        "work(1)\n"
        "if len(sys.argv) == 1:\n"
        "    done = subprocess.run([sys.executable, __file__, 'a b'], capture_output=True)\n"
        "    assert (done.returncode, done.stdout, done.stderr) == (7, b'out', b'err'), done\n"
        "else:\n"
        "    sys.stdout.write('out'); sys.stderr.write('err'); sys.exit(7)\n"
    )
    assert counts(tmp_path / "out.prof")["leaf"] == 2
    parent, child = processes(tmp_path / "out.prof")
    assert child["command"] == f"{sys.executable} {tmp_path / 'program.py'} 'a b'"
    assert child["parent"] == parent["pid"]


@pytest.mark.parametrize("word", ["", "a", "a b", "it's", "-x=1,2:/@%+_.", "\u00e9", "$HOME", "'", '"'])
def test_words_of_commands_are_quoted_as_by_shlex(word):
    assert _subprocesses._quote(word) == shlex.quote(word)


def test_filters_are_the_childrens_too(run, tmp_path):
    (tmp_path / "helper.py").write_text("def helped(): pass\n")
    run(
        "import helper\n"
        "if len(sys.argv) == 1:\n"
        "    if os.fork() == 0: work(5); helper.helped(); os._exit(0)\n"
        "    os.wait(); subprocess.run([sys.executable, __file__, 'x'])\n"
        "else: work(6); helper.helped()\n",
        "--include", "helper", "--no-builtins",
    )
    stats = pstats.Stats(str(tmp_path / "out.prof")).stats
    assert {(key[2], row[1]) for key, row in stats.items()} == {("<module>", 2), ("helped", 2)}


def test_each_process_has_its_own_threads(run, tmp_path):
    run(
        "def in_thread(count):\n"
        "    thread = threading.Thread(target=work, args=(count,), name='worker')\n"
        "    thread.start(); thread.join()\n"
        "in_thread(10)\n"
        "if os.fork() == 0: in_thread(20); os._exit(0)\n"
        "os.wait()\n"
    )
    second = extension(tmp_path / "out.prof")
    with open(tmp_path / "out.prof", "rb") as file:
        labels = list(marshal.load(file))
    leaf = next(i for i, label in enumerate(labels) if label[2] == "leaf")
    found = {}
    for thread in second["threads"]:
        functions = memoryview(thread["function"]).cast("I")
        calls = memoryview(thread["calls"]).cast("Q")
        found[thread["process"], thread["name"]] = sum(
            calls[i] for i, function in enumerate(functions) if function == leaf
        )
    assert found == {(0, "MainThread"): 0, (0, "worker"): 10, (1, "MainThread"): 0, (1, "worker"): 20}


def test_children_of_children(run, tmp_path):
    run(
        "def family(depth):\n"
        "    work(10 ** depth)\n"
        "    if depth == 4: return\n"
        "    method = ['fork', 'spawn', 'forkserver', 'fork'][depth]\n"
        "    process = multiprocessing.get_context(method).Process(target=family, args=(depth + 1,))\n"
        "    process.start(); process.join()\n"
        "    if depth == 1: subprocess.run([sys.executable, '-c', 'import program; program.work(7)'])\n"
        "if __name__ == '__main__': family(0)\n"
    )
    assert counts(tmp_path / "out.prof")["leaf"] == 11118 and only_result(tmp_path)
    assert len(processes(tmp_path / "out.prof")) == 6


def test_fork_from_a_thread_among_threads(run, tmp_path):
    """Neither what other threads of the parent were doing nor their names are the child's."""
    run(
        "sys.setswitchinterval(1e-6)\n"
        "done = False\n"
        "def spin():\n"
        "    while not done: time.sleep(0)\n"
        "def forker():\n"
        "    for _ in range(20):\n"
        "        if os.fork() == 0: work(5); os._exit(0)\n"
        "        os.wait()\n"
        "spinners = [threading.Thread(target=spin) for _ in range(3)]\n"
        "for thread in spinners: thread.start()\n"
        "thread = threading.Thread(target=forker); thread.start(); thread.join()\n"
        "done = True\n"
        "for thread in spinners: thread.join()\n"
    )
    found = counts(tmp_path / "out.prof")
    assert (found["leaf"], found["work"], found["spin"]) == (100, 20, 3)
    threads = [t["process"] for t in extension(tmp_path / "out.prof")["threads"]]
    assert threads.count(0) == 5 and sorted(set(threads)) == list(range(21))
    assert len(threads) == 25


def test_this_thread_of_a_child_is_the_one_that_forked(run, tmp_path):
    run(
        "def forker():\n"
        "    if os.fork() == 0: work(5); os._exit(0)\n"
        "    os.wait()\n"
        "thread = threading.Thread(target=forker); thread.start(); thread.join()\n",
        "--this-thread",
    )
    found = counts(tmp_path / "out.prof")
    assert found["leaf"] == 5 and "forker" not in found


# --- ends --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_terminated_children_are_counted(run, tmp_path, method):
    run(
        "def forever(ready):\n"
        "    work(5)\n"
        "    ready.set()\n"
        "    while True: time.sleep(10)\n"
        "if __name__ == '__main__':\n"
        f"    context = multiprocessing.get_context({method!r})\n"
        "    ready = context.Event()\n"
        "    process = context.Process(target=forever, args=(ready,))\n"
        "    process.start(); ready.wait(); process.terminate(); process.join()\n"
        "    assert process.exitcode == -signal.SIGTERM, process.exitcode\n"
    )
    assert counts(tmp_path / "out.prof")["leaf"] == 5 and only_result(tmp_path)


def test_no_worker_of_a_pool_misses_its_termination(run, tmp_path):
    """Most are terminated as they are about to wait for a lock that is never released."""
    run(
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context('fork')\n"
        "    for _ in range(25):\n"
        "        with context.Pool(2) as pool: pool.map(work, [10] * 4)\n"
    )
    assert counts(tmp_path / "out.prof")["leaf"] == 1000
    assert len(processes(tmp_path / "out.prof")) == 51


def test_sigterm_just_before_a_call_that_blocks_is_not_missed(run, tmp_path):
    begun = time.monotonic()
    run(
        "if len(sys.argv) == 1:\n"
        "    for _ in range(5):\n"
        "        child = subprocess.Popen([sys.executable, __file__, 'x'], stdout=subprocess.PIPE)\n"
        "        child.stdout.readline(); child.terminate()\n"
        "        assert child.wait() == -signal.SIGTERM\n"
        "else:\n"
        "    work(1); print(flush=True); time.sleep(30)\n"
    )
    assert counts(tmp_path / "out.prof")["leaf"] == 5
    assert time.monotonic() - begun < 25


def test_a_childs_own_handler_stays(run, tmp_path):
    run(
        "def told(*ignored): work(3); os._exit(5)\n"
        "if len(sys.argv) == 1:\n"
        "    child = subprocess.Popen([sys.executable, __file__, 'x'], stdout=subprocess.PIPE)\n"
        "    child.stdout.readline(); child.terminate()\n"
        "    assert child.wait() == 5\n"
        "else:\n"
        "    signal.signal(signal.SIGTERM, told)\n"
        "    print(flush=True)\n"
        "    while True: time.sleep(0.01)\n"
    )
    assert counts(tmp_path / "out.prof")["leaf"] == 3


def test_a_killed_child_loses_its_own_profile_only(run, tmp_path):
    run(
        "for kill in False, True:\n"
        "    if os.fork() == 0:\n"
        "        work(5)\n"
        "        if kill: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
    )
    assert counts(tmp_path / "out.prof")["leaf"] == 5 and only_result(tmp_path)


@pytest.mark.parametrize(
    "ending, status",
    [("sys.exit(3)", 3), ("1 / 0", 1), ("os._exit(4)", 4), ("os.kill(os.getpid(), 15)", -15)],
)
def test_however_the_main_process_ends_children_are_counted(run, tmp_path, ending, status):
    run(f"if os.fork() == 0: work(5); os._exit(0)\nos.wait()\nwork(1)\n{ending}\n", status=status)
    assert counts(tmp_path / "out.prof")["leaf"] == 6 and only_result(tmp_path)


def test_exec_of_python_by_the_main_process_goes_on_with_its_profile(run, tmp_path):
    run(
        "work(1)\n"
        "if len(sys.argv) == 1:\n"
        "    try: os.execvp('no-such-program', ['x'])\n"
        "    except FileNotFoundError: work(10)\n"
        "    os.execl(sys.executable, sys.executable, __file__, 'again')\n"
        "if os.fork() == 0: work(100); os._exit(0)\n"
        "os.wait()\n"
    )
    assert counts(tmp_path / "out.prof")["leaf"] == 112 and only_result(tmp_path)
    first, second, child = sorted(processes(tmp_path / "out.prof"), key=lambda p: p["start"])
    assert first["pid"] == second["pid"] == child["parent"]


def test_exec_of_another_program_leaves_the_part(run, tmp_path):
    run("work(3)\nos.execv('/bin/sh', ['sh', '-c', 'exit 9'])\n", status=9)
    (part,) = tmp_path.glob("out.prof.*")
    assert counts(part)["leaf"] == 3


def test_what_a_shell_starts_that_took_the_main_process_is_no_main_process(run, tmp_path):
    run(
        "work(3)\n"
        "if len(sys.argv) == 1:\n"
        "    again = f'{sys.executable} {__file__} x'\n"
        "    os.execl('/bin/sh', 'sh', '-c', f'{again}; {again}; exit 9')\n",
        status=9,
    )
    assert [counts(part)["leaf"] for part in tmp_path.glob("out.prof*")] == [3, 3, 3]


def test_exec_that_fails_leaves_no_part(run, tmp_path):
    (tmp_path / "broken").write_text("neither a script nor a program")
    (tmp_path / "broken").chmod(0o755)
    run("work(3)\ntry: os.execv('./broken', ['x'])\nexcept OSError: work(4)\n")
    assert counts(tmp_path / "out.prof")["leaf"] == 7 and only_result(tmp_path)


def test_a_child_that_outlives_the_main_process_can_be_merged_later(run, tmp_path):
    run(
        "if len(sys.argv) == 1:\n"
        "    subprocess.Popen([sys.executable, __file__, 'x'], stdin=subprocess.PIPE, "
        "start_new_session=True)\n"
        "    work(1); os._exit(0)\n"
        "sys.stdin.read(); time.sleep(0.2); work(10)\n"
    )
    assert counts(tmp_path / "out.prof")["leaf"] == 1
    deadline = time.monotonic() + 30
    while not (parts := list(tmp_path.glob("out.prof.*"))) and time.monotonic() < deadline:
        time.sleep(0.05)
    subprocess.run([TOOL, "merge", "-o", "all.prof", "out.prof", *parts], cwd=tmp_path, check=True)
    assert counts(tmp_path / "all.prof")["leaf"] == 11


# --- files -------------------------------------------------------------------------------------


def test_the_table_is_of_all_processes_and_leaves_nothing_behind(run, tmp_path):
    (tmp_path / "temporary").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    source = "work(5000)\nif os.fork() == 0: work(7000); os._exit(0)\nos.wait()\n"
    result = run(source, "-s", "ncalls", "--limit", "99", out=None, env=environment)
    assert result.stdout.count("function calls") == 1
    assert "Ordered by: call count" in result.stdout and "restriction <99>" in result.stdout
    (row,) = [line for line in result.stdout.splitlines() if line.endswith("(leaf)")]
    assert row.split()[0] == "12000"
    assert os.listdir(tmp_path / "temporary") == []
    assert run(source, out="/dev/null", env=environment).stdout == ""
    assert os.listdir(tmp_path / "temporary") == []


def test_a_module_that_is_not_there_leaves_nothing_behind(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "ctraceprof", "--subprocesses", "-m", "no_such_module"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "ctraceprof: No module named no_such_module\n"
    assert os.listdir(tmp_path) == []


def test_a_destination_that_cannot_be_written_is_told_before_the_program_runs(run):
    result = run("print('ran')\n", out="/proc/out.prof", status=2)
    assert result.stdout == ""
    assert result.stderr.startswith("ctraceprof: cannot write the profile: [Errno ")


def test_parts_stay_when_they_cannot_be_merged(run, tmp_path):
    result = run("if os.fork() == 0: work(5); os._exit(0)\nos.wait()\nos.mkdir('out.prof')\n")
    assert "ctraceprof: cannot write the profile: [Errno " in result.stderr
    assert f"; the parts are in {tmp_path}/out.prof." in result.stderr
    assert len(result.stderr.splitlines()) == 1
    parts = list(tmp_path.glob("out.prof.*"))
    assert sorted(counts(part).get("leaf", 0) for part in parts) == [0, 5]


def test_a_part_never_takes_the_place_of_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(_subprocesses, "_plan", {"parts": f"{tmp_path}/out.prof.0."})
    names = [f"out.prof.0.{os.getpid()}{suffix}" for suffix in ("", "-2", "-3")]
    for name in names:
        path = _subprocesses._new_part()
        assert path == str(tmp_path / name)
        Path(path).touch()
    for other in f"out.prof.1.{os.getpid()}", "out.prof.0.svg", "out.prof.0.7.txt", "out.prof":
        (tmp_path / other).touch()
    (tmp_path / "out.prof.0.1").touch()
    assert _subprocesses._parts() == [str(tmp_path / name) for name in [*names, "out.prof.0.1"]]


def test_files_of_other_runs_are_left_alone(run, tmp_path):
    old = tmp_path / "out.prof.12345"
    older = tmp_path / "out.prof.0123abcd.12345"
    for path in old, older:
        path.write_bytes(b"old")
    run("if os.fork() == 0: work(5); os._exit(0)\nos.wait()\n")
    assert old.read_bytes() == older.read_bytes() == b"old"
    assert counts(tmp_path / "out.prof")["leaf"] == 5


def test_merge_says_which_file_is_wrong(tmp_path):
    with ctraceprof.Profile() as profile:
        len([])
    good, bad = tmp_path / "good", tmp_path / "bad"
    profile.dump_stats(good)
    bad.write_bytes(b"bad")
    with pytest.raises(ValueError, match=f"{bad}: "):
        _core.merge([bytes(good), bytes(bad)], bytes(tmp_path / "sum"))
    with pytest.raises(FileNotFoundError):
        _core.merge([bytes(good), b"/none"], bytes(tmp_path / "sum"))
    with pytest.raises(TypeError):
        _core.merge([str(good)], bytes(tmp_path / "sum"))
    assert not (tmp_path / "sum").exists()
    _core.merge([bytes(good)] * 3, bytes(tmp_path / "sum"))
    rows = pstats.Stats(str(tmp_path / "sum")).stats
    assert rows["~", 0, "<built-in method builtins.len>"][1] == 3


# --- what a child sees of it -----------------------------------------------------------------

SHOW = (
    "import sys, os; print(sys.path, 'sitecustomize' in sys.modules, "
    "getattr(sys, 'customized', None))"
)


def test_a_child_does_not_see_our_folder_and_has_its_own_sitecustomize(run, tmp_path):
    source = f"subprocess.run([sys.executable, '-c', {SHOW!r}])\n"
    environment = {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", str(tmp_path))}

    def plain():
        return subprocess.run(
            [sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, timeout=60
        ).stdout

    assert run(source, env=environment).stdout == plain()
    (tmp_path / "site").mkdir()
    own = tmp_path / "site" / "sitecustomize.py"
    own.write_text("import sys\nsys.customized = __file__\n")
    environment["PYTHONPATH"] = os.pathsep.join([str(own.parent), environment["PYTHONPATH"]])
    assert plain().endswith(f" True {own}\n")
    assert run(source, env=environment).stdout == plain()
    own.write_text("import sys\nsys.customized = 'half'\n1 / 0\n")
    plain = subprocess.run(
        [sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, timeout=60
    )
    result = run(source, env=environment)
    assert result.stdout == plain.stdout
    # The main process has an interpreter too that complains.
    assert "Error in sitecustomize" in plain.stderr and result.stderr == 2 * plain.stderr
    assert len(processes(tmp_path / "out.prof")) == 2


@pytest.mark.parametrize(
    "how",
    [
        "[sys.executable, '-I', '-c', 'print(1)']",
        "[sys.executable, '-S', '-c', 'print(1)']",
        "[sys.executable, '-c', 'print(1)'], env={}",
        "[sys.executable, '-c', 'print(1)'], env={**os.environ, 'CTRACEPROF_SUBPROCESSES': 'cut off'}",
        "['/bin/sh', '-c', 'echo 1']",
    ],
)
def test_what_cannot_be_profiled_runs_as_ever(run, tmp_path, how):
    result = run(f"sys.exit(subprocess.run({how}).returncode)\n")
    assert (result.stdout, result.stderr) == ("1\n", "")
    assert len(processes(tmp_path / "out.prof")) == 1


def test_an_interpreter_without_the_extension_runs_as_ever(run, tmp_path):
    """As one of another version: our folder is first in its PYTHONPATH, and the import fails."""
    (tmp_path / "other/ctraceprof").mkdir(parents=True)
    (tmp_path / "other/ctraceprof/__init__.py").write_text("raise ImportError('no')\n")
    folders = "os.environ['PYTHONPATH'].split(os.pathsep)[0] + ':other'"
    environment = "{**os.environ, 'PYTHONPATH': " + folders + "}"
    result = run(f"subprocess.run([sys.executable, '-c', 'print(1)'], env={environment})\n")
    assert (result.stdout, result.stderr) == ("1\n", "")
    assert len(processes(tmp_path / "out.prof")) == 1


def test_a_signal_during_the_end_waits(run, tmp_path):
    """os._exit is saving when SIGTERM comes: the part is whole, and the process dies of the signal."""
    run(
        "from ctraceprof import _subprocesses\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    work(5)\n"
        "    new_part = _subprocesses._new_part\n"
        "    def slow():\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        return new_part()\n"
        "    _subprocesses._new_part = slow\n"
        "    os._exit(0)\n"
        "assert os.waitpid(pid, 0)[1] == signal.SIGTERM\n"
    )
    assert counts(tmp_path / "out.prof")["leaf"] == 5 and only_result(tmp_path)

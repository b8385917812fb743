"""python -m ctraceprof, from outside: what it runs, prints, writes, and how it exits."""

import marshal
import os
import pstats
import signal
import subprocess
import sys
import time

import pytest


def run(*arguments, cwd, module="ctraceprof", **options):
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, **options)


@pytest.fixture
def script(tmp_path):
    def write(source, name="script.py"):
        path = tmp_path / name
        path.write_text(source)
        return path

    return write


def names(path):
    return {function[2] for function in pstats.Stats(str(path)).stats}


SHOW = """
import sys
def show(): print([sys.argv, sys.path[0], __name__, __file__, __package__, __spec__])
show()
"""


def test_table_is_printed_sorted_by_cumulative_time(script, tmp_path):
    script("def f(): return sum([1, 2])\nf()\nprint('hello')\n")
    result = run("script.py", cwd=tmp_path)
    assert result.returncode == 0 and result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0] == "hello"
    assert lines[1].strip().startswith("6 function calls in 0.")
    assert lines[3] == "   Ordered by: cumulative time"
    assert lines[6].endswith("{built-in method builtins.exec}")
    assert lines[7].endswith("script.py:1(<module>)")
    assert any(line.endswith("script.py:1(f)") for line in lines)


def test_same_rows_as_cprofile(script, tmp_path):
    script("def f(n): return sorted([n], key=str) and n and f(n - 1)\nf(9)\nlen([])\n")
    counts = []
    for module in "ctraceprof", "cProfile":
        out = tmp_path / module
        path = str(tmp_path / "script.py")
        assert run("-o", out, path, cwd=tmp_path, module=module).returncode == 0
        stats = pstats.Stats(str(out)).stats
        counts.append({k: v[:2] for k, v in stats.items() if "disable" not in k[2]})
    assert counts[0] == counts[1]


@pytest.mark.parametrize("arguments", [["script.py", "x", "-o", "y"], ["./sub/script.py"]])
def test_script_sees_what_python_shows_it(script, tmp_path, arguments):
    (tmp_path / "sub").mkdir()
    script(SHOW)
    script(SHOW, "sub/script.py")
    plain = subprocess.run(
        [sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True
    )
    profiled = run("-o", "out.prof", *arguments, cwd=tmp_path)
    assert profiled.stdout == plain.stdout


def test_module_sees_what_python_shows_it(tmp_path):
    package = tmp_path / "pack"
    package.mkdir()
    (package / "__init__.py").write_text("def imported(): pass\nimported()\n")
    (package / "__main__.py").write_text(
        "import sys\nprint([sys.argv, sys.path[0], __name__, __file__, __package__, "
        "__spec__.name])\nimport __main__; print(__main__.__spec__.origin)\n"
    )
    plain = subprocess.run(
        [sys.executable, "-m", "pack", "a"], cwd=tmp_path, capture_output=True, text=True
    )
    profiled = run("-o", "out.prof", "-m", "pack", "a", cwd=tmp_path)
    assert profiled.stdout == plain.stdout and plain.stdout
    assert "imported" in names(tmp_path / "out.prof"), "the package's import is part of it"


def test_code_sees_what_python_shows_it(tmp_path):
    code = "import sys; print(sys.argv, repr(sys.path[0]), __name__, __spec__)"
    plain = subprocess.run(
        [sys.executable, "-c", code, "a"], cwd=tmp_path, capture_output=True, text=True
    )
    profiled = run("-o", "out.prof", "-c", code, "a", cwd=tmp_path)
    assert profiled.stdout == plain.stdout


def test_folder_with_main_is_run(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__main__.py").write_text("import helper\nprint('ran', __name__)\n")
    (tmp_path / "app/helper.py").write_text("def f(): pass\nf()\n")
    result = run("-o", "out.prof", "app", cwd=tmp_path)
    assert result.stdout == "ran __main__\n" and result.returncode == 0


def test_main_is_importable_and_picklable(script, tmp_path):
    script(
        "import pickle, __main__\nclass A: pass\n"
        "if __name__ == '__main__': assert __main__.A is A\nassert type(pickle.loads(pickle.dumps(A()))) is A\n"
        "from concurrent.futures import ProcessPoolExecutor\nimport multiprocessing\n"
        "def square(x): return x * x\n"
        "if __name__ == '__main__':\n"
        "    spawn = multiprocessing.get_context('spawn')\n"
        "    with ProcessPoolExecutor(1, mp_context=spawn) as pool:\n"
        "        print(list(pool.map(square, [3])))\n"
    )
    result = run("-o", "out.prof", "script.py", cwd=tmp_path)
    assert (result.stdout, result.returncode) == ("[9]\n", 0), result.stderr


@pytest.mark.parametrize(
    "ending, status",
    [("pass", 0), ("sys.exit(3)", 3), ("sys.exit('bye')", 1), ("sys.exit()", 0), ("1/0", 1)],
)
def test_exit_status_is_passed_on(script, tmp_path, ending, status):
    script(f"import sys\ndef work(): pass\nwork()\n{ending}\n")
    result = run("-o", "out.prof", "script.py", cwd=tmp_path)
    assert result.returncode == status
    assert "work" in names(tmp_path / "out.prof")


def test_traceback_shows_the_program_only(script, tmp_path):
    path = script("def f():\n    raise ValueError('no')\nf()\n")
    plain = subprocess.run([sys.executable, path], capture_output=True, text=True)
    result = run("-o", "out.prof", path, cwd=tmp_path)
    assert result.stderr == plain.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_lose_nothing(script, tmp_path, number):
    script("import time\ndef work(): print('ready', flush=True)\nwork()\nwhile True: time.sleep(.01)\n")
    command = [sys.executable, "-m", "ctraceprof", "-o", "out.prof", "script.py"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        assert p.stdout.readline() == b"ready\n"
        p.send_signal(number)
        p.communicate(timeout=30)
    assert p.returncode == -number
    found = names(tmp_path / "out.prof")
    assert "work" in found
    assert "_on_signal" not in found and "_signalled" not in found
    assert sorted(os.listdir(tmp_path)) == ["out.prof", "script.py"]


def test_a_programs_own_handler_stays(script, tmp_path):
    script(
        "import os, signal, sys\nsignal.signal(signal.SIGTERM, lambda *a: sys.exit(7))\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    assert run("-o", "out.prof", "script.py", cwd=tmp_path).returncode == 7
    assert (tmp_path / "out.prof").exists()


def test_a_forked_child_leaves_the_file_alone(script, tmp_path):
    script(
        "import os, sys\ndef in_child(): pass\n"
        "if os.fork() == 0:\n    in_child()\n    sys.exit(0)\nos.wait()\n"
        "def in_parent(): pass\nin_parent()\n"
    )
    assert run("-o", "out.prof", "script.py", cwd=tmp_path).returncode == 0
    found = names(tmp_path / "out.prof")
    assert "in_parent" in found and "in_child" not in found


def test_file_goes_where_it_was_asked_though_the_program_moves(script, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    script("import os\nos.chdir('elsewhere')\n")
    run("-o", "out.prof", "script.py", cwd=tmp_path)
    assert (tmp_path / "out.prof").exists()


def test_file_holds_command_and_tree(script, tmp_path):
    script("def f(): pass\nf()\n")
    before = time.time()
    run("-o", "out.prof", "script.py", "a b", cwd=tmp_path)
    with open(tmp_path / "out.prof", "rb") as file:
        first, second = marshal.load(file), marshal.load(file)
    properties = second["properties"]
    assert properties["command"] == "script.py 'a b'"
    assert before <= properties["start"] <= time.time() and 0 < properties["duration"] < 60
    assert properties["python"] == sys.version.split()[0].rstrip("+") or properties["python"]
    assert properties["calls_lost"] == 0
    (thread,) = second["threads"]
    assert thread["name"] == "MainThread"
    calls = memoryview(thread["calls"]).cast("Q")
    assert sum(calls) == sum(row[1] for row in first.values())


def test_no_builtins(script, tmp_path):
    script("def f(): return len([1])\nf()\n")
    run("-o", "out.prof", "--no-builtins", "script.py", cwd=tmp_path)
    assert names(tmp_path / "out.prof") == {"<module>", "f"}


def test_limit_and_sort(script, tmp_path):
    script("def f(): pass\nfor _ in range(9): f()\n")
    result = run("--limit", "1", "-s", "ncalls", "script.py", cwd=tmp_path)
    assert "Ordered by: call count" in result.stdout
    assert "due to restriction <1>" in result.stdout
    assert result.stdout.rstrip().endswith("script.py:1(f)")


def test_closed_pipe_is_a_quiet_end(script, tmp_path):
    script("pass\n")
    command = f"{sys.executable} -m ctraceprof script.py | true; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert result.stderr == ""


# --- what can be wrong -------------------------------------------------------------------------


def assert_complaint(result, status, message):
    assert result.returncode == status
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_missing_script(tmp_path):
    result = run("none.py", cwd=tmp_path)
    message = "ctraceprof: can't open file 'none.py': [Errno 2] No such file or directory\n"
    assert_complaint(result, 2, message)


def test_unreadable_script(tmp_path):
    # Root may read everything, so the system has to refuse for another reason.
    path = "/proc/self/mem"
    result = run(path, cwd=tmp_path)
    assert_complaint(result, 2, f"ctraceprof: can't open file '{path}': [Errno ")


def test_folder_without_main(tmp_path):
    result = run(tmp_path, cwd=tmp_path)
    assert_complaint(result, 1, f"ctraceprof: can't find '__main__' module in '{tmp_path}'\n")


def test_script_with_a_syntax_error(script, tmp_path):
    script("x =\n")
    result = run("-o", "out.prof", "script.py", cwd=tmp_path)
    assert_complaint(result, 1, 'script.py", line 1\n    x =\n')
    assert "SyntaxError: invalid syntax" in result.stderr
    assert not (tmp_path / "out.prof").exists()


def test_script_with_null_bytes(script, tmp_path):
    script("x = 1\0\n")
    assert_complaint(run("script.py", cwd=tmp_path), 1, "null bytes")


def test_missing_module(tmp_path):
    result = run("-m", "no_such_module", cwd=tmp_path)
    assert_complaint(result, 1, "ctraceprof: No module named no_such_module\n")


def test_package_without_main(tmp_path):
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack/__init__.py").touch()
    result = run("-m", "pack", cwd=tmp_path)
    assert_complaint(result, 1, "'pack' is a package and cannot be directly executed\n")


@pytest.mark.parametrize("where", ["none/out.prof", "/proc/out.prof", "."])
def test_bad_outfile_is_told_before_the_program_runs(script, tmp_path, where):
    script("print('ran')\n")
    result = run("-o", where, "script.py", cwd=tmp_path)
    assert result.stdout == ""
    path = os.path.normpath(tmp_path / where)
    assert_complaint(result, 2, "ctraceprof: cannot write the profile: [Errno ")
    assert f"'{path}'" in result.stderr


def test_full_disk_is_told_and_makes_the_exit_status(script, tmp_path):
    script("print('ran')\n")
    result = run("-o", "/dev/full", "script.py", cwd=tmp_path)
    assert result.stdout == "ran\n"
    assert_complaint(result, 1, "cannot write the profile: [Errno 28] No space left on device")


def test_a_pipe_that_closes_is_told(script, tmp_path):
    script("\n".join(f"def f{i}(): pass\nf{i}()" for i in range(4000)))
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["head", "-c", "10", "pipe"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    result = run("-o", "pipe", "script.py", cwd=tmp_path)
    reader.wait(10)
    assert_complaint(result, 1, "cannot write the profile: [Errno 32] Broken pipe")


@pytest.mark.parametrize("spoil", ["pass", "sys.stdout.close()"])
def test_a_table_that_cannot_be_printed_leaves_the_exit_status(script, tmp_path, spoil):
    script(f"import sys\ndef \u00e9(): pass\n\u00e9()\n{spoil}\nraise SystemExit(3)\n")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    result = run("script.py", cwd=tmp_path, env=environment)
    assert_complaint(result, 3, "ctraceprof: cannot write the profile: ")


def test_builtins_are_the_module(script, tmp_path):
    script("print(__builtins__.len('abc'))\n")
    assert run("-o", "out.prof", "script.py", cwd=tmp_path).stdout == "3\n"


def test_folder_in_safe_path_mode(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__main__.py").write_text("import helper, sys\nprint(sys.path[0])\n")
    (tmp_path / "app/helper.py").touch()
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    assert run("-o", "out.prof", "app", cwd=tmp_path, env=environment).stdout == "app\n"


def test_an_old_file_survives_a_program_that_fails_to_start(script, tmp_path):
    (tmp_path / "out.prof").write_bytes(b"old")
    run("-o", "out.prof", "none.py", cwd=tmp_path)
    assert (tmp_path / "out.prof").read_bytes() == b"old"


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "Usage: python -m ctraceprof [-o output_file_path] [-s sort]"),
        (["-s", "nonsense", "x.py"], "option -s: invalid choice: 'nonsense' (choose from "),
        (["--limit", "x", "x.py"], "option --limit: invalid integer value: 'x'"),
        (["--limit", "-1", "x.py"], "--limit must be 0 or more, not -1"),
        (["--nonsense"], "no such option: --nonsense"),
        (["-m", "-c", "x"], "-m and -c exclude each other"),
        (["-m"], "Usage: "),
    ],
)
def test_usage_errors(tmp_path, arguments, message):
    assert_complaint(run(*arguments, cwd=tmp_path), 2, message)


def test_version(tmp_path):
    import ctraceprof

    result = run("--version", cwd=tmp_path)
    assert result.stdout == f"ctraceprof {ctraceprof.__version__}\n"

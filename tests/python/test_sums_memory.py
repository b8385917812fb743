"""Adding up and encoding without memory: MemoryError, and nothing is lost. Decorated calls: their callers do not notice."""

import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest

BEGINNING = """
import ctypes, gc, sys
import ctraceprof
from ctraceprof import Profile
sys.path.insert(0, sys.argv[1])
from samples import work

gc.disable()
fail_after, fail_on, failures = (
    ctypes.c_long.in_dll(ctypes.PyDLL(None), name) for name in ("fail_after", "fail_on", "failures")
)

def leaves(profile):
    return sum(r.calls for r in profile.stats() if r.name == "leaf")

def part(n, builtins=True):
    profile = Profile(builtins=builtins)
    profile.runcall(work, n)
    return profile

def each_failure(action, check, begin=lambda: None):
    'Each allocation fails once, then each with all behind it; how often MemoryError came.'
    errors = 0
    for and_on in (0, 1):
        n = 0
        while True:
            worked = False
            begin()
            failures.value, fail_on.value = 0, and_on
            try:
                fail_after.value = n
                action()
                fail_after.value = -1
                worked = True
            except MemoryError:
                fail_after.value = -1
                errors += 1
            check(worked)
            if failures.value == 0:
                assert worked
                break
            n += 1
        assert n > 10, n
    print(errors, "errors")
    return errors
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler and glibc's malloc")
    if "libasan" in os.environ.get("LD_PRELOAD", ""):
        pytest.skip("the sanitizer has a malloc of its own")
    here = Path(__file__).parent
    library = tmp_path_factory.mktemp("malloc") / "failing_malloc.so"
    made = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", library, here / "failing_malloc.c"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if made.returncode != 0:
        pytest.skip("cannot build the failing malloc: " + made.stderr)

    def run(code, malloc="malloc"):
        result = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(BEGINNING) + textwrap.dedent(code), here],
            capture_output=True, text=True, timeout=170,
            env={**os.environ, "LD_PRELOAD": str(library), "PYTHONMALLOC": malloc},
        )  # fmt: skip
        assert result.returncode == 0, result.stderr[-3000:]
        assert "Exception ignored" not in result.stderr, result.stderr[-3000:]
        return result.stdout

    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("free-threaded builds do not use malloc for objects")
    return run


def test_adding_loses_nothing(run):
    assert "errors" in run("""
    parts = [part(3), part(4, builtins=False), part(5)]
    sum_of = None

    def action():
        sum_of.add(parts[0])

    def begin():
        # A new one each time: where adding up fails what was added is kept apart, and more is to do then.
        global sum_of
        sum_of = Profile()
        sum_of.add(parts[1])
        sum_of.add(parts[2])

    def check(worked):
        expected = 9 + 3 * worked
        assert leaves(sum_of) == expected, (leaves(sum_of), worked)
        assert leaves(parts[0]) == 3
        sum_of.add(parts[0])
        assert leaves(sum_of) == expected + 3

    errors = each_failure(action, check, begin)
    assert errors > 20, errors
    """)


def test_a_running_profile_with_a_sum_is_read_or_not_at_all(run):
    assert "errors" in run("""
    sum_of = Profile(scope="context")
    for n in (1, 2, 3):
        sum_of.add(part(n))
    sum_of.enable()
    work(4)
    sum_of.disable()
    told = []

    def action():
        # What stats() is made of: CPython 3.12 and 3.13 break where a slice cannot be made.
        told.append(sum_of._records())

    def check(worked):
        assert len(told) == worked
        if worked:
            assert sum(row[3] for row in told.pop() if row[2] == "leaf") == 10
        assert leaves(sum_of) == 10

    errors = each_failure(action, check)
    assert errors > 20, errors
    """)


@pytest.mark.parametrize("format", ["pstats", "html", "speedscope", "pprof", "json", "collapsed"])
def test_encoding_gives_all_or_an_error(run, format):
    assert "errors" in run(f"""
    sum_of = Profile()
    sum_of.add(part(2))
    sum_of.add(part(3))
    whole = sum_of.dumps({format!r})
    told = []

    def action():
        told.append(sum_of._encode({format!r}, {{}}, ""))

    def check(worked):
        assert len(told) == worked
        assert not worked or told.pop() == whole

    errors = each_failure(action, check)
    assert errors > 20, errors
    """)


@pytest.mark.parametrize("kind", ["function", "generator", "coroutine", "async generator", "on_profile"])
def test_decorated_calls_go_on(run, kind):
    """The interpreter has memory for its own objects here; the recorder has not."""
    assert "errors" in run(
        f"""
    import warnings
    warnings.simplefilter("ignore")
    kind = {kind!r}
    kept = []

    def function(n):
        work(n)
        return n

    def generator(n):
        work(n)
        yield n
        work(1)

    async def coroutine(n):
        await step()
        work(n)
        return n

    async def async_generator(n):
        work(n)
        yield n
        await step()

    class step:
        def __await__(self):
            yield 5

    def drive(made):
        while True:
            try:
                made.send(None)
            except StopIteration as stop:
                return stop.value

    async def first(made):
        got = [n async for n in made]
        return got[0]

    subject = {{"function": function, "generator": generator, "coroutine": coroutine,
               "async generator": async_generator, "on_profile": function}}[kind]

    def call(subject):
        made = subject(3)
        if kind == "generator":
            return sum(made)
        if kind == "coroutine":
            return drive(made)
        return drive(first(made)) if kind == "async generator" else made

    got = []

    def begin():
        # A new one each time: what is known already needs no memory.
        global decorated
        got.clear()
        options = {{"on_profile": kept.append}} if kind == "on_profile" else {{}}
        decorated = ctraceprof.profile(**options)(subject)

    def action():
        got.append(call(decorated))

    def check(worked):
        assert worked and got == [3], (worked, got)
        decorated.profile.clear()
        call(decorated)
        assert leaves(decorated.profile) == 3 + (kind == "generator")
        kept.clear()

    for _ in range(3):
        begin()
        action()
    errors = each_failure(action, check, begin)
    assert errors == 0
    """,
        malloc="pymalloc",
    )

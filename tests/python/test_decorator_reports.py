"""What ctraceprof.profile does behind a call, and as a with block."""

import asyncio
import contextvars
import io
import json
import os
import pstats
import subprocess
import sys
import textwrap
import threading

import pytest

import ctraceprof
from ctraceprof import _reports

HERE = __file__


def leaf():
    return 1


def work(n=3):
    for _ in range(n):
        leaf()


def leaves(profile):
    return sum(r.calls for r in profile.stats() if r.name == "leaf")


@pytest.fixture
def unraisable(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: told.append((args.object, args.exc_value)))
    return told


# --- on_profile --------------------------------------------------------------------------------


def test_on_profile_gets_each_calls_own():
    got = []
    subject = ctraceprof.profile(on_profile=got.append)(work)
    for n in range(4):
        subject(n)
    assert [leaves(p) for p in got] == [0, 1, 2, 3]
    assert leaves(subject.profile) == 6
    assert all(type(p) is ctraceprof.Profile for p in got)
    assert len({id(p) for p in got}) == 4


def test_on_profile_of_what_goes_on_in_steps():
    got = []
    note = ctraceprof.profile(on_profile=lambda profile: got.append((leaves(profile), list(log))))
    log = []

    @note
    def numbers(n):
        for i in range(n):
            leaf()
            log.append(i)
            yield i

    @note
    async def waits(n):
        for i in range(n):
            leaf()
            log.append(i)
            await asyncio.sleep(0)

    @note
    async def both(n):
        for i in range(n):
            leaf()
            await asyncio.sleep(0)
            log.append(i)
            yield i

    async def use(n):
        return [i async for i in both(n)]

    list(numbers(2))
    assert got == [(2, [0, 1])]  # once, at the end
    log.clear(), got.clear()
    asyncio.run(waits(3))
    assert got == [(3, [0, 1, 2])]
    log.clear(), got.clear()
    asyncio.run(use(2))
    assert got == [(2, [0, 1])]
    log.clear(), got.clear()
    made = numbers(5)
    next(made)
    made.close()
    assert got == [(1, [0])]
    log.clear(), got.clear()
    next(numbers(5))  # thrown away
    assert got == [(1, [0])]


def test_on_profile_is_called_where_the_call_was_and_is_not_recorded():
    where = []

    def note(profile):
        work(100)
        where.append((threading.get_ident(), current.get()))

    current = contextvars.ContextVar("current")
    subject = ctraceprof.profile(on_profile=note)(work)
    current.set("here")
    with ctraceprof.Profile(scope="context", builtins=False) as around:
        subject(2)
    assert where == [(threading.get_ident(), "here")]
    assert leaves(subject.profile) == 2
    assert leaves(around) == 102  # it is a call like any other to others


def test_on_profile_that_calls_the_function():
    got = []

    def note(profile):
        got.append(leaves(profile))
        subject(50)

    subject = ctraceprof.profile(on_profile=note)(work)
    subject(2)
    assert got == [2] and leaves(subject.profile) == 2
    thread = threading.Thread(target=subject, args=(3,))
    thread.start()
    thread.join()
    assert got == [2, 3]


def test_what_on_profile_raises_does_not_reach_the_caller(unraisable):
    class Odd(BaseException):
        pass

    def note(profile):
        raise Odd(leaves(profile))

    subject = ctraceprof.profile(on_profile=note)(lambda n: work(n) or n)
    assert subject(3) == 3
    assert [(o, type(e), e.args) for o, e in unraisable] == [(note, Odd, (3,))]

    @ctraceprof.profile(on_profile=note)
    def fails():
        raise KeyError("its own")

    with pytest.raises(KeyError, match="its own") as caught:
        fails()
    assert caught.value.__context__ is None
    assert len(unraisable) == 2

    async def waits():
        await asyncio.sleep(0)
        return 5

    assert asyncio.run(ctraceprof.profile(on_profile=note)(waits)()) == 5
    assert ctraceprof.profile(on_profile=note)(sorted)([2, 1]) == [1, 2]
    assert len(unraisable) == 4


def test_a_report_that_fails_does_not_keep_others_from_it(unraisable, tmp_path):
    got = []
    subject = ctraceprof.profile(
        out=tmp_path / "missing" / "{n}.prof", stream=io.StringIO(), on_profile=got.append
    )(work)
    subject(2)
    assert [leaves(p) for p in got] == [2]
    assert [type(e) for _, e in unraisable] == [FileNotFoundError]


def test_a_profile_that_was_given_away_is_the_receivers():
    got = []
    subject = ctraceprof.profile(on_profile=got.append)(work)
    subject(1)
    mine = got[0]
    with mine:
        subject(2)  # recorded by mine, and for itself
    assert leaves(mine) == 3 and leaves(got[1]) == 2
    mine.clear()
    assert leaves(subject.profile) == 3


# --- tables ------------------------------------------------------------------------------------


def test_a_table_behind_each_call():
    stream = io.StringIO()
    subject = ctraceprof.profile(sort="tottime", limit=1, stream=stream)(work)
    subject(3)
    first = stream.getvalue()
    subject(4)
    assert first.startswith("profile of work:\n") and "Ordered by: internal time" in first
    assert "List reduced from 2 to 1 due to restriction <1>" in first
    assert stream.getvalue().count("profile of work:") == 2
    assert stream.getvalue().startswith(first)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"sort": "calls"}, ["Ordered by: call count"]),
        ({"sort": ("calls", "name")}, ["call count, function name"]),
        ({"sort": pstats.SortKey.TIME}, ["internal time"]),
        ({"sort": 2}, ["cumulative time"]),
        ({"limit": 1}, ["cumulative time", "List reduced from"]),
    ],
)
def test_sort_or_limit_alone_print_to_stdout(capsys, options, words):
    subject = ctraceprof.profile(**options)(work)
    subject(3)
    printed = capsys.readouterr().out
    assert all(word in printed for word in words), printed
    assert "profile of work" in printed and "(leaf)" in printed or options == {"limit": 1}


def test_the_stream_alone():
    stream = io.StringIO()
    ctraceprof.profile(stream=stream)(work)(3)
    assert "cumulative time" in stream.getvalue() and "(leaf)" in stream.getvalue()


def test_tables_of_threads_are_not_mixed():
    class Stream:
        def __init__(self):
            self.pieces = []

        def write(self, text):
            self.pieces.append(text)

    stream = Stream()
    subject = ctraceprof.profile(stream=stream)(work)
    threads = [threading.Thread(target=subject, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stream.pieces) == 8
    assert all(piece.startswith("profile of") and "function calls" in piece for piece in stream.pieces)


# --- files -------------------------------------------------------------------------------------


def test_a_file_for_each_call(tmp_path):
    @ctraceprof.profile(out=tmp_path / "{name}-{n}-{pid}.prof")
    def subject(n):
        work(n)

    for n in range(1, 4):
        subject(n)
    name = "test_a_file_for_each_call._locals_.subject"
    for n in range(1, 4):
        stats = pstats.Stats(str(tmp_path / f"{name}-{n}-{os.getpid()}.prof"))
        assert {k[2]: v[1] for k, v in stats.stats.items()} == {"subject": 1, "work": 1, "leaf": n}
    assert len(os.listdir(tmp_path)) == 3


def test_a_page_for_each_call(tmp_path):
    ctraceprof.profile(out=str(tmp_path / "{n}.html"))(work)(2)
    assert (tmp_path / "1.html").read_text().startswith("<!doctype html>")


def test_the_sum_in_one_file(tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(_reports.time, "monotonic", lambda: now[0])
    path = tmp_path / "sum.prof"
    subject = ctraceprof.profile(out=path)(work)

    def written():
        return sum(v[1] for k, v in pstats.Stats(str(path)).stats.items() if k[2] == "leaf")

    subject(1)
    assert written() == 1  # at once
    subject(2)
    now[0] += 0.9
    subject(3)
    assert written() == 1  # not yet again
    now[0] += 0.2
    subject(4)
    assert written() == 10
    assert not [name for name in os.listdir(tmp_path) if name != "sum.prof"]


def test_writing_takes_a_tenth_of_the_time_at_most(tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(_reports.time, "monotonic", lambda: now[0])
    writes = []

    def slow(profile, path):
        writes.append(now[0])
        now[0] += 2

    monkeypatch.setattr(_reports, "_write", slow)
    subject = ctraceprof.profile(out=tmp_path / "sum.prof")(work)
    for _ in range(100):
        subject(1)
        now[0] += 1
    assert len(writes) == 6 and writes[1] - writes[0] >= 20


def test_bytes_and_names(tmp_path):
    path = os.fsencode(tmp_path / "a{n}.prof")
    subject = ctraceprof.profile(out=path)(work)
    subject(1)
    assert os.path.exists(path)
    ctraceprof.profile(out=tmp_path / "{name}.prof")(work)(1)
    assert (tmp_path / "work.prof").exists()


PROGRAM = """
import os, sys
import ctraceprof

def leaf(): pass

@ctraceprof.profile(out=sys.argv[1])
def work(n):
    for _ in range(n): leaf()

for n in range(5): work(n)
"""


def run(tmp_path, code="", **options):
    path = tmp_path / "out.prof"
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM + textwrap.dedent(code), path],
        capture_output=True, text=True, timeout=60, **options,
    )  # fmt: skip
    assert result.stdout == ""
    stats = pstats.Stats(str(path)).stats if path.exists() else {}
    return result, sum(v[1] for k, v in stats.items() if k[2] == "leaf")


def test_the_rest_is_written_at_exit(tmp_path):
    result, count = run(tmp_path)
    assert result.returncode == 0 and result.stderr == "" and count == 10
    result, count = run(tmp_path, "raise ValueError('x')")
    assert result.returncode == 1 and count == 10


def test_a_forked_child_leaves_its_parents_file_alone(tmp_path):
    result, count = run(
        tmp_path,
        """
        if os.fork() == 0:
            work(1000)
            sys.exit()
        os.wait()
        """,
    )
    assert result.stderr == "" and count == 10


def test_a_file_that_cannot_be_written_at_exit(tmp_path):
    result, count = run(
        tmp_path, "os.remove(sys.argv[1]); os.rmdir(os.path.dirname(sys.argv[1]))"
    )
    assert count == 0 and "No such file or directory" in result.stderr
    assert result.returncode == 0


def test_a_call_that_is_not_profiled_writes_nothing(tmp_path):
    subject = ctraceprof.profile(out=tmp_path / "{n}.prof", every=2)(work)
    for n in range(4):
        subject(n)
    assert sorted(os.listdir(tmp_path)) == ["1.prof", "2.prof"]


# --- with blocks -------------------------------------------------------------------------------


def test_with():
    with ctraceprof.profile() as profile:
        work(3)
    work(4)
    assert type(profile) is ctraceprof.Profile and leaves(profile) == 3


def test_async_with_records_its_context():
    async def child():
        work(2)
        await asyncio.sleep(0)
        work(3)

    async def neighbour():
        for _ in range(20):
            work(50)
            await asyncio.sleep(0)

    async def main():
        task = asyncio.create_task(neighbour())
        async with ctraceprof.profile(builtins=False) as profile:
            await asyncio.gather(child(), child())
        await task
        return profile

    profile = asyncio.run(main())
    assert leaves(profile) == 10
    assert not [r for r in profile.stats() if r.file == "~"]


def test_with_reports(tmp_path, capsys):
    got = []
    with ctraceprof.profile(
        sort="calls", limit=1, out=tmp_path / "{n}.prof", on_profile=got.append
    ) as profile:
        work(3)
    assert got == [profile]
    assert "profile of with:" in capsys.readouterr().out
    assert (tmp_path / "1.prof").exists()
    block = ctraceprof.profile(out=tmp_path / "last.prof")
    for n in range(1, 3):
        with block:
            work(n)
    stats = pstats.Stats(str(tmp_path / "last.prof")).stats
    assert sum(v[1] for k, v in stats.items() if k[2] == "leaf") == 2


def test_what_a_block_raises_passes():
    with pytest.raises(ZeroDivisionError), ctraceprof.profile() as profile:
        work(2)
        1 / 0
    assert leaves(profile) == 2


def test_one_object_for_many_blocks_at_once():
    block = ctraceprof.profile()

    async def one(n):
        with block as outer:
            work(n)
            await asyncio.sleep(0)
            with block as inner:
                work(1)
                await asyncio.sleep(0)
            work(n)
        return leaves(outer), leaves(inner)

    async def main():
        return await asyncio.gather(*(one(n) for n in range(100)))

    assert asyncio.run(main()) == [(2 * n + 1, 1) for n in range(100)]
    assert block._open == []


def test_blocks_of_several_objects_left_in_any_order():
    one, other = ctraceprof.profile(), ctraceprof.profile()
    first, second = one.__enter__(), other.__enter__()
    work(1)
    one.__exit__(None, None, None)
    third = one.__enter__()
    work(2)
    other.__exit__(None, None, None)
    work(4)
    one.__exit__(None, None, None)
    assert (leaves(first), leaves(second), leaves(third)) == (1, 3, 6)


def test_a_block_that_is_left_in_another_context():
    block = ctraceprof.profile()

    def generator():
        with block as profile:
            work(2)
            yield profile
            work(3)

    made = generator()
    profile = contextvars.Context().run(next, made)
    assert list(made) == []
    assert leaves(profile) == 2 and block._open == []


def test_one_object_decorates_and_is_entered():
    both = ctraceprof.profile(builtins=False)
    subject = both(work)
    with both as profile:
        subject(3)
    assert leaves(profile) == leaves(subject.profile) == 3


def test_every_is_not_for_blocks():
    with pytest.raises(ValueError, match="every is for calls"), ctraceprof.profile(every=2):
        pass


def test_a_block_that_cannot_be_recorded_runs_as_ever():
    if not hasattr(sys, "monitoring"):
        pytest.skip("3.12's sys.monitoring has ids to take")
    for number in range(6):
        sys.monitoring.use_tool_id(number, f"tool {number}")
    try:
        with pytest.warns(RuntimeWarning, match="this block is not profiled: all tool ids"):
            with ctraceprof.profile() as profile:
                x = 3
        assert x == 3 and profile.stats() == []
    finally:
        for number in range(6):
            sys.monitoring.free_tool_id(number)


def test_the_tree_of_a_call_has_the_function_at_its_top():
    subject = ctraceprof.profile(work)
    subject(3)
    data = json.loads(subject.profile.dumps("json"))
    names = [f["name"] for f in data["functions"]]
    tops = [names[c["function"]] for c in data["contexts"] if c["parent"] is None]
    assert tops == ["work"]


def test_importing_is_light():
    """What the decorator needs is imported when something is decorated."""
    code = "import sys, ctraceprof; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(ctraceprof.__file__))},
    ).stdout.split()  # fmt: skip
    assert "ctraceprof._decorator" in loaded
    heavy = {"inspect", "asyncio", "pstats", "string", "ctraceprof._wrappers", "ctraceprof._reports"}
    assert not heavy & set(loaded)


def test_a_relative_path_is_of_where_it_was_given(tmp_path, monkeypatch):
    for folder in ("here {x}", "elsewhere"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "here {x}")

    @ctraceprof.profile(out="{name}-{n}.prof")
    def work():
        pass

    block = ctraceprof.profile(out=b"block.prof")
    monkeypatch.chdir(tmp_path / "elsewhere")
    work()
    with block:
        pass
    assert len(list((tmp_path / "here {x}").glob("*-1.prof"))) == 1
    assert (tmp_path / "here {x}" / "block.prof").exists()
    assert not list((tmp_path / "elsewhere").iterdir())

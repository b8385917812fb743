"""ctraceprof.span: what of a captured request took how long, whatever task or thread it was on."""

import asyncio
import contextvars
import inspect
import subprocess
import sys
import threading
import time

import pytest

import ctraceprof
from ctraceprof import _spans
from ctraceprof._spans import SpanLog, close_spans, current_spans, open_spans


@pytest.fixture
def clock(monkeypatch):
    """perf_counter_ns() that goes on when told; a call gives the time."""

    class Clock:
        now = 1_000

        def __call__(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(_spans.time, "perf_counter_ns", clock)
    return clock


@pytest.fixture
def log(clock):
    log = open_spans()
    yield log
    close_spans(log)


def names(log):
    return [span.name for span in log.spans()]


def test_times_are_those_of_the_clock(log, clock):
    clock.now += 500
    with ctraceprof.span("outer"):
        clock.now += 1_000
        with ctraceprof.span("inner"):
            clock.now += 30
        with ctraceprof.span("inner"):
            clock.now += 70
    assert log.spans() == [
        ("outer", 500e-9, 1100e-9, False, None),
        ("inner", 1500e-9, 30e-9, False, None),
        ("inner", 1530e-9, 70e-9, False, None),
    ]
    assert log.totals() == [
        ("inner", 2, pytest.approx(100e-9), 70e-9, 0),
        ("outer", 1, pytest.approx(1100e-9), 1100e-9, 0),
    ]
    assert log.statements() == [] and log.dropped == 0


def test_what_the_with_gives_and_what_it_lets_through(log):
    with ctraceprof.span("a") as given:
        assert given is None
    error = ValueError("mine")
    with pytest.raises(ValueError) as caught, ctraceprof.span("b"):
        raise error
    assert caught.value is error
    assert [(s.name, s.failed) for s in log.spans()] == [("a", False), ("b", True)]
    assert [(t.name, t.failed) for t in log.totals()] == [("a", 0), ("b", 1)]


def test_async_with(log):
    async def main():
        async with ctraceprof.span("a"):
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            async with ctraceprof.span("b"):
                raise asyncio.CancelledError

    asyncio.run(main())
    assert [(s.name, s.failed) for s in log.spans()] == [("a", False), ("b", True)]


def test_nothing_is_recorded_where_nothing_is_captured():
    assert current_spans() is None
    first, second = ctraceprof.span("a"), ctraceprof.span("b")
    assert first is second  # nothing was even made
    with first as given:
        assert given is None
    with pytest.raises(ValueError), second:
        raise ValueError

    async def main():
        async with ctraceprof.span("a"):
            await asyncio.sleep(0)

    asyncio.run(main())


@pytest.mark.parametrize("captured", [False, True])
def test_a_name_that_is_none(captured):
    log = open_spans() if captured else None
    with pytest.raises(TypeError, match="span: name must be a str, not int"):
        ctraceprof.span(3)
    if captured:
        close_spans(log)


async def request(number, logs):
    log = logs[number] = open_spans()
    try:
        async def child(i):
            async with ctraceprof.span(f"child {number} {i}"):
                await asyncio.sleep(0.001 * (i % 3))

        def work():
            with ctraceprof.span(f"thread {number}"):
                time.sleep(0.001)

        with ctraceprof.span(f"all {number}"):
            await asyncio.gather(*(child(i) for i in range(5)), asyncio.to_thread(work))
    finally:
        close_spans(log)


def test_each_of_many_requests_has_its_own():
    async def main():
        logs = {}
        await asyncio.gather(*(request(number, logs) for number in range(60)))
        assert current_spans() is None
        return logs

    for number, log in asyncio.run(main()).items():
        assert sorted(names(log)) == sorted(
            [f"all {number}", f"thread {number}", *(f"child {number} {i}" for i in range(5))]
        )
        assert names(log)[0] == f"all {number}"


def test_one_span_name_on_many_threads_at_once():
    log = open_spans()

    def work():
        for _ in range(500):
            with ctraceprof.span("x"):
                pass

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [
            threading.Thread(target=contextvars.copy_context().run, args=(work,)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
    finally:
        sys.setswitchinterval(interval)
        close_spans(log)
    assert [(t.name, t.calls) for t in log.totals()] == [("x", 4000)]
    assert len(log.spans()) == _spans.MAX_SPANS and log.dropped == 4000 - _spans.MAX_SPANS


def test_memory_is_bounded_whatever_the_names(log):
    for i in range(3000):
        with ctraceprof.span("x" * 1000 + str(i)):
            pass
        with ctraceprof.span(str(i)):
            pass
        log.add_statement("sql", 0, 1, False, f"SELECT * FROM t{i}")
    totals = {t.name: t.calls for t in log.totals()}
    assert len(totals) == _spans.MAX_NAMES + 1
    assert totals["x" * _spans.MAX_LENGTH] == 3000 and totals["sql"] == 3000
    assert totals[_spans.OTHERS] == 3000 - (_spans.MAX_NAMES - 2)
    statements = {s.statement: s.calls for s in log.statements()}
    assert len(statements) == _spans.MAX_SHAPES + 1
    assert statements[_spans.OTHERS] == 3000 - _spans.MAX_SHAPES
    assert len(log._shapes) == _spans.MAX_SHAPES
    assert len(log.spans()) == _spans.MAX_SPANS and log.dropped == 9000 - _spans.MAX_SPANS


def test_what_ends_after_the_capture_is_not_recorded():
    log = open_spans()
    late = ctraceprof.span("late")
    late.__enter__()
    context = contextvars.copy_context()
    log.add_statement("sql", 0, 1, False, "SELECT 1")
    close_spans(log)
    late.__exit__(None, None, None)
    assert context.run(current_spans) is None
    assert context.run(ctraceprof.span, "a") is ctraceprof.span("b")
    log.add("b", 0, 1)
    log.add_statement("sql", 0, 1, False, "SELECT 1")
    log.add_fetch("sql", 0, 1, 1, "SELECT 1")
    log.add_failure("sql", "SELECT 1")
    assert names(log) == ["sql"]
    assert [(t.name, t.calls, t.failed) for t in log.totals()] == [("sql", 1, 0)]
    assert [(s.statement, s.calls, s.rows) for s in log.statements()] == [("SELECT ?", 1, 0)]
    assert log._shapes == {}  # statements as they were executed are not kept
    close_spans(log)  # once more is no matter


def test_a_capture_within_a_capture():
    outer = open_spans()
    with ctraceprof.span("a"):
        inner = open_spans()
        with ctraceprof.span("b"):
            pass
        current_spans().add_statement("sql", 0, 1, True, "SELECT 1")
        current_spans().add_fetch("sql", 0, 5, 3, "SELECT 1")
        close_spans(inner)
        assert current_spans() is outer
    close_spans(outer)
    assert current_spans() is None
    assert sorted(names(inner)) == ["b", "sql"]
    assert sorted(names(outer)) == ["a", "b", "sql"]
    for log in inner, outer:
        assert log.statements() == [("SELECT ?", 1, 6e-9, 1e-9, 5e-9, 3, 1)]


def test_ended_in_another_context():
    log = contextvars.copy_context().run(open_spans)
    assert current_spans() is None
    close_spans(log)
    assert log.closed and current_spans() is None


def test_a_generator_that_is_left_in_another_context(log):
    """As a `yield` dependency is: entered and left in two copies of the request's context."""

    def dependency():
        with ctraceprof.span("dependency"):
            yield 1

    generator = dependency()
    assert contextvars.copy_context().run(next, generator) == 1
    assert contextvars.copy_context().run(next, generator, 2) == 2
    assert names(log) == ["dependency"]


def test_totals_read_while_others_write(log):
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            log.add(f"n{number % 50}", 0, 1)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(300):
            spans, totals = log.spans(), log.totals()
            assert sum(t.calls for t in totals) >= len(spans)
    finally:
        stop.set()
        thread.join(60)


def test_signature_and_import_are_slim():
    assert str(inspect.signature(ctraceprof.span)) == "(name)"
    code = "import sys, ctraceprof; print('sqlalchemy' in sys.modules, 'asyncio' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.stdout.split() == ["False", "False"], result.stderr


def test_an_unused_log_is_empty():
    log = SpanLog()
    assert (log.spans(), log.totals(), log.statements(), log.dropped) == ([], [], [], 0)

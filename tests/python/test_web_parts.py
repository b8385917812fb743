"""The parts of ctraceprof._web, each by itself."""

import base64
import contextvars
import json
import math
import random
import statistics
import sys
import threading
import time

import pytest

from ctraceprof._web.asking import Ask, is_secret, parse_ask, parse_query, secret_in
from ctraceprof._web.histogram import BOUNDS, Buckets, Quantiles
from ctraceprof._web.places import Places
from ctraceprof._web.recorders import LARGEST, Recorders
from ctraceprof._web.reports import milliseconds
from ctraceprof._web.sampling import NO, YES, OneIn, PerSecond, kind_of_path
from ctraceprof._web.watchdog import Watchdog

# --- asking ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query, has_key, headers, ask",
    [
        (b"", False, {}, None),
        (b"", True, {}, Ask()),
        (b"profile=1", False, {}, Ask()),
        (b"a=b&profile=1&profile_format=text", False, {}, Ask(format="text")),
        (b"profile=report", False, {}, Ask(replace=True)),
        (b"profile=0", False, {}, None),
        (b"profile=0", True, {}, Ask()),
        (b"profile=", False, {}, None),
        (b"profile", False, {}, None),
        (b"profile_format=text", False, {}, None),
        (b"profile=1", False, {"profile": "report", "format": "json"}, Ask(True, "json")),
        (b"profile=report", True, {"profile": "1"}, Ask()),
        (b"profile=report&profile=1", False, {}, Ask(replace=True)),
        (b"pro%66ile=1", False, {}, Ask()),
        (b"profile=1&profile_format=../../etc", False, {}, Ask(error="the format must be one of html, text, speedscope, pstats, json")),
        (b"profile=1&x=" + b"x" * 9000, False, {}, None),  # oversized: not looked at
        (b"profile=1" + b"&a=b" * 200, False, {}, None),
        (b"profile=%ff%fe%00", False, {}, None),
        ("profile=1", False, {}, Ask()),
    ],
)  # fmt: skip
def test_what_a_request_asks_for(query, has_key, headers, ask):
    assert parse_ask(query, has_key, **headers) == ask


def test_parse_query():
    assert parse_query(b"a=1&a=2&b=%C3%A9") == {"a": "1", "b": "é"}
    assert parse_query(b";" * 8193) == {}


SECRET = b"0123456789abcdef"


@pytest.mark.parametrize(
    "given, right",
    [(SECRET, True), (None, False), (b"", False), (SECRET[:-1], False), (SECRET + b"x", False), (SECRET.upper(), False),
     (b" " + SECRET, False), (b"\xff" * 16, False), (SECRET * 1000, False)],
)  # fmt: skip
def test_the_secret(given, right):
    assert is_secret(given, SECRET) is right


def basic(text):
    return b"Basic " + base64.b64encode(text)


@pytest.mark.parametrize(
    "header, key",
    [(basic(b"me:" + SECRET), SECRET), (basic(b":a:b"), b"a:b"), (b"basic " + basic(b"u:p")[6:], b"p"), (basic(b"nothing"), b""),
     (b"Bearer " + SECRET, SECRET), (b"bearer  x ", b"x"), (b"Basic !!!", None), (b"Basic", b""), (b"Digest a=b", None),
     (b"", None), (b"\xff\xfe", None)],
)  # fmt: skip
def test_what_an_authorization_header_brings(header, key):
    assert secret_in(header) == key


def test_the_comparison_takes_constant_time(monkeypatch):
    """Not measured, which a busy machine would not allow: it is hmac's."""
    import hmac

    asked = []
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: asked.append((a, b)) or False)
    assert is_secret(SECRET, SECRET) is False and asked == [(SECRET, SECRET)]


# --- sampling --------------------------------------------------------------------------------


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("number", [1, 2, 10, 100])
@pytest.mark.parametrize("between", [1e-4, 1.0])
def test_one_in(number, between):
    """As many as is said, in runs or alone."""
    clock = Clock()
    sampler = OneIn(number, bool, random.Random(1), clock)
    count = 2000 * number
    taken = []
    for i in range(count):
        clock.now += between
        if sampler.is_next():
            taken.append(i)
    run = 8 if between < 0.01 else 1
    expected, spread = count / number, math.sqrt(run * count / number * (1 - 1 / number))
    assert abs(len(taken) - expected) <= 5 * spread
    if number > 1:  # requests that come in turns are all taken at times
        assert {i % number for i in taken} == set(range(number))


def runs_of(sampler, clock, between, count):
    """How long the runs are, as they were announced."""
    runs, length = [], 0
    for _ in range(count):
        clock.now += between
        turn = sampler.is_next()
        length += turn != NO
        if turn == YES:
            runs.append(length)
            length = 0
        assert turn != NO or length == 0  # what was announced comes
    return runs


def test_runs_where_captures_come_thick():
    clock = Clock()
    sampler = OneIn(100, bool, random.Random(1), clock)
    thick = runs_of(sampler, clock, 1e-4, 400_000)  # a capture every 10 ms
    assert set(thick) == {1, 8} and thick.count(8) > 0.9 * len(thick)
    thin = runs_of(sampler, clock, 1e-2, 400_000)  # every second
    assert thin.count(1) > 0.9 * len(thin)
    assert sum(thick) + sum(thin) == pytest.approx(8000, rel=0.1)


def test_runs_end_where_captures_overlap():
    clock, chance = Clock(), random.Random(2)
    sampler = OneIn(10, lambda: chance.random() < 0.5, random.Random(1), clock)
    runs = runs_of(sampler, clock, 1e-4, 200_000)
    assert {1, 2, 3, 4} <= set(runs) and runs.count(1) < 0.6 * len(runs)
    assert sum(runs) == pytest.approx(20_000, rel=0.05)


def test_one_in_very_many_is_drawn_at_once():
    begun = time.perf_counter()
    sampler = OneIn(10**9)
    assert not any(sampler.is_next() for _ in range(1000))
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize(
    "path, kind",
    [
        ("/", "/"), ("/items", "/items"), ("/items/7", "/items/{}"), ("/items/7/parts/8", "/items/{}/parts/{}"),
        ("/users/0b54f8e2-aaaa/x", "/users/{}/x"), ("/f/" + "a" * 25, "/f/{}"), ("/f/" + "a" * 24, "/f/" + "a" * 24),
        ("/a/b/c/d/e/f/g", "/a/b/c/d"), ("/v1/items", "/{}/items"), ("/%41", "/{}"), ("/a" * 200, "/a/a/a/a"),
    ],
)  # fmt: skip
def test_kinds_of_paths(path, kind):
    assert kind_of_path(path) == kind


def simulate(rate, seconds, traffic, seed=1):
    """Times and kinds of the requests that were taken. traffic: kinds and their requests a second, at random."""
    clock, chance = Clock(), random.Random(seed)
    sampler = PerSecond(rate, clock)
    arrivals = []
    for kind, frequency in traffic.items():
        at = 0.0
        while (at := at + chance.expovariate(frequency)) < seconds:
            arrivals.append((at, kind))
    taken = []
    for at, kind in sorted(arrivals):
        clock.now = 1000.0 + at
        if sampler.is_next(lambda path: path, kind):
            taken.append((at, kind))
    return taken, arrivals


@pytest.mark.parametrize("rate", [0.5, 1, 3.7, 20])
def test_at_most_so_many_in_any_second(rate):
    taken, _ = simulate(rate, 200, {"hot": 300, "warm": 3})
    times = [at for at, _ in taken]
    window, number = max(1, 1 / rate), max(1, int(rate))
    for i in range(len(times) - number):
        assert times[i + number] - times[i] >= window / max(1, rate / number) - 1e-6
    assert len(times) >= 0.4 * rate * 200  # and it does take


@pytest.mark.parametrize("rate", [1, 5, 20])
def test_a_hot_kind_does_not_starve_others(rate):
    taken, arrivals = simulate(rate, 400, {"hot": 2000 / 4, "second": 100, "rare": 0.1})
    count = {kind: sum(k == kind for _, k in taken) for kind in ("hot", "second", "rare")}
    asked = sum(kind == "rare" for _, kind in arrivals)
    # By its share of the traffic the rare kind would have had a six thousandth of all.
    assert count["rare"] >= 0.25 * asked, (count, asked)
    assert count["second"] >= 0.3 * count["hot"], count


def test_kinds_are_bounded():
    taken, _ = simulate(100, 20, {f"kind {n}": 1 for n in range(2000)})
    assert len(taken) > 300
    clock = Clock()
    sampler = PerSecond(1000, clock)
    for n in range(5000):
        clock.now += 0.001
        sampler.is_next(lambda path: path, str(n))
        assert len(sampler._last) <= PerSecond.MOST_KINDS + 1


# --- durations -------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", [random.Random(2).expovariate, lambda x: random.Random(3).lognormvariate(-5, 2), lambda x: 0.25])
def test_quantiles_are_4_5_percent_off_at_most(draw):
    quantiles = Quantiles()
    values = [draw(20) for _ in range(5000)]
    for value in values:
        quantiles.add(value)
    values.sort()
    for share in (0, 0.01, 0.5, 0.95, 0.99, 0.999, 1):
        exact = values[max(1, math.ceil(share * len(values))) - 1]
        assert quantiles.quantile(share) == pytest.approx(exact, rel=0.045)
    assert quantiles.count == 5000


def test_quantiles_of_what_cannot_be():
    quantiles = Quantiles()
    assert quantiles.quantile(0.5) == 0.0
    for value in (0.0, 1e-300, 1e300):
        quantiles.add(value)
    assert quantiles.quantile(0.01) <= 1e-7 and quantiles.quantile(1) <= 1e300


def test_buckets_are_opentelemetrys():
    assert BOUNDS == (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
    buckets = Buckets()
    values = [0.005, 0.0050001, 0.07, 10, 11, 0]
    for value in values:
        buckets.add(value)
    pairs = dict(buckets.cumulative())
    for bound in (*BOUNDS, math.inf):
        assert pairs[bound] == sum(value <= bound for value in values)
    assert buckets.sum == sum(values)


@pytest.mark.parametrize(
    "seconds, text",
    [(0, "0.000 ms"), (1.2e-6, "0.001 ms"), (0.0012345, "1.23 ms"), (0.012345, "12.3 ms"), (1.2345, "1234 ms"), (0.1, "100 ms")],
)
def test_milliseconds(seconds, text):
    assert milliseconds(seconds) == text


# --- places, watchdog ------------------------------------------------------------------------


def test_places():
    places = Places(5)
    assert [places.take("a") for _ in range(4)] == [True, True, True, False]
    assert places.take(None) and places.take("b") and not places.take(None)
    places.give_back("a")
    assert not Places(1).take("a") is False
    assert places.take("b") and not places.take("a")


def test_places_of_many_threads():
    places, most, lock = Places(4), [0, 0], threading.Lock()

    def work(n):
        for _ in range(2000):
            if places.take(n):
                with lock:
                    most[0] += 1
                    most[1] = max(most)
                with lock:
                    most[0] -= 1
                places.give_back(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[1] <= 4 and places._taken == 0 and places._kinds == {}


def test_watchdog_keeps_its_thread_while_there_are_items_again_and_again():
    """It is not begun for each of them."""
    watchdog = Watchdog(0.05, print)
    watchdog.watch("first")
    thread = watchdog._thread
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        watchdog.forget("first")
        watchdog.watch("first")
        watchdog.forget("first")
        assert watchdog._thread is thread and thread.is_alive()
        time.sleep(0.01)
    thread.join(10)
    assert watchdog._thread is None


def test_watchdog():
    ended, gate = [], threading.Event()

    def end(item):
        ended.append((item, time.monotonic()))
        if item == "last":
            gate.set()

    watchdog = Watchdog(0.05, end)
    begun = time.monotonic()
    for item in ("first", "forgotten", "last"):
        watchdog.watch(item)
    watchdog.forget("forgotten")
    watchdog.forget("unknown")
    assert gate.wait(10)
    assert [item for item, _ in ended] == ["first", "last"]
    assert all(at - begun >= 0.05 for _, at in ended)
    thread = watchdog._thread
    if thread is not None:
        thread.join(10)
    assert watchdog._thread is None
    gate.clear()
    watchdog.watch("last")  # and it begins anew
    assert gate.wait(10)


# --- recorders -------------------------------------------------------------------------------

CONTEXT = {"scope": "context", "exclude": ["ctraceprof"]}


def made(name):
    namespace = {}
    exec(f"def {name}(): return len(())", namespace)
    return namespace[name]


def names(profile):
    return {row.name: row.calls for row in profile.stats()}


def test_a_recorder_is_used_again_and_has_nothing_of_before():
    recorders = Recorders(1, CONTEXT)
    first, second = recorders.take(), recorders.take()
    f, g = made("f"), made("g")
    with first:
        f()
    recorders.give_back(first)
    recorders.give_back(second)  # one is enough
    recorders.give_back(None)
    assert recorders.take() is first and recorders.take() not in (first, second)
    with first:
        g()
        f()
    assert (names(first)["f"], names(first)["g"]) == (1, 1)
    first.clear()
    assert names(first) == {}


def test_a_recorder_forgets_its_threads():
    """Or a capture's call tree would have those of the one before."""
    recorders, f = Recorders(1, CONTEXT), made("f")
    recorder = recorders.take()
    with recorder:
        thread = threading.Thread(target=contextvars.copy_context().run, args=(f,))
        thread.start()
        thread.join()
        f()
    assert len(json.loads(recorder.dumps("speedscope"))["profiles"]) == 2
    recorders.give_back(recorder)
    assert recorders.take() is recorder
    with recorder:
        f()
    assert len(json.loads(recorder.dumps("speedscope"))["profiles"]) == 1


def test_what_an_earlier_capture_left_behind_is_not_recorded_in_a_later_one():
    recorders = Recorders(1, CONTEXT)
    recorder = recorders.take()
    f, g, left = made("f"), made("g"), []

    def generator():
        while True:
            f()
            yield

    def first():
        with recorder:
            left.append((contextvars.copy_context(), generator()))
            next(left[0][1])

    contextvars.copy_context().run(first)
    assert names(recorder)["f"] == 1
    recorders.give_back(recorder)
    recorder = recorders.take()

    def second():
        with recorder:
            g()
            left[0][0].run(next, left[0][1])
            left[0][0].run(f)

    contextvars.copy_context().run(second)
    assert names(recorder)["g"] == 1 and "f" not in names(recorder) and "generator" not in names(recorder)


def test_a_recorder_that_has_become_large_is_not_used_again():
    recorders = Recorders(1, CONTEXT)
    recorder = recorders.take()
    assert sys.getsizeof(recorder) < LARGEST / 100
    with recorder:
        for number in range(5000):
            made(f"function_{number}")()
    recorders.give_back(recorder)
    assert recorders.take() is not recorder
    recorder.clear()
    assert sys.getsizeof(recorder) > LARGEST


def test_the_mean_of_a_busy_hour_is_not_lost():
    """Sums of a hundred thousand durations keep their digits."""
    quantiles = Quantiles()
    values = [0.0123] * 100_000
    for value in values:
        quantiles.add(value)
    assert quantiles.quantile(0.5) == pytest.approx(statistics.median(values), rel=0.045)

"""Who is captured, and how much: predicate, sampling, captures at once, time, what is kept."""

import asyncio
import os
import subprocess
import sys
import threading
import time

import pytest
from web_asgi import KEY, SECRET, Client, Log, calls, captures, fetch, get, never

import ctraceprof
from ctraceprof._web import capture as capture_module
from ctraceprof._web import recorders as recorders_module
from ctraceprof._web.core import under_way
from ctraceprof.asgi import ProfilerMiddleware

HERE = __file__


def leaf():
    pass


async def application(scope, receive, send):
    leaf()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"own"})


# --- arguments -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"when": 1}, TypeError, "when must be callable, not int"),
        ({"guard": "yes"}, TypeError, "guard must be callable, not str"),
        ({"route": ()}, TypeError, "route must be callable, not tuple"),
        ({"secret": 12345678901234567}, TypeError, "secret must be a str or bytes, not int"),
        ({"secret": "fifteen letters"}, ValueError, "secret must have at least 16 characters"),
        ({"secret": ""}, ValueError, "secret must have"),
        ({"one_in": 0}, ValueError, "one_in must be from 1 to"),
        ({"one_in": 1.5}, TypeError, "one_in must be an int, not float"),
        ({"one_in": True}, TypeError, "one_in must be an int, not bool"),
        ({"per_second": 0}, ValueError, "per_second must be from"),
        ({"per_second": float("nan")}, ValueError, "per_second must be from"),
        ({"per_second": "1"}, TypeError, "per_second must be a number, not str"),
        ({"path": "/p"}, ValueError, "path: the pages show the program's insides, and need a guard or a secret"),
        ({"path": b"/p", "secret": SECRET}, TypeError, "path must be a str, not bytes"),
        ({"max_at_once": 0}, ValueError, "max_at_once must be from 1"),
        ({"max_seconds": 0}, ValueError, "max_seconds must be from"),
        ({"max_seconds": float("inf")}, ValueError, "max_seconds must be from"),
        ({"keep": -1}, ValueError, "keep must be from"),
        ({"keep_bytes": 0}, ValueError, "keep_bytes must be from"),
        ({"max_routes": None}, TypeError, "max_routes must be an int, not NoneType"),
        ({"server_timing": "yes"}, ValueError, "server_timing must be False or True or 'all', not 'yes'"),
        ({"server_timing": 1}, ValueError, "server_timing must be"),
        ({"metrics": True}, ValueError, "metrics must be 'captured' or 'all', not True"),
        ({"registry": 3}, TypeError, "registry must be a CollectorRegistry of prometheus_client, not int"),
        ({"include": ""}, ValueError, "include"),
        ({"exclude": 3}, TypeError, "exclude"),
        ({"max_contexts": 0}, ValueError, "max_contexts"),
        ({"compensate": True, "unknown": 1}, TypeError, "unknown"),
        *(
            ({"path": path, "secret": SECRET}, ValueError, "path must be like")
            for path in ("", "p", "/", "/p/", "//p", "/p//q", "/../p", "/p/.", "/a b", "/p?x", "/p#x", "/p%2f", "/\xe9", "/p\n")
        ),
    ],
)
def test_what_is_wrong_is_told_by_its_name(options, error, words):
    with pytest.raises(error) as caught:
        ProfilerMiddleware(application, **options)
    assert words in str(caught.value)


def test_arguments_that_are_right():
    ProfilerMiddleware(
        application, when=bool, secret=b"x" * 16, one_in=7, per_second=0.5, path="/-/profiles.of/_a~b", guard=bool,
        route=str, max_at_once=1, max_seconds=0.5, keep=1, keep_bytes=1, max_routes=1, server_timing="all",
        metrics="all", registry=None, include="app", exclude=["app.vendor", "*/tests/*"], builtins=False,
        max_contexts=10, compensate=False,
    )  # fmt: skip


# --- the predicate ---------------------------------------------------------------------------


async def slowly(scope):
    await asyncio.sleep(0)
    return scope["path"] == "/yes"


@pytest.mark.parametrize("when", [lambda scope: scope["path"] == "/yes", slowly])
def test_the_predicate_chooses_and_tells_nobody(when):
    app = ProfilerMiddleware(application, when=when)
    for path in "/yes", "/no":
        assert get(app, path, query=b"profile=report").sent == get(application).sent
    assert [capture.path for capture in captures(app)] == ["/yes"]


async def raises_later(scope):
    await asyncio.sleep(0)
    raise ZeroDivisionError


@pytest.mark.parametrize("when", [lambda scope: 1 / 0, raises_later])
def test_a_predicate_that_raises_is_told_of_once(when):
    app = ProfilerMiddleware(application, when=when)
    with Log() as log:
        for _ in range(3):
            assert get(app).body == b"own"
    assert log.told == ["when raised an exception"] and captures(app) == []


def test_nothing_is_printed(capfd):
    app = ProfilerMiddleware(application, when=lambda scope: 1 / 0)
    get(app)
    assert capfd.readouterr() == ("", "")


# --- at once ---------------------------------------------------------------------------------


def at_once(app, requests):
    """Clients of requests that are all under way before the first one ends."""

    async def main():
        gate.clear()
        tasks = [asyncio.ensure_future(fetch(app, path, headers=headers)) for path, headers in requests]
        await asyncio.sleep(0.02)
        gate.set()
        return await asyncio.gather(*tasks)

    return asyncio.run(main())


class Gate:
    """An event of whatever loop."""

    def clear(self):
        self.event = asyncio.Event()

    def set(self):
        self.event.set()


gate = Gate()


async def waits(scope, receive, send):
    await gate.event.wait()
    await application(scope, receive, send)


def test_captures_at_once_that_were_asked_for():
    app = ProfilerMiddleware(waits, secret=SECRET, max_at_once=2)
    clients = at_once(app, [("/", [KEY])] * 4)
    assert [client.body for client in clients] == [b"own"] * 4
    assert [set(client.headers) for client in clients] == [{"x-profile-id"}] * 2 + [{"x-profile-error"}] * 2
    assert clients[3].headers["x-profile-error"] == "there are too many captures at once"
    assert len(captures(app)) == 2
    assert [set(client.headers) for client in at_once(app, [("/", [KEY])] * 2)] == [{"x-profile-id"}] * 2


def test_a_slow_route_leaves_places_to_others():
    app = ProfilerMiddleware(waits, one_in=1, max_at_once=6)
    at_once(app, [(f"/slow/{n}", []) for n in range(50)] + [("/rare", [])])
    assert sorted(capture.path for capture in captures(app)) == ["/rare", "/slow/0", "/slow/1", "/slow/2"]


def test_places_are_given_back_whatever_happens():
    async def app(scope, receive, send):
        if scope["path"] == "/raise":
            raise ValueError
        await never()

    middleware = ProfilerMiddleware(app, one_in=1, max_at_once=1)

    async def main():
        for path in ["/raise", "/wait"] * 20:
            task = asyncio.ensure_future(fetch(middleware, path))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    assert len(captures(middleware)) == 40 and under_way == {}


# --- for how long ----------------------------------------------------------------------------


def test_a_long_request_goes_on_unrecorded():
    async def app(scope, receive, send):
        leaf()
        await send({"type": "http.response.start", "status": 200})
        deadline = time.monotonic() + 10
        while under_way and time.monotonic() < deadline:
            await asyncio.sleep(0.005)
        leaf()
        kept = captures(middleware)
        assert [capture.is_cut for capture in kept] == [True] and middleware._web.running() == []
        assert (await fetch(middleware, "/p/", headers=[KEY])).body.count(b"cut short") == 1
        await asyncio.sleep(0.05)
        await send({"type": "http.response.body", "body": b"whole"})

    middleware = ProfilerMiddleware(app, secret=SECRET, path="/p", max_seconds=0.05, max_at_once=1)
    client = get(middleware, headers=[KEY])
    assert client.body == b"whole" and "x-profile-id" in client.headers
    (capture,) = captures(middleware)
    assert calls(capture.profile, HERE)["leaf"] == 1
    assert 0.03 <= capture.duration < 1
    report = get(middleware, f"/p/captures/{capture.id}/text", headers=[KEY])
    assert b"stopped: it took too long" in report.body
    ((_, _, status, pairs, total),) = middleware._web.routes.histograms()
    assert (status, pairs[-1][1]) == (200, 1) and total >= capture.duration + 0.05  # as long as it took


def test_a_replaced_stream_without_an_end():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        while not client.sent:
            leaf()
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await asyncio.sleep(0.001)
        for _ in range(3):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})

    client = Client()
    middleware = ProfilerMiddleware(app, secret=SECRET, max_seconds=0.05)
    asyncio.run(client.request(middleware, query=b"profile=report&profile_format=text", headers=[KEY]))
    assert [message["type"] for message in client.sent] == ["http.response.start", "http.response.body"]
    assert b"stopped: it took too long" in client.body and b"leaf" in client.body


def test_the_watchdogs_thread_ends():
    before = set(threading.enumerate())
    app = ProfilerMiddleware(application, one_in=1, max_seconds=0.02)
    get(app)
    deadline = time.monotonic() + 5
    while set(threading.enumerate()) - before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    get(app)
    assert len(captures(app)) == 2


# --- what is kept ----------------------------------------------------------------------------


def test_so_many_are_kept_and_a_busy_route_pushes_out_its_own():
    app = ProfilerMiddleware(application, one_in=1, keep=4, route=lambda scope: scope["path"])
    for path in ["/rare", "/busy", "/other", *["/busy"] * 20]:
        get(app, path)
    assert [capture.path for capture in captures(app)] == ["/rare", "/other", "/busy", "/busy"]


def test_so_many_bytes_are_kept():
    app = ProfilerMiddleware(application, one_in=1)
    for _ in range(2):
        get(app)
    size = captures(app)[1].size
    assert 1000 < size < 100_000
    app = ProfilerMiddleware(application, one_in=1, keep_bytes=5 * size + size // 2)
    for _ in range(20):
        get(app)
    assert len(captures(app)) == 5 and app._web.store.fill() == (5, sum(capture.size for capture in captures(app)))
    app = ProfilerMiddleware(application, one_in=1, keep_bytes=10)
    get(app)
    assert captures(app) == [] and app._web.store.fill() == (0, 0)


def test_what_was_asked_for_is_not_pushed_out_by_what_came_by_itself():
    app = ProfilerMiddleware(application, one_in=1, secret=SECRET, keep=4)
    ident = get(app, headers=[KEY]).headers["x-profile-id"]
    for _ in range(20):
        get(app)
    assert app._web.find(ident) is not None


def test_routes_are_bounded():
    app = ProfilerMiddleware(application, one_in=1, max_routes=3, route=lambda scope: scope["path"])
    for n in range(50):
        get(app, f"/{n}", method="GET" if n % 2 else f"NO{n}")
    routes = app._web.routes.all()
    assert {route.label: route.requests for route in routes} == {
        "_OTHER /0": 1, "GET /1": 1, "_OTHER /2": 1, "(other)": 47,
    }  # fmt: skip
    assert len(app._web.routes.histograms()) == 3 + 2


# --- the hook --------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="on 3.11 there are no ids that others could hold")
def test_without_a_free_id_requests_go_on(monkeypatch):
    app = ProfilerMiddleware(application, secret=SECRET, path="/p", one_in=1)
    taken = [i for i in range(6) if sys.monitoring.get_tool(i) is None]
    for i in taken:
        sys.monitoring.use_tool_id(i, "another tool")
    try:
        with Log() as log:
            client = get(app, headers=[KEY])
            assert client.body == b"own" and client.headers["x-profile-error"].startswith("the interpreter's hook")
            assert get(app).sent == get(application).sent
            scrape = get(app, "/p/debug/pprof/profile", query=b"seconds=0.1", headers=[KEY])
            assert scrape.status == 503
            ProfilerMiddleware(application, one_in=1)  # tells nobody that it cannot
    finally:
        for i in taken:
            sys.monitoring.free_tool_id(i)
    assert log.told == ["requests cannot be profiled", "the process cannot be profiled", "requests cannot be profiled"]
    assert captures(app) == [] and under_way == {}
    get(app)
    assert len(captures(app)) == 1


def exhausted(*arguments, **options):
    raise MemoryError


def disable_and_fail(profile):
    """As disable() does where calls were lost."""
    super(type(profile), profile).disable()
    raise MemoryError


@pytest.mark.parametrize(
    "module, where, begins",
    [
        (recorders_module, "Profile", False), (capture_module, "open_spans", False),
        (recorders_module, "Profile.disable", True), (capture_module, "Profile", True),
        (capture_module, "Profile.add", True),
    ],
)  # fmt: skip
def test_without_memory_requests_go_on_and_places_are_given_back(monkeypatch, module, where, begins):
    """Wherever a capture fails: as it is made, as it begins, as it ends."""
    app = ProfilerMiddleware(application, secret=SECRET, max_at_once=1)
    name, _, method = where.partition(".")
    with monkeypatch.context() as patch, Log() as log:
        if method:
            fail = disable_and_fail if method == "disable" else exhausted
            failing = type(name, (ctraceprof.Profile,), {method: fail})
            patch.setattr(module, name, failing)
        else:
            patch.setattr(module, name, exhausted)
        for _ in range(3):
            answer = get(app, headers=[KEY])
            assert (answer.status, answer.body) == (200, b"own")
            assert ("X-Profile-Error" in {key.title() for key in answer.headers}) == (not begins)
    assert len(log.told) == 1
    assert not under_way
    assert captures(app) == []
    assert get(app, headers=[KEY]).headers["x-profile-id"]
    assert len(captures(app)) == 1


def test_warming_up_leaves_nothing_enabled():
    code = """
import gc, warnings
from ctraceprof.asgi import ProfilerMiddleware
warnings.simplefilter("error")
ProfilerMiddleware(print, one_in=2)
gc.collect()
"""
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_begins_with_nothing_under_way():
    async def app(scope, receive, send):
        if scope["path"] == "/fork":
            pid = os.fork()
            if pid == 0:
                try:
                    middleware._web.begin("http", "GET", "/x", scope, lambda: None)
                    os._exit(0 if len(under_way) == 1 else 3)
                finally:
                    os._exit(4)
            assert os.waitpid(pid, 0)[1] == 0
        await application(scope, receive, send)

    middleware = ProfilerMiddleware(app, one_in=1, max_at_once=1)
    assert get(middleware, "/fork").body == b"own"
    assert [capture.path for capture in captures(middleware)] == ["/fork"]

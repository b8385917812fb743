"""ctraceprof.asgi.ProfilerMiddleware over plain ASGI calls: nothing changes but what was asked for."""

import asyncio
import contextvars
import time

import pytest
from web_asgi import KEY, SECRET, Client, calls, captures, fetch, get, never, scope_of

import ctraceprof
from ctraceprof._web.core import under_way
from ctraceprof.asgi import ProfilerMiddleware

HERE = __file__

EVERY = {"one_in": 1}


def leaf():
    pass


async def application(scope, receive, send):
    leaf()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": b"one", "more_body": True})
    await asyncio.sleep(0)
    leaf()
    await send({"type": "http.response.body", "body": b"two"})


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    assert under_way == {}


# --- nothing changes -------------------------------------------------------------------------


def test_nothing_is_captured_unless_it_is_asked_for():
    app = ProfilerMiddleware(application)
    assert get(app, query=b"profile=1", headers=[KEY]).sent == get(application).sent
    assert captures(app) == []


@pytest.mark.parametrize("options", [{}, {"secret": SECRET}, EVERY, {"metrics": "all"}])
def test_messages_and_callables_are_the_same_objects(options):
    given, sent, messages = [], [], [{"type": "http.response.start", "status": 204}, {"type": "http.response.body"}]

    async def app(scope, receive, send):
        given.append((scope, receive))
        for message in messages:
            assert await send(message) == "what the server gave"

    async def send(message):
        sent.append(message)
        return "what the server gave"

    client, scope = Client(), scope_of()
    asyncio.run(ProfilerMiddleware(app, **options)(scope, client.receive, send))
    assert given[0][0] is scope and given[0][1] == client.receive
    assert [id(message) for message in sent] == [id(message) for message in messages]
    assert messages == [{"type": "http.response.start", "status": 204}, {"type": "http.response.body"}]


@pytest.mark.parametrize("kind", ["lifespan", "something.new"])
def test_what_is_no_request_is_left_alone(kind):
    given = []

    async def app(*arguments):
        given.append(arguments)

    scope, client = {"type": kind}, Client()
    options = {"when": lambda scope: 1 / 0, "secret": SECRET, "path": "/p", "one_in": 1, "metrics": "all"}
    asyncio.run(ProfilerMiddleware(app, **options)(scope, client.receive, client.send))
    assert given == [(scope, client.receive, client.send)] and given[0][0] is scope and scope == {"type": kind}


def test_any_message_passes():
    """Trailers, early hints, push, a file's path: what the middleware does not know is not its business."""
    kinds = ["http.response.early_hint", "http.response.start", "http.response.pathsend", "http.response.trailers", "x"]

    async def app(scope, receive, send):
        for kind in kinds:
            await send({"type": kind, "status": 200})

    assert [message["type"] for message in get(ProfilerMiddleware(app, **EVERY)).sent] == kinds


def test_servers_see_that_it_is_asgi_3():
    import inspect

    middleware = ProfilerMiddleware(application)
    assert inspect.iscoroutinefunction(middleware.__call__)
    with pytest.raises(TypeError):  # as uvicorn tries what it is
        middleware()


@pytest.mark.parametrize("options", [{}, EVERY, {"metrics": "all"}])
def test_an_exception_is_the_applications_own(options):
    error = KeyError("own")

    async def app(scope, receive, send):
        leaf()
        raise error

    with pytest.raises(KeyError) as caught:
        get(ProfilerMiddleware(app, **options))
    assert caught.value is error and error.__context__ is None and error.__cause__ is None


def test_an_exception_before_the_first_await():
    def app(scope, receive, send):
        raise OSError("no coroutine came of it")

    middleware = ProfilerMiddleware(app, **EVERY)
    with pytest.raises(OSError, match="no coroutine"):
        get(middleware)
    assert [capture.error for capture in captures(middleware)] == ["OSError"]


class Awaitable:
    """What an application may give instead of a coroutine."""

    def __init__(self, coroutine):
        self._coroutine = coroutine

    def __await__(self):
        return self._coroutine.__await__()


def test_an_application_that_gives_another_awaitable():
    app = ProfilerMiddleware(lambda *arguments: Awaitable(application(*arguments)), **EVERY)
    assert get(app).sent == get(application).sent
    assert calls(captures(app)[0].profile, HERE)["leaf"] == 2


def test_what_is_thrown_in_arrives_as_it_is():
    """Cancellation that is caught: later exceptions have nothing to do with it."""
    seen = []

    async def app(scope, receive, send):
        try:
            await never()
        except asyncio.CancelledError as error:
            seen.append(error.args)
        await asyncio.sleep(0)
        raise ValueError("later")

    async def main():
        task = asyncio.ensure_future(fetch(ProfilerMiddleware(app, **EVERY)))
        await asyncio.sleep(0.01)
        task.cancel("why")
        with pytest.raises(ValueError, match="later") as caught:
            await task
        return caught.value

    error = asyncio.run(main())
    assert seen == [("why",)] and error.__context__ is None


# --- what is captured ------------------------------------------------------------------------


def test_a_sampled_request_is_as_without():
    app = ProfilerMiddleware(application, **EVERY)
    assert get(app).sent == get(application).sent
    (capture,) = captures(app)
    own = calls(capture.profile, HERE)
    assert own == {"application": 2, "leaf": 2}
    assert capture.status == 200 and capture.is_over and not capture.is_cut and capture.error is None


def test_nothing_of_our_own_is_recorded():
    app = ProfilerMiddleware(application, secret=SECRET, server_timing=True, max_seconds=50)
    for _ in range(2):  # the first begins the watchdog's thread
        get(app, headers=[KEY])
    for capture in captures(app):
        names = {record.name for record in capture.profile.stats() if not record.file.endswith("/tasks.py")}
        assert names == {"application", "leaf", "send", "<method 'append' of 'list' objects>"}  # send: the client's


def test_a_request_with_the_secret_has_its_own_response_and_an_id():
    app = ProfilerMiddleware(application, secret=SECRET)
    client, bare = get(app, headers=[KEY]), get(application)
    (capture,) = captures(app)
    assert client.sent[0]["headers"] == [*bare.sent[0]["headers"], (b"x-profile-id", capture.id.encode())]
    assert client.sent[1:] == bare.sent[1:]
    assert calls(capture.profile, HERE)["leaf"] == 2


@pytest.mark.parametrize("format", ["text", "html", "speedscope", "pstats", "json"])
@pytest.mark.parametrize("by_header", [False, True])
def test_the_report_in_place_of_the_response(format, by_header):
    app = ProfilerMiddleware(application, secret=SECRET)
    if by_header:
        headers = [KEY, (b"x-profile", b"report"), (b"x-profile-format", format.encode())]
        client = get(app, headers=headers)
    else:
        client = get(app, query=f"profile=report&profile_format={format}".encode(), headers=[KEY])
    assert [message["type"] for message in client.sent] == ["http.response.start", "http.response.body"]
    assert client.status == 200 and client.headers["cache-control"] == "no-store" and "x-own" not in client.headers
    assert client.headers["x-profile-id"] == captures(app)[0].id
    assert b"leaf" in client.body and int(client.headers["content-length"]) == len(client.body)


def test_an_unknown_format_is_told():
    app = ProfilerMiddleware(application, secret=SECRET)
    client = get(app, query=b"profile=report&profile_format=exe", headers=[KEY])
    assert client.body == b"onetwo" and captures(app) == []
    assert client.headers["x-profile-error"] == "the format must be one of html, text, speedscope, pstats, json"


def test_background_work_belongs_to_its_request():
    async def app(scope, receive, send):
        await application(scope, receive, send)
        await asyncio.sleep(0.01)
        leaf()

    middleware = ProfilerMiddleware(app, **EVERY)
    get(middleware)
    (capture,) = captures(middleware)
    assert calls(capture.profile, HERE)["leaf"] == 3 and capture.duration >= 0.01


def test_a_report_can_be_fetched_while_its_request_goes_on():
    gate = asyncio.Event()

    async def app(scope, receive, send):
        await application(scope, receive, send)
        await gate.wait()
        leaf()

    async def main():
        middleware = ProfilerMiddleware(app, secret=SECRET, path="/p")
        client = Client()
        task = asyncio.ensure_future(client.request(middleware, headers=[KEY]))
        while len(client.sent) < 3:
            await asyncio.sleep(0)
        place = f"/p/captures/{client.headers['x-profile-id']}"
        early = await fetch(middleware, f"{place}/text", headers=[KEY])
        page = await fetch(middleware, "/p/", headers=[KEY])
        gate.set()
        await task
        late = await fetch(middleware, f"{place}/text", headers=[KEY])
        assert b"still running" in early.body and b"        2    0.000" in early.body
        assert b"Under way" in page.body
        assert b"complete" in late.body and b"        3    0.000" in late.body

    asyncio.run(main())


def test_a_report_waits_for_background_work_and_comes_after_an_exception():
    async def app(scope, receive, send):
        await application(scope, receive, send)
        leaf()
        raise ValueError("in the background")

    middleware, client = ProfilerMiddleware(app, secret=SECRET), Client()
    with pytest.raises(ValueError, match="in the background"):
        asyncio.run(client.request(middleware, query=b"profile=report&profile_format=text", headers=[KEY]))
    assert b"left by ValueError" in client.body and client.status == 200


async def echo(scope, receive, send):
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept", "subprotocol": None})
    while (message := await receive())["type"] == "websocket.receive":
        leaf()
        await send({"type": "websocket.send", "text": message["text"].upper()})


def websocket(app, headers=()):
    client = Client(
        {"type": "websocket.connect"}, {"type": "websocket.receive", "text": "a"},
        {"type": "websocket.receive", "text": "b"}, {"type": "websocket.disconnect", "code": 1000},
    )  # fmt: skip
    scope = {**scope_of("/ws", headers=headers), "type": "websocket", "scheme": "ws"}
    del scope["method"]
    asyncio.run(app(scope, client.receive, client.send))
    return client


def test_websockets():
    app = ProfilerMiddleware(echo, secret=SECRET, one_in=1)
    assert websocket(app).sent == websocket(echo).sent
    asked = websocket(app, headers=[KEY])
    assert asked.sent[1:] == websocket(echo).sent[1:]
    unasked, capture = captures(app)
    assert asked.headers == {"x-profile-id": capture.id}
    assert (capture.method, capture.status, capture.kind) == ("WEBSOCKET", 101, "websocket")
    assert calls(capture.profile, HERE)["leaf"] == calls(unasked.profile, HERE)["leaf"] == 2


def test_a_websocket_that_is_refused():
    async def app(scope, receive, send):
        await send({"type": "websocket.http.response.start", "status": 403, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b""})

    middleware = ProfilerMiddleware(app, **EVERY)
    websocket(middleware)
    assert captures(middleware)[0].status == 403


def test_active_and_awaited():
    async def app(scope, receive, send):
        time.sleep(0.02)
        await asyncio.sleep(0.05)
        await asyncio.to_thread(lambda: time.sleep(0.03))

    middleware = ProfilerMiddleware(app, **EVERY)
    get(middleware)
    (capture,) = captures(middleware)
    assert 0.05 <= capture.active <= 0.05 + 0.04  # what slept on either thread
    assert 0.08 <= capture.awaited <= 0.08 + 0.04
    assert capture.awaited + 0.02 <= capture.duration <= 0.2


def test_server_timing():
    async def app(scope, receive, send):
        with ctraceprof.span('render "it"\r\nSet-Cookie: a=b'):
            await asyncio.sleep(0.01)
        async with ctraceprof.span("upstream"):
            pass
        await application(scope, receive, send)

    import re

    asked = get(ProfilerMiddleware(app, secret=SECRET, server_timing=True), headers=[KEY]).headers["server-timing"]
    shape = (
        r'total;dur=\d+\.\d{3}, active;dur=\d+\.\d{3}, awaited;dur=\d+\.\d{3}, '
        r'render_it_Set-Cookie_a_b;desc="render  it Set-Cookie: a=b";dur=1\d\.\d{3}, upstream;dur=\d+\.\d{3}'
    )
    assert re.fullmatch(shape, asked), asked
    quiet = ProfilerMiddleware(app, one_in=1, server_timing=True)
    assert "server-timing" not in get(quiet).headers and len(captures(quiet)) == 1
    assert "server-timing" in get(ProfilerMiddleware(app, one_in=1, server_timing="all")).headers


# --- apart -----------------------------------------------------------------------------------


def of_work(n):
    for _ in range(n):
        leaf()


async def concurrent(scope, receive, send):
    n = int(scope["path"][1:])
    of_work(n)
    await asyncio.gather(*(asyncio.to_thread(of_work, n) for _ in range(2)), asyncio.sleep(0.001 * (n % 3)))
    of_work(n)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"%d" % n})


def test_two_hundred_requests_at_once():
    app = ProfilerMiddleware(concurrent, one_in=1, max_at_once=400, keep=400)

    async def main():
        return await asyncio.gather(*(fetch(app, f"/{n}") for n in range(200)))

    clients = asyncio.run(main())
    assert [client.body for client in clients] == [b"%d" % n for n in range(200)]
    found = {int(capture.path[1:]): calls(capture.profile, HERE) for capture in captures(app)}
    assert len(found) == 200
    for n, own in found.items():
        assert own.get("leaf", 0) == 4 * n and own["of_work"] == 4, n


@pytest.mark.parametrize("headers", [[], [KEY]])
def test_a_context_that_a_server_left_behind(headers):
    """A keep-alive connection's callbacks may run in the context of the request before, which is at work still:
    the next one's task inherits that, and must not be recorded as a part of it."""
    gate = asyncio.Event()
    inherited = []

    async def app(scope, receive, send):
        leaf()
        with ctraceprof.span(scope["path"]):
            await application(scope, receive, send)
        if scope["path"] == "/first":
            inherited.append(contextvars.copy_context())
            await gate.wait()
        leaf()

    async def main():
        first = asyncio.ensure_future(fetch(middleware, "/first", headers=[KEY]))
        while not inherited:
            await asyncio.sleep(0)
        second = asyncio.get_running_loop().create_task(
            fetch(middleware, "/second", headers=headers), context=inherited.pop()
        )
        await second
        gate.set()
        await first

    middleware = ProfilerMiddleware(app, secret=SECRET)
    asyncio.run(main())
    kept = {capture.path: capture for capture in captures(middleware)}
    assert set(kept) == ({"/first", "/second"} if headers else {"/first"})
    for path, capture in kept.items():
        assert calls(capture.profile, HERE)["leaf"] == 4, path
        assert [total.name for total in capture.spans.totals()] == [path]


def test_a_request_within_a_request_is_a_part_of_it():
    async def app(scope, receive, send):
        leaf()
        if scope["path"] == "/outer":
            await fetch(middleware, "/inner")
        await application(scope, receive, send)

    middleware = ProfilerMiddleware(app, when=lambda scope: scope["path"] == "/outer")
    get(middleware, "/outer")
    (capture,) = captures(middleware)
    assert calls(capture.profile, HERE)["leaf"] == 6


def test_one_within_another():
    inner = ProfilerMiddleware(application, secret=SECRET)
    outer = ProfilerMiddleware(inner, secret=SECRET)
    client = get(outer, headers=[KEY])
    assert [name for name, _ in client.sent[0]["headers"]] == [b"x-own", b"x-profile-id", b"x-profile-id"]
    for app in outer, inner:
        assert calls(captures(app)[0].profile, HERE)["leaf"] == 2


def test_the_applications_own_profile_goes_on():
    async def main():
        with ctraceprof.Profile(scope="context") as profile:
            await fetch(ProfilerMiddleware(application, **EVERY))
            leaf()
        return profile

    assert calls(asyncio.run(main()), HERE)["leaf"] == 3

"""Whatever becomes of a request, its capture is ended, and nothing of it is left."""

import asyncio
import gc
import sys
import time
import weakref

import pytest
from web_asgi import KEY, SECRET, Client, calls, captures, fetch, get, never, scope_of

import ctraceprof
from ctraceprof._web import capture as capture_module
from ctraceprof._web.core import under_way
from ctraceprof.asgi import ProfilerMiddleware

HERE = __file__

EVERY = {"one_in": 1}


def leaf():
    pass


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    assert under_way == {}


def let_hooks_go():
    """They may stay for some events, as another capture may follow."""
    for _ in range(2000):
        leaf()


def hooks_are_off():
    if hasattr(sys, "monitoring"):
        return all(sys.monitoring.get_events(i) == 0 for i in range(6) if sys.monitoring.get_tool(i) is not None)
    return sys.getprofile() is None


def test_cancelled_requests_leave_nothing():
    async def app(scope, receive, send):
        leaf()
        await never()

    async def main():
        tasks = [asyncio.ensure_future(fetch(middleware)) for _ in range(20)]
        await asyncio.sleep(0.01)
        assert len(under_way) == 20
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    middleware = ProfilerMiddleware(app, one_in=1, max_at_once=100)
    asyncio.run(main())
    kept = captures(middleware)
    assert len(kept) == 20 and {capture.error for capture in kept} == {"CancelledError"}
    assert middleware._web.routes.all()[0].errors == 0
    let_hooks_go()
    assert hooks_are_off()


def test_a_loop_that_is_closed_on_a_request():
    """As a server that does not wait: the coroutine is closed by the garbage collector."""

    async def app(scope, receive, send):
        leaf()
        await never()

    middleware = ProfilerMiddleware(app, **EVERY)
    client = Client()
    coroutine = middleware(scope_of(), client.receive, client.send)

    async def main():
        coroutine.send(None)
        assert len(under_way) == 1

    asyncio.run(main())
    coroutine.close()
    let_hooks_go()
    assert hooks_are_off()
    (capture,) = under_way.values()
    time.sleep(0.05)
    assert middleware._web.answer("GET", "/", "").status == 200  # whatever comes next ends it
    assert captures(middleware) == [capture] and under_way == {}
    assert capture.error == "GeneratorExit" and capture.duration < 0.05
    assert calls(capture.profile, HERE)["leaf"] == 1


def test_a_measured_request_that_is_dropped_is_measured_later():
    async def app(scope, receive, send):
        await never()

    middleware, client = ProfilerMiddleware(app, metrics="all", route=lambda scope: "/x", secret=SECRET, path="/p"), Client()
    coroutine = middleware(scope_of(), client.receive, client.send)

    async def main():
        coroutine.send(None)

    asyncio.run(main())
    coroutine.close()
    assert middleware._web.routes.histograms() == []
    assert b'http_route="/x"' in middleware._web.answer("GET", "/metrics", "").body


def test_a_request_that_garbage_is_collected_with_wherever_that_happens():
    """In the middle of a page that has just begun to look at it, for one."""
    from ctraceprof._web.page import capture_page

    class Collects(ctraceprof.Profile):
        def add(self, other):
            gc.collect()
            super().add(other)

    async def app(scope, receive, send):
        with ctraceprof.span("open"):
            leaf()
            await never()

    def leave_one():
        coroutine = middleware(scope_of(), client.receive, client.send)

        async def main():
            coroutine.send(None)

        asyncio.run(main())
        cycle = [coroutine]
        cycle.append(cycle)

    middleware, client = ProfilerMiddleware(app, **EVERY), Client()
    gc.collect()
    gc.disable()
    try:
        leave_one()
        (capture,) = under_way.values()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(capture_module, "Profile", Collects)
            assert b"leaf" in capture_page(capture)
        assert capture.error == "GeneratorExit" and not capture.is_over
    finally:
        gc.enable()
    assert middleware._web.answer("GET", "/", "").status == 200
    assert captures(middleware) == [capture] and under_way == {}
    assert middleware._web._places.take("all") and calls(capture.profile, HERE)["leaf"] == 1


def test_a_client_that_leaves_while_the_response_streams():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        while (await receive())["type"] != "http.disconnect":
            leaf()
            await send({"type": "http.response.body", "body": b"x", "more_body": True})

    class Gone(OSError):
        pass

    async def refuse(message):
        if message["type"] == "http.response.body":
            raise Gone

    middleware = ProfilerMiddleware(app, **EVERY)
    with pytest.raises(Gone):
        client = Client()
        asyncio.run(middleware(scope_of(), client.receive, refuse))
    client = Client({"type": "http.request"}, {"type": "http.disconnect"})
    asyncio.run(client.request(middleware))
    refused, left = captures(middleware)
    assert (refused.error, left.error) == ("Gone", None)
    assert calls(left.profile, HERE)["leaf"] == 1


def test_what_a_request_had_goes_with_it():
    class Thing:
        pass

    async def app(scope, receive, send):
        things.append(weakref.ref(scope["thing"]))
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b""})

    things = []
    middleware = ProfilerMiddleware(app, secret=SECRET, path="/p", metrics="all")
    for headers in [], [KEY]:
        get(middleware, headers=headers, thing=Thing())
    gc.collect()
    assert [thing() for thing in things] == [None, None] and len(captures(middleware)) == 1

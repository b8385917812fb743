"""ctraceprof.asgi.ProfilerMiddleware over plain ASGI calls: what is captured, and that nothing else changes."""

import asyncio

import pytest

from ctraceprof.asgi import ProfilerMiddleware

SECRET = "a secret of the tests"
KEY = (b"x-profile-key", SECRET.encode())


def leaf():
    pass


async def application(scope, receive, send):
    leaf()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": b"one", "more_body": True})
    await asyncio.sleep(0)
    leaf()
    await send({"type": "http.response.body", "body": b"two"})


def call(app, path="/", query=b"", headers=(), **more):
    """The messages of one request."""
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query,
        "headers": list(headers), "root_path": "", "http_version": "1.1", "scheme": "http",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), **more,
    }  # fmt: skip
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def headers_of(sent):
    return dict(sent[0]["headers"])


def calls_of(app, function):
    (capture,) = app._web.store.newest(9)
    return {record.name: record.calls for record in capture.profile.stats()}.get(function.__name__, 0)


def test_nothing_is_captured_unless_it_is_asked_for():
    app = ProfilerMiddleware(application)
    assert call(app, query=b"profile=1", headers=[KEY]) == call(application)
    assert app._web.store.newest(9) == []


def test_a_request_with_the_secret_has_its_own_response_and_an_id():
    app = ProfilerMiddleware(application, secret=SECRET)
    sent = call(app, headers=[KEY])
    ident = headers_of(sent).pop(b"x-profile-id").decode()
    assert sent[0]["headers"][:-1] == [(b"x-own", b"1")] and sent[1:] == call(application)[1:]
    (capture,) = app._web.store.newest(9)
    assert capture.id == ident and capture.status == 200 and capture.is_over
    assert calls_of(app, leaf) == 2


def test_a_sampled_request_is_as_without():
    app = ProfilerMiddleware(application, one_in=1)
    assert call(app) == call(application)
    assert calls_of(app, leaf) == 2 and calls_of(app, application) == 2


@pytest.mark.parametrize("format", ["text", "html", "speedscope", "pstats", "json"])
def test_the_report_in_place_of_the_response(format):
    app = ProfilerMiddleware(application, secret=SECRET)
    sent = call(app, query=f"profile=report&profile_format={format}".encode(), headers=[KEY])
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert headers_of(sent)[b"cache-control"] == b"no-store" and b"x-own" not in headers_of(sent)
    assert b"leaf" in sent[1]["body"]

"""The harness of real servers: each application answers as it is to, and twice the same."""

import asyncio

import pytest
from endpoints import make_request, mixture
from servers import serve
from webclient import Request, fetch, load, visible

pytestmark = pytest.mark.slow

KINDS = [
    ("uvicorn", "fastapi_app", {}),
    ("uvicorn", "starlette_app", {}),
    ("uvicorn", "litestar_app", {}),
    ("uvicorn", "django_app:asgi", {}),
    ("gunicorn", "django_app:wsgi", {}),
    ("waitress", "django_app:wsgi", {}),
    ("gunicorn", "flask_app", {}),
    ("gunicorn", "flask_app", {"worker_class": "gevent"}),
    ("waitress", "flask_app", {}),
    ("gunicorn", "plain_app", {"worker_class": "sync"}),
    ("waitress", "plain_app", {}),
    ("wsgiref", "plain_app", {}),
]


def name_of(case):
    kind, app, options = case
    return "-".join([kind, app, *options.values()])


@pytest.mark.parametrize("kind, app, options", KINDS, ids=map(name_of, KINDS))
def test_the_same_twice(kind, app, options):
    """What is compared with and without a middleware does not differ by itself."""
    but = ["coroutine"] if options.get("worker_class") == "gevent" else []  # asgiref refuses that
    requests = [make_request(*pair) for pair in mixture(app, 60, but=but)]
    requests += [Request("/nowhere"), Request("/plain/x", "DELETE")]
    clients = 1 if kind == "wsgiref" else 16
    with serve(kind, app, **options) as server:
        first, second = load(server.port, requests, clients), load(server.port, requests, clients)
        third = load(server.port, requests, clients, again=False)
    assert [visible(r) for r in first] == [visible(r) for r in second] == [visible(r) for r in third]
    assert all(r.is_whole for r in first)
    assert {r.status for r in first[:-2]} <= {200, 201}
    assert first[-2].status == 404


def test_bodies_of_each_kind():
    with serve("waitress", "plain_app") as server:
        port = server.port
        assert fetch(port, "/write/2").body == b"written 0\nwritten 1\n"
        assert fetch(port, "/stream/2").body == b"chunk 0\nchunk 1\n"
        assert fetch(port, "/closing/2").body == b"part 0\npart 1\n"
        late = fetch(port, "/late/2")
        assert (late.status, late.header("x-late"), late.body) == (201, "yes", b"late")
        again = fetch(port, "/again")
        assert (again.status, again.header("x-again"), again.body) == (503, "yes", b"sorry")
        twice = [pair for pair in fetch(port, "/plain/3").headers if pair[0] == "x-twice"]
        assert twice == [("x-twice", "1"), ("x-twice", "2")]
        assert fetch(port, "/body", "POST", body=b"x" * 5000).body == b"5000 bytes"
        assert fetch(port, "/body", "POST", body=[b"x" * 500] * 3).body == b"1500 bytes"


def test_a_client_that_hangs_up_and_one_that_asks_for_nothing():
    with serve("uvicorn", "starlette_app") as server:
        response = fetch(server.port, "/forever", stop_after=5000)
        assert len(response.body) >= 5000 and not response.is_whole
        head = fetch(server.port, "/plain/3", "HEAD")
        assert (head.status, head.body, head.header("content-length")) == (200, b"", "11")


def test_a_server_that_fails_says_so():
    with serve("uvicorn", "starlette_app", quiet=False) as server:
        assert fetch(server.port, "/fails/endpoint").status == 500
        assert fetch(server.port, "/fails/stream").is_whole is False
    assert "LookupError: in an endpoint" in server.said and "LookupError: in a stream" in server.said


def test_a_websocket():
    websockets = pytest.importorskip("websockets", reason="websockets is not installed")

    async def talk(port):
        url = f"ws://127.0.0.1:{port}/socket/3"
        got = []
        async with websockets.connect(url, subprotocols=["chat"]) as socket:
            got.append(socket.subprotocol)
            for word in "abc":
                await socket.send(word)
                got.append(await socket.recv())
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await socket.recv()
        return got, closed.value.rcvd.code, closed.value.rcvd.reason

    with serve("uvicorn", "fastapi_app") as server:
        assert asyncio.run(talk(server.port)) == (["chat", "got a", "got b", "got c"], 4001, "enough")

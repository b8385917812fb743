"""ctraceprof.asgi.ProfilerMiddleware under uvicorn: FastAPI, Starlette, Litestar and Django, with 64 clients at once."""

import asyncio
import json
import marshal
import re
import signal
import threading
import time

import pytest
from endpoints import expected_calls, make_request, mixture
from servers import serve
from webclient import Request, fetch, fetch_all, load, visible

pytestmark = pytest.mark.slow

SECRET = "a secret of the tests"
KEY = (("X-Profile-Key", SECRET),)
PATH = "/-/profiles"
ASKED = {"secret": SECRET, "path": PATH, "keep": 5000, "keep_bytes": 2**30, "max_at_once": 1000}
# Every request, and nobody is told: responses must be the very same.
EVERY = {**ASKED, "one_in": 1}
OURS = {"x-profile-id"}

# Templates of Django and Starlette have what kind of value a place takes.
KIND = {"fastapi_app": "{n}", "starlette_app": "{n:int}", "litestar_app": "{n}", "django_app:asgi": "<int:n>"}


def leaves(report):
    """{function of work.py: calls} of a report in pstats' format."""
    table = marshal.loads(report.body)  # what follows is for others
    return {name: row[1] for (file, line, name), row in table.items() if name.endswith("_leaf")}


def reports(port, idents, format):
    found = load(port, [Request(f"{PATH}/captures/{ident}/{format}", headers=KEY) for ident in idents], clients=8)
    assert {response.status for response in found} <= {200}
    return found


def metrics(port):
    """{(route, method, status): requests}"""
    text = fetch(port, f"{PATH}/metrics", headers=KEY).body.decode()
    pattern = re.compile(r'_count\{http_route="(.*)",http_request_method="(\w+)",http_response_status_code="(\d*)"\} (\d+)')
    return {tuple(labels): int(count) for *labels, count in pattern.findall(text)}


def wait_until_nothing_runs(port):
    deadline = time.monotonic() + 20
    while b"Under way" in fetch(port, PATH + "/", headers=KEY).body:
        assert time.monotonic() < deadline, "a capture has been left behind"
        time.sleep(0.05)


# --- WebSockets beside the load --------------------------------------------------------------


async def talk(port, n, headers=()):
    """What a WebSocket said, how it was closed, and the id of its capture."""
    import websockets

    said = []
    url = f"ws://127.0.0.1:{port}/socket/{n}"
    async with websockets.connect(url, subprotocols=["chat"], additional_headers=list(headers)) as socket:
        said.append(socket.subprotocol)
        for i in range(n):
            await socket.send(f"word {i}")
            said.append(await socket.recv())
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await socket.recv()
    return (said, closed.value.rcvd.code, closed.value.rcvd.reason), socket.response.headers.get("x-profile-id")


async def talks(port, number, headers):
    """So many conversations, 16 at once; of none where there is no WebSocket."""
    places = asyncio.Semaphore(16)

    async def one(n):
        async with places:
            return await talk(port, n % 7 + 1, headers)

    return await asyncio.gather(*(one(n) for n in range(number)))


def everything(port, requests, sockets, headers=()):
    """Responses of 64 clients, and what WebSockets said at the same time."""

    async def main():
        return await asyncio.gather(fetch_all(port, requests), talks(port, sockets, headers))

    return asyncio.run(main())


# --- right under load ------------------------------------------------------------------------

LOADS = [("fastapi_app", 2000, 200), ("starlette_app", 1000, 100), ("litestar_app", 400, 0), ("django_app:asgi", 400, 0)]
each_app = pytest.mark.parametrize("app, number, sockets", LOADS, ids=[app for app, _, _ in LOADS])


@each_app
def test_each_request_has_its_own_counts(app, number, sockets):
    """Profiles of all that happens, of every request at once: each has what its own endpoint does."""
    if sockets:
        pytest.importorskip("websockets", reason="websockets is not installed")
    pairs = mixture(app, number)
    requests = [make_request(*pair) for pair in pairs]
    with serve("uvicorn", app) as server:
        without, said_without = everything(server.port, requests, sockets)
    with serve("uvicorn", app, ASKED) as server:
        asking = [request._replace(headers=KEY) for request in requests]
        responses, said = everything(server.port, asking, sockets, KEY)
        assert [visible(one) for one in without] == [visible(one, OURS) for one in responses]
        assert [what for what, _ in said] == [what for what, _ in said_without]
        wait_until_nothing_runs(server.port)
        idents = [response.header("x-profile-id") for response in responses]
        assert None not in idents and len(set(idents)) == number
        for (name, n), report in zip(pairs, reports(server.port, idents, "pstats"), strict=True):
            assert leaves(report) == {leaf: calls for leaf, calls in expected_calls(name, n).items() if calls}, (name, n)
        for n, report in enumerate(reports(server.port, [ident for _, ident in said], "pstats")):
            assert leaves(report) == {"socket_leaf": n % 7 + 1}
        # What is told of them, of some.
        for (name, n), report in zip(pairs[:40], reports(server.port, idents[:40], "json"), strict=True):
            request = json.loads(report.body)["request"]
            assert request["route"] == make_request(name, n).path.replace(f"/{n}", "/" + KIND[app]), request
            assert request["error"] is None and request["is_over"] and not request["is_cut"]
            if name == "query":
                (statement,) = request["statements"]
                assert statement["calls"] == n


@each_app
def test_every_response_is_as_without(app, number, sockets):
    """Sampled, no header tells of it. The sum of the profiles has the sum of all calls."""
    pairs = mixture(app, number // 2)
    requests = [make_request(*pair) for pair in pairs] + [Request("/nowhere"), Request("/plain/x", "DELETE")]
    with serve("uvicorn", app) as server:
        without, said_without = everything(server.port, requests, sockets // 2)
    with serve("uvicorn", app, EVERY) as server:
        responses, said = everything(server.port, requests, sockets // 2)
        wait_until_nothing_runs(server.port)
        counted = metrics(server.port)
        page = fetch(server.port, PATH + "/", headers=KEY).body.decode()
        numbers = sorted(set(map(int, re.findall(r'href="routes/(\d+)"', page))))
        sums = load(server.port, [Request(f"{PATH}/routes/{n}/pstats", headers=KEY) for n in numbers], clients=4)
    assert [visible(one) for one in without] == [visible(one) for one in responses]
    assert said == said_without
    assert sum(counted.values()) == len(requests) + 1  # the one that asked whether the server is ready
    assert counted["(unmatched)", "GET", "404"] == 1
    expected, found = {}, {}
    for name, n in pairs:
        for leaf, calls in expected_calls(name, n).items():
            expected[leaf] = expected.get(leaf, 0) + calls
    if sockets:
        expected["socket_leaf"] = sum(n % 7 + 1 for n in range(sockets // 2))
    for report in sums:
        for leaf, calls in leaves(report).items():
            found[leaf] = found.get(leaf, 0) + calls
    assert found == expected


# --- nothing lost or left --------------------------------------------------------------------

FAILING = {
    "fastapi_app": ["endpoint", "thread", "dependency", "background", "stream", "politely"],
    "starlette_app": ["endpoint", "background", "stream", "politely"],
}


def complaints(server):
    """Exceptions that the server told of, but for where in files they passed."""
    return sorted(line.strip(" |") for line in server.said.splitlines() if "LookupError:" in line)


@pytest.mark.parametrize("app", FAILING)
@pytest.mark.parametrize("middleware", [{}, {**ASKED, "metrics": "all"}, EVERY], ids=["off", "all timed", "every"])
def test_exceptions_at_every_place_are_as_without(app, middleware):
    requests = [Request(f"/fails/{where}") for where in FAILING[app]]
    seen, said = [], []
    for options in None, middleware:
        with serve("uvicorn", app, options, quiet=False) as server:
            seen.append([visible(one) for one in load(server.port, requests, clients=1, again=False)])
            if options is EVERY:
                wait_until_nothing_runs(server.port)
                page = fetch(server.port, PATH + "/", headers=KEY).body.decode()
                assert page.count("LookupError") == sum(where != "politely" for where in FAILING[app])
        said.append(complaints(server))
    assert seen[0] == seen[1] and said[0] == said[1] and len(said[0]) >= len(requests) - 1


def test_clients_that_hang_up_mid_stream():
    with serve("uvicorn", "starlette_app", {**EVERY, "max_at_once": 20}, quiet=False) as server:
        requests = [Request("/forever", stop_after=3000 + 500 * i) for i in range(60)]
        responses = load(server.port, requests, clients=16)
        assert all(not response.is_whole and response.status == 200 for response in responses)
        wait_until_nothing_runs(server.port)
        page = fetch(server.port, PATH + "/", headers=KEY).body.decode()
        # Half of the places are a route's, so that some were not captured; those that were have ended.
        assert 20 <= int(re.search(r"GET /forever</a></td><td>(\d+)</td>", page)[1]) <= 60
        assert fetch(server.port, "/plain/3").status == 200


@pytest.mark.parametrize("middleware", [None, EVERY], ids=["none", "every"])
def test_a_server_that_ends_during_captures(middleware):
    """It ends as it would without, and says no more."""
    with serve("uvicorn", "starlette_app", middleware, quiet=False) as server:
        threads = [threading.Thread(target=_swallow, args=(server.port, path)) for path in ["/waiting/300", "/forever"] * 3]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        started = time.monotonic()
        status = server.stop(signal.SIGTERM)
        assert time.monotonic() - started < 25 and status in (0, -signal.SIGTERM)
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
    assert "ctraceprof" not in server.said and "never disabled" not in server.said, server.said[-2000:]


def _swallow(port, path):
    try:
        fetch(port, path, stop_after=500_000)
    except Exception:
        pass  # refused, or cut off: the server is ending


def test_requests_of_one_connection_are_kept_apart():
    """Background work of one goes on while the next ones of the same connection are answered."""
    names = ["background", "plain", "body", "waiting", "stream"] * 40
    pairs = [(name, i % 9 + 1) for i, name in enumerate(names)]
    requests = [make_request(*pair)._replace(headers=KEY) for pair in pairs]
    with serve("uvicorn", "fastapi_app", ASKED) as server:
        responses = load(server.port, requests, clients=3)
        wait_until_nothing_runs(server.port)
        idents = [response.header("x-profile-id") for response in responses]
        for (name, n), report in zip(pairs, reports(server.port, idents, "pstats"), strict=True):
            assert leaves(report) == expected_calls(name, n)


def test_a_process_wide_profile_while_others_are_served():
    with serve("uvicorn", "fastapi_app", ASKED) as server:
        got = []
        where = f"{PATH}/debug/pprof/profile?seconds=1"
        scraper = threading.Thread(target=lambda: got.append(fetch(server.port, where, headers=KEY)))
        scraper.start()
        time.sleep(0.2)
        responses = load(server.port, [make_request(*pair) for pair in mixture("fastapi_app", 100)], clients=8)
        assert scraper.is_alive() and {response.status for response in responses} == {200}
        assert fetch(server.port, where, headers=KEY).status == 429
        scraper.join(60)
        assert got[0].status == 200 and got[0].body[:2] == b"\x1f\x8b"
        assert fetch(server.port, where).status == 401


def test_several_workers_have_captures_of_their_own():
    """An id is known to the process that gave it: others say that they do not know it."""
    with serve("gunicorn", "fastapi_app", ASKED, worker_class="uvicorn.workers.UvicornWorker", workers=2) as server:
        responses = load(server.port, [Request("/plain/3", headers=KEY)] * 40, clients=8, again=False)
        places = [f"{PATH}/captures/{response.header('x-profile-id')}/text" for response in responses]
        asked = load(server.port, [Request(place, headers=KEY) for place in places * 5], clients=8, again=False)
        for response in asked:
            expected = b"GET /plain/3" if response.status == 200 else b"it may be another process's"
            assert response.status in (200, 404) and expected in response.body
        assert any(response.status == 200 for response in asked)

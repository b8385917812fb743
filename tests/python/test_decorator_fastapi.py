"""@ctraceprof.profile on endpoints and dependencies of a real FastAPI application: parameters, documentation, counts."""

import asyncio
import concurrent.futures
import contextlib
import json
from collections import Counter
from typing import Annotated

import pytest

import ctraceprof

fastapi = pytest.importorskip("fastapi", reason="FastAPI is not installed")
pytest.importorskip("httpx", reason="httpx is not installed: FastAPI's test client needs it")

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Query, WebSocket  # noqa: E402
from fastapi.responses import StreamingResponse  # noqa: E402
from fastapi.testclient import TestClient  # noqa: E402
from pydantic import BaseModel  # noqa: E402

HERE = __file__


def leaf():
    return 1


def work(n):
    for _ in range(n):
        leaf()


class Item(BaseModel):
    name: str
    price: float = 1.5


class Pager:
    """A dependency with state."""

    def __init__(self, most):
        self.most = most

    def __call__(self, limit: int = 5):
        work(1)
        return min(limit, self.most)


def build(decorate):
    """The same application with endpoints and dependencies decorated, or not."""
    app = FastAPI()
    events = []
    made = {}

    def note(function):
        made[function.__name__] = decorated = decorate(function)
        return decorated

    @note
    def session(token: Annotated[str, Query(max_length=9)] = "none"):
        work(1)
        events.append("opened")
        try:
            yield token.upper()
        finally:
            work(2)
            events.append("closed")

    @note
    async def user(limit: int = 3):
        work(1)
        await asyncio.sleep(0)
        yield limit
        await asyncio.sleep(0)
        work(1)

    pager = decorate(Pager(10))

    @app.get("/sync/{n}", response_model=dict[str, int | str])
    @note
    def sync_endpoint(n: int, token: Annotated[str, Depends(session)], most: int = Depends(pager)):
        """Counts."""
        work(n)
        return {"n": n, "token": token, "most": most}

    @app.get("/async/{n}")
    @note
    async def async_endpoint(
        n: int, background: BackgroundTasks, limit: Annotated[int, Depends(user)], q: str | None = None
    ):
        work(n)
        await asyncio.sleep(0)
        await asyncio.to_thread(work, n)
        background.add_task(later, n)
        return {"n": n, "limit": limit, "q": q}

    @note
    async def later(n):
        work(n)
        events.append("later")

    @app.post("/items", status_code=201)
    @note
    async def create(item: Item) -> Item:
        """Makes an item."""
        return item

    @app.get("/stream/{n}")
    @note
    def stream(n: int):
        return StreamingResponse((f"{i}\n" for i in range(n)), media_type="text/plain")

    @app.get("/fails")
    @note
    def fails(token: Annotated[str, Depends(session)]):
        raise HTTPException(418, "short and stout")

    @app.websocket("/ws")
    @note
    async def socket(websocket: WebSocket):
        await websocket.accept()
        with contextlib.suppress(Exception):
            while True:
                text = await websocket.receive_text()
                work(1)
                await websocket.send_text(text[::-1])

    class Views:
        @note
        async def method(self, n: int):
            work(n)
            return n

    app.get("/method/{n}")(Views().method)
    return app, made, events


REQUESTS = [
    ("GET", "/sync/3", None),
    ("GET", "/sync/2?token=abc&limit=20", None),
    ("GET", "/sync/2?token=longerthan9", None),
    ("GET", "/sync/x", None),
    ("GET", "/async/4?q=z&limit=8", None),
    ("GET", "/async/4?limit=x", None),
    ("POST", "/items", {"name": "a"}),
    ("POST", "/items", {"price": 3}),
    ("GET", "/stream/3", None),
    ("GET", "/fails", None),
    ("GET", "/method/2", None),
    ("GET", "/missing", None),
]


def answers(app):
    got = []
    with TestClient(app) as client:
        for method, path, body in REQUESTS:
            response = client.request(method, path, json=body)
            got.append((response.status_code, response.text))
        with client.websocket_connect("/ws") as websocket:
            for text in "abc", "":
                websocket.send_text(text)
                got.append(websocket.receive_text())
    return got


@pytest.fixture(scope="module")
def both():
    plain = build(lambda function: function)
    decorated = build(ctraceprof.profile)
    return plain, decorated, answers(plain[0]), answers(decorated[0])


def test_all_answers_are_the_same(both):
    plain, decorated, expected, got = both
    assert got == expected
    assert [status for status, _ in got[: len(REQUESTS)]] == [
        200, 200, 422, 422, 200, 422, 201, 422, 200, 418, 200, 404,
    ]  # fmt: skip
    assert plain[2] == decorated[2]


def test_the_documentation_is_the_same(both):
    plain, decorated, _, _ = both
    assert decorated[0].openapi() == plain[0].openapi()
    paths = decorated[0].openapi()["paths"]
    assert paths["/sync/{n}"]["get"]["description"] == "Counts."
    assert {p["name"] for p in paths["/sync/{n}"]["get"]["parameters"]} == {"n", "token", "limit"}
    assert json.dumps(paths)


def calls(function, *names):
    rows = {r.name: r.calls for r in function.profile.stats() if r.file == HERE}
    return tuple(rows.get(name, 0) for name in names)


def test_counts_of_each(both):
    _, (_, made, _), _, _ = both
    # two requests reached it, its dependencies are profiled by themselves
    assert calls(made["sync_endpoint"], "sync_endpoint", "leaf", "session") == (2, 5, 0)
    # four, one of them for /sync/x, which was refused all the same
    assert calls(made["session"], "leaf", "sync_endpoint") == (12, 0)
    assert calls(made["user"], "leaf", "async_endpoint") == (2, 0)
    assert calls(made["async_endpoint"], "leaf", "work", "later") == (8, 2, 0)
    assert calls(made["later"], "leaf") == (4,)
    assert calls(made["method"], "leaf") == (2,)
    assert calls(made["fails"], "fails") == (1,)
    assert calls(made["socket"], "leaf") == (2,)


def test_many_requests_at_once():
    own = []
    decorate = ctraceprof.profile(on_profile=own.append)
    app, made, _ = build(decorate)
    with TestClient(app) as client, concurrent.futures.ThreadPoolExecutor(16) as pool:
        paths = [f"/{kind}/{n}" for n in range(60) for kind in ("sync", "async")]
        responses = list(pool.map(client.get, paths))
    assert all(r.status_code == 200 for r in responses)
    found = Counter()
    for profile in own:
        rows = {r.name: r.calls for r in profile.stats() if r.file == HERE}
        name = next((n for n in rows if n in made), "__call__")
        found[name, rows.get("leaf", 0)] += 1
    expected = Counter()
    for n in range(60):
        expected["sync_endpoint", n] += 1
        expected["async_endpoint", 2 * n] += 1
        expected["later", n] += 1
        expected["session", 3] += 1
        expected["user", 2] += 1
        expected["__call__", 1] += 1
    assert found == expected

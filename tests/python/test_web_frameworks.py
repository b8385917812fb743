"""Real frameworks behind the ASGI middleware: routes, and each request's exact counts."""

import asyncio
import sys

import pytest
from web_asgi import KEY, SECRET, Client, calls, captures, fetch, get, scope_of

from ctraceprof._web.core import under_way
from ctraceprof.asgi import ProfilerMiddleware

HERE = __file__


def need(name):
    return pytest.importorskip(name, reason=f"{name} is not installed")


def leaf():
    return 1


def work(n):
    return sum(leaf() for _ in range(n))


def routes_of(app, paths, **options):
    """The labels that requests to these paths are counted under, one each."""
    middleware = ProfilerMiddleware(app, one_in=1, **options)
    labels = []
    for path in paths:
        method, _, path = path.rpartition(" ")
        get(middleware, path, method=method or "GET")
        labels.append(captures(middleware)[-1].route)
    assert under_way == {}
    return labels


# --- Starlette -------------------------------------------------------------------------------


def starlette_routes():
    need("starlette")
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Host, Mount, Route, Router, WebSocketRoute

    async def endpoint(request):
        return PlainTextResponse("own")

    async def socket(websocket):
        await websocket.accept()
        await websocket.close()

    async def raw(scope, receive, send):
        await PlainTextResponse("raw")(scope, receive, send)

    inner = Router([Route("/deep/{name}", endpoint), Route("/", endpoint)])
    return Starlette(
        routes=[
            Route("/", endpoint),
            Route("/items/{id:int}", endpoint, methods=["GET", "POST"]),
            Route("/files/{rest:path}", endpoint),
            WebSocketRoute("/ws/{room}", socket),
            Mount("/inner", inner),
            Mount("/users/{user}", routes=[Mount("/more", inner)]),
            Mount("/raw", raw),
            Host("{sub}.example.org", Router([Route("/hosted/{x}", endpoint)])),
        ]
    )


STARLETTE = {
    "/": "/", "/items/7": "/items/{id:int}", "POST /items/8": "/items/{id:int}", "/files/a/b/c": "/files/{rest:path}",
    "/inner/deep/x": "/inner/deep/{name}", "/inner/": "/inner/", "/users/me/more/deep/y": "/users/{user}/more/deep/{name}",
    "/raw/anything/here": "/raw/{path}", "/nowhere": "(unmatched)", "/items/seven": "(unmatched)",
    "DELETE /items/7": "/items/{id:int}", "/items/7/": "(unmatched)", "/inner/deep": "(unmatched)",
}  # fmt: skip


def test_routes_of_starlette():
    assert routes_of(starlette_routes(), STARLETTE) == list(STARLETTE.values())


def test_routes_of_starlettes_before_1():
    """They leave no route in the scope."""
    app = starlette_routes()

    class Scope(dict):
        def __setitem__(self, name, value):
            if name != "route":
                super().__setitem__(name, value)

    middleware = ProfilerMiddleware(app, one_in=1)
    for path, label in STARLETTE.items():
        method, _, path = path.rpartition(" ")
        client = Client()
        asyncio.run(middleware(Scope(scope_of(path, method=method or "GET")), client.receive, client.send))
        assert captures(middleware)[-1].route == label


def test_more_of_starlettes_routes():
    app = starlette_routes()
    middleware = ProfilerMiddleware(app, one_in=1)
    client, scope = Client(), {**scope_of("/hosted/9"), "headers": [(b"host", b"x.example.org")]}
    asyncio.run(middleware(scope, client.receive, client.send))
    client = Client({"type": "websocket.connect"}, {"type": "websocket.disconnect"})
    scope = {**scope_of("/ws/7"), "type": "websocket"}
    asyncio.run(middleware(scope, client.receive, client.send))
    mounted = dict(root_path="/api")
    get(middleware, "/api/items/7", **mounted)
    get(middleware, "/api/users/a/more/", **mounted)
    labels = [capture.route for capture in captures(middleware)]
    assert labels == ["/hosted/{x}", "/ws/{room}", "/items/{id:int}", "/users/{user}/more/"]


def test_within_a_mount():
    """A middleware that is not around everything sees what is left of the path."""
    need("starlette")
    from starlette.applications import Starlette
    from starlette.routing import Mount

    middleware = ProfilerMiddleware(starlette_routes(), one_in=1, secret=SECRET, path="/p")
    app = Starlette(routes=[Mount("/sub/{which}", middleware)])
    assert get(app, "/sub/a/items/7").body == b"own"
    assert captures(middleware)[-1].route.endswith("/items/{id:int}")
    assert b"Profiles" in get(app, "/sub/a/p/", headers=[KEY]).body


# --- FastAPI ---------------------------------------------------------------------------------


def fastapi_application():
    need("fastapi")
    from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Request, WebSocket
    from fastapi.responses import StreamingResponse

    app = FastAPI()

    async def before(n: int):
        work(n)
        yield n
        work(n)

    def sync_before(n: int):
        work(n)
        try:
            yield n
        finally:
            work(n)

    @app.get("/async/{n}")
    async def asynchronous(n: int, a: int = Depends(before)):
        work(n)
        await asyncio.sleep(0.001)
        return work(n)

    @app.get("/sync/{n}")
    def synchronous(n: int, a: int = Depends(before), b: int = Depends(sync_before)):
        return work(n)

    async def afterwards(n):
        await asyncio.sleep(0.001)
        work(n)

    @app.get("/background/{n}")
    def background(n: int, tasks: BackgroundTasks):
        tasks.add_task(work, n)
        tasks.add_task(afterwards, n)
        return n

    @app.get("/stream/{n}")
    async def stream(n: int):
        async def parts():
            for _ in range(n):
                leaf()
                await asyncio.sleep(0)
                yield b"x"

        def sync_parts():
            for _ in range(n):
                leaf()
                yield b"y"

        return StreamingResponse(parts() if n % 2 else sync_parts())

    @app.get("/gather/{n}")
    async def gather(n: int):
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(asyncio.to_thread(work, n))
        return n

    @app.websocket("/socket/{n}")
    async def socket(websocket: WebSocket, n: int):
        await websocket.accept()
        while (text := await websocket.receive_text()) != "end":
            work(n)
            await websocket.send_text(text)
        await websocket.close()

    @app.get("/raises/{n}")
    def raises(n: int, request: Request):
        work(n)
        raise LookupError("own")

    router = APIRouter(prefix="/things", dependencies=[Depends(before)])

    @router.get("/{n}")
    def thing(n: int):
        return work(n)

    inner = APIRouter(prefix="/inner")
    inner.include_router(router, prefix="/v2")
    app.include_router(router)
    app.include_router(inner, prefix="/v1")
    sub = FastAPI()
    sub.include_router(router, prefix="/x")
    app.mount("/sub/{tenant}", sub)

    @app.middleware("http")
    async def in_between(request, call_next):
        return await call_next(request)

    return app


# Calls of leaf() of each endpoint, in n.
LEAVES = {"async": 4, "sync": 5, "background": 2, "stream": 1, "gather": 3}


def test_routes_of_fastapi():
    paths = {
        "/async/3": "/async/{n}", "/things/3": "/things/{n}", "/v1/inner/v2/things/4": "/v1/inner/v2/things/{n}",
        "/sub/me/x/things/5": "/sub/{tenant}/x/things/{n}", "/docs": "/docs", "/openapi.json": "/openapi.json",
        "/async/x": "/async/{n}", "/nothing": "(unmatched)", "/sub/me/nothing": "(unmatched)", "/async/3/": "(unmatched)",
    }  # fmt: skip
    assert routes_of(fastapi_application(), paths) == list(paths.values())


def test_fastapi_as_its_own_middleware():
    app = fastapi_application()
    app.add_middleware(ProfilerMiddleware, secret=SECRET, path="/p", one_in=1)
    assert get(app, "/async/3").body == b"3"
    assert b"GET /async/{n}" in get(app, "/p/", headers=[KEY]).body
    schema = get(app, "/openapi.json").body
    assert schema == get(fastapi_application(), "/openapi.json").body


@pytest.mark.parametrize("builtins", [True, False])
def test_every_request_has_its_own_counts(builtins):
    plain, app = fastapi_application(), fastapi_application()
    middleware = ProfilerMiddleware(app, one_in=1, max_at_once=1000, keep=1000, builtins=builtins)
    paths = [f"/{name}/{n}" for n in range(40) for name in LEAVES]

    async def main(application):
        return await asyncio.gather(*(fetch(application, path) for path in paths))

    expected, clients = asyncio.run(main(plain)), asyncio.run(main(middleware))
    assert [client.sent for client in clients] == [client.sent for client in expected]
    kept = captures(middleware)
    assert sorted(capture.path for capture in kept) == sorted(paths) and under_way == {}
    for capture in kept:
        name, n = capture.path[1:].split("/")
        assert calls(capture.profile, HERE).get("leaf", 0) == LEAVES[name] * int(n), capture.path
    routes = {route.template: route for route in middleware._web.routes.all()}
    assert {template: route.requests for template, route in routes.items()} == {f"/{name}/{{n}}": 40 for name in LEAVES}
    for name, each in LEAVES.items():
        assert calls(routes[f"/{name}/{{n}}"].profile, HERE)["leaf"] == each * sum(range(40))


def test_websockets_of_fastapi():
    middleware = ProfilerMiddleware(fastapi_application(), one_in=1)
    client = Client(
        {"type": "websocket.connect"}, {"type": "websocket.receive", "text": "a"},
        {"type": "websocket.receive", "text": "b"}, {"type": "websocket.receive", "text": "end"},
    )  # fmt: skip
    scope = {**scope_of("/socket/5"), "type": "websocket"}
    asyncio.run(middleware(scope, client.receive, client.send))
    (capture,) = captures(middleware)
    assert (capture.route, capture.status) == ("/socket/{n}", 101) and calls(capture.profile, HERE)["leaf"] == 10


def test_exceptions_of_fastapi():
    plain, middleware = fastapi_application(), ProfilerMiddleware(fastapi_application(), one_in=1)
    clients = []
    for app in plain, middleware:
        clients.append(Client())
        with pytest.raises(LookupError, match="own"):
            asyncio.run(clients[-1].request(app, "/raises/3"))
    assert clients[0].sent == clients[1].sent and clients[0].status == 500
    (capture,) = captures(middleware)
    assert (capture.status, capture.error) == (500, "LookupError") and middleware._web.routes.all()[0].errors == 1


def test_a_client_over_httpx():
    httpx = need("httpx")
    app = ProfilerMiddleware(fastapi_application(), secret=SECRET, path="/p")

    async def main():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            asked = await client.get("/sync/7", headers={"X-Profile-Key": SECRET})
            assert asked.json() == 7
            place = f"/p/captures/{asked.headers['x-profile-id']}/json"
            assert (await client.get(place)).status_code == 401
            return (await client.get(place, auth=("anybody", SECRET))).json()

    report = asyncio.run(main())
    assert report["request"]["route"] == "/sync/{n}"
    (row,) = [row for row in report["profile"]["functions"] if row["name"] == "leaf"]
    assert row["calls"] == 35


# --- Litestar, Django ------------------------------------------------------------------------


def test_routes_of_litestar():
    litestar = need("litestar")

    @litestar.get("/items/{id:int}", sync_to_thread=True)
    def item(request: litestar.Request) -> int:
        return work(request.path_params["id"])

    @litestar.get("/")
    async def index() -> str:
        return "own"

    app = litestar.Litestar([index, litestar.Router("/api", route_handlers=[item])])
    middleware = ProfilerMiddleware(app, one_in=1)
    labels = []
    for path in ("/", "/api/items/7", "/api/items/8", "/nowhere"):
        get(middleware, path, state={}, litestar_app=app)
        labels.append(captures(middleware)[-1].route)
    assert [label.replace(":int", "") for label in labels] == ["/", "/api/items/{id}", "/api/items/{id}", "(unmatched)"]
    assert [calls(capture.profile, HERE).get("leaf") for capture in captures(middleware)] == [None, 7, 8, None]


@pytest.fixture(scope="module")
def django():
    need("django")
    import types

    import django.conf
    from django.core.asgi import get_asgi_application
    from django.http import HttpResponse
    from django.urls import include, path, re_path

    if django.conf.settings.configured:
        pytest.skip("another test has configured Django in this process")

    async def asynchronous(request, n):
        await asyncio.sleep(0)
        return HttpResponse(str(work(n)))

    def synchronous(request, n):
        return HttpResponse(str(work(n)))

    urls = types.ModuleType("ctraceprof_test_urls")
    urls.urlpatterns = [
        path("async/<int:n>/", asynchronous),
        path("sync/<int:n>/", synchronous),
        path("api/", include([path("deep/<int:n>", synchronous)])),
        re_path(r"^old/(?P<n>[0-9])$", lambda request, n: synchronous(request, int(n))),
    ]
    sys.modules[urls.__name__] = urls
    django.conf.settings.configure(ROOT_URLCONF=urls.__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x", DEBUG=False, LOGGING_CONFIG=None)
    return get_asgi_application()


def test_routes_and_counts_of_django(django):
    middleware = ProfilerMiddleware(django, one_in=1, max_at_once=100)
    paths = ["/async/7/", "/sync/8/", "/api/deep/9", "/old/3", "/nowhere"]

    async def main():
        return await asyncio.gather(*(fetch(middleware, path) for path in paths))

    assert [client.body for client in asyncio.run(main())][:4] == [b"7", b"8", b"9", b"3"]
    found = {capture.path: (capture.route, calls(capture.profile, HERE).get("leaf", 0)) for capture in captures(middleware)}
    assert found == {
        "/async/7/": ("/async/<int:n>/", 7), "/sync/8/": ("/sync/<int:n>/", 8), "/api/deep/9": ("/api/deep/<int:n>", 9),
        "/old/3": ("/^old/(?P<n>[0-9])$", 3), "/nowhere": ("(unmatched)", 0),
    }  # fmt: skip


# --- one's own -------------------------------------------------------------------------------


async def bare(scope, receive, send):
    scope["chosen"] = "after routing"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    "route, label",
    [
        (lambda scope: scope["chosen"], "after routing"), (lambda scope: None, "(unmatched)"), (lambda scope: "", "(unmatched)"),
        (lambda scope: 7, "(unmatched)"), (lambda scope: 1 / 0, "(unmatched)"), (lambda scope: "x" * 1000, "x" * 200),
    ],
)  # fmt: skip
def test_ones_own_labels(route, label):
    assert routes_of(bare, ["/some/path"], route=route) == [label]


def test_a_scope_that_only_looks_like_a_frameworks():
    """What a router's attributes give may be anything."""

    class Odd:
        routes = [3]

        def __getattr__(self, name):
            raise RuntimeError(name)

    async def app(scope, receive, send):
        scope.update(app=Odd(), endpoint=Odd(), route=Odd(), fastapi=Odd())
        await bare(scope, receive, send)

    assert routes_of(app, ["/x"]) == ["(unmatched)"]

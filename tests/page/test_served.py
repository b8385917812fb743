"""The pages of ctraceprof's middlewares in a real browser, from a real server."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/python"))
sys.path.insert(0, str(Path(__file__).parent))
from test_page import NODE, SHOTS, needs_browser  # noqa: E402
from web_asgi import get  # noqa: E402

import ctraceprof  # noqa: E402
from ctraceprof._spans import current_spans  # noqa: E402
from ctraceprof.asgi import ProfilerMiddleware  # noqa: E402

SECRET = "a secret of the tests"

pytestmark = [needs_browser]


def shelf(n):
    return sum(len(str(i)) for i in range(n))


async def library(scope, receive, send):
    path = scope["path"]
    with ctraceprof.span("catalogue"):
        await asyncio.sleep(0.001)
    for number in range(12 if path.startswith("/books/") else 1):
        current_spans().add_statement("sql", 0, 300_000, False, f"SELECT title FROM books WHERE author = '{number}'")
    shelf(3000)
    if path == "/fails":
        raise LookupError("no such book")
    await send({"type": "http.response.start", "status": 503 if path == "/closed" else 200})
    await send({"type": "http.response.body", "body": b"a book"})


def route(scope):
    return "/books/{author}" if scope["path"].startswith("/books/") else scope["path"]


@contextlib.contextmanager
def served(app):
    """The address of the application on a server, until the end."""
    uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


def run(check, address, argument=None, **options):
    SHOTS.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "TRACEPROF_NODE": str(NODE), "TRACEPROF_SHOTS": str(SHOTS)}
    options["httpCredentials"] = {"username": "anybody", "password": SECRET}
    command = ["node", ROOT / "tests/page/served.mjs", check, address, json.dumps(argument), json.dumps(options)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
    assert result.returncode == 0, result.stderr[-3000:]


@pytest.fixture(scope="module")
def address():
    """Of the pages of an application that has answered a few requests."""
    app = ProfilerMiddleware(library, secret=SECRET, path="/-/profiles", one_in=1, route=route)
    for path in ["/", "/closed", *[f"/books/author-{n}" for n in range(9)], "/about", "/books/le-guin"]:
        get(app, path)
    with pytest.raises(LookupError):
        get(app, "/fails")
    with served(app) as origin:
        yield origin + "/-/profiles/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_tour(address, scheme):
    run("tour", address, scheme, colorScheme=scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_window(address, scheme):
    run("narrow", address, f"narrow-{scheme}", colorScheme=scheme, viewport={"width": 360, "height": 740})


def test_a_report_as_a_page(address):
    run("report", address)


HOSTILE = ["<script>console.log(1)</script>", "\"><img src=x onerror=console.log(2)>", "</main><iframe src=/>", "&lt;b&gt;",
           "javascript:console.log(3)"]  # fmt: skip


def test_names_that_are_markup():
    space, functions = {}, []
    for name in HOSTILE:
        exec("def function(): pass", space)
        code = space["function"].__code__
        function = space["function"]
        function.__code__ = code.replace(co_name=name, co_filename=name + ".py")
        functions.append(function)

    async def app(scope, receive, send):
        for function in functions:
            function()
            with ctraceprof.span(function.__code__.co_name):
                pass
        await library(scope, receive, send)

    label = " ".join(HOSTILE)
    middleware = ProfilerMiddleware(app, secret=SECRET, path="/p", one_in=1, route=lambda scope: label)
    get(middleware, "/" + label)
    with served(middleware) as origin:
        run("hostile", origin + "/p/", HOSTILE)

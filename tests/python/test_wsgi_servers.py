"""ctraceprof.wsgi.ProfilerMiddleware under real servers: gunicorn and waitress, with Flask, Django and bare WSGI."""

import json
import signal
import threading
import time

import pytest
from endpoints import expected_calls, make_request, mixture
from servers import serve
from webclient import Request, fetch, load, visible

pytestmark = pytest.mark.slow

SECRET = "a secret of the tests"
KEY = [("X-Profile-Key", SECRET)]
PATH = "/-/profiles"
# The application's own functions alone: a report of each of many requests is short.
ASKED = {"secret": SECRET, "path": PATH, "include": "webapps/", "keep": 5000, "max_at_once": 64}
EVERY = {**ASKED, "one_in": 1, "keep": 2, "metrics": "all", "server_timing": "all"}
OURS = {"server-timing", "x-profile-id"}

KINDS = [
    ("gunicorn", "flask_app", {}),
    ("gunicorn", "flask_app", {"worker_class": "gevent"}),
    ("waitress", "flask_app", {}),
    ("gunicorn", "django_app:wsgi", {}),
    ("waitress", "django_app:wsgi", {}),
    ("gunicorn", "plain_app", {"worker_class": "sync", "threads": 1}),
    ("waitress", "plain_app", {}),
    ("wsgiref", "plain_app", {}),
]
each_kind = pytest.mark.parametrize(
    "kind, app, options", KINDS, ids=["-".join([k, a, o.get("worker_class", "")]) for k, a, o in KINDS]
)
CLIENTS = {"wsgiref": 1}


def without_what_it_cannot(options):
    """asgiref, on which Flask's coroutines run, refuses to work on gevent's threads."""
    return ["coroutine"] if options.get("worker_class") == "gevent" else []


def report(port, ident):
    """What there is to say of a capture, and {function of work.py: calls}."""
    response = fetch(port, f"{PATH}/captures/{ident}/json", headers=KEY)
    assert response.status == 200, response
    return read(response)


def read(response):
    facts = json.loads(response.body)
    calls = {f["name"]: f["calls"] for f in facts["profile"]["functions"] if f["name"].endswith("_leaf")}
    return facts["request"], calls


@each_kind
def test_responses_are_as_without(kind, app, options):
    requests = [make_request(*pair) for pair in mixture(app, 48, but=without_what_it_cannot(options))]
    prefix = "/raw" if app == "flask_app" else ""
    if not app.startswith("django"):
        requests += [Request(prefix + path) for path in ("/write/3", "/stream/0", "/stream/3", "/closing/3", "/late/2",
                                                         "/again", "/slow/3")]  # fmt: skip
    requests += [Request("/nowhere"), Request("/plain/x", "DELETE")]
    if app == "flask_app":  # others leave it to the server to drop the body
        requests.append(Request("/plain/3", "HEAD"))
    if kind != "wsgiref":  # which knows no chunks
        requests.append(Request("/body/3", "POST", body=[b"x" * 999] * 3))
    clients = CLIENTS.get(kind, 16)
    seen = {}
    for name, middleware in (("none", None), ("off", {}), ("every", EVERY)):
        with serve(kind, app, middleware, **options) as server:
            seen[name] = [visible(response, OURS) for response in load(server.port, requests, clients)]
            if name == "every":
                page = fetch(server.port, PATH + "/", headers=KEY)
                assert page.status == 200 and b"captures/" in page.body
    assert seen["none"] == seen["off"] == seen["every"]


@pytest.mark.parametrize("kind, app, options, number", [
    ("gunicorn", "flask_app", {"threads": 32}, 2000),
    ("gunicorn", "flask_app", {"worker_class": "gevent"}, 600),
    ("waitress", "flask_app", {"threads": 32}, 600),
    ("gunicorn", "django_app:wsgi", {"threads": 32}, 800),
    ("waitress", "django_app:wsgi", {}, 400),
    ("waitress", "plain_app", {"threads": 64}, 800),
], ids=["gunicorn-flask", "gevent-flask", "waitress-flask", "gunicorn-django", "waitress-django", "waitress-plain"])  # fmt: skip
def test_64_clients_and_each_request_has_its_own_counts(kind, app, options, number):
    pairs = mixture(app, number, but=without_what_it_cannot(options))
    plain = [make_request(*pair) for pair in pairs]
    asking = [request._replace(headers=tuple(KEY)) for request in plain]
    with serve(kind, app, **options) as server:
        without = load(server.port, plain)
    with serve(kind, app, ASKED, **options) as server:
        responses = load(server.port, asking)
        assert [visible(a) for a in without] == [visible(b, OURS) for b in responses]
        idents = [response.header("x-profile-id") for response in responses]
        assert None not in idents and len(set(idents)) == number
        reports = load(server.port, [Request(f"{PATH}/captures/{i}/json", headers=tuple(KEY)) for i in idents])
    for (name, n), response, sent in zip(pairs, reports, plain, strict=True):
        request, calls = read(response)
        assert calls == expected_calls(name, n), (name, n)
        assert request["path"] == sent.path and request["error"] is None and request["is_over"]
        if app == "flask_app" or app.startswith("django"):
            assert request["route"] == f"{sent.path.rpartition('/')[0]}/<int:n>"
        if name == "query":
            (statement,) = request["statements"]
            assert statement["calls"] == n and statement["rows"] == 3 * n


FAILING = {
    "flask_app": ["/fails/endpoint", "/fails/before", "/fails/stream", "/fails/background", "/fails/politely"],
    "django_app:wsgi": ["/fails/endpoint", "/fails/politely"],
    "plain_app": ["/fails?at=before", "/fails?at=after", "/fails?at=first", "/fails?at=second", "/fails?at=close"],
}


def complaints(server):
    """Exceptions that the server told of, but for where in our or its files they passed."""
    return sorted(line for line in server.said.splitlines() if line.startswith(("LookupError", "ZeroDivisionError")))


@pytest.mark.parametrize("kind, app", [("gunicorn", "flask_app"), ("waitress", "flask_app"),
                                       ("gunicorn", "django_app:wsgi"), ("gunicorn", "plain_app"),
                                       ("waitress", "plain_app"), ("wsgiref", "plain_app")])  # fmt: skip
def test_exceptions_at_every_place_are_as_without(kind, app):
    requests = [Request(path) for path in FAILING[app] for _ in range(2)]
    seen, said = {}, {}
    for name, middleware in (("none", None), ("off", {}), ("every", {**EVERY, "keep": 100})):
        with serve(kind, app, middleware, quiet=False) as server:
            # As some of them end connections, and servers differ in when, one at a time.
            seen[name] = [visible(r, OURS) for r in load(server.port, requests, clients=1, again=False)]
            if name == "every":
                page = fetch(server.port, PATH + "/", headers=KEY).body.decode()
                assert page.count("captures/") >= len(requests)
                wait_until_nothing_runs(server.port)
        said[name] = complaints(server)
        assert "ctraceprof" not in "".join(line for line in server.said.splitlines() if line.startswith("WARNING"))
    assert seen["none"] == seen["off"] == seen["every"]
    assert said["none"] == said["off"] == said["every"]


def wait_until_nothing_runs(port):
    deadline = time.monotonic() + 10
    while b"Under way" in fetch(port, PATH + "/", headers=KEY).body:
        assert time.monotonic() < deadline, "a capture has been left behind"
        time.sleep(0.05)


def newest(port, path):
    """The ids of captures of a path, newest first, from the index."""
    import re

    page = fetch(port, PATH + "/", headers=KEY).body.decode()
    return [ident for ident in re.findall(r'href="captures/([\w-]+)"', page) if report(port, ident)[0]["path"] == path]


@pytest.mark.parametrize("kind, options", [("gunicorn", {}), ("gunicorn", {"worker_class": "gevent"}),
                                           ("gunicorn", {"worker_class": "sync", "threads": 1}),
                                           ("waitress", {"send_bytes": 1}), ("wsgiref", {})])  # fmt: skip
def test_clients_that_hang_up_mid_stream(kind, options):
    """The application's cleanup runs, within the capture, and the capture ends."""
    with serve(kind, "plain_app", {**EVERY, "keep": 100, "max_at_once": 10}, quiet=False, **options) as server:
        for _ in range(12):  # more than there may be at once
            response = fetch(server.port, "/slow/100", stop_after=2000)
            assert response.status == 200 and not response.is_whole and len(response.body) < 100_000
        wait_until_nothing_runs(server.port)
        found = newest(server.port, "/slow/100")
        assert len(found) == 12
        for ident in found:
            request, calls = report(server.port, ident)
            assert calls["cleanup_leaf"] == 3 and 2 <= calls["stream_leaf"] <= 100
            assert request["error"] is None and not request["is_cut"]
        assert visible(fetch(server.port, "/plain/3"), OURS)[3] == b"plain 3"


@pytest.mark.parametrize("kind, options", [("gunicorn", {}), ("gunicorn", {"worker_class": "gevent"}),
                                           ("gunicorn", {"worker_class": "sync", "threads": 1}), ("waitress", {})])  # fmt: skip
@pytest.mark.parametrize("middleware", [None, EVERY], ids=["none", "every"])
def test_a_server_that_ends_during_captures(kind, options, middleware):
    """It ends as it would without, and says nothing."""
    with serve(kind, "plain_app", middleware, quiet=False, **options) as server:
        clients = []
        for _ in range(3):
            thread = threading.Thread(target=lambda: _swallow(server.port, "/slow/150"))
            thread.start()
            clients.append(thread)
        time.sleep(0.4)
        started = time.monotonic()
        status = server.stop(signal.SIGTERM)
        assert time.monotonic() - started < 15 and status in (0, -signal.SIGTERM)
        for thread in clients:
            thread.join(60)
            assert not thread.is_alive()
    assert "Traceback" not in server.said and "ctraceprof" not in server.said, server.said


def _swallow(port, path):
    try:
        fetch(port, path)
    except Exception:
        pass  # refused, or cut off: the server is ending


def test_workers_that_were_forked_after_the_middleware_was_made():
    options = {"workers": 2, "preload_app": True}
    with serve("gunicorn", "flask_app", EVERY, **options) as server:
        requests = [make_request(*pair) for pair in mixture("flask_app", 200)]
        assert {r.status for r in load(server.port, requests, 16)} == {200}
        assert fetch(server.port, PATH + "/", headers=KEY).status == 200
        wait_until_nothing_runs(server.port)


def test_a_process_wide_profile_while_others_are_served():
    with serve("gunicorn", "flask_app", {"secret": SECRET, "path": PATH}) as server:
        got = []
        where = f"{PATH}/debug/pprof/profile?seconds=1"
        scraper = threading.Thread(target=lambda: got.append(fetch(server.port, where, headers=KEY)))
        scraper.start()
        time.sleep(0.2)
        answers = load(server.port, [make_request(*pair) for pair in mixture("flask_app", 100)], 8)
        assert scraper.is_alive() and {r.status for r in answers} == {200}  # it kept nobody
        assert fetch(server.port, where, headers=KEY).status == 429
        scraper.join(60)
        assert got[0].status == 200 and got[0].body[:2] == b"\x1f\x8b"
        assert fetch(server.port, where).status == 401

"""ctraceprof.wsgi.ProfilerMiddleware over plain WSGI calls: what is captured, and that nothing else changes."""

import gc
import io
import json
import logging
import sys
import threading
from pathlib import Path
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest
from wsgi_calls import KEY, SECRET, call, captures, counts, make_environ

import ctraceprof
from ctraceprof._spans import current_spans
from ctraceprof.wsgi import ProfilerMiddleware

sys.path.insert(0, str(Path(__file__).parent / "webapps"))

import plain_app
import work

ALL = {"one_in": 1}


def only(app):
    (capture,) = captures(app)
    assert capture.is_over and app._web.running() == []
    return capture


# Every way to answer, as it is without.

ANSWERS = [
    ("/ready", {}), ("/plain/3", {"plain_leaf": 3}), ("/write/3", {"stream_leaf": 3}),
    ("/stream/3", {"stream_leaf": 3}), ("/stream/0", {}), ("/closing/3", {"stream_leaf": 4, "cleanup_leaf": 3}),
    ("/late/3", {"stream_leaf": 3}), ("/again", {}), ("/body/2", {"body_leaf": 2}), ("/nowhere", {}),
    ("/fails?at=before", {}), ("/fails?at=after", {}), ("/fails?at=first", {"cleanup_leaf": 1}),
    ("/fails?at=second", {"cleanup_leaf": 1, "stream_leaf": 2}),
    ("/fails?at=close", {"cleanup_leaf": 1, "stream_leaf": 3}),
]  # fmt: skip
NAMES = [path for path, _ in ANSWERS]
FAILING = [path for path in NAMES if "fails" in path]


def split(path):
    path, _, query = path.partition("?")
    return {"path": path, "query": query, "body": b"x" * 700}


@pytest.mark.parametrize("path, calls", ANSWERS, ids=NAMES)
@pytest.mark.parametrize("options", [{}, ALL, {"secret": SECRET}, {"metrics": "all"}], ids=str)
def test_answers_are_as_without(path, calls, options):
    app = ProfilerMiddleware(plain_app.raw, **options)
    assert call(app, **split(path)).seen() == call(plain_app.raw, **split(path)).seen()
    if options == ALL:
        capture = only(app)
        assert {name: n for name, n in counts(capture).items() if name in work.LEAVES} == calls
        assert capture.error == ("LookupError" if path in FAILING else None)
        assert capture.has_failed == (path in FAILING)
        assert (capture.method, capture.path, capture.kind) == ("GET", split(path)["path"], "http")
    else:
        assert captures(app) == []


@pytest.mark.parametrize("path", NAMES)
def test_a_client_that_hangs_up(path):
    for parts in 0, 1, 2:
        app = ProfilerMiddleware(plain_app.raw, **ALL)
        with_it, without = call(app, parts=parts, **split(path)), call(plain_app.raw, parts=parts, **split(path))
        assert with_it.seen() == without.seen()
        only(app)


@pytest.mark.parametrize("path", [path for path in NAMES if path not in FAILING])
@pytest.mark.parametrize("options", [{}, ALL, {"metrics": "all"}], ids=str)
@pytest.mark.parametrize("order", ["around", "inside", "both"])
def test_the_validator_has_nothing_to_say(path, options, order):
    """wsgiref.validate checks both sides of PEP 3333, and that everything is closed."""
    inner = validator(plain_app.raw) if order != "around" else plain_app.raw
    app = ProfilerMiddleware(inner, **options)
    outer = validator(app) if order != "inside" else app
    got = call(outer, **split(path))
    assert got.error is None, got.error
    assert got.body == call(plain_app.raw, **split(path)).body
    gc.collect()  # what was not closed is told of as it goes
    assert len(captures(app)) == (options == ALL)


@pytest.mark.parametrize("query", ["profile=1", "profile=report", "profile=report&profile_format=json"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_validator_and_requests_that_ask(query, method):
    app = ProfilerMiddleware(validator(plain_app.raw), secret=SECRET, path="/-/profiles")
    got = call(validator(app), "/closing/3", query, method, **KEY)
    assert got.error is None, got.error
    for path in "/-/profiles", "/-/profiles/", "/-/profiles/metrics", "/-/profiles/nothing":
        page = call(validator(app), path, method=method, **KEY)
        assert page.error is None and page.status[:3] in ("200", "308", "404")
        assert call(validator(app), path, method=method).status == "401 Unauthorized"
    gc.collect()


# What servers look at.


def test_a_list_stays_one():
    """Servers send the length of a response of one part, if it says that it is one."""
    app = ProfilerMiddleware(plain_app.raw, **ALL)
    assert call(app, "/ready").kind is list and call(app, "/plain/1").kind is tuple

    class Parts(list):
        def close(self):
            work.cleanup_leaf()

    def own(environ, start_response):
        start_response("200 OK", [])
        return Parts([b"one"])

    app = ProfilerMiddleware(own, **ALL)
    got = call(app)
    assert got.length == 1 and got.body == b"one" and counts(only(app))["cleanup_leaf"] == 1


def test_the_servers_file_wrapper_reaches_the_server():
    def file(environ, start_response):
        work.plain_leaf()
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](io.BytesIO(b"x" * 20000), 8192)

    app = ProfilerMiddleware(file, **ALL)
    got = call(app, **{"wsgi.file_wrapper": FileWrapper})
    assert got.kind is FileWrapper and got.body == b"x" * 20000
    assert counts(only(app))["plain_leaf"] == 1


def test_other_attributes_of_a_response_are_there():
    class Response:
        colour = "red"

        def __iter__(self):
            return iter([b"x"])

    def own(environ, start_response):
        start_response("200 OK", [])
        return Response()

    given = ProfilerMiddleware(own, **ALL)(make_environ(), lambda *ignored: None)
    assert given.colour == "red" and not hasattr(given, "shape")
    assert list(given) == [b"x"] == list(given)  # as often as somebody likes
    given.close()
    given.close()
    assert next(ProfilerMiddleware(own, **ALL)(make_environ(), lambda *ignored: None)) == b"x"


@pytest.mark.parametrize("result", [None, 7, "text", b"bytes", iter([b"x"]), {b"a": 1}.keys(), range(0)], ids=repr)
def test_what_is_no_response_is_as_without(result):
    def own(environ, start_response):
        start_response("200 OK", [])
        return result if not hasattr(result, "__next__") else iter([b"x"])

    assert call(ProfilerMiddleware(own, **ALL)).seen() == call(own).seen()


@pytest.mark.parametrize("arguments", [(), ("200 OK",), ("nonsense", []), (200, []), ("200 OK", (("A", "b"),)),
                                       ("200 OK", [], None), ("200 OK", [], None, 1)], ids=str)  # fmt: skip
@pytest.mark.parametrize("options", [ALL, {"one_in": 1, "server_timing": "all"}, {"metrics": "all"}], ids=str)
def test_start_response_is_called_as_the_application_calls_it(arguments, options):
    def own(environ, start_response):
        start_response(*arguments)
        return [b"x"]

    def run(app):
        got = []

        def start_response(*given):
            headers = [pair for pair in given[1] if pair[0] != "Server-Timing"] if len(given) > 1 else []
            got.append((*given[:1], headers, *given[2:]))
            if len(given) not in (2, 3):
                raise TypeError("start_response() takes 2 or 3 arguments")

        try:
            app(make_environ(), start_response)
        except TypeError as error:
            got.append(str(error))
        return got

    assert run(ProfilerMiddleware(own, **options)) == run(own)


# Contexts and threads.


def test_the_context_of_the_server_is_left_alone():
    import contextvars

    own = contextvars.ContextVar("own", default=0)
    seen = []

    def generator(environ, start_response):
        own.set(own.get() + 1)
        start_response("200 OK", [])
        for _ in range(3):
            own.set(own.get() + 1)
            seen.append(own.get())
            yield b"x"

    app = ProfilerMiddleware(generator, **ALL)
    before = dict(contextvars.copy_context())
    call(app)
    call(app)
    assert seen == [2, 3, 4] * 2  # one context from the call to the end, and a new one each time
    assert dict(contextvars.copy_context()) == before
    assert current_spans() is None


def test_what_the_server_does_between_two_parts_is_not_recorded():
    app = ProfilerMiddleware(plain_app.raw, **ALL)
    given = app(make_environ("/stream/3"), lambda *ignored: None)
    for part in given:
        work.socket_leaf()
        with ctraceprof.span("the server's"):
            work.call(work.socket_leaf, 5)
    given.close()
    capture = only(app)
    assert counts(capture)["stream_leaf"] == 3 and "socket_leaf" not in counts(capture)
    assert capture.spans.spans() == []


def test_parts_that_different_threads_ask_for():
    app = ProfilerMiddleware(plain_app.raw, **ALL)
    given = iter(app(make_environ("/stream/9"), lambda *ignored: None))
    parts = []

    def one():
        parts.append(next(given))

    for _ in range(10):
        thread = threading.Thread(target=one)
        thread.start()
        thread.join(60)
    given.close()
    assert len(parts) == 10 and counts(only(app))["stream_leaf"] == 9


def test_closed_by_another_thread_while_a_part_is_made():
    """A server may notice that the client has gone while the application is at work."""
    entered, leave = threading.Event(), threading.Event()

    class Slow:
        def __iter__(self):
            return self

        def __next__(self):
            entered.set()
            assert leave.wait(60)
            raise StopIteration

        def close(self):
            work.cleanup_leaf()

    def own(environ, start_response):
        start_response("200 OK", [])
        return Slow()

    app = ProfilerMiddleware(own, **ALL)
    given = app(make_environ(), lambda *ignored: None)
    thread = threading.Thread(target=list, args=(given,))
    thread.start()
    assert entered.wait(60)
    given.close()
    only(app)
    leave.set()
    thread.join(60)
    assert not thread.is_alive()


def test_many_requests_at_once_have_their_own_counts():
    app = ProfilerMiddleware(plain_app.raw, keep=1000, max_at_once=100, when=lambda environ: True)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        def client(first):
            for n in range(first, first + 20):
                path = f"/{('plain', 'stream', 'closing', 'write')[n % 4]}/{n}"
                assert call(app, path).error is None

        threads = [threading.Thread(target=client, args=(20 * i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    finally:
        sys.setswitchinterval(interval)
    assert len(captures(app)) == 160
    for capture in captures(app):
        _, name, n = capture.path.split("/")
        n = int(n)
        wanted = {"plain": {"plain_leaf": n}, "stream": {"stream_leaf": n}, "write": {"stream_leaf": n},
                  "closing": {"stream_leaf": n + 1, "cleanup_leaf": n}}[name]  # fmt: skip
        got = {name: calls for name, calls in counts(capture).items() if name in work.LEAVES}
        assert got == {leaf: calls for leaf, calls in wanted.items() if calls}, capture.path


def test_a_middleware_within_a_middleware():
    inner = ProfilerMiddleware(plain_app.raw, **ALL)
    outer = ProfilerMiddleware(inner, **ALL)
    call(outer, "/closing/3")
    for app in inner, outer:
        assert counts(only(app))["stream_leaf"] == 4


def test_spans_and_failures_are_the_requests():
    def own(environ, start_response):
        with ctraceprof.span("first"):
            start_response("200 OK", [])

        def parts():
            with ctraceprof.span("second"):
                yield b"x"
            raise LookupError

        return parts()

    app = ProfilerMiddleware(own, **ALL)
    assert type(call(app).error) is LookupError
    capture = only(app)
    assert [span.name for span in capture.spans.spans()] == ["first", "second"]
    assert capture.error == "LookupError" and capture.status == 200


# Nothing is left.


def test_a_response_that_nobody_closes():
    """What lies between may forget to; the capture ends as the next one begins."""
    app = ProfilerMiddleware(plain_app.raw, when=lambda environ: True)

    def forgetful(environ, start_response):
        yield from list(app(environ, start_response))

    assert call(forgetful, "/closing/2").error is None
    gc.collect()
    assert len(app._web.running()) == 1 and captures(app) == []
    assert call(app, "/plain/1").error is None
    assert [c.path for c in captures(app)] == ["/plain/1", "/closing/2"] and app._web.running() == []
    # Without a close() there is nothing to wait for.
    def iterator(environ, start_response):
        start_response("200 OK", [])
        return iter([b"x"])

    app = ProfilerMiddleware(iterator, **ALL)
    list(app(make_environ(), lambda *ignored: None))
    only(app)


def test_places_are_given_back_whatever_happens():
    app = ProfilerMiddleware(plain_app.raw, max_at_once=2, when=lambda environ: True, keep=1000)
    paths = [path for path in NAMES] * 3
    for path in paths:
        call(app, **split(path))
        call(app, parts=1, **split(path))
    assert len(captures(app)) == 2 * len(paths) and app._web.running() == []


def test_a_capture_that_takes_too_long_is_cut_and_the_response_goes_on():
    app = ProfilerMiddleware(plain_app.raw, max_seconds=0.05, **ALL)
    got = call(app, "/slow/15")
    assert got.error is None and len(got.body) == 15000
    capture = only(app)
    assert capture.is_cut and 0 < counts(capture)["stream_leaf"] < 15


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_exceptions_that_end_more_than_a_request(kind):
    def own(environ, start_response):
        raise kind("now")

    app = ProfilerMiddleware(own, secret=SECRET, **ALL)
    assert type(call(app).error) is kind
    assert type(call(app, "/", "profile=report", **KEY).error) is kind
    assert [c.error for c in captures(app)] == [kind.__name__] * 2


def test_where_there_is_no_hook_the_request_goes_on(monkeypatch, caplog):
    app = ProfilerMiddleware(plain_app.raw, secret=SECRET, **ALL)

    def refuse(self):
        raise RuntimeError("no monitoring id is free")

    monkeypatch.setattr("ctraceprof._web.capture.Profile.enable", refuse)
    with caplog.at_level(logging.WARNING, "ctraceprof"):
        for _ in range(3):
            assert call(app, "/plain/3").seen() == call(plain_app.raw, "/plain/3").seen()
    assert len(caplog.records) == 1
    asked = call(app, "/plain/3", **KEY)
    assert asked.header("X-Profile-Error") and asked.body == b"plain 3"
    assert captures(app) == [] and app._web.running() == []


# Who may.


def test_a_request_with_the_secret_has_its_response_and_an_id():
    app = ProfilerMiddleware(plain_app.raw, secret=SECRET, path="/-/profiles")
    got = call(app, "/closing/3", **KEY)
    ident = got.headers.pop()
    assert ident[0] == "X-Profile-Id" and got.seen()[:3] == call(plain_app.raw, "/closing/3").seen()[:3]
    place = f"/-/profiles/captures/{ident[1]}"
    report = call(app, place + "/json", **KEY)
    request = json.loads(report.body)["request"]
    assert (request["path"], request["status"], request["method"]) == ("/closing/3", 200, "GET")
    for wrong in {}, {"HTTP_X_PROFILE_KEY": "x"}, {"HTTP_X_PROFILE_KEY": ""}, {"HTTP_AUTHORIZATION": "Basic x"}:
        refused = call(app, place + "/json", **wrong)
        assert refused.status == "401 Unauthorized" and SECRET not in str(refused.headers) + str(refused.body)


@pytest.mark.parametrize("key", ["x", "", SECRET + "x", SECRET[:-1], SECRET.upper(), "é" * 30, SECRET + ", " + SECRET])
def test_a_wrong_secret_is_as_none(key):
    app = ProfilerMiddleware(plain_app.raw, secret=SECRET)
    got = call(app, "/plain/3", "profile=report", HTTP_X_PROFILE_KEY=key)
    assert got.seen() == call(plain_app.raw, "/plain/3").seen() and captures(app) == []


def test_a_secret_that_is_not_ascii():
    secret = "größer-als-sechzehn"
    app = ProfilerMiddleware(plain_app.raw, secret=secret)
    received = secret.encode("utf-8").decode("latin-1")  # as servers hand it on
    assert call(app, "/plain/3", HTTP_X_PROFILE_KEY=received).header("X-Profile-Id")


def test_the_guard_and_the_predicate_are_asked_with_the_environ(caplog):
    asked = []

    def guard(environ):
        asked.append(environ["PATH_INFO"])
        return environ.get("REMOTE_USER") == "admin"

    app = ProfilerMiddleware(plain_app.raw, guard=guard, path="/-/p", when=lambda environ: "x=1" in environ["QUERY_STRING"])
    assert call(app, "/-/p/").status == "404 Not Found"  # the application's own
    assert call(app, "/-/p/", REMOTE_USER="admin").status == "200 OK"
    assert call(app, "/plain/1", "profile=1").header("X-Profile-Id") is None and captures(app) == []
    assert call(app, "/plain/1", "profile=1", REMOTE_USER="admin").header("X-Profile-Id") is not None
    assert asked == ["/-/p/", "/-/p/", "/plain/1", "/plain/1"]
    assert call(app, "/plain/1", "x=1").header("X-Profile-Id") is None and len(captures(app)) == 2


class Undecided:
    def __bool__(self):
        raise ValueError("neither")


async def coroutine(environ):
    return True


@pytest.mark.parametrize("answer", [lambda environ: 1 / 0, coroutine, lambda environ: Undecided()], ids=["raises", "awaits", "bool"])
def test_functions_that_give_no_answer_mean_no(answer, caplog, recwarn):
    app = ProfilerMiddleware(plain_app.raw, guard=answer, when=answer, path="/-/p")
    with caplog.at_level(logging.WARNING, "ctraceprof"):
        for _ in range(3):
            assert call(app, "/-/p/").status == "404 Not Found"
            assert call(app, "/plain/1", "profile=report").seen() == call(plain_app.raw, "/plain/1").seen()
    gc.collect()
    assert captures(app) == [] and len(caplog.records) == 2
    assert not [warning for warning in recwarn.list if warning.category is RuntimeWarning]  # never awaited


@pytest.mark.parametrize("format", ["text", "html", "speedscope", "pstats", "json"])
def test_the_report_in_place_of_the_response(format):
    app = ProfilerMiddleware(plain_app.raw, secret=SECRET)
    got = call(app, "/closing/3", f"profile=report&profile_format={format}", **KEY)
    assert got.status == "200 OK" and got.error is None and got.length == 1
    assert int(got.header("Content-Length")) == len(got.body) > 100
    assert got.header("Cache-Control") == "no-store" and b"part 1" not in got.body
    capture = only(app)
    assert got.header("X-Profile-Id") == capture.id
    assert counts(capture)["cleanup_leaf"] == 3  # the whole response was made, and closed
    head = call(app, "/closing/3", f"profile=report&profile_format={format}", "HEAD", **KEY)
    assert head.body == b"" and int(head.header("Content-Length")) > 100


@pytest.mark.parametrize("path", [*FAILING, "/again", "/write/3", "/late/3"])
def test_a_report_in_place_of_what_fails(path):
    app = ProfilerMiddleware(plain_app.raw, secret=SECRET)
    given = split(path)
    given["query"] += "&profile=report&profile_format=json"
    got = call(app, **given, **KEY)
    request = json.loads(got.body)["request"]
    assert got.status == "200 OK" and int(got.header("Content-Length")) == len(got.body)
    if path in FAILING:
        assert request["error"] == "LookupError" and type(got.error) is LookupError  # the report, and then the error
        assert got.error.__context__ is None
    else:
        assert request["status"] == {"/again": 503, "/late/3": 201}.get(path, 200) and got.error is None
    only(app)


def test_a_report_in_place_of_a_response_without_an_end():
    app = ProfilerMiddleware(plain_app.raw, secret=SECRET, max_seconds=0.1)
    got = call(app, "/slow/100000", "profile=report&profile_format=json", **KEY)
    assert json.loads(got.body)["request"]["is_cut"] and got.error is None
    only(app)


def test_server_timing():
    app = ProfilerMiddleware(plain_app.raw, secret=SECRET, server_timing=True)
    assert "Server-Timing" not in dict(call(app, "/plain/3").headers)
    header = call(app, "/plain/3", **KEY).header("Server-Timing")
    assert [entry.split(";")[0] for entry in header.split(", ")] == ["total", "active", "awaited"]


def test_a_process_wide_profile_without_the_middlewares_own_waiting():
    app = ProfilerMiddleware(plain_app.raw, secret=SECRET, path="/-/p")
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            work.query_leaf()

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        got = call(app, "/-/p/debug/pprof/profile", "seconds=0.3", **KEY)
    finally:
        stop.set()
        thread.join(60)
    assert got.status == "200 OK" and got.body[:2] == b"\x1f\x8b"
    import gzip

    names = gzip.decompress(got.body)
    assert b"query_leaf" in names and b"_scrape" not in names and b"time.sleep" not in names
    assert call(app, "/-/p/debug/pprof/profile", "seconds=-1", **KEY).status == "400 Bad Request"


# Routes.


def test_routes_of_what_has_no_framework():
    app = ProfilerMiddleware(plain_app.raw, metrics="all", when=lambda environ: environ["PATH_INFO"].startswith("/closing"),
                             route=lambda environ: environ["PATH_INFO"].rpartition("/")[0] + "/{n}")  # fmt: skip
    for path in "/plain/1", "/plain/2", "/stream/1", "/closing/4", "/fails?at=before":
        call(app, **split(path))
    rows = {(t, m, s): pairs[-1][1] for t, m, s, pairs, _ in app._web.routes.histograms()}
    assert rows == {("/plain/{n}", "GET", 200): 2, ("/stream/{n}", "GET", 200): 1,
                    ("/closing/{n}", "GET", 200): 1, ("/{n}", "GET", 0): 1}  # fmt: skip


def test_a_path_that_is_no_utf8():
    app = ProfilerMiddleware(plain_app.raw, **ALL)
    path = "/gr\u00c3\u00b6\u00ff\u2028/\u4e00"  # the last is not even latin-1
    assert call(app, path).status == "404 Not Found"
    assert only(app).path.startswith("/grö\ufffd")

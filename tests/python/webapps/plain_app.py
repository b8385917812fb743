"""WSGI without a framework: each way in which an application may answer."""

import time
from urllib.parse import parse_qsl

import mounting
import work
from work import call

TEXT = [("Content-Type", "text/plain")]


class Body:
    """An iterable that is no generator, with a close() that counts."""

    def __init__(self, parts, n=0):
        self._parts = iter(parts)
        self._n = n

    def __iter__(self):
        return self

    def __next__(self):
        work.stream_leaf()
        return next(self._parts)

    def close(self):
        call(work.cleanup_leaf, self._n)


def ready(environ, start_response, n):
    start_response("200 OK", [*TEXT, ("Content-Length", "5")])
    return [b"ready"]


def plain(environ, start_response, n):
    call(work.plain_leaf, n)
    start_response("200 OK", [*TEXT, ("X-Twice", "1"), ("X-Twice", "2")])
    return (b"plain %d" % n,)


def write(environ, start_response, n):
    write = start_response("200 OK", [*TEXT])
    for i in range(n):
        work.stream_leaf()
        write(b"written %d\n" % i)
    return []


def stream(environ, start_response, n):
    """A generator: nothing happens before the server asks for the first part."""
    start_response("200 OK", [*TEXT])
    yield b""
    for i in range(n):
        work.stream_leaf()
        yield b"chunk %d\n" % i


def closing(environ, start_response, n):
    start_response("200 OK", [*TEXT])
    return Body([b"part %d\n" % i for i in range(n)], n)


def late(environ, start_response, n):
    """start_response() is called as the first part is made."""

    def parts():
        call(work.stream_leaf, n)
        start_response("201 Created", [*TEXT, ("X-Late", "yes")])
        yield b"late"

    return parts()


def again(environ, start_response, n):
    """The status is taken back before anything was sent."""
    import sys

    start_response("200 OK", [*TEXT])
    try:
        raise LookupError("on second thoughts")
    except LookupError:
        start_response("503 Service Unavailable", [*TEXT, ("X-Again", "yes")], sys.exc_info())
    return [b"sorry"]


def body(environ, start_response, n):
    data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    call(work.body_leaf, n)
    start_response("200 OK", [*TEXT])
    return [b"%d bytes" % len(data)]


def slow(environ, start_response, n):
    start_response("200 OK", [*TEXT])

    def parts():
        try:
            for i in range(n):
                work.stream_leaf()
                time.sleep(0.01)
                yield b"x" * 1000
        finally:
            call(work.cleanup_leaf, 3)

    return parts()


def fails(environ, start_response, n):
    """At one of the places: before, after start_response(), in the first or a later part, in close()."""
    where = dict(parse_qsl(environ.get("QUERY_STRING", ""))).get("at", "")
    if where == "before":
        raise LookupError("before start_response()")
    start_response("200 OK", [*TEXT])
    if where == "after":
        raise LookupError("after start_response()")

    class Failing(Body):
        def __next__(self):
            if where == "first":
                raise LookupError("in the first part")
            part = super().__next__()
            if where == "second" and part == b"part 1\n":
                raise LookupError("in the second part")
            return part

        def close(self):
            super().close()
            if where == "close":
                raise LookupError("in close()")

    return Failing([b"part 0\n", b"part 1\n"], 1)


VIEWS = {f.__name__: f for f in (ready, plain, write, stream, closing, late, again, body, slow, fails)}


def raw(environ, start_response):
    _, name, *rest = environ.get("PATH_INFO", "").split("/")
    view = VIEWS.get(name)
    if view is None or not all(part.isdecimal() for part in rest):
        start_response("404 Not Found", [*TEXT])
        return [b"nothing here"]
    return view(environ, start_response, int(rest[0]) if rest else 0)


app = mounting.wsgi(raw)

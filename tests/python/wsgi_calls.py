"""What the tests of ctraceprof.wsgi share: a server in a few lines, which does what PEP 3333 says."""

import io
import sys

SECRET = "a secret of the tests"
KEY = {"HTTP_X_PROFILE_KEY": SECRET}


class Result:
    """A response as a server has seen it."""

    def __init__(self):
        self.status = None
        self.headers = None
        self.parts = []
        self.error = None
        self.length = None  # len() of what the application gave, where it has one
        self.kind = None

    @property
    def body(self):
        return b"".join(self.parts)

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, self.headers
        return values[0] if values else None

    def seen(self):
        """What must be the same with and without a middleware."""
        return self.status, self.headers, self.parts, type(self.error), str(self.error), self.length


def make_environ(path="/", query="", method="GET", body=b"", **more):
    return {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
        "SERVER_NAME": "test", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": False,
        "wsgi.run_once": False, **more,
    }  # fmt: skip


def call(app, path="/", query="", method="GET", body=b"", parts=None, **more):
    """The Result of one request. parts: how many of them the client takes before it hangs up."""
    result = Result()
    started = []

    def start_response(status, headers, exc_info=None):
        if exc_info is not None:
            try:
                if result.parts:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif started:
            raise AssertionError("start_response() called twice")
        started.append(1)
        result.status, result.headers = status, list(headers)
        return result.parts.append

    given = None
    try:
        given = app(make_environ(path, query, method, body, **more), start_response)
        result.kind = type(given)
        result.length = len(given) if hasattr(given, "__len__") else None
        if parts != 0:
            for part in given:
                assert started, "a part before start_response()"
                if part:
                    result.parts.append(part)
                if len(result.parts) == parts:
                    break
    except BaseException as error:
        result.error = error
    try:
        if hasattr(given, "close"):
            given.close()
    except BaseException as error:
        result.error = error
    return result


def captures(app):
    return app._web.store.newest(10_000)


def counts(capture):
    """{function's name: calls}."""
    return {record.name: record.calls for record in capture.profile.stats()}

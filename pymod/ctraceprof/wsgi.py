"""ctraceprof.wsgi.ProfilerMiddleware: profiles requests of a WSGI application, one by one, under traffic."""

import contextvars
import inspect
import threading
import time
from http import HTTPStatus

from ._web.abandoned import abandon
from ._web.face import Face
from ._web.sampling import NO, YES
from ._web.scrape import Scrape, ScrapeWish
from ._web.templates import environ_template

__all__ = ["ProfilerMiddleware"]

def _bytes(value):
    """A header's value (bytes), or None. Servers decode with latin-1, as PEP 3333 has it."""
    return None if value is None else value.encode("latin-1", "replace")


def _text(value):
    return None if value is None else value[:100]


def _path(environ):
    return environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace")


def _status(arguments):
    """What start_response() was told (int), or None where the server will say what it thinks of that."""
    try:
        return int(arguments[0][:3])
    except (IndexError, TypeError, ValueError):
        return None


class _Template:
    """Finds the template of a request's route, or None. Flask knows it only until it has answered."""

    def __init__(self, environ):
        self._environ = environ
        self._found = None

    def note(self):
        """The application begins its response."""
        if self._environ.get("werkzeug.request") is not None:
            try:
                self._found = environ_template(self._environ)
            except Exception:
                pass  # it is asked for again, and told of, at the end

    def __call__(self):
        return environ_template(self._environ) if self._found is None else self._found


def _with_headers(start_response, get_headers):
    """A start_response() that adds headers; get_headers(status) gives pairs of str."""

    def adding(*arguments, **more):
        extra = get_headers(_status(arguments))
        if extra and len(arguments) > 1:
            status, headers, *rest = arguments
            arguments = status, [*headers, *extra], *rest
        return start_response(*arguments, **more)

    return adding


def _send_answer(environ, start_response, answer):
    start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]


def _then_raise(parts, error):
    """The parts of a response, and then what the application raised."""
    yield from parts
    raise error


# --- the application's parts -----------------------------------------------------------------


class _Inside:
    """Calls what belongs to a captured request in a context of its own. Nothing of it is left in the server's."""

    def __init__(self):
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()

    def __call__(self, function, *arguments):
        if not self._lock.acquire(blocking=False):  # close() while another thread is inside
            return function(*arguments)
        try:
            return self._context.run(function, *arguments)
        finally:
            self._lock.release()


def _directly(function, *arguments):
    return function(*arguments)


class _Body:
    """A response as it is, each part of which call() makes.

    fail(error) is told of exceptions, end() is called once, when the response has been closed.
    """

    def __init__(self, result, call, fail, end):
        self._result = result
        self._call = call
        self._fail = fail
        self._end = end
        self._next = None

    def __getattr__(self, name):
        if name == "_result":  # not even made
            raise AttributeError(name)
        return getattr(self._result, name)

    def __iter__(self):
        self._next = self._guard(iter, self._result).__next__
        return self

    def __next__(self):
        if self._next is None:
            iter(self)
        try:
            return self._guard(self._next)
        except StopIteration:
            if not hasattr(self._result, "close"):
                self._finish()  # nothing of the application can follow
            raise

    def close(self):
        try:
            close = getattr(self._result, "close", None)
            if close is not None:
                self._guard(close)
        finally:
            self._finish()

    def _guard(self, function, *arguments):
        try:
            return self._call(function, *arguments)
        except StopIteration:
            raise
        except BaseException as error:
            self._fail(error)
            raise

    def _finish(self):
        end, self._end = self._end, None
        if end is not None:
            end()

    def __del__(self):
        # Servers must call close(), but what lies between may forget to.
        end = self.__dict__.get("_end")
        if end is not None:
            abandon(end)


class _SizedBody(_Body):
    """Of a response that knows how many parts it has: servers can tell the length of a single one."""

    def __len__(self):
        return len(self._result)


def _is_finished(result, environ):
    """Whether nothing of the application is to run any more, or the server must see its own file wrapper."""
    if type(result) in (list, tuple, bytes):
        return True
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(result, wrapper)


def _respond(result, environ, call, fail, end):
    """What the server gets of the application's result."""
    if _is_finished(result, environ):
        end()
        return result
    kind = _SizedBody if hasattr(type(result), "__len__") else _Body
    return kind(result, call, fail, end)


# --- the middleware --------------------------------------------------------------------------


class ProfilerMiddleware(Face):
    """Wraps a WSGI application; see help(ctraceprof.asgi.ProfilerMiddleware) for the arguments.

        application = ctraceprof.wsgi.ProfilerMiddleware(application, secret=..., path="/-/profiles")

    `when`, `guard` and `route` are called with the request's environ, and are plain functions. A capture
    covers the call of the application, each part of its response and their close(); where the application
    gives a list, a tuple, bytes or the server's own file wrapper, in which nothing of it can follow, the call
    alone. A process-wide profile (path/debug/pprof/profile) keeps one of the server's threads waiting.
    """

    def __call__(self, environ, start_response):
        if self._path is not None and self._path in environ.get("PATH_INFO", ""):
            answer = self._page(environ)
            if answer is not None:
                return _send_answer(environ, start_response, answer)
        ask, turn = None, NO
        if self._has_secret:
            key = environ.get("HTTP_X_PROFILE_KEY")
            if key is not None:
                ask = self._ask_with(environ, key)
        if ask is None and self._has_guard and "profile=" in environ.get("QUERY_STRING", ""):
            ask = self._ask_guard(environ)
        if ask is None:
            if self._has_when and self._is_true("when", environ):
                turn = YES
            elif self._is_sampling:
                turn = self._web.is_sampled(environ.get("PATH_INFO", ""))
        if ask is not None or turn:
            return self._capture(environ, start_response, ask, turn)
        if self._is_measuring:
            return self._measure(environ, start_response)
        return self.app(environ, start_response)

    # --- which requests ----------------------------------------------------------------------

    def _is_true(self, name, environ):
        answer = self._web.ask(name, environ)
        if inspect.isawaitable(answer):
            getattr(answer, "close", bool)()
            self._web.journal.tell(name + " awaits", f"{name} must not be a coroutine function: it counts as False")
            return False
        try:
            return bool(answer)
        except Exception as error:
            self._web.journal.tell(name, f"what {name} gave is neither true nor false", error)
            return False

    def _ask_with(self, environ, key):
        if not self._web.has_secret(_bytes(key)):
            return None
        profile, format = _text(environ.get("HTTP_X_PROFILE")), _text(environ.get("HTTP_X_PROFILE_FORMAT"))
        return self._web.ask_of(environ.get("QUERY_STRING", ""), True, profile, format)

    def _ask_guard(self, environ):
        ask = self._web.ask_of(environ.get("QUERY_STRING", ""), False)
        return ask if ask is not None and self._is_true("guard", environ) else None

    # --- captures ----------------------------------------------------------------------------

    def _capture(self, environ, start_response, ask, turn):
        web, call = self._web, _Inside()
        method = environ["REQUEST_METHOD"]
        template = _Template(environ)
        capture, why = call(web.begin, "http", method, _path(environ), environ, template, ask, turn)
        if capture is None:
            if ask is not None:
                start_response = _with_headers(start_response, lambda status: [("X-Profile-Error", why)])
            return self.app(environ, start_response)

        def end():
            web.end(capture)

        if ask is not None and ask.replace:
            return self._replace(environ, start_response, capture, call, template)

        def headers(status):
            capture.status = status
            template.note()
            return web.response_headers(capture)

        try:
            result = call(self.app, environ, _with_headers(start_response, headers))
        except BaseException as error:
            capture.left_by(error)
            end()
            raise
        return _respond(result, environ, call, capture.left_by, end)

    def _replace(self, environ, start_response, capture, call, template):
        """Run the application, and give the report where it would have given its response."""
        failure = None
        try:
            self._exhaust(environ, capture, call, template)
        except Exception as error:
            failure = error
            capture.left_by(error)
        except BaseException as error:
            capture.left_by(error)
            raise
        finally:
            self._web.end(capture)
        answer = self._web.report(capture, ("X-Profile-Id", capture.id))
        parts = _send_answer(environ, start_response, answer)
        return parts if failure is None else _then_raise(parts, failure)

    def _exhaust(self, environ, capture, call, template):
        def dropping(*arguments):
            capture.status = _status(arguments)
            template.note()
            return lambda data: None

        body = _Body(call(self.app, environ, dropping), call, lambda error: None, lambda: None)
        try:
            for _ in body:
                if capture.is_over:  # cut short: the response may have no end
                    break
        finally:
            body.close()

    def _measure(self, environ, start_response):
        """A request that is not captured, for the histograms."""
        web, method, started = self._web, environ["REQUEST_METHOD"], time.perf_counter()
        template = _Template(environ)
        code = None

        def headers(status):
            nonlocal code
            code = status
            template.note()

        def end():
            seconds = time.perf_counter() - started
            web.routes.measure(web.template(environ, template), method, code, seconds)

        try:
            result = self.app(environ, _with_headers(start_response, headers))
        except BaseException:
            end()
            raise
        return _respond(result, environ, _directly, lambda error: None, end)

    # --- pages -------------------------------------------------------------------------------

    def _page(self, environ):
        """The Answer to a request for the pages; None if it is for the application."""
        web = self._web
        place = web.place_of(environ["PATH_INFO"])
        if place is None:
            return None
        if self._has_guard:
            if not self._is_true("guard", environ):
                return None
        elif not web.has_secret(
            _bytes(environ.get("HTTP_X_PROFILE_KEY")), _bytes(environ.get("HTTP_AUTHORIZATION"))
        ):
            return web.refuse()
        site = _text(environ.get("HTTP_SEC_FETCH_SITE"))
        answer = web.answer(environ["REQUEST_METHOD"], place, environ.get("QUERY_STRING", ""), site)
        return self._scrape(answer.seconds) if isinstance(answer, ScrapeWish) else answer

    def _scrape(self, seconds):
        scrape = self._web.begin_scrape()
        if not isinstance(scrape, Scrape):
            return scrape
        try:
            time.sleep(seconds)
            return self._web.finish_scrape(scrape)
        finally:
            scrape.close()

"""ctraceprof.asgi.ProfilerMiddleware: profiles requests of an ASGI application, one by one, under traffic."""

import asyncio
import contextlib
import functools
import inspect
import sys
import time
from types import CoroutineType

from ._web.abandoned import abandon
from ._web.core import inherited_capture, under_way
from ._web.face import Face
from ._web.sampling import NO, YES
from ._web.scrape import Scrape, ScrapeWish
from ._web.templates import route_path, scope_template

__all__ = ["ProfilerMiddleware"]

# Where a scope says whose capture its request belongs to.
MARK = "ctraceprof.capture"

# Messages that begin a response, and have its headers.
STARTS = ("http.response.start", "websocket.accept", "websocket.http.response.start")


def _coroutine_function(call):
    """A method that gives what is to be awaited, as one that servers take for a coroutine function."""
    if hasattr(inspect, "markcoroutinefunction"):  # 3.12
        return inspect.markcoroutinefunction(call)

    # uvicorn takes what can be called without arguments for something that makes applications.
    @functools.wraps(call)
    async def awaiting(self, scope, receive, send):
        return await call(self, scope, receive, send)

    return awaiting


def _coroutine(awaitable):
    """What an application gave, as servers may want to make a task of it."""
    return awaitable if type(awaitable) is CoroutineType else _awaited(awaitable)


async def _awaited(awaitable):
    return await awaitable


def _header(scope, wanted):
    """The value (bytes) of the first header of that name, or None."""
    for name, value in scope["headers"]:
        if name == wanted:
            return value
    return None


def _text(value):
    return None if value is None else value[:100].decode("latin-1")


def _current_task():
    try:
        return asyncio.current_task()
    except RuntimeError:  # not asyncio's loop
        trio = sys.modules.get("trio")
        return None if trio is None else trio.lowlevel.current_task()


async def _off_the_loop(function, *arguments):
    """function(*arguments) on another thread, where the event loop is one that is known."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        trio = sys.modules.get("trio")
        return function(*arguments) if trio is None else await trio.to_thread.run_sync(function, *arguments)
    return await asyncio.to_thread(function, *arguments)


async def _until_gone(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def _wait(seconds, receive):
    """Sleep, but no longer than the client waits; whether it has gone."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        with sys.modules["trio"].move_on_after(seconds) as limit:
            await _until_gone(receive)
        return not limit.cancelled_caught
    try:
        await asyncio.wait_for(_until_gone(receive), seconds)
    except TimeoutError:
        return False
    return True


class _Clocked:
    """Awaits a coroutine, and tells the capture when it is suspended."""

    def __init__(self, coroutine, capture):
        self._coroutine = coroutine
        self._capture = capture

    def __await__(self):
        """As the coroutine's own. What is thrown in is handed on outside of the handler, so that it does not
        become the context of exceptions that have nothing to do with it."""
        capture, coroutine = self._capture, self._coroutine
        step, value = coroutine.send, None
        while True:
            try:
                wish = step(value)
            except StopIteration as end:
                return end.value
            capture.waits()
            step, value = coroutine.send, None
            try:
                value = yield wish
            except GeneratorExit:
                coroutine.close()
                raise
            except BaseException as error:
                step, value = coroutine.throw, error
            capture.goes_on()


def _clocked(awaitable, capture):
    """What an application's call gave, to be awaited. What is no coroutine of Python's is not clocked."""
    return _Clocked(awaitable, capture) if type(awaitable) is CoroutineType else awaitable


def _encoded(headers):
    return [(name.lower().encode("ascii"), value.encode("latin-1", "replace")) for name, value in headers]


def _with_headers(send, get_headers):
    """A send() that adds headers to the response; get_headers(message) gives pairs of str."""

    def adding(message):
        if message["type"] in STARTS:
            more = get_headers(message)
            if more:
                message = {**message, "headers": [*message.get("headers", ()), *_encoded(more)]}
        return send(message)

    return adding


def _status(message):
    """What a message that begins a response says: WebSockets are accepted with 101."""
    return message.get("status", 101)


def _noting(web, capture, send):
    """A send() that passes all on as it is, but for headers that were asked for."""

    def headers(message):
        capture.status = _status(message)
        return web.response_headers(capture)

    return _with_headers(send, headers)


async def _send_answer(send, scope, answer):
    await send(
        {"type": "http.response.start", "status": answer.status, "headers": _encoded(answer.headers)}
    )
    body = b"" if scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})


async def _run(web, capture, app, scope, receive, send):
    """The application's part of a captured request, and its end."""
    try:
        await _clocked(app(scope, receive, send), capture)
    except GeneratorExit as error:  # perhaps garbage is being collected
        capture.left_by(error)
        web.abandon(capture)
        raise
    except BaseException as error:
        capture.left_by(error)
        web.end(capture)
        raise
    web.end(capture)


async def _replace(web, capture, app, scope, receive, send):
    """Run the application, and send the report where it would have sent its response."""
    is_sent = False

    async def send_report():
        nonlocal is_sent
        if not is_sent:
            is_sent = True
            header = "X-Profile-Id", capture.id
            await _send_answer(send, scope, await _off_the_loop(web.report, capture, header))

    async def dropping(message):
        if message["type"] in STARTS:
            capture.status = _status(message)
        if capture.is_over:  # cut short: the response may have no end
            await send_report()

    try:
        await _run(web, capture, app, scope, receive, dropping)
    except Exception:
        with contextlib.suppress(Exception):  # the application's is the one to be raised
            await send_report()
        raise
    await send_report()


class ProfilerMiddleware(Face):
    """ProfilerMiddleware(app, *, when=None, secret=None, one_in=None, per_second=None, path=None, guard=None,
    route=None, max_at_once=10, max_seconds=60.0, keep=100, keep_bytes=33554432, max_routes=100,
    server_timing=False, metrics="captured", registry=None, include=None, exclude=None, builtins=True,
    max_contexts=100000, compensate=None)

    An ASGI application around another: HTTP requests and WebSockets that are captured have a profile each
    (scope="context"), with all that their tasks and worker threads do, until the application's call has
    ended, background tasks included. Messages, exceptions and lifespan are as without. Unless one of the
    first four arguments, or guard, is given nothing is ever captured.

    app: the ASGI application (version 3).
    when: when(scope) says whether a request is captured; its answer may be awaitable. Nothing is told to the client.
    secret: str or bytes of at least 16 characters. A request whose header X-Profile-Key is the secret asks for a
        profile. It has its own response, with a header X-Profile-Id by which the report is fetched; or the report
        in place of the response, with "profile=report" in its query or "X-Profile: report" as a header. The format
        is profile_format in the query, or X-Profile-Format: html (default), text, speedscope, pstats, json.
        Where the profile cannot be had, X-Profile-Error says why.
    one_in: int N: each request is captured with probability 1/N; where captures would come at less than 30 ms from
        each other, up to eight in a row with longer pauses, which costs half as much.
    per_second: int or float: so many requests are captured in any second, at most; each kind of path gets its turn.
    path: where the pages are, such as "/-/profiles": routes and captures of this process, reports, metrics (for
        Prometheus), debug/pprof/profile?seconds=N (the whole process, for Pyroscope and Parca). Needs guard or
        secret. None: there are no pages.
    guard: guard(scope) says whether a request may see the pages, and ask for a profile ("profile=1" or
        "profile=report" in its query); its answer may be awaitable. Whom it refuses the application answers.
        Without it the secret opens the pages: as X-Profile-Key, as a password (HTTP Basic) or as a bearer token.
    route: route(scope), after a request was routed, gives a str under which it is counted, or None, for what the
        middleware finds by itself: the template of FastAPI, Starlette, Litestar and Django, else "(unmatched)".
    max_at_once: captures at a time; paths of one kind have at most half of them, unless asked for.
    max_seconds: a recording ends after so many seconds, if its request has not; also the longest of pprof's.
    keep, keep_bytes: captures to keep, and their memory. The oldest of the route that has most of them go first.
    max_routes: routes to keep apart; all others are "(other)".
    server_timing: True: responses to requests that asked have a Server-Timing header with milliseconds until then
        (total, active, awaited, spans); "all": those to all that are captured, so that anybody may read it.
    metrics: "captured": Prometheus gets the durations of captured requests; "all": each HTTP request is timed.
    registry: a CollectorRegistry of prometheus_client in which these are registered, too.
    include, exclude, builtins, max_contexts, compensate: of the profiles, as for Profile. ctraceprof's own
        functions are never recorded.

    TypeError or ValueError names an argument that is wrong. What goes wrong later, an exception of when= or
    guard= (then the answer is no) or an interpreter's hook that others have, is told once, through
    logging.getLogger("ctraceprof"), and the request goes on. An instance may serve any number of event loops.
    """

    @_coroutine_function
    def __call__(self, scope, receive, send):
        """What is to be awaited: of most requests the application's own coroutine, which then costs no more."""
        kind = scope["type"]
        if kind != "http" and kind != "websocket":
            return _coroutine(self.app(scope, receive, send))
        if under_way or self._has_when or self._is_measuring or self._may_ask(scope):
            return self._serve(scope, receive, send)
        if self._is_sampling:
            turn = self._web.is_sampled(scope["path"])
            if turn:
                return self._capture(scope, receive, send, None, turn)
        return _coroutine(self.app(scope, receive, send))

    def _may_ask(self, scope):
        """Whether a request may be one for the pages, or one that asks for a profile."""
        if self._path is not None and self._path in scope["path"]:
            return True
        if self._has_secret and _header(scope, b"x-profile-key") is not None:
            return True
        return self._has_guard and b"profile=" in scope["query_string"]

    async def _serve(self, scope, receive, send):
        """All that can be with a request."""
        if under_way:
            self._tell_apart(scope)
        if self._path is not None and self._path in scope["path"] and await self._serve_page(scope, receive, send):
            return
        ask, turn = None, NO
        if self._has_secret:
            key = _header(scope, b"x-profile-key")
            if key is not None:
                ask = self._ask_with(scope, key)
        if ask is None and self._has_guard and b"profile=" in scope["query_string"]:
            ask = await self._ask_guard(scope)
        if ask is None:
            if self._has_when and await self._is_true("when", scope):
                turn = YES
            elif self._is_sampling:
                turn = self._web.is_sampled(scope["path"])
        if ask is not None or turn:
            await self._capture(scope, receive, send, ask, turn)
        elif self._is_measuring and scope["type"] == "http":
            await self._measure(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    # --- which requests ----------------------------------------------------------------------

    def _tell_apart(self, scope):
        """A server may begin a request in a context that an earlier one's callbacks have left behind."""
        capture = inherited_capture()
        if capture is not None and scope.get(MARK) != capture.id and capture.task is not _current_task():
            self._web.isolate(capture)

    async def _is_true(self, name, scope):
        answer = self._web.ask(name, scope)
        if answer is True or answer is False or answer is None:
            return answer
        try:
            return bool(await answer if inspect.isawaitable(answer) else answer)
        except Exception as error:
            self._web.journal.tell(name, f"{name} raised an exception", error)
            return False

    def _ask_with(self, scope, key):
        if not self._web.has_secret(key):
            return None
        profile = _text(_header(scope, b"x-profile"))
        format = _text(_header(scope, b"x-profile-format"))
        return self._web.ask_of(scope["query_string"], True, profile, format)

    async def _ask_guard(self, scope):
        ask = self._web.ask_of(scope["query_string"], False)
        return ask if ask is not None and await self._is_true("guard", scope) else None

    # --- captures ----------------------------------------------------------------------------

    async def _capture(self, scope, receive, send, ask, turn):
        web = self._web
        before = dict(scope)
        path = route_path(scope["path"], scope.get("root_path", ""))
        kind = scope["type"]
        method = scope["method"] if kind == "http" else "WEBSOCKET"
        find = functools.partial(scope_template, scope, before)
        capture, why = web.begin(kind, method, path, scope, find, ask, turn, _current_task())
        if capture is None:
            if ask is not None:
                send = _with_headers(send, lambda message: [("X-Profile-Error", why)])
            await self.app(scope, receive, send)
            return
        scope[MARK] = capture.id
        if ask is not None and ask.replace and kind == "http":
            await _replace(web, capture, self.app, scope, receive, send)
        else:
            await _run(web, capture, self.app, scope, receive, _noting(web, capture, send))

    async def _measure(self, scope, receive, send):
        """A request that is not captured, for the histograms."""
        before = {**scope}
        status = None

        def noting(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        def measure(seconds):
            template = self._web.template(scope, lambda: scope_template(scope, before))
            self._web.routes.measure(template, scope["method"], status, seconds)

        started = time.perf_counter()
        try:
            await self.app(scope, receive, noting)
        except GeneratorExit:  # perhaps garbage is being collected
            abandon(functools.partial(measure, time.perf_counter() - started))
            raise
        except BaseException:
            measure(time.perf_counter() - started)
            raise
        measure(time.perf_counter() - started)

    # --- pages -------------------------------------------------------------------------------

    async def _serve_page(self, scope, receive, send):
        """Whether the request was for the pages, and has been answered."""
        web = self._web
        place = web.place_of(route_path(scope["path"], scope.get("root_path", "")))
        if place is None or scope["type"] != "http":
            return False
        if self._has_guard:
            if not await self._is_true("guard", scope):
                return False
        elif not web.has_secret(_header(scope, b"x-profile-key"), _header(scope, b"authorization")):
            await _send_answer(send, scope, web.refuse())
            return True
        site = _text(_header(scope, b"sec-fetch-site"))
        answer = await _off_the_loop(web.answer, scope["method"], place, scope["query_string"], site)
        if isinstance(answer, ScrapeWish):
            answer = await self._scrape(answer.seconds, receive)
        if answer is not None:
            await _send_answer(send, scope, answer)
        return True

    async def _scrape(self, seconds, receive):
        """The Answer, or None if the client has gone."""
        scrape = self._web.begin_scrape()
        if not isinstance(scrape, Scrape):
            return scrape
        try:
            is_gone = await _wait(seconds, receive)
            return None if is_gone else await _off_the_loop(self._web.finish_scrape, scrape)
        finally:
            scrape.close()

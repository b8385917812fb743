"""Django through both interfaces: asgi and wsgi. Views of both kinds, middleware, streams."""

import asyncio
import hashlib
import logging
import time

import django
import mounting
import work
from django.conf import settings
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import include, path
from work import call

settings.configure(
    DEBUG=False,
    SECRET_KEY="of a test",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", __name__ + ".Around"],
    LOGGING_CONFIG=None,
)
logging.getLogger("django.request").setLevel(logging.ERROR)  # a 404 is none


class Around:
    """Of both kinds, as most of Django's own are."""

    sync_capable = async_capable = True

    def __init__(self, get_response):
        self._get_response = get_response
        from asgiref.sync import iscoroutinefunction, markcoroutinefunction

        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request):
        return self._later(request) if self._is_async else self._finish(request, self._get_response(request))

    async def _later(self, request):
        return self._finish(request, await self._get_response(request))

    def _finish(self, request, response):
        if request.path.startswith("/dependency/"):
            n = request.resolver_match.kwargs["n"]
            call(work.dependency_leaf, 2 * n)
            call(work.cleanup_leaf, 2 * n)
        response["x-app"] = "django"
        return response


def ready(request):
    return HttpResponse("ready", content_type="text/plain")


async def plain(request, n):
    return JsonResponse({"plain": call(work.plain_leaf, n)})


async def waiting(request, n):
    for _ in range(n):
        work.waiting_leaf()
        await asyncio.sleep(0.001)
    return JsonResponse({"waiting": n})


def thread(request, n):
    time.sleep(0.002)
    return JsonResponse({"thread": call(work.thread_leaf, n)})


def dependency(request, n):
    return JsonResponse({"thread": call(work.thread_leaf, n)})


async def stream(request, n):
    async def chunks():
        for i in range(n):
            work.stream_leaf()
            await asyncio.sleep(0)
            yield b"chunk %d\n" % i

    return StreamingHttpResponse(chunks(), content_type="text/plain")


def stream_thread(request, n):
    def chunks():
        for i in range(n):
            work.stream_leaf()
            yield b"chunk %d\n" % i

    return StreamingHttpResponse(chunks(), content_type="text/plain")


def body(request, n):
    digest = hashlib.sha256(request.read()).hexdigest()
    return JsonResponse({"body": digest, "calls": call(work.body_leaf, n)})


def fails(request, where):
    if where == "endpoint":
        raise LookupError("in a view")
    return HttpResponse("short and stout", status=418, headers={"x-pot": "tea"})


urlpatterns = [
    path("ready", ready),
    path("plain/<int:n>", plain),
    path("waiting/<int:n>", waiting),
    path("thread/<int:n>", thread),
    path("dependency/<int:n>", dependency),
    path("stream/<int:n>", stream),
    path("stream-thread/<int:n>", stream_thread),
    path("body/<int:n>", body),
    path("fails/<where>", fails),
    path("routed/", include([path("plain/<int:n>", plain)])),
]

django.setup()


def _asgi():
    from django.core.asgi import get_asgi_application

    return mounting.asgi(get_asgi_application())


def _wsgi():
    from django.core.wsgi import get_wsgi_application

    return mounting.wsgi(get_wsgi_application())


def __getattr__(name):
    """Only the one that is asked for gets the middleware, of its kind."""
    if name in ("asgi", "wsgi"):
        return globals().setdefault(name, {"asgi": _asgi, "wsgi": _wsgi}[name]())
    raise AttributeError(name)

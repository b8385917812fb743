"""Starlette: routes, a mount, background tasks, streams, a websocket, middleware."""

import asyncio
import hashlib
import time

import mounting
import work
from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from work import call


async def ready(request):
    return PlainTextResponse("ready")


async def plain(request):
    return JSONResponse({"plain": call(work.plain_leaf, request.path_params["n"])})


async def waiting(request):
    for _ in range(request.path_params["n"]):
        work.waiting_leaf()
        await asyncio.sleep(0.001)
    return JSONResponse({"waiting": request.path_params["n"]})


def thread(request):
    time.sleep(0.002)
    return JSONResponse({"thread": call(work.thread_leaf, request.path_params["n"])})


async def task(n):
    await asyncio.sleep(0)
    call(work.background_leaf, n)


async def background(request):
    n = request.path_params["n"]
    tasks = BackgroundTasks([BackgroundTask(task, n), BackgroundTask(call, work.background_leaf, n)])
    return JSONResponse({"background": n}, background=tasks)


async def chunks(n):
    for i in range(n):
        work.stream_leaf()
        await asyncio.sleep(0)
        yield b"chunk %d\n" % i


async def stream(request):
    return StreamingResponse(chunks(request.path_params["n"]), media_type="text/plain")


def thread_chunks(n):
    for i in range(n):
        work.stream_leaf()
        yield b"chunk %d\n" % i


def stream_thread(request):
    return StreamingResponse(thread_chunks(request.path_params["n"]), media_type="text/plain")


async def body(request):
    digest = hashlib.sha256()
    async for part in request.stream():
        digest.update(part)
    return JSONResponse({"body": digest.hexdigest(), "calls": call(work.body_leaf, request.path_params["n"])})


async def socket(websocket):
    await websocket.accept(subprotocol=(websocket.scope["subprotocols"] or [None])[0])
    for _ in range(websocket.path_params["n"]):
        work.socket_leaf()
        await websocket.send_text("got " + await websocket.receive_text())
    await websocket.close(4001, "enough")


async def forever(request):
    """A stream whose end is the client's."""

    async def numbers():
        while True:
            work.stream_leaf()
            yield b"x" * 1000
            await asyncio.sleep(0.01)

    return StreamingResponse(numbers(), media_type="text/plain")


async def failing_task():
    raise LookupError("in a background task")


async def failing_chunks():
    yield b"a chunk"
    raise LookupError("in a stream")


async def fails(request):
    where = request.path_params["where"]
    if where == "endpoint":
        raise LookupError("in an endpoint")
    if where == "background":
        return Response("later", background=BackgroundTask(failing_task))
    if where == "stream":
        return StreamingResponse(failing_chunks(), media_type="text/plain")
    raise HTTPException(418, "short and stout", headers={"x-pot": "tea"})


routes = [
    Route("/ready", ready),
    Route("/plain/{n:int}", plain),
    Route("/waiting/{n:int}", waiting),
    Route("/thread/{n:int}", thread),
    Route("/background/{n:int}", background),
    Route("/stream/{n:int}", stream),
    Route("/stream-thread/{n:int}", stream_thread),
    Route("/body/{n:int}", body, methods=["POST"]),
    Route("/forever", forever),
    Route("/fails/{where}", fails),
    WebSocketRoute("/socket/{n:int}", socket),
    Mount("/mounted", routes=[Route("/plain/{n:int}", plain)]),
]
api = Starlette(routes=routes, middleware=[Middleware(GZipMiddleware, minimum_size=200)])
app = mounting.asgi(api)

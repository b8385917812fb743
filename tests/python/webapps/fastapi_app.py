"""FastAPI: dependencies, def endpoints, background tasks, streams, a websocket, SQL, middleware of its own."""

import asyncio
import hashlib
import time
from typing import Annotated

import mounting
import work
from books import count_books
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from work import call

api = FastAPI(title="test")


@api.middleware("http")
async def add_header(request, call_next):
    response = await call_next(request)
    response.headers["x-app"] = "fastapi"
    return response


@api.get("/ready", response_class=PlainTextResponse)
async def ready():
    return "ready"


@api.get("/plain/{n}")
async def plain(n: int):
    return {"plain": call(work.plain_leaf, n)}


@api.get("/waiting/{n}")
async def waiting(n: int):
    for _ in range(n):
        work.waiting_leaf()
        await asyncio.sleep(0.001)
    return {"waiting": n}


@api.get("/thread/{n}")
def thread(n: int):
    time.sleep(0.002)
    return {"thread": call(work.thread_leaf, n)}


async def first(n: int):
    await asyncio.sleep(0)
    return call(work.dependency_leaf, n)


def second(n: int):
    return call(work.dependency_leaf, n)


async def third(n: int):
    yield n
    call(work.cleanup_leaf, n)


def fourth(n: int):
    yield n
    call(work.cleanup_leaf, n)


@api.get("/dependency/{n}")
def dependency(
    n: int,
    a: Annotated[int, Depends(first)],
    b: Annotated[int, Depends(second)],
    c: Annotated[int, Depends(third)],
    d: Annotated[int, Depends(fourth)],
):
    return {"dependency": a + b, "thread": call(work.thread_leaf, n), "rest": c + d}


async def task(n):
    await asyncio.sleep(0)
    call(work.background_leaf, n)


@api.get("/background/{n}")
async def background(n: int, tasks: BackgroundTasks):
    tasks.add_task(task, n)
    tasks.add_task(call, work.background_leaf, n)
    return {"background": n}


async def chunks(n):
    for i in range(n):
        work.stream_leaf()
        await asyncio.sleep(0)
        yield b"chunk %d\n" % i


@api.get("/stream/{n}")
async def stream(n: int):
    return StreamingResponse(chunks(n), media_type="text/plain")


def thread_chunks(n):
    for i in range(n):
        work.stream_leaf()
        yield b"chunk %d\n" % i


@api.get("/stream-thread/{n}")
def stream_thread(n: int):
    return StreamingResponse(thread_chunks(n), media_type="text/plain")


@api.post("/body/{n}")
async def body(n: int, request: Request):
    digest = hashlib.sha256()
    async for part in request.stream():
        digest.update(part)
    return {"body": digest.hexdigest(), "calls": call(work.body_leaf, n)}


@api.get("/query/{n}")
def query(n: int):
    call(work.query_leaf, n)
    return {"query": count_books(n)}


@api.websocket("/socket/{n}")
async def socket(websocket: WebSocket, n: int):
    await websocket.accept(subprotocol=(websocket.scope["subprotocols"] or [None])[0])
    for _ in range(n):
        work.socket_leaf()
        await websocket.send_text("got " + await websocket.receive_text())
    await websocket.close(4001, "enough")


# What fails.


async def failing_dependency():
    raise LookupError("in a dependency")


async def failing_task():
    raise LookupError("in a background task")


async def failing_chunks():
    yield b"a chunk"
    raise LookupError("in a stream")


@api.get("/fails/endpoint")
async def fails_endpoint():
    raise LookupError("in an endpoint")


@api.get("/fails/thread")
def fails_thread():
    raise LookupError("in a thread")


@api.get("/fails/dependency")
async def fails_dependency(a: Annotated[None, Depends(failing_dependency)]):
    return {}


@api.get("/fails/background")
async def fails_background(tasks: BackgroundTasks):
    tasks.add_task(failing_task)
    return {"fails": "later"}


@api.get("/fails/stream")
async def fails_stream():
    return StreamingResponse(failing_chunks(), media_type="text/plain")


@api.get("/fails/politely")
async def fails_politely():
    raise HTTPException(418, "short and stout", headers={"x-pot": "tea"})


# Routes below others.

router = APIRouter(prefix="/routed")
router.add_api_route("/plain/{n}", plain)
api.include_router(router)
inner = FastAPI()
inner.add_api_route("/plain/{n}", plain)
api.mount("/mounted", inner)

app = mounting.asgi(api)

"""Litestar: handlers of both kinds, a controller, a stream."""

import asyncio
import time

import mounting
import work
from litestar import Controller, Litestar, MediaType, get
from litestar.exceptions import HTTPException
from litestar.response import Stream
from work import call


@get("/ready", media_type=MediaType.TEXT, sync_to_thread=False)
def ready() -> str:
    return "ready"


@get("/plain/{n:int}")
async def plain(n: int) -> dict[str, int]:
    return {"plain": call(work.plain_leaf, n)}


@get("/waiting/{n:int}")
async def waiting(n: int) -> dict[str, int]:
    for _ in range(n):
        work.waiting_leaf()
        await asyncio.sleep(0.001)
    return {"waiting": n}


@get("/thread/{n:int}", sync_to_thread=True)
def thread(n: int) -> dict[str, int]:
    time.sleep(0.002)
    return {"thread": call(work.thread_leaf, n)}


@get("/stream/{n:int}", media_type=MediaType.TEXT)
async def stream(n: int) -> Stream:
    async def chunks():
        for i in range(n):
            work.stream_leaf()
            await asyncio.sleep(0)
            yield b"chunk %d\n" % i

    return Stream(chunks())


@get("/fails/{where:str}")
async def fails(where: str) -> None:
    if where == "endpoint":
        raise LookupError("in a handler")
    raise HTTPException("short and stout", status_code=418, headers={"x-pot": "tea"})


class Routed(Controller):
    path = "/routed"

    @get("/plain/{n:int}")
    async def plain(self, n: int) -> dict[str, int]:
        return {"plain": call(work.plain_leaf, n)}


app = mounting.asgi(Litestar([ready, plain, waiting, thread, stream, fails, Routed], logging_config=None))

"""Coroutines and asynchronous generators, driven by hand and by asyncio."""

import asyncio
import contextlib
import types


def _drive(coroutine):
    """Run it as an event loop would that has nothing to wait for."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value


@types.coroutine
def _pause():
    yield


class _Ready:
    def __await__(self):
        yield from (1, 2)
        return 3


async def _inner(n):
    await _pause()
    return n + await _Ready()


async def _outer():
    return [await _inner(1), await _inner(2)]


def by_hand():
    _drive(_outer())


def closed_while_waiting():
    coroutine = _outer()
    coroutine.send(None)
    coroutine.close()


def thrown_into():
    coroutine = _outer()
    coroutine.send(None)
    try:
        coroutine.throw(KeyError("to the innermost"))
    except KeyError:
        pass


async def _failing():
    await _pause()
    raise ValueError("after a pause")


async def _handling():
    try:
        await _failing()
    except ValueError:
        await _pause()


def failing():
    _drive(_handling())


async def _numbers(n):
    try:
        for i in range(n):
            await _pause()
            yield i
    finally:
        len(())


async def _consume():
    total = 0
    async for i in _numbers(4):
        total += i
    return total


def async_generator():
    _drive(_consume())


async def _stop_early():
    numbers = _numbers(9)
    async for i in numbers:
        if i == 2:
            break
    await numbers.aclose()


def async_generator_closed_early():
    _drive(_stop_early())


async def _send_and_throw():
    numbers = _numbers(9)
    await numbers.asend(None)
    await numbers.__anext__()
    try:
        await numbers.athrow(KeyError("from outside"))
    except KeyError:
        pass


def async_generator_thrown_into():
    _drive(_send_and_throw())


async def _comprehensions():
    squares = [i * i async for i in _numbers(3)]
    return {i: await _inner(i) for i in squares}


def async_comprehensions():
    _drive(_comprehensions())


class _Resource:
    async def __aenter__(self):
        await _pause()
        return self

    async def __aexit__(self, *exc_info):
        await _pause()
        return True


async def _hold():
    async with _Resource():
        await _inner(1)
        raise ValueError("swallowed by the resource")


def async_context():
    _drive(_hold())


async def _worker(n):
    for _ in range(n):
        await asyncio.sleep(0)
    return n


async def _gather():
    await asyncio.gather(*(_worker(n) for n in range(4)))
    task = asyncio.create_task(_worker(3))
    task.add_done_callback(lambda task: task.result())
    await task


def event_loop():
    asyncio.run(_gather())


async def _queue():
    queue = asyncio.Queue(2)

    async def produce():
        for i in range(5):
            await queue.put(i)
        await queue.put(None)

    task = asyncio.create_task(produce())
    while await queue.get() is not None:
        pass
    await task


def event_loop_queue():
    asyncio.run(_queue())


async def _cancel():
    task = asyncio.create_task(_worker(100))
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def event_loop_cancelled():
    asyncio.run(_cancel())


@contextlib.asynccontextmanager
async def _managed():
    await asyncio.sleep(0)
    try:
        yield 1
    finally:
        await asyncio.sleep(0)


async def _use_managed():
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(_managed())
        async for _ in _numbers_in_loop():
            pass


async def _numbers_in_loop():
    for i in range(3):
        await asyncio.sleep(0)
        yield i


def event_loop_contexts():
    asyncio.run(_use_managed())

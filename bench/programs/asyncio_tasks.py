"""An event loop at work: producers and consumers with queues, events and task groups."""

import asyncio

ITEMS = 800
WORKERS = 12


async def transform(value):
    await asyncio.sleep(0)
    return value * 2


async def produce(queue, count):
    for value in range(count):
        await queue.put(value)
    await queue.put(None)


async def consume(queue):
    total = 0
    while (value := await queue.get()) is not None:
        total += await transform(value)
    return total


async def main():
    async with asyncio.TaskGroup() as group:
        consumers = []
        for _ in range(WORKERS):
            queue = asyncio.Queue(maxsize=4)
            group.create_task(produce(queue, ITEMS))
            consumers.append(group.create_task(consume(queue)))
    gathered = await asyncio.gather(*(transform(value) for value in range(300)))
    return sum(task.result() for task in consumers) + sum(gathered)


def run():
    return asyncio.run(main())

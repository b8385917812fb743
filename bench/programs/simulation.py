"""Discrete events: customers served in a shop, with dataclasses, enums, heapq and random."""

import collections
import dataclasses
import enum
import heapq
import random


class Kind(enum.Enum):
    ARRIVE = 1
    LEAVE = 2


@dataclasses.dataclass(order=True)
class Event:
    time: float
    number: int
    kind: Kind = dataclasses.field(compare=False)
    customer: int = dataclasses.field(compare=False)


@dataclasses.dataclass
class Shop:
    clerks: int
    random: random.Random
    now: float = 0.0
    made: int = 0
    busy: int = 0
    events: list = dataclasses.field(default_factory=list)
    waiting: collections.deque = dataclasses.field(default_factory=collections.deque)
    waits: list = dataclasses.field(default_factory=list)

    def plan(self, delay, kind, customer):
        self.made += 1
        heapq.heappush(self.events, Event(self.now + delay, self.made, kind, customer))

    def serve(self):
        while self.waiting and self.busy < self.clerks:
            customer, since = self.waiting.popleft()
            self.waits.append(self.now - since)
            self.busy += 1
            self.plan(self.random.expovariate(1.0), Kind.LEAVE, customer)

    def handle(self, event):
        self.now = event.time
        if event.kind is Kind.ARRIVE:
            self.waiting.append((event.customer, self.now))
        else:
            self.busy -= 1
        self.serve()


def run():
    shop = Shop(clerks=3, random=random.Random(1))
    for customer in range(9000):
        shop.plan(shop.random.uniform(0, 3100), Kind.ARRIVE, customer)
    while shop.events:
        shop.handle(heapq.heappop(shop.events))
    return sum(shop.waits), shop.now

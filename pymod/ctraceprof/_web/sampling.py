"""Which requests are captured unasked: one in so many, or so many a second."""

import math
import random
import re
import threading
import time
from collections import deque

__all__ = ["NO", "YES", "YES_AND_NEXT", "OneIn", "PerSecond", "kind_of_path"]


# Whether it is a request's turn: the last word says that it is the next one's, too.
NO, YES, YES_AND_NEXT = 0, 1, 2


class OneIn:
    """One request in N, each with the same probability: what comes in turns is not always missed.

    A capture that comes alone finds code that is not instrumented, caches that hold other things, and leaves
    both to what comes after it; the next one costs a third. So where captures come thick they are of up to
    RUN requests in a row, with pauses that are as many times as long. A run ends where requests overlap: the
    places for captures are for all kinds of them.

    is_busy() says whether a capture is under way.
    """

    RUN = 8
    THICK = 0.03  # seconds, a capture

    def __init__(self, number, is_busy=bool, randomness=None, clock=time.monotonic):
        self._number = number
        self._is_busy = is_busy
        self._random = randomness or random.Random()
        self._clock = clock
        self._taken = 1  # captures in the present run, or the last
        self._began = -math.inf  # when it did
        self._to_come = 0  # of these, not yet taken
        self._left = self._gap()

    def _gap(self):
        # How many requests pass before the next run: geometrically distributed, of a mean that makes the
        # share of those that are taken one in N.
        if self._number == 1:
            return 0
        chance = 1 / (1 + self._taken * (self._number - 1))
        return int(math.log(1.0 - self._random.random()) / math.log1p(-chance))

    def is_next(self):
        """Called for each request. Threads that meet here may lose a step, or take one more."""
        if self._left > 0:
            self._left -= 1
            return NO
        return self._take()

    def _take(self):
        if self._to_come <= 0:
            now = self._clock()
            self._to_come = self.RUN if now - self._began < self.THICK * self._taken else 1
            self._began, self._taken = now, 0
        self._taken += 1
        self._to_come -= 1
        if self._to_come > 0 and not self._is_busy():
            return YES_AND_NEXT
        self._to_come = 0
        self._left = self._gap()
        return YES


# Segments that hold values rather than names.
VALUE = re.compile(r"(?<=/)(?:[^/]*[0-9%][^/]*|[^/]{25,})")


def kind_of_path(path):
    """What routes are told apart by before a request has been routed: '/items/7/parts' is '/items/{}/parts'."""
    return "/".join(VALUE.sub("{}", path[:200]).split("/")[:5])


class PerSecond:
    """At most R requests in any second, of which each kind has its turns.

    After its turn a kind pauses. The pause is one for all kinds, so that they share evenly, and is adapted
    so that all together leave room for a kind that comes rarely.
    """

    MOST_KINDS = 256
    FULL = 0.6  # of what there is to take: where more is taken the pause becomes longer

    def __init__(self, rate, clock=time.monotonic):
        self._clock = clock
        self._rate = rate
        number = max(1, int(rate))
        self._window = number / rate  # seconds for that number
        self._taken = deque([-math.inf] * number, maxlen=number)  # when the last ones were
        self._last = {}  # kind: when its last turn was
        self._pause = 0.0
        self._adapted = clock()
        self._since = 0  # turns since then
        self._lock = threading.Lock()

    def is_next(self, kind_of, path):
        """Called for each request; kind_of(path) is asked only if there is room."""
        now = self._clock()
        if now - self._taken[0] < self._window:
            return NO
        with self._lock:
            return YES if now - self._taken[0] >= self._window and self._take(now, kind_of(path)) else NO

    def _take(self, now, kind):
        if now - self._adapted >= 2 * self._window:
            self._adapt(now)
        if kind not in self._last and len(self._last) >= self.MOST_KINDS:
            kind = None
        if now - self._last.get(kind, -math.inf) < self._pause:
            return False
        self._taken.append(now)
        self._last[kind] = now
        self._since += 1
        return True

    def _adapt(self, now):
        shortest, longest = 1 / self._rate, self._window * self.MOST_KINDS
        if self._since > self.FULL * self._rate * (now - self._adapted):
            self._pause = min(max(self._pause * 1.25, shortest), longest)
        else:
            self._pause = self._pause * 0.8 if self._pause > shortest else 0.0
        self._adapted, self._since = now, 0
        memory = max(10 * self._window, 2 * self._pause)
        self._last = {kind: then for kind, then in self._last.items() if now - then < memory}

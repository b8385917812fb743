"""Which requests are captured unasked: one in so many, or so many a second."""

import math
import random
import re
import threading
import time
from collections import deque

__all__ = ["OneIn", "PerSecond", "kind_of_path"]


class OneIn:
    """One request in N, each with the same probability: what comes in turns is not always missed."""

    def __init__(self, number, randomness=None):
        self._number = number
        self._random = randomness or random.Random()
        self._left = self._gap()

    def _gap(self):
        # How many requests pass before the next that is taken: geometrically distributed.
        if self._number == 1:
            return 0
        return int(math.log(1.0 - self._random.random()) / math.log1p(-1 / self._number))

    def is_next(self):
        """Called for each request. Threads that meet here may lose a step, which only delays."""
        if self._left > 0:
            self._left -= 1
            return False
        self._left = self._gap()
        return True


# Segments that hold values rather than names.
VALUE = re.compile(r"(?<=/)(?:[^/]*[0-9%][^/]*|[^/]{25,})")


def kind_of_path(path):
    """What routes are told apart by before a request has been routed: '/items/7/parts' is '/items/{}/parts'."""
    return "/".join(VALUE.sub("{}", path[:200]).split("/")[:5])


class PerSecond:
    """At most R requests in any second, and none of a kind as long as others wait for theirs.

    Kinds are to share evenly what there is: each waits `pause` seconds after it had its turn, and the pause
    is adapted so that all of them leave room for a kind that comes rarely. All is bounded.
    """

    MOST_KINDS = 256

    def __init__(self, rate, clock=time.monotonic):
        self._clock = clock
        self._number = max(1, int(rate))
        self._window = self._number / rate  # seconds for that number
        self._taken = deque(maxlen=self._number)
        self._crowd = max(1, self._number * 3 // 4)  # taken in a window: from here on kinds wait
        self._last = {}
        self._pause = 0.0
        self._adapted = clock()
        self._lock = threading.Lock()

    def is_next(self, kind_of, path):
        """Called for each request; kind_of(path) is asked only if there is room."""
        now = self._clock()
        taken = self._taken
        if len(taken) == self._number and now - taken[0] < self._window:
            return False
        with self._lock:
            return self._take(now, kind_of(path))

    def _take(self, now, kind):
        if now - self._adapted >= self._window / 2:
            self._adapt(now)
        taken, last = self._taken, self._last
        if len(taken) == self._number and now - taken[0] < self._window:
            return False
        if kind not in last and len(last) >= self.MOST_KINDS:
            kind = None
        if now - last.get(kind, -1e18) < self._pause:
            return False
        taken.append(now)
        last[kind] = now
        return True

    def _adapt(self, now):
        recent = sum(now - then < self._window for then in self._taken)
        least, most = self._window / self._number, self._window * self.MOST_KINDS
        if recent >= self._crowd:
            self._pause = min(max(self._pause * 1.25, least), most)
        else:
            self._pause = self._pause * 0.8 if self._pause > least / 2 else 0.0
        self._adapted = now
        longest = max(10 * self._window, 2 * self._pause)
        self._last = {kind: then for kind, then in self._last.items() if now - then < longest}

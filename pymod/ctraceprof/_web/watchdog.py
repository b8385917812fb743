"""Ends what takes too long, from a thread of its own, which sleeps nearly always.

It is not begun for each item: a thread that begins or wakes beside a busy event loop has to fight for the
interpreter's lock, which the loop lets go and takes again so quickly that the thread is woken in vain many times.
A loop of FastAPI's was seen to be a third slower for 60 ms thereby. Nor is it kept for good: os.fork() warns of
threads.
"""

import os
import threading
import time

__all__ = ["Watchdog"]


class Watchdog:
    """Calls end(item) for each item that was not forgotten `seconds` after it was given.

    Its thread looks about it every LINGER seconds, and ends when nothing was given since the last time.
    """

    LINGER = 10.0

    def __init__(self, seconds, end):
        self._seconds = seconds
        self._end = end
        self._reset()

    def _reset(self):
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._items = {}  # item: its deadline, the next first, as all have the same time
        self._is_idle = False  # nothing has been given since the thread went to sleep
        self._thread = None

    def watch(self, item):
        """From now on, until forget(item). item: hashable."""
        if self._process != os.getpid():  # forked: the thread stayed behind, and so did what it watched
            self._reset()
        with self._lock:
            self._items[item] = time.monotonic() + self._seconds
            self._is_idle = False
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._run, name="ctraceprof watchdog", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # no more threads, or the interpreter ends
                self._thread = None

    def forget(self, item):
        with self._lock:
            self._items.pop(item, None)

    def _next(self):
        """Seconds until something is to be done, or None to end; and what is to be ended now, or None."""
        with self._lock:
            if not self._items:
                if self._is_idle:
                    self._thread = None
                    return None, None
                self._is_idle = True
                return min(self._seconds, self.LINGER), None  # what is given meanwhile ends later than that
            item, deadline = next(iter(self._items.items()))
            left = deadline - time.monotonic()
            if left > 0:
                return min(left, self.LINGER), None
            del self._items[item]
            return 0, item

    def _run(self):
        while True:
            left, item = self._next()
            if left is None:
                return
            if item is None:
                time.sleep(left)
            else:
                self._end(item)
                del item

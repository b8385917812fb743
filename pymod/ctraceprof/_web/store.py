"""Captures that are kept, so that their reports can be fetched."""

import threading
from collections import OrderedDict

__all__ = ["Store"]


class Store:
    """So many captures, and so many bytes, at most. Thread-safe.

    What goes is the oldest of whichever route has most of them: a busy route pushes out its own. Captures
    that were asked for count as a route of their own beside those of the same route that came unasked.
    """

    def __init__(self, most, most_bytes):
        self._most = most
        self._most_bytes = most_bytes
        self._captures = OrderedDict()
        self._groups = {}  # key: OrderedDict of captures by their ids, oldest first
        self._sizes = {}  # key: bytes
        self._bytes = 0
        self._lock = threading.Lock()

    @staticmethod
    def _key(capture):
        return capture.route, capture.ask is not None

    def add(self, capture):
        with self._lock:
            key = self._key(capture)
            self._captures[capture.id] = capture
            self._groups.setdefault(key, OrderedDict())[capture.id] = capture
            self._sizes[key] = self._sizes.get(key, 0) + capture.size
            self._bytes += capture.size
            while len(self._captures) > self._most:
                self._drop(max(self._groups, key=lambda key: len(self._groups[key])))
            while self._bytes > self._most_bytes and self._captures:
                self._drop(max(self._groups, key=self._sizes.__getitem__))

    def _drop(self, key):
        group = self._groups[key]
        ident, capture = group.popitem(last=False)
        del self._captures[ident]
        self._bytes -= capture.size
        self._sizes[key] -= capture.size
        if not group:
            del self._groups[key], self._sizes[key]

    def get(self, ident):
        """The capture, or None."""
        with self._lock:
            return self._captures.get(ident)

    def newest(self, number):
        """A list of the last so many, newest first."""
        with self._lock:
            captures = reversed(self._captures.values())
            return [capture for capture, _ in zip(captures, range(number), strict=False)]

    def fill(self):
        """How many there are, and their bytes."""
        with self._lock:
            return len(self._captures), self._bytes

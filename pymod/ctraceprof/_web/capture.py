"""One captured request: what there is to say of it, and its profile."""

import contextlib
import os
import secrets
import threading
import time

from .._profile import Profile
from .._spans import close_spans, open_spans

__all__ = ["Capture"]

# Characters of a path that are kept.
LONGEST_PATH = 200


# For so many events the interpreter goes on telling of what runs where the next request is to be captured, too.
IDLE_EVENTS = 2000


class Capture:
    """Begun with begin() in the request's context, ended with stop() anywhere.

    What its middleware tells it: status, the response's (int); left_by(), what exception left the application;
    waits() and goes_on(), as the application gives way to its server's code in the same context, and returns.
    """

    def __init__(self, kind, method, path, ask, find_route, recorder, compensate):
        self.id = secrets.token_urlsafe(16)
        self.kind = kind  # "http" or "websocket"
        self.method = method
        self.path = path[:LONGEST_PATH]
        self.ask = ask  # None of what came unasked
        self.find_route = find_route
        self.route = None  # a template, once it is over
        self.status = None
        self.error = None  # the name of an exception's type
        self.has_failed = False
        self.is_over = False
        self.is_cut = False  # it ended before the request did
        self.began = time.time()
        self.duration = None  # seconds, once it is over
        self.active = None
        self.awaited = 0.0
        self.size = 0  # bytes of memory, about, once it is over
        self.spans = None
        self.process = os.getpid()
        self.web = self.place = self.token = self.task = None  # of who began it
        self._recorder = recorder  # None once it was handed back
        self._sum = None  # of what was recorded, once it is over
        self._readers = 0  # who make a copy of what there is so far
        self._compensate = compensate
        self._started = None
        self._ended = None  # when, if that was noted before stop()
        self._waits_since = None
        self._lock = threading.Lock()

    def begin(self, is_followed):
        """Raises what Profile.enable() raises; then nothing has begun. is_followed: by the next request's."""
        self.spans = open_spans()
        try:
            self._recorder._set_recurrent(IDLE_EVENTS if is_followed else 0)
            self._recorder.enable()
        except BaseException:
            close_spans(self.spans)
            raise
        self._started = time.perf_counter()

    def waits(self):
        """The application is suspended: what runs in this context now is not to be recorded."""
        self._waits_since = time.perf_counter()
        self.leave()

    def goes_on(self):
        """It is not any more."""
        since, self._waits_since = self._waits_since, None
        recorder = self._recorder  # before it is asked whether it is over: then there is one
        if not self.is_over:
            self.awaited += time.perf_counter() - since
            recorder._join()

    def leave(self):
        """The present context is the request's no more."""
        recorder = self._recorder
        if not self.is_over:
            recorder._leave()

    def left_by(self, error):
        """An exception left the application; one that only ends it (a cancellation) is no failure."""
        self.error = type(error).__name__
        self.has_failed = isinstance(error, Exception)

    def note_end(self):
        """The request has ended; stop() follows, perhaps late. Takes no lock, and raises nothing."""
        self._ended = time.perf_counter()
        recorder = self._recorder
        if recorder is not None:
            with contextlib.suppress(Exception):  # where it cannot be now stop() does it
                recorder.disable()

    def times(self):
        """Seconds so far: duration, active, awaited."""
        if self.duration is not None:
            return self.duration, self.active, self.awaited
        now = time.perf_counter()
        since = self._waits_since
        waiting = 0.0 if since is None else max(0.0, now - since)
        return now - self._started, self.profile._totals()[0], self.awaited + waiting

    @property
    def profile(self):
        """A Profile with all that was recorded, or a copy of what there is so far."""
        with self._lock:
            if self._sum is not None:
                return self._sum
            self._readers += 1
        # Without the lock: what collects garbage here may end the capture.
        try:
            return self._copy()
        finally:
            with self._lock:
                self._readers -= 1

    def _copy(self):
        recorder, copy = self._recorder, Profile(compensate=self._compensate)
        copy.add(recorder if recorder is not None else self._sum)
        return copy

    def stop(self, cut=False):
        """End the recording. False if it had ended before."""
        with self._lock:
            if self.is_over:
                return False
            self.is_over = True
        now = self._ended or time.perf_counter()
        since = self._waits_since
        self.is_cut = cut and self._ended is None
        try:
            self._recorder.disable()
        finally:
            close_spans(self.spans)
        if since is not None:
            self.awaited += max(0.0, now - since)
        total = self._copy()
        self.active, self.size = total._totals()
        self.duration = now - self._started
        with self._lock:
            self._sum = total
        return True

    def hand_back(self):
        """The profile that it was recorded with, to be used for others; None if the request may still use it."""
        recorder, self._recorder = self._recorder, None
        with self._lock:
            return None if self.is_cut or self._readers else recorder

    def whole_duration(self):
        """Seconds from its beginning until now, the first time that it is called; then None."""
        if not self.is_cut or self._started is None:
            return None
        started, self._started = self._started, None
        return time.perf_counter() - started

    def forget_request(self):
        """What belongs to the request may go."""
        self.find_route = self.token = self.task = None

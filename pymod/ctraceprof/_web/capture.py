"""One captured request: what there is to say of it, and its profile."""

import os
import secrets
import threading
import time

from .._profile import Profile
from .._spans import close_spans, open_spans

__all__ = ["Capture"]

# Characters of a path that are kept.
LONGEST_PATH = 200


class Capture:
    """Begun with begin() in the request's context, ended with stop() anywhere.

    What its middleware tells it: status, the response's (int); left_by(), what exception left the application;
    waits() and goes_on(), as the application gives way to its server's code in the same context, and returns.
    """

    def __init__(self, kind, method, path, ask, find_route, options):
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
        self.profile = Profile(**options)
        self.spans = None
        self.process = os.getpid()
        self.web = self.place = self.token = self.task = None  # of who began it
        self._compensate = options["compensate"]
        self._started = None
        self._waits_since = None
        self._lock = threading.Lock()

    def begin(self):
        """Raises what Profile.enable() raises; then nothing has begun."""
        self.spans = open_spans()
        try:
            self.profile.enable()
        except BaseException:
            close_spans(self.spans)
            raise
        self._started = time.perf_counter()

    def waits(self):
        """The application is suspended: what runs in this context now is not to be recorded."""
        self._waits_since = time.perf_counter()
        if not self.is_over:
            self.profile._leave()

    def goes_on(self):
        """It is not any more."""
        since, self._waits_since = self._waits_since, None
        if not self.is_over:
            self.awaited += time.perf_counter() - since
            self.profile._join()

    def left_by(self, error):
        """An exception left the application; one that only ends it (a cancellation) is no failure."""
        self.error = type(error).__name__
        self.has_failed = isinstance(error, Exception)

    def times(self):
        """Seconds so far: duration, active, awaited."""
        if self.duration is not None:
            return self.duration, self.active, self.awaited
        now = time.perf_counter()
        since = self._waits_since
        waiting = 0.0 if since is None else max(0.0, now - since)
        return now - self._started, self.profile._totals()[0], self.awaited + waiting

    def stop(self, cut=False):
        """End the recording. False if it had ended before."""
        with self._lock:
            if self.is_over:
                return False
            self.is_over = True
        now = time.perf_counter()
        since = self._waits_since
        self.is_cut = cut
        try:
            self.profile.disable()
        finally:
            close_spans(self.spans)
        if since is not None:
            self.awaited += max(0.0, now - since)
        # A sum takes less room than what may go on recording.
        small = Profile(compensate=self._compensate)
        small.add(self.profile)
        self.profile = small
        self.active, self.size = small._totals()
        self.duration = now - self._started
        return True

    def whole_duration(self):
        """Seconds from its beginning until now, the first time that it is called; then None."""
        if not self.is_cut or self._started is None:
            return None
        started, self._started = self._started, None
        return time.perf_counter() - started

    def forget_request(self):
        """What belongs to the request may go."""
        self.find_route = self.token = self.task = None

"""A profile of the whole process for so many seconds, as scrapers of Go's net/http/pprof ask for it."""

import threading
from typing import NamedTuple

from .._profile import Profile

__all__ = ["Scrape", "ScrapeWish", "Scraper"]

# What is recorded unless the request says how long, as Go's handler does.
DEFAULT_SECONDS = 30


class ScrapeWish(NamedTuple):
    """What an allowed request has asked for."""

    seconds: float


class Scrape:
    """A recording that is under way. Whoever has it waits, then calls finish(); close() in any case."""

    def __init__(self, scraper, profile):
        self._scraper = scraper
        self._profile = profile

    def finish(self):
        """What was recorded, as a gzipped pprof (bytes)."""
        self._profile.disable()
        return self._profile.dumps("pprof")

    def close(self):
        self._profile.disable()
        self._scraper.release()


class Scraper:
    """One recording at a time."""

    def __init__(self, longest):
        self._longest = longest
        self._busy = threading.Lock()

    def seconds(self, text):
        """Seconds (float) that a request's field (str or None) means; ValueError if it is wrong."""
        if text is None or text == "":
            return min(DEFAULT_SECONDS, self._longest)
        try:
            seconds = float(text[:20])
        except ValueError:
            seconds = 0.0
        if not 0 < seconds <= self._longest:
            raise ValueError(f"seconds must be a number above 0, at most {self._longest:g}")
        return seconds

    def begin(self):
        """A Scrape, or None while there is another. Raises what Profile.enable() raises."""
        if not self._busy.acquire(blocking=False):
            return None
        try:
            profile = Profile(scope="process", exclude="ctraceprof")  # who waits for it is no part of it
            profile.enable()
        except BaseException:
            self._busy.release()
            raise
        return Scrape(self, profile)

    def release(self):
        self._busy.release()

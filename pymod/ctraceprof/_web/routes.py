"""What captures add up to, by route."""

import threading

from .._profile import Profile
from .histogram import Buckets, Quantiles
from .templates import UNMATCHED

__all__ = ["OTHER", "Route", "Routes", "known_method"]

OTHER = "(other)"  # all routes beyond the first max_routes

METHODS = frozenset(["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "QUERY"])

# A merged profile that has become this large, in bytes, takes no more captures.
LARGEST = 4 * 1024 * 1024

# Captures that are added up at a time: so many, and of so many bytes.
BATCH = 16
BATCH_BYTES = 512 * 1024


def known_method(method):
    """A method, or "_OTHER" for what is none: whoever makes requests must not make labels."""
    return method if method in METHODS else "_OTHER"


class Route:
    """All captures of one method and template; times are seconds. Read under the lock of Routes."""

    def __init__(self, number, method, template, compensate):
        self.number = number
        self.method = method  # "" of those that have one label for all
        self.template = template
        self.requests = 0
        self.errors = 0  # answered with 5xx, or left by an exception
        self.seconds = 0.0
        self.active = 0.0
        self.awaited = 0.0
        self.durations = Quantiles()
        self.profile = Profile(compensate=compensate)  # the sum of the captures
        self.merged = 0  # captures that are in it
        self.size = 0  # its bytes, about
        self._waiting = 0  # captures that have not been added up, and their bytes
        self._waiting_bytes = 0

    @property
    def label(self):
        return f"{self.method} {self.template}".strip()

    def count(self, capture):
        self.requests += 1
        self.errors += capture.has_failed or (capture.status or 0) >= 500
        self.seconds += capture.duration
        self.active += capture.active
        self.awaited += capture.awaited
        self.durations.add(capture.duration)

    def is_due(self, capture):
        """Whether those that wait are to be added up with this one."""
        self._waiting += 1
        self._waiting_bytes += capture.size
        is_due = self._waiting >= BATCH or self._waiting_bytes >= BATCH_BYTES
        if is_due:
            self._waiting = self._waiting_bytes = 0
        return is_due


class Routes:
    """Routes by method and template, bounded, and the histograms for Prometheus. Thread-safe."""

    def __init__(self, most, compensate):
        self._most = most
        self._compensate = compensate
        self._routes = {}
        self._numbers = []
        self._histograms = {}  # by template, method, status or 0
        self._measured = set()  # their templates
        self._lock = threading.Lock()

    def add(self, capture):
        """A capture that is over."""
        with self._lock:
            route = self._route(capture.method, capture.route)
            route.count(capture)
            if capture.kind == "http" and not capture.is_cut:
                self._measure(capture.route, capture.method, capture.status, capture.duration)
            if route.size >= LARGEST:
                return
            route.merged += 1
            is_due = route.is_due(capture)
        if is_due:
            route.profile.add(capture.profile)
            route.size = route.profile._totals()[1]
        else:
            route.profile._append(capture.profile)

    def measure(self, template, method, status, seconds):
        """A request, captured or not, for the histograms."""
        with self._lock:
            self._measure(template, method, status, seconds)

    def _route(self, method, template):
        key = ("", template) if template == UNMATCHED else (known_method(method), template)
        route = self._routes.get(key)
        if route is None:
            if len(self._routes) >= self._most and template != UNMATCHED:
                key = ("", OTHER)
            route = self._routes.get(key)
        if route is None:
            route = self._routes[key] = Route(len(self._numbers), *key, self._compensate)
            self._numbers.append(route)
        return route

    def _measure(self, template, method, status, seconds):
        key = template, method if method in METHODS else "_OTHER", status or 0
        buckets = self._histograms.get(key)
        if buckets is None:
            if template not in self._measured and len(self._measured) >= self._most and template != UNMATCHED:
                key = OTHER, *key[1:]
            self._measured.add(key[0])
            buckets = self._histograms.setdefault(key, Buckets())
        buckets.add(seconds)

    def by_number(self, number):
        """The Route, or None."""
        return self._numbers[number] if 0 <= number < len(self._numbers) else None

    def all(self):
        """All routes, those with the most time first."""
        with self._lock:
            return sorted(self._numbers, key=lambda route: (-route.seconds, route.number))

    def histograms(self):
        """A list of (template, method, status or 0, pairs as of Buckets.cumulative(), sum)."""
        with self._lock:
            return [(*key, self._histograms[key].cumulative(), self._histograms[key].sum) for key in sorted(self._histograms)]

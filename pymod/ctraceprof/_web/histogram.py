"""Durations: by their logarithms, for quantiles, and in OpenTelemetry's buckets, for Prometheus."""

import math
from bisect import bisect_left

__all__ = ["BOUNDS", "Buckets", "Quantiles"]

# Advice of OpenTelemetry's semantic conventions for http.server.request.duration, in seconds.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

# Buckets a doubling: a quantile is at most 2 ** (1 / 16) - 1, or 4.5 %, off.
FINENESS = 8
SHORTEST = 1e-7
LONGEST = 1e7


class Quantiles:
    """How often durations of each order of magnitude came: some 370 counts at most."""

    def __init__(self):
        self.count = 0
        self._counts = {}
        self._least = math.inf
        self._most = 0.0

    def add(self, seconds):
        bounded = min(max(seconds, SHORTEST), LONGEST)
        bucket = math.floor(math.log2(bounded) * FINENESS)
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        self.count += 1
        self._least = min(self._least, seconds)
        self._most = max(self._most, seconds)

    def quantile(self, share):
        """The duration that this share (0 to 1) of all do not exceed; 0.0 of none. At most 4.5 % off."""
        if not self.count:
            return 0.0
        left = max(1, math.ceil(share * self.count))
        for bucket in sorted(self._counts):
            left -= self._counts[bucket]
            if left <= 0:
                break
        return min(max(2 ** ((bucket + 0.5) / FINENESS), self._least), self._most)


class Buckets:
    """A Prometheus histogram: counts by BOUNDS, the last of what is longer; sum of all, in seconds."""

    __slots__ = ("counts", "sum")

    def __init__(self):
        self.counts = [0] * (len(BOUNDS) + 1)
        self.sum = 0.0

    def add(self, seconds):
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds

    def cumulative(self):
        """Pairs of a bound (float; the last is infinite) and how many durations do not exceed it."""
        total = 0
        pairs = []
        for bound, count in zip((*BOUNDS, math.inf), self.counts, strict=True):
            total += count
            pairs.append((bound, total))
        return pairs

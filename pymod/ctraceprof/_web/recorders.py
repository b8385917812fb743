"""Profiles that record one capture after the other."""

import sys
from collections import deque

from .._profile import Profile

__all__ = ["Recorders"]

# Bytes. A larger one is not used again: it has met many functions, or was on many threads.
LARGEST = 256 * 1024


class Recorders:
    """Gives out profiles to record with, and takes them back. Thread-safe.

    One that has recorded before knows the names of the functions that it has met, and whether they are left out:
    a capture of what was captured before takes less than half as long. None records what another capture of
    its own has begun: that ended as it was disabled.
    """

    def __init__(self, most, options):
        self._most = most
        self._options = options
        self._spare = deque()

    def take(self):
        """A profile with nothing in it."""
        try:
            return self._spare.pop()
        except IndexError:
            return Profile(**self._options)

    def give_back(self, profile):
        """It is disabled, and nobody reads or enters it any more. None: there is none to take back."""
        if profile is None or len(self._spare) >= self._most:
            return
        try:
            profile.clear()
        except MemoryError:  # it goes, as others would
            return
        if sys.getsizeof(profile) <= LARGEST:
            self._spare.append(profile)

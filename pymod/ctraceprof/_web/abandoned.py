"""Captures whose requests were dropped: by a server that ends, or by who collects garbage.

That may happen anywhere, in the middle of what takes a lock of ours as well: so it is only noted, and done
when next a capture begins or a page is asked for, or as its time is over.
"""

from collections import deque

__all__ = ["abandon", "end_abandoned"]

_ends = deque()


def abandon(end):
    """end() is to be called. Takes no lock."""
    _ends.append(end)


def end_abandoned():
    """Do what is to be done."""
    while _ends:
        try:
            end = _ends.popleft()
        except IndexError:  # another thread was first
            return
        end()

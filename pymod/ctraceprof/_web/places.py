"""How many captures there are at once."""

import threading

__all__ = ["Places"]


class Places:
    """So many, of which no kind of requests has more than half, as long as they come unasked."""

    def __init__(self, number):
        self._number = number
        self._share = (number + 1) // 2
        self._taken = 0
        self._kinds = {}
        self._lock = threading.Lock()

    def take(self, kind):
        """Whether there was one. kind: hashable; None of who asked, who may have any. To be given back."""
        with self._lock:
            has = self._kinds.get(kind, 0)
            if self._taken >= self._number or (kind is not None and has >= self._share):
                return False
            self._taken += 1
            self._kinds[kind] = has + 1
            return True

    def give_back(self, kind):
        with self._lock:
            self._taken -= 1
            has = self._kinds.pop(kind) - 1
            if has:
                self._kinds[kind] = has

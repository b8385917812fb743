"""What goes wrong is told once, through logging: a profiler prints nothing of its own accord."""

import logging
import threading

__all__ = ["Journal"]

_logger = logging.getLogger("ctraceprof")
_logger.addHandler(logging.NullHandler())  # else logging's last resort would print


class Journal:
    """Each subject is told of once. Thread-safe."""

    def __init__(self):
        self._told = set()
        self._lock = threading.Lock()

    def tell(self, subject, message, error=None):
        """Log a warning, unless the subject was told of before; error: the exception that it is about."""
        with self._lock:
            if subject in self._told:
                return
            self._told.add(subject)
        _logger.warning(message, exc_info=error)

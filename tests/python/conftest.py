"""What all tests need."""

import gc

import pytest

from ctraceprof._web.watchdog import Watchdog

# Or threads of the middleware's are there when other tests count what all threads do.
Watchdog.LINGER = 0.05


@pytest.fixture(autouse=True)
def no_garbage_collection_by_chance():
    """Collections call what others have hung on them (hypothesis does), and a profile counts that."""
    gc.disable()
    yield
    gc.enable()

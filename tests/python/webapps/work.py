"""What endpoints of the applications do: functions that a profile must have a known number of calls of.

Each kind of endpoint has a function of its own, so that a call that got into another one's profile shows.
"""


def plain_leaf():
    return 1


def waiting_leaf():
    return 1


def thread_leaf():
    return 1


def dependency_leaf():
    return 1


def cleanup_leaf():
    return 1


def background_leaf():
    return 1


def stream_leaf():
    return 1


def socket_leaf():
    return 1


def body_leaf():
    return 1


def query_leaf():
    return 1


def call(leaf, times):
    """Call it; the sum of what it gave."""
    total = 0
    for _ in range(times):
        total += leaf()
    return total


LEAVES = [value.__name__ for value in list(vars().values()) if getattr(value, "__name__", "").endswith("_leaf")]

"""What the tests of @ctraceprof.profile decorate, and how they count."""

import os
import sys

FOLDER = os.path.dirname(__file__)


def leaf():
    return 1


def work(n=3):
    return sum(leaf() for _ in range(n))


def our_ids():
    monitoring = getattr(sys, "monitoring", None)
    return [i for i in range(6) if monitoring is not None and monitoring.get_tool(i) == "ctraceprof"]


def calls_by_name(profile):
    """Calls of these tests' own functions."""
    return {r.name: r.calls for r in profile.stats() if os.path.dirname(r.file) == FOLDER}


def calls_of(function, *names):
    """The same of a decorated function; of some names only, a tuple."""
    rows = calls_by_name(function.profile)
    return tuple(rows.get(name, 0) for name in names) if names else rows

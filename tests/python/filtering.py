"""What the tests of filters share."""

import collections

import ctraceprof


def make(source, file="<string>", **namespace):
    """What the source defines, as if from that file."""
    exec(compile(source, file, "exec"), namespace)
    return namespace


def counts(profile):
    """{name: calls}, of Python functions."""
    profile.create_stats()
    sums = collections.Counter()
    for (file, _, name), row in profile.stats.items():
        sums[name] += row[1] if file != "~" else 0
    return sums


def is_recorded(function, **options):
    profile = ctraceprof.Profile(**options)
    profile.enable()
    function()
    profile.disable()
    return function.__name__ in counts(profile)


# So many events come before anything that is left out is switched off.
PATIENCE = 2000
worn = make("def worn(): pass", "/x/worn.py", __name__="worn")["worn"]


def wear_out():
    """Events of what is to be left out by all profiles that are enabled."""
    for _ in range(PATIENCE):
        worn()

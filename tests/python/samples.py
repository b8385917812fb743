"""Small functions to profile, and what is asked of a profile most often."""


def leaf():
    return 1


def work(n=3):
    return sum(leaf() for _ in range(n))


def calls(profile, name):
    """Number of calls of a function by name, from a fresh snapshot."""
    profile.snapshot_stats()
    return sum(row[1] for (_, _, n), row in profile.stats.items() if n == name)

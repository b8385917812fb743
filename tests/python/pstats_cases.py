"""Profiles and commands made at random, and what Python's pstats prints of them."""

import contextlib
import io
import marshal
import os
import pstats
import subprocess
import sys

FILES = [
    "a.py", "/lib/a.py", "/usr/lib/b.py", "b.py", "/x/y/", "", "~", "<string>", "/new\nline.py",
    "/sp ace/it's.py", '/"quoted".py', "/both'\".py", "/é/ü.py", "/日本/語.py",
    "/\U0001f600.py",
    "/\udcff\udc80.py", "back\\slash.py", "/nul\0/nul\0.py", "jprofile", "/jprofile", "/~",
]
NAMES = [
    "f", "g", "main", "<module>", "<lambda>", "<", ">", "<>", "", "naïve", "名前", "\U0001f600",
    "\ud800", "\udfff", "q'uote", 'd"quote', "n\new", "t\tab", "\0", "\0a", "x\0y", "back\\slash",
    "<built-in method builtins.len>", "<method 'x' of 'y' objects>", "profiler",
    "n" * 300, "\uffff",
]
TIMES = [
    0.0, -0.0, 1e-9, 0.0005, 0.0015, 0.5, 1.0, 123456.789, 1e15, 1e300, -0.25, -1e-9, -1e20, 7, 0,
]
COUNTS = [0, 1, 1, 1, 2, 3, 10, 12345678, 2**31, 2**53 + 1, 2**62, -1]
WORDS = list(pstats.Stats.sort_arg_dict_default)
PATTERNS = [
    "f", "a.py", r"\(", "[0-9]+", "é", "<", r"\bmain\b", "f.*o", "(?i)NA", "nothing like it", "'",
    "\"", "'\"", r"\)$", "^/usr", "^{", "日本|main", "x{2}", "\udcff",
]
INVALID = ["(", "[", "a)"]
NUMBERS = ["0", "1", "2", "5", "17", "-1", "-3", "+4", "007", "1_0", "100000", "9" * 30]
FRACTIONS = [
    "0.0", "-0.0", ".1", "0.5", "0.25", "1e-3", "1.5e-05", ".99", "0.333333333333333", "1.0",
    "2e-1_0", "nan",
]
MTIME = 1_700_000_000
KINDS = ["plain", "ghosts", "numbers"]


def make_label(rng):
    if rng.random() < 0.2:
        return ("~", 0, rng.choice(NAMES))
    line = rng.choice([0, 1, 2, 10, 100, rng.randrange(10**6), -3, 2**31 - 1, -(2**31)])
    name = rng.choice(NAMES) if rng.random() < 0.6 else f"f{rng.randrange(1000)}"
    return (rng.choice(FILES), line, name)


def make_time(rng):
    if rng.random() < 0.5:
        return rng.choice(TIMES)
    return rng.expovariate(1) * 10 ** rng.randrange(-6, 4)


def make_counts(rng):
    """Calls, and primitive calls; often as true programs have them."""
    if rng.random() < 0.2:
        return rng.choice(COUNTS), rng.choice(COUNTS)
    calls = rng.randrange(1, 10 ** rng.randrange(1, 7))
    return calls, calls if rng.random() < 0.7 else rng.randrange(1, calls + 1)


def make_value(rng, kind):
    if kind == "numbers":
        return rng.randrange(1, 1000)
    return (*make_counts(rng), make_time(rng), make_time(rng))


def make_stats(rng, kind, size, with_root=None):
    """A dictionary as profilers write it; at times with the root of module profile, which calls a
    function or two."""
    labels = list(dict.fromkeys(make_label(rng) for _ in range(size)))
    root = ("jprofile", 0, "profiler")
    labels = [label for label in labels if label[2] != "profiler"]
    callers = labels or [root]
    if kind == "ghosts":
        callers = callers + [make_label(rng) for _ in range(size // 4 + 1)]
        callers = [label for label in callers if label[2] != "profiler"] or [root]
    stats = {}
    if with_root is None:
        with_root = rng.random() < 0.2
    if with_root or not labels:
        labels.insert(rng.randrange(len(labels) + 1), root)
    top = rng.choices(labels, k=2)
    dense = rng.choice([0, 1, 3, 6])
    for label in labels:
        calls, primitive = make_counts(rng)
        row = {rng.choice(callers): make_value(rng, kind) for _ in range(rng.randint(0, dense))}
        if with_root and label in top:
            row[root] = make_value(rng, kind)
        stats[label] = (primitive, calls, make_time(rng), make_time(rng), row)
    return stats


def write(stats, path):
    path.write_bytes(marshal.dumps(stats))
    os.utime(path, (MTIME, MTIME))
    return str(path)


def make_limit(rng):
    pools = [NUMBERS, NUMBERS, FRACTIONS, PATTERNS, PATTERNS, INVALID]
    return rng.choice(rng.choice(pools))


def make_key(rng):
    abbreviations = list(pstats.Stats().get_sort_arg_defs())
    return rng.choice(rng.choice([WORDS, abbreviations]))


def make_command(rng):
    """View, sort keys, limits, strip_dirs, reverse."""
    return (
        rng.choice(["stats", "stats", "callers", "callees"]),
        [make_key(rng) for _ in range(rng.choice([0, 1, 1, 1, 2, 3]))],
        [make_limit(rng) for _ in range(rng.choice([0, 0, 1, 1, 2, 3]))],
        rng.random() < 0.3,
        rng.random() < 0.3,
    )


def understood(word):
    """As the browser takes it."""
    for kind in int, float:
        with contextlib.suppress(ValueError):
            return kind(word)
    return word


def printed_by_python(paths, command):
    view, keys, limits, strip, reverse = command
    stream = io.StringIO()
    stats = pstats.Stats(*paths, stream=stream)
    if strip:
        stats.strip_dirs()
    if keys:
        stats.sort_stats(*keys)
    if reverse:
        stats.reverse_order()
    # A set, whose order is that of a hash; the tool's is that of the rows.
    stats.top_level = [label for label in stats.stats if label in stats.top_level]
    getattr(stats, f"print_{view}")(*map(understood, limits))
    return stream.getvalue().encode("utf-8", "surrogatepass")


def arguments_for_tool(paths, command):
    view, keys, limits, strip, reverse = command
    arguments = ["top" if view == "stats" else view, "--pstats", *paths]
    if keys:
        arguments += ["--sort", ",".join(keys)]
    for limit in limits:
        arguments.append(f"--limit={limit}")
    return arguments + ["--strip-dirs"] * strip + ["-r"] * reverse


def browse_python(path, script):
    """What `python -m pstats` answers, as bytes."""
    result = subprocess.run(
        [sys.executable, "-m", "pstats", *path],
        input=script.encode("utf-8", "surrogatepass"),
        env=os.environ | {"PYTHONIOENCODING": "utf-8:surrogatepass", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        timeout=60,
    )
    assert result.stderr == b""
    return result.stdout

"""What the tests of exports share: files with trees made by hand, and what is in the files made of them."""

import marshal
import os
import struct
import subprocess
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("TRACEPROF_BUILD", ROOT / "build"))
TOOL = (BUILD / "traceprof").resolve()
GOLDEN = ROOT / "tests/golden"
TOP = 0xFFFFFFFF


def convert(source, target, *options, status=0, timeout=120):
    """The tool's standard error; the target's suffix says which format."""
    result = subprocess.run([TOOL, "convert", *options, "-o", target, source],
                            capture_output=True, text=True, timeout=timeout)
    assert result.returncode == status, result.stderr
    return result.stderr


def converted(source, to, *options):
    """The bytes of an export."""
    return subprocess.run([TOOL, "convert", "--to", to, *options, source],
                          capture_output=True, check=True, timeout=120).stdout


def inclusive(contexts):
    ticks = [own for _, _, _, own in contexts]
    for i in range(len(contexts) - 1, -1, -1):
        if contexts[i][1] != TOP:
            ticks[contexts[i][1]] += ticks[i]
    return ticks


def rows_of(labels, threads):
    """pstats' rows and edges of trees without recursion."""
    rows = {label: [0, 0, 0.0, 0.0, {}] for label in labels}
    for contexts in threads.values():
        for (function, parent, calls, own), ticks in zip(contexts, inclusive(contexts)):
            added = [rows[labels[function]]]
            if parent != TOP:
                callers = added[0][4]
                added.append(callers.setdefault(labels[contexts[parent][0]], [0, 0, 0.0, 0.0]))
            for figures in added:
                figures[0] += calls
                figures[1] += calls
                figures[2] += own * 1e-9
                figures[3] += ticks * 1e-9
    return {label: (*figures, {key: tuple(value) for key, value in callers.items()})
            for label, (*figures, callers) in rows.items()}


def write_profile(path, labels, threads, properties=None):
    """`threads` is {name: contexts}, a context (function, parent, calls, own nanoseconds), in pre-order."""
    trees = []
    for number, (name, contexts) in enumerate(threads.items()):
        count = len(contexts)
        functions, parents, calls, _ = zip(*contexts)
        trees.append({
            "name": name, "id": number + 1,
            "function": struct.pack(f"<{count}I", *functions),
            "parent": struct.pack(f"<{count}I", *parents),
            "calls": struct.pack(f"<{count}Q", *calls),
            "nested_calls": bytes(8 * count),
            "inclusive_ticks": struct.pack(f"<{count}q", *inclusive(contexts)),
        })  # fmt: skip
    more = {"traceprof": (1, 1), "unit": 1e-9, "properties": properties or {}, "threads": trees}
    path.write_bytes(marshal.dumps(rows_of(labels, threads), 4) + marshal.dumps(more, 4))
    return path


def speedscope_paths(profile, frames):
    """{path of names: own weight} of an evented or sampled profile of speedscope's."""
    own = Counter()
    if profile["type"] == "sampled":
        for stack, weight in zip(profile["samples"], profile["weights"]):
            own[tuple(frames[frame]["name"] for frame in stack)] += weight
        return own
    path, last = [], profile["startValue"]
    for event in profile["events"]:
        if path:
            own[tuple(path)] += event["at"] - last
        last = event["at"]
        if event["type"] == "O":
            path.append(frames[event["frame"]]["name"])
        else:
            assert path.pop() == frames[event["frame"]]["name"]
    assert path == [] and last == profile["endValue"]
    return own


def collapsed_paths(text):
    """{path of frames: weight}."""
    own = Counter()
    for line in text.splitlines():
        path, weight = line.rsplit(" ", 1)
        own[tuple(path.split(";"))] += int(weight)
    return own


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """A protocol buffer's fields: (number, integer or bytes)."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        value, at = varint(data, at)
        if key & 7 == 2:
            value, at = data[at : at + value], at + value
        else:
            assert key & 7 == 0
        yield key >> 3, value


def packed(data):
    values, at = [], 0
    while at < len(data):
        value, at = varint(data, at)
        values.append(value)
    return values


class Pprof:
    """A decompressed pprof message, checked as profile.proto wants it."""

    def __init__(self, data):
        found = {}
        for number, value in fields(data):
            found.setdefault(number, []).append(value)
        self.strings = [text.decode() for text in found[6]]
        assert self.strings[0] == ""
        self.types = [tuple(self.strings[v] for _, v in fields(one)) for one in found[1]]
        self.functions = {f[1]: f for f in (dict(fields(one)) for one in found.get(5, []))}
        self.names = {number: self.strings[f[2]] for number, f in self.functions.items()}
        self.comments = [self.strings[number] for number in found.get(13, [])]
        self.default = self.strings[found[14][0]]
        locations = {}
        for one in found.get(4, []):
            location = dict(fields(one))
            locations[location[1]] = dict(fields(location[4]))[1]
        assert 0 not in locations and set(locations.values()) <= set(self.functions)
        self.samples = []
        for one in found.get(2, []):
            sample = list(fields(one))
            values = packed(dict(sample)[2])
            assert len(values) == len(self.types)
            labels = [dict(fields(value)) for number, value in sample if number == 3]
            labels = {self.strings[l[1]]: self.strings[l[2]] if 2 in l else l.get(3, 0) for l in labels}
            path = tuple(self.names[locations[l]] for l in reversed(packed(dict(sample)[1])))
            self.samples.append((path, values, labels))

"""Profiles that are hard on the page, and such whose times are known."""

import array
import marshal
import random
import sys
import types

import ctraceprof

HOSTILE = [
    "</script><script>document.title='taken'</script>",
    "<!--<script>",
    "\"quoted\" 'and' `ticked`",
    "line\nbreak\r\nand\ttab\0nul",
    "lone \udcff \ud800 surrogates",
    "\u202eturned around\u202c \u2028 separators \ufeff",
    "&lt;img src=x onerror=alert(1)&gt; ]]>",
    "{{script}} {{data}}",
    "数える größe ñ 🐍",
    "__proto__",
    "constructor",
    "long" * 2500,
    " ",
    "-0",
]


def save_tree(path, names, contexts, unit=1e-9, properties=None):
    """A file of ours with one thread. contexts: (function, parent or None, calls, own ticks)."""
    count = len(contexts)
    inclusive = [own for *_, own in contexts]
    for i in range(count - 1, -1, -1):
        if contexts[i][1] is not None:
            inclusive[contexts[i][1]] += inclusive[i]
    labels = [name if isinstance(name, tuple) else ("/srv/app.py", i + 1, name) for i, name in enumerate(names)]
    calls, own, total = ([0] * len(names) for _ in range(3))
    edges = [{} for _ in names]
    for (function, parent, number, ticks), all_ticks in zip(contexts, inclusive):
        calls[function] += number
        own[function] += ticks
        total[function] += all_ticks  # as if there were no recursion
        if parent is not None:
            edge = edges[function].setdefault(labels[contexts[parent][0]], [0, 0, 0.0, 0.0])
            for k, more in enumerate((number, number, ticks * unit, all_ticks * unit)):
                edge[k] += more
    rows = {
        label: (calls[i], calls[i], own[i] * unit, total[i] * unit, {k: tuple(v) for k, v in edges[i].items()})
        for i, label in enumerate(labels)
    }  # fmt: skip

    def column(code, values):
        packed = array.array(code, values)
        if sys.byteorder == "big":
            packed.byteswap()
        return packed.tobytes()

    thread = {
        "name": "MainThread",
        "id": 1,
        "function": column("I", (c[0] for c in contexts)),
        "parent": column("I", (0xFFFFFFFF if c[1] is None else c[1] for c in contexts)),
        "calls": column("Q", (c[2] for c in contexts)),
        "nested_calls": column("Q", (0 for _ in contexts)),
        "inclusive_ticks": column("q", inclusive),
    }
    facts = {"clock": "monotonic", "command": "program.py", **(properties or {})}
    second = {"traceprof": (1, 0), "unit": unit, "properties": facts, "threads": [thread]}
    path.write_bytes(marshal.dumps(rows, 4) + marshal.dumps(second, 4))
    return path


def save_large(path, count, seed=6):
    """A tree of so many contexts, bushy, of 4000 functions in 40 modules."""
    pick = random.Random(seed)
    names = [(f"/srv/pkg{i % 40}/mod{i % 120}.py", i, f"function_{i}") for i in range(4000)]
    contexts = [(0, None, 1, 1000)]
    path_down, taken = [0], [set()]
    while len(contexts) < count:
        while len(path_down) > 1 and (len(path_down) > 60 or pick.random() < 0.45):
            path_down.pop()
            taken.pop()
        function = pick.randrange(len(names))
        if function in taken[-1]:
            continue
        taken[-1].add(function)
        contexts.append((function, path_down[-1], 1 + pick.randrange(50), int(pick.expovariate(1e-4))))
        path_down.append(len(contexts) - 1)
        taken.append(set())
    return save_tree(path, names, contexts)


def save_deep(path, depth):
    names = [f"level_{i}" for i in range(depth)]
    last = depth - 1  # whose time is all there is
    return save_tree(path, names, [(i, i - 1 if i else None, 1, 10**9 * (i == last)) for i in range(depth)])


def save_hostile(path):
    names = [*HOSTILE, *((name, 7, "in a hostile file") for name in HOSTILE[:7])]
    contexts = [(0, None, 1, 5000)]
    contexts += [(i, 0 if i % 3 else i - 1, i, 4000 + i) for i in range(1, len(names))]
    order, children = [], {}
    for i, context in enumerate(contexts):
        children.setdefault(context[1], []).append(i)
    number = {}

    def walk(i):
        number[i] = len(order)
        order.append(i)
        for child in children.get(i, ()):
            walk(child)

    walk(0)
    contexts = [(f, None if p is None else number[p], n, own) for f, p, n, own in (contexts[i] for i in order)]
    return save_tree(path, names, contexts, properties={"command": "python " + HOSTILE[0] + HOSTILE[3]})


# --- a program whose paths share functions ---------------------------------------------------

now = 0


def shared(ticks):
    global now
    now += ticks
    leaf(ticks)


def leaf(ticks):
    global now
    now += ticks * ticks // 50


def cheap():
    for _ in range(5):
        shared(10)


def dear():
    shared(300)


def again(n):
    global now
    now += 7
    if n:
        cheap()
        again(n - 1)


def work():
    global now
    now += 100
    cheap()
    dear()
    again(3)


# Seconds of each path of work(), callees included; a tick is a millisecond. All calls of again() by itself
# are one path.
PATHS = {
    ("work",): 2.468,
    ("work", "cheap"): 0.060,
    ("work", "cheap", "shared"): 0.060,
    ("work", "cheap", "shared", "leaf"): 0.010,
    ("work", "dear"): 2.1,
    ("work", "dear", "shared"): 2.1,
    ("work", "dear", "shared", "leaf"): 1.8,
    ("work", "again"): 0.208,
    ("work", "again", "cheap"): 0.060,
    ("work", "again", "cheap", "shared"): 0.060,
    ("work", "again", "cheap", "shared", "leaf"): 0.010,
    ("work", "again", "again"): 0.141,
    ("work", "again", "again", "cheap"): 0.120,
    ("work", "again", "again", "cheap", "shared"): 0.120,
    ("work", "again", "again", "cheap", "shared", "leaf"): 0.020,
}


def save_shared(path):
    """work() on a clock that only the program moves."""
    global now
    now = 0
    profile = ctraceprof.Profile(timer=lambda: now, timeunit=0.001, builtins=False)
    profile.runcall(work)
    profile.dump_stats(path)
    return path


# --- coroutines that wait --------------------------------------------------------------------


@types.coroutine
def switch():
    yield


async def load():
    global now
    now += 2
    await switch()
    now += 3


async def page():
    global now
    now += 10
    await load()
    now += 5


def loop():
    """Both pages begin, at 0 and 12, wait, and go on at 124 and 132."""
    global now
    tasks = [page(), page()]
    for task in tasks:
        task.send(None)
    now += 100
    for task in tasks:
        try:
            task.send(None)
        except StopIteration:
            pass


# Seconds of each path: active, and from the beginning to the end of its calls.
WAITING = {
    ("loop",): (0.140, 0.360),
    ("loop", "page"): (0.040, 0.132 + 0.128),
    ("loop", "page", "load"): (0.010, 0.117 + 0.113),
}


def save_waiting(path):
    global now
    now = 0
    profile = ctraceprof.Profile(timer=lambda: now, timeunit=0.001, builtins=False)
    profile.runcall(loop)
    profile.dump_stats(path)

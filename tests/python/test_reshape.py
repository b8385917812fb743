"""Focus options, merge, diff and tree against the reference of reshaping.py."""

import marshal
import pstats
import random
import re
from collections import Counter

import pytest

from reshaping import (
    GOOD, LIBRARY, OWN, PATTERNS, add, added, assert_is, edges_of, expected_trees, inclusive,
    label_of, options_of, random_paths, random_threads, renamed, rows_and_edges, run, select,
    text_of, tool, top, trees, write,
)


@pytest.mark.parametrize("seed", range(40))
def test_selections(seed, tmp_path):
    rng = random.Random(seed)
    threads = random_threads(rng)
    path = write(tmp_path / "a.prof", threads)
    assert_is(threads, path)
    rules = [{"focus": p} for p in rng.sample(PATTERNS, 2)] + [{"library": True}]
    rules += [{"ignore": rng.choice(PATTERNS)}, {"hide": rng.choice(PATTERNS)}]
    keys = ["focus", "ignore", "hide"]
    rules.append({key: rng.choice(PATTERNS) for key in keys} | {"library": rng.random() < 0.5})
    for rule in rules:
        selected = {thread: select(paths, **rule) for thread, paths in threads.items()}
        assert_is(selected, *options_of(**rule), path)


@pytest.mark.parametrize("seed", range(20))
def test_root(seed, tmp_path):
    rng = random.Random(seed)
    threads = random_threads(rng)
    path = write(tmp_path / "a.prof", threads)
    for rule in {}, {"focus": rng.choice(PATTERNS)}, {"hide": rng.choice(PATTERNS)}, {"library": True}:
        root = rng.choice(PATTERNS)
        selected = {thread: select(p, root=root, **rule) for thread, p in threads.items()}
        assert_is(selected, *options_of(**rule), path, tree_words=["--root", root])


@pytest.mark.parametrize("seed", range(8))
def test_threads(seed, tmp_path):
    threads = random_threads(random.Random(seed))
    path = write(tmp_path / "a.prof", threads)
    for name, number in threads:
        assert_is({(name, number): threads[name, number]}, "--thread", number, path)
        same = {thread: paths for thread, paths in threads.items() if thread[0] == name}
        assert_is(same, "--thread", name, path)
    assert run("top", "--thread", "nobody", path).returncode == 3


def test_patterns_given_twice_are_alternatives(tmp_path):
    path = write(tmp_path / "a.prof", random_threads(random.Random(1)))
    assert top("--hide", "main", "--hide", "work|leaf", path) == top("--hide", "main|work|leaf", path)


def base(label):
    return (label[0].rpartition("/")[2], *label[1:])


@pytest.mark.parametrize("seed", range(20))
def test_strip_dirs(seed, tmp_path):
    """Rows and edges are added up, as pstats does; contexts, too."""
    threads = random_threads(random.Random(seed))
    path = write(tmp_path / "a.prof", threads)
    functions, edges = rows_and_edges(threads.values())
    assert top("--strip-dirs", path) == renamed(functions, base)
    assert edges_of("--strip-dirs", path) == renamed(edges, lambda edge: tuple(map(base, edge)))
    stripped = {}
    for thread, paths in threads.items():
        for p, row in paths.items():
            add(stripped.setdefault(thread, {}), tuple(map(base, p)), *row)
    assert trees("--strip-dirs", path) == expected_trees(stripped)
    theirs = pstats.Stats(str(path)).strip_dirs().stats
    assert {key: [row[1], row[0], *row[2:4]] for key, row in theirs.items()} == renamed(functions, base)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("levels", [None, 1, 3])
def test_invert(seed, levels, tmp_path):
    threads = random_threads(random.Random(seed))
    path = write(tmp_path / "a.prof", threads)
    expected = {}
    for (_, number), paths in threads.items():
        found = expected.setdefault(number, {})
        for p, (calls, _, own) in paths.items():
            for n in range(1, min(len(p), levels or 16) + 1):
                key = p[::-1][:n]
                old = found.get(key, (0, 0))
                found[key] = (old[0] + calls, old[1] + own)
    words = [] if levels is None else ["-d", levels]
    assert trees("--invert", *words, path) == expected


def test_invert_stops_at_16_levels(tmp_path):
    labels = [("f.py", n, "f") for n in range(20)]
    paths = {tuple(labels[: n + 1]): [1, 0, 1] for n in range(20)}
    path = write(tmp_path / "a.prof", {("", 1): paths})
    assert max(len(p) for p in trees("--invert", path)[1]) == 16
    assert max(len(p) for p in trees("--invert", "-d", 20, path)[1]) == 20


@pytest.mark.parametrize("seed", range(20))
def test_merge(seed, tmp_path):
    rng = random.Random(seed)
    runs = [random_threads(rng) for _ in range(rng.randrange(2, 5))]
    files = [write(tmp_path / f"{n}.prof", threads) for n, threads in enumerate(runs)]
    functions, edges = (added(tables) for tables in zip(*(rows_and_edges(r.values()) for r in runs)))
    total = tmp_path / "sum.prof"
    assert run("merge", "-o", total, *files).stderr == ""
    names = {}  # threads of one name are one, under the first one's number
    for threads in runs:
        for (name, number), paths in threads.items():
            names.setdefault(name, (number, []))[1].append(paths)
    threads = {(name, number): added(parts) for name, (number, parts) in names.items()}
    for words in files, [total]:
        assert top(*words) == functions
        assert edges_of(*words) == edges
        assert trees(*words) == expected_trees(threads)
    stats = pstats.Stats(str(total)).stats
    assert {key: [row[1], row[0], *row[2:4]] for key, row in stats.items()} == functions
    callers = {(a, b): list(row) for b, (*_, by) in stats.items() for a, row in by.items()}
    assert callers == edges
    theirs = pstats.Stats(*map(str, files)).stats
    assert {key: row[:4] for key, row in theirs.items()} == {k: row[:4] for k, row in stats.items()}
    assert run("info", "--check", total).returncode == 0


def test_merge_of_one_is_the_same(tmp_path):
    for path in sorted(GOOD.glob("*.prof")):
        total = tmp_path / "sum.prof"
        assert run("merge", "-o", total, path).returncode == 0
        assert tool("top", total) == tool("top", path)
        assert tool("tree", total) == tool("tree", path)


def test_merge_with_a_file_without_tree(tmp_path):
    rng = random.Random(3)
    runs = [random_threads(rng) for _ in range(3)]
    files = [write(tmp_path / f"{n}.prof", r, tree=n != 1) for n, r in enumerate(runs)]
    result = run("merge", "-o", tmp_path / "sum.prof", *files)
    assert result.stderr == "traceprof: 1 of 3 files has no call tree, so their sum has none either\n"
    assert run("path", tmp_path / "sum.prof").returncode == 3
    functions = added(rows_and_edges(r.values())[0] for r in runs)
    assert top(tmp_path / "sum.prof") == functions


def test_merge_of_unlike_ticks(tmp_path):
    """The sum has the first one's ticks."""
    paths = {(OWN[0],): [1, 0, 6], (OWN[0], OWN[1]): [2, 0, 4]}
    a = write(tmp_path / "a.prof", {("", 1): paths}, unit=0.25)
    b = write(tmp_path / "b.prof", {("", 1): paths}, unit=0.5)
    assert trees(a, b) == {1: {(OWN[0],): (2, 7.5), (OWN[0], OWN[1]): (4, 3.0)}}


# Differences.


def expected_changes(a, b, by, least):
    """{label: kind}; a and b are {key: (calls, self, cumulative)}."""
    found = {}
    for key in {*a, *b}:
        before, after = a.get(key), b.get(key)
        x, y = before or (0, 0, 0), after or (0, 0, 0)
        column = {"self": 1, "calls": 2, "cum": 2}[by]
        delta = y[column] - x[column]
        if before is None or after is None:
            if abs(delta) >= least:
                found[key] = "new" if before is None else "gone"
        elif by != "calls" and delta and abs(delta) >= least:
            found[key] = "slower" if delta > 0 else "faster"
        elif x[0] != y[0]:
            found[key] = "more-calls" if y[0] > x[0] else "fewer-calls"
    return found


def flat(threads):
    return {key: (row[0], *row[2:]) for key, row in rows_and_edges(threads.values())[0].items()}


@pytest.mark.parametrize("seed", range(20))
def test_diff(seed, tmp_path):
    rng = random.Random(seed)
    one, two = ({("", 1): random_paths(rng)} for _ in range(2))
    files = [write(tmp_path / "a.prof", one), write(tmp_path / "b.prof", two)]
    a, b = flat(one), flat(two)
    whole = sum(row[1] for row in a.values())
    for by in "self", "cum", "calls":
        for words, least in ([], 0), (["--min-time", "3s"], 3), (["--min-percent", "20"], whole / 5):
            rows = tool("diff", "--by", by, *words, *files)
            expected = expected_changes(a, b, by, least)
            assert {label_of(row): row["change"] for row in rows} == expected
            weights = []
            for row in rows:
                x, y = a.get(label_of(row)), b.get(label_of(row))
                assert (row["calls_a"], row["self_a_s"], row["cumulative_a_s"]) == (x or (None,) * 3)
                assert (row["calls_b"], row["self_b_s"], row["cumulative_b_s"]) == (y or (None,) * 3)
                x, y = x or (0, 0, 0), y or (0, 0, 0)
                deltas = [row["calls_delta"], row["self_delta_s"], row["cumulative_delta_s"]]
                assert deltas == [q - p for p, q in zip(x, y)]
                column = {"calls": 0, "self": 1, "cum": 2}[by]
                weights.append(abs(deltas[column]))
                relative = deltas[column] / x[column] if x[column] and label_of(row) in b else None
                assert row["relative"] == (None if relative is None else pytest.approx(relative))
            assert weights == sorted(weights, reverse=True)
    for kind in "new", "gone", "slower", "faster", "more-calls", "fewer-calls":
        rows = tool("diff", "--only", kind, *files)
        expected = [k for k, word in expected_changes(a, b, "self", 0).items() if word == kind]
        assert sorted(map(label_of, rows)) == sorted(expected)
    assert tool("diff", "-n", "2", *files) == tool("diff", *files)[:2]


@pytest.mark.parametrize("seed", range(10))
def test_diff_of_trees(seed, tmp_path):
    rng = random.Random(seed)
    one, two = ({("", 1): random_paths(rng)} for _ in range(2))
    files = [write(tmp_path / "a.prof", one), write(tmp_path / "b.prof", two)]
    a, b = (
        {p: (row[0], row[2], inclusive(t["", 1])[p]) for p, row in t["", 1].items()} for t in (one, two)
    )
    expected = Counter(
        (key[-1], word, *(a.get(key) or (None,) * 3), *(b.get(key) or (None,) * 3))
        for key, word in expected_changes(a, b, "self", 0).items()
    )
    columns = "calls_a self_a_s cumulative_a_s calls_b self_b_s cumulative_b_s".split()
    rows = tool("diff", "--tree", *files)
    assert Counter((label_of(r), r["change"], *(r[c] for c in columns)) for r in rows) == expected


def test_diff_finds_what_has_moved(tmp_path):
    """By file and name, where that is unique among what is left on both sides."""

    def profile(name, *labels):
        rows = {label: (1, 1, float(n + 1), float(n + 1), {}) for n, label in enumerate(labels)}
        (tmp_path / name).write_bytes(marshal.dumps(rows))
        return tmp_path / name

    a = profile("a.prof", ("f", 1, "moved"), ("f", 2, "two"), ("f", 3, "two"), ("f", 4, "same"))
    b = profile("b.prof", ("f", 4, "same"), ("f", 9, "moved"), ("f", 7, "two"), ("g", 1, "moved"))
    kinds = {label_of(row): row["change"] for row in tool("diff", a, b)}
    assert kinds == {
        ("f", 1, "moved"): "slower",
        ("f", 2, "two"): "gone",
        ("f", 3, "two"): "gone",
        ("f", 7, "two"): "new",
        ("g", 1, "moved"): "new",
        ("f", 4, "same"): "faster",
    }


# Without a tree.


def reach(edges, start, downwards):
    found = set(start)
    while True:
        more = {b if downwards else a for a, b in edges if (a if downwards else b) in found} - found
        if not more:
            return found
        found |= more


@pytest.mark.parametrize("seed", range(20))
def test_edges_alone(seed, tmp_path):
    rng = random.Random(seed)
    threads = {("", 1): random_paths(rng)}
    path = write(tmp_path / "a.prof", threads, tree=False)
    functions, edges = rows_and_edges(threads.values())

    def matches(pattern):
        return {label for label in functions if re.search(pattern, text_of(label))}

    def part(kept):
        return (
            {label: row for label, row in functions.items() if label in kept},
            {edge: row for edge, row in edges.items() if {*edge} <= kept},
        )

    for pattern in PATTERNS:
        hit = matches(pattern)
        kept = reach(edges, hit, True) | reach(edges, hit, False)
        assert (top("--focus", pattern, path), edges_of("--focus", pattern, path)) == part(kept)
        kept = set(functions) - hit
        assert (top("--ignore", pattern, path), edges_of("--ignore", pattern, path)) == part(kept)
    hidden = rng.choice(list(functions))
    rows, left = part(set(functions) - {hidden})
    callers = {c: row for (c, callee), row in edges.items() if callee == hidden and c != hidden}
    whole = sum(row[3] for row in callers.values())
    recursive = edges[hidden, hidden][2] if (hidden, hidden) in edges and whole else 0
    for caller, row in callers.items():
        own = rows[caller][2] + row[2] + recursive * row[3] / (whole or 1)
        rows[caller] = [*rows[caller][:2], pytest.approx(own), rows[caller][3]]
    pattern = "^" + re.escape(text_of(hidden)) + "$"
    assert (top("--hide", pattern, path), edges_of("--hide", pattern, path)) == (rows, left)


def test_what_is_hidden_by_what_is_hidden(tmp_path):
    """Own time goes to the nearest callers that are left, by their shares."""
    main, other, outer, inner = OWN[0], OWN[1], ("l.py", 1, "outer"), ("l.py", 2, "inner")
    rows = {
        main: (1, 1, 1.0, 10.0, {}),
        other: (1, 1, 2.0, 5.0, {}),
        outer: (4, 4, 4.0, 12.0, {main: (3, 3, 3.0, 9.0), other: (1, 1, 1.0, 3.0)}),
        inner: (4, 4, 8.0, 8.0, {outer: (4, 4, 8.0, 8.0)}),
    }
    path = tmp_path / "a.prof"
    path.write_bytes(marshal.dumps(rows))
    assert top("--hide", "^l", path) == {
        main: [1, 1, pytest.approx(1 + 3 + 6), 10.0],
        other: [1, 1, pytest.approx(2 + 1 + 2), 5.0],
    }


def test_flags_are_of_one_pattern(tmp_path):
    path = write(tmp_path / "a.prof", random_threads(random.Random(1)))
    both = top("--hide", "(?i)MAIN", "--hide", "WORK", path)
    assert both == top("--hide", "main", path)
    assert both != top("--hide", "main", "--hide", "(?i)WORK", path)


def test_collapse_lib_of_edges_alone(tmp_path):
    """Calls of a library by a library are part of what calls; others are as before."""
    main, decode, helper, length = OWN[0], LIBRARY[1], LIBRARY[2], LIBRARY[0]
    rows = {
        main: (1, 1, 1.0, 16.0, {}),
        decode: (2, 2, 2.0, 14.0, {main: (2, 2, 2.0, 14.0)}),
        helper: (3, 3, 4.0, 12.0, {decode: (3, 3, 4.0, 12.0)}),
        length: (5, 5, 8.0, 8.0, {helper: (4, 4, 7.0, 7.0), main: (1, 1, 1.0, 1.0)}),
    }
    path = tmp_path / "a.prof"
    path.write_bytes(marshal.dumps(rows))
    found = top("--collapse-lib", path)
    assert found[main] == [1, 1, 1.0, 16.0]
    assert found[length] == [1, 1, 1.0, 1.0]
    assert found[decode] == [2, 2, 6.0, 14.0]
    assert helper not in found
    assert set(edges_of("--collapse-lib", path)) == {(main, decode), (main, length)}


def test_what_needs_a_tree_says_so(tmp_path):
    path = write(tmp_path / "a.prof", {("", 1): random_paths(random.Random(0))}, tree=False)
    for words in ["tree", "--root", "main"], ["top", "--thread", "1"]:
        result = run(*words, path)
        needs = f"{words[1]} needs the call tree, which only ctraceprof's files hold"
        assert (result.returncode, needs in result.stderr) == (3, True)
    assert run("path", path).returncode == 3


@pytest.mark.parametrize("seed", range(20))
def test_estimated_trees(seed, tmp_path):
    """No child is larger than its parent, and what nobody calls is at the top with all its time."""
    rng = random.Random(seed)
    threads = {("", 1): random_paths(rng)}
    path = write(tmp_path / "a.prof", threads, tree=False)
    functions, edges = rows_and_edges(threads.values())
    found = trees(path).get(0, {})
    for p, (_, time) in found.items():
        children = [t for q, (_, t) in found.items() if q[:-1] == p]
        assert all(t <= time for t in children)
        assert len(set(p)) == len(p)
        assert len(p) == 1 or p[-2:] in edges
    roots = {p[0]: time for p, (_, time) in found.items() if len(p) == 1}
    called = {b for a, b in edges if a != b}
    expected = {label: row[3] for label, row in functions.items() if label not in called}
    if expected:
        assert roots == pytest.approx(expected)  # ticks are nanoseconds
    else:
        most = max(row[3] for row in functions.values())
        assert list(roots.values()) == [pytest.approx(most)]

"""Memory: freed code leaves no trace but its row, and nothing leaks."""

import gc
import resource
import subprocess
import sys
import textwrap

import pytest

from ctraceprof import Profile


def resident_pages():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])


MILLION = """
import resource, sys
from ctraceprof import Profile

def make(i):
    return eval(compile("lambda: %d" % (i % 7), "lambda-%d" % (i % 5), "eval"))

def run(n):
    for i in range(n):
        make(i)()

def pages():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

profile = Profile(builtins=False)
profile.enable()
run(20_000)
before = pages()
run(COUNT)
grown = (pages() - before) * resource.getpagesize()
profile.disable()
profile.snapshot_stats()
lambdas = {k: v[1] for k, v in profile.stats.items() if k[2] == "<lambda>"}
each = (20_000 + COUNT) // 5
assert lambdas == {("lambda-%d" % i, 1, "<lambda>"): each for i in range(5)}, lambdas
print(grown)
"""


@pytest.mark.slow
def test_a_million_lambdas_neither_leak_nor_mix_names():
    source = MILLION.replace("COUNT", "1_000_000")
    result = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) < 4_000_000


def test_an_address_that_comes_back_is_another_function():
    profile = Profile(builtins=False)
    profile.enable()
    for i in range(2000):
        namespace = {}
        exec(f"def f{i}(): pass", namespace)
        for _ in range(i % 3 + 1):
            namespace[f"f{i}"]()
    profile.disable()
    profile.snapshot_stats()
    counts = {name: row[1] for (_, _, name), row in profile.stats.items()}
    assert all(counts[f"f{i}"] == i % 3 + 1 for i in range(2000))


def test_profiles_do_not_leak():
    def once():
        profile = Profile()
        profile.runcall(sorted, range(100), key=lambda x: -x)
        profile.getstats()
        profile.create_stats()

    for _ in range(50):
        once()
    gc.collect()
    before = resident_pages()
    for _ in range(2000):
        once()
    gc.collect()
    assert (resident_pages() - before) * resource.getpagesize() < 3_000_000


def test_past_the_cap_memory_is_flat_and_counts_exact():
    source = """
    import resource
    from ctraceprof import Profile
    def pages():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1])
    fs = []
    def make(i):
        exec(f"def f{i}(depth):\\n  for g in fs:\\n    if depth: g(depth - 1)", globals())
        fs.append(globals()[f"f{i}"])
    for i in range(8): make(i)
    p = Profile(builtins=False, max_contexts=1000)
    p.enable()
    for g in fs: g(3)
    before = pages()
    for _ in range(3):
        for g in fs: g(5)
    grown = (pages() - before) * resource.getpagesize()
    p.disable()
    p.snapshot_stats()
    total = sum(row[1] for key, row in p.stats.items() if key[2].startswith("f"))
    assert total == sum(8 ** k for k in range(1, 5)) + 3 * sum(8 ** k for k in range(1, 7)), total
    print(grown)
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) < 1_000_000

"""What is in exports: all that the file has, exactly, whatever its names and however large its tree."""

import csv
import gzip
import io
import json
import marshal
import os
import random
import subprocess
import time
import zlib
from collections import Counter

import pytest
from exports import (
    GOLDEN, TOOL, TOP, Pprof, collapsed_paths, convert, converted, speedscope_paths, write_profile,
)  # fmt: skip
from hypothesis import given, settings
from hypothesis import strategies as st

GOOD = sorted((GOLDEN / "good").glob("*.prof"))
WITH_TREE = GOLDEN / "good/ctraceprof-3.13.prof"
PROCESSES = GOLDEN / "cli/processes.prof"
FORMATS = "speedscope callgrind collapsed pprof dot json jsonl csv pstats".split()
# What is asked of a machine that does nothing else is half a second for 100 000 contexts.
SECONDS = 5 if os.environ.get("TRACEPROF_TEST_QUICK") is None else 60


def stats_of(path):
    with open(path, "rb") as file:
        first = marshal.load(file)
        try:
            return first, marshal.load(file)
        except EOFError:
            return first, None


@pytest.mark.parametrize("to", FORMATS)
def test_same_bytes_each_time(to):
    assert converted(PROCESSES, to) == converted(PROCESSES, to)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
@pytest.mark.parametrize("to", FORMATS)
def test_every_format_takes_every_profile(path, to):
    assert len(converted(path, to)) > 100


def test_formats_of_paths_agree_to_the_nanosecond():
    shown = json.loads(converted(WITH_TREE, "speedscope"))
    paths = speedscope_paths(shown["profiles"][0], shown["shared"]["frames"])
    folded = collapsed_paths(converted(WITH_TREE, "collapsed").decode())
    message = Pprof(gzip.decompress(converted(WITH_TREE, "pprof")))
    assert sorted(w for w in paths.values() if w) == sorted(w for w in folded.values() if w)
    assert sorted(folded.values()) == sorted(values[1] for _, values, _ in message.samples)
    assert sum(folded.values()) == shown["profiles"][0]["endValue"]


def test_json_has_all_that_the_file_has():
    rows, more = stats_of(PROCESSES)
    shown = json.loads(converted(PROCESSES, "json"))
    assert (shown["format"], shown["version"], shown["tick"]) == ("traceprof", 1, more["unit"])
    assert (shown["dialect"], shown["calls_are"], shown["tree"]) == ("cProfile", "calls", "exact")
    labels = [(f["file"], f["line"], f["name"]) for f in shown["functions"]]
    assert {label: (f["primitive_calls"], f["calls"], f["total"], f["cumulative"])
            for label, f in zip(labels, shown["functions"])} == {key: row[:4] for key, row in rows.items()}
    assert {(labels[e["caller"]], labels[e["callee"]]):
            (e["calls"], e["primitive_calls"], e["total"], e["cumulative"]) for e in shown["edges"]} == \
        {(caller, key): figures for key, row in rows.items() for caller, figures in row[4].items()}
    for number, thread in enumerate(more["threads"]):
        contexts = [c for c in shown["contexts"] if c["thread"] == number]
        for column, key in (("calls", "calls"), ("nested_calls", "nested_calls"), ("inclusive_ticks", "ticks")):
            assert b"".join(c[key].to_bytes(8, "little") for c in contexts) == thread[column]
        assert b"".join(c["function"].to_bytes(4, "little") for c in contexts) == thread["function"]
        parents = (TOP if c["parent"] is None else c["parent"] for c in contexts)
        assert b"".join(parent.to_bytes(4, "little") for parent in parents) == thread["parent"]
        assert (shown["threads"][number]["name"], shown["threads"][number]["id"]) == (thread["name"], thread["id"])
    assert [(c["function"], c["started"], c["resumes"]) for c in shown["coroutines"]] == \
        [(1, 2, 82), (2, 200, 4800), (3, 5000, 10000), (5, 2, 10)]
    assert [p["pid"] for p in shown["processes"]] == [p["pid"] for p in more["processes"]]
    assert {p["name"]: p["value"] for p in shown["properties"]} == more["properties"]


@pytest.mark.parametrize("path", [*GOOD, PROCESSES], ids=lambda path: path.stem)
def test_lines_and_tables_have_what_json_has(path):
    whole = json.loads(converted(path, "json"))
    lines = [json.loads(line) for line in converted(path, "jsonl").decode().splitlines()]
    assert lines[0].pop("type") == "profile"
    tables = "functions edges contexts coroutines threads processes properties".split()
    singular = dict(zip(tables, "function edge context coroutine thread process property".split()))
    assert lines[0] == {key: value for key, value in whole.items() if key not in tables}
    for table in tables:
        found = [line for line in lines[1:] if line["type"] == singular[table]]
        assert [{k: v for k, v in line.items() if k != "type"} for line in found] == whole[table]
        text = converted(path, "csv", "--table", table).decode()
        records = list(csv.DictReader(io.StringIO(text)))
        assert len(records) == len(whole[table])
        for record, row in zip(records, whole[table]):
            for key in set(record) & set(row) - {"file", "name", "command"}:
                assert record[key] == "" if row[key] is None else str(row[key]) == record[key] or \
                    float(row[key]) == float(record[key])


NAMES = st.text(st.characters(codec=None), max_size=30)


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(NAMES, min_size=1, max_size=8, unique=True))
def test_any_name_comes_out_whole_or_escaped(tmp_path_factory, names):
    path = tmp_path_factory.mktemp("names") / "names.prof"
    labels = [(f"{name}.py", n, name) for n, name in enumerate(names)]
    write_profile(path, labels, {names[-1]: [(n, TOP, 1, n + 1) for n in range(len(names))]})
    shown = json.loads(converted(path, "json"))
    assert [f["name"] for f in shown["functions"]] == names
    assert [f["file"] for f in shown["functions"]] == [f"{name}.py" for name in names]
    frames = json.loads(converted(path, "speedscope"))["shared"]["frames"]
    assert [f["name"] for f in frames] == names
    records = list(csv.reader(io.StringIO(converted(path, "csv").decode(), newline="")))
    for name, record in zip(names, records[1:]):
        assert record[2] == "".join(f"\\u{ord(c):04x}" if 0xD800 <= ord(c) < 0xE000 else c for c in name)
    folded = collapsed_paths(converted(path, "collapsed").decode())
    assert sorted(folded.values()) == list(range(1, len(names) + 1))
    assert all(len(frames) == 1 for frames in folded)
    assert len(Pprof(gzip.decompress(converted(path, "pprof"))).samples) == len(names)
    assert converted(path, "callgrind").decode().count("\nfn=") == len(names)


@settings(max_examples=40, deadline=None, database=None)
@given(st.lists(st.text(st.sampled_from("ab \u00e9\u6570"), max_size=300), min_size=1, max_size=40, unique=True))
def test_gzip_is_what_zlib_reads(tmp_path_factory, names):
    """Long runs, matches over all distances, bytes of both code lengths."""
    path = tmp_path_factory.mktemp("gzip") / "names.prof"
    write_profile(path, [("a.py", n, name) for n, name in enumerate(names)],
                  {"main": [(n, TOP, 1, n) for n in range(len(names))]})
    reader = zlib.decompressobj(wbits=31)
    data = reader.decompress(converted(path, "pprof"))
    assert reader.eof and reader.unused_data == b""
    strings = set(Pprof(data).strings)
    assert {name for name in names if name} <= strings


def test_gzip_of_long_runs_and_far_matches(tmp_path):
    """Each length of a match up to the longest, and distances up to the window's end and beyond."""
    noise = random.Random(1)
    names = ["x" * n + chr(0x4E00 + n) for n in range(1, 300)]
    for distance in (20_000, 32_700, 40_000):
        names.append(f"far match of {distance}" * 3)
        names += ["".join(noise.choices("abcdefghijklmnop", k=100)) for _ in range(distance // 100)]
        names.append(f"far match of {distance}" * 3 + "!")
    path = tmp_path / "names.prof"
    write_profile(path, [("a.py", n, name) for n, name in enumerate(names)],
                  {"main": [(n, TOP, 1, 0) for n in range(len(names))]})
    data = gzip.decompress(converted(path, "pprof"))
    assert set(names) <= set(Pprof(data).strings)


def test_estimated_paths_are_said_to_be(tmp_path):
    source, file = GOLDEN / "good/cprofile-3.13.prof", tmp_path / "out.speedscope.json"
    message = "no file holds the call tree: its paths are estimated"
    assert message in convert(source, file)
    assert json.loads(file.read_text())["profiles"][0]["name"].endswith("(estimated)")
    assert message in convert(source, tmp_path / "out.pb.gz")
    assert "tree: estimated" in Pprof(gzip.decompress((tmp_path / "out.pb.gz").read_bytes())).comments
    assert convert(source, tmp_path / "out.json") == ""
    assert json.loads((tmp_path / "out.json").read_text())["tree"] is None


SUFFIXES = {
    "a.speedscope.json": b"{", "a.speedscope": b"{", "a.callgrind": b"# callgrind", "callgrind.out.12": b"# callgrind",
    "a.folded": b"<built-in", "a.collapsed": b"<built-in", "a.pb.gz": b"\x1f\x8b", "a.pprof": b"\x1f\x8b",
    "a.dot": b"digraph", "a.gv": b"digraph", "a.json": b"{\"format", "a.jsonl": b"{\"type", "a.ndjson": b"{\"type",
    "a.csv": b"file,line", "a.prof": b"\xfb", "a.pstats": b"\xfb",
}  # fmt: skip


@pytest.mark.parametrize("name", SUFFIXES)
def test_the_suffix_says_which_format(name, tmp_path):
    convert(WITH_TREE, tmp_path / name)
    begin = (tmp_path / name).read_bytes()[:20]
    assert begin.startswith(SUFFIXES[name]) or (begin[0] | 0x80) == 0xFB == SUFFIXES[name][0]


def test_a_file_is_replaced_by_a_whole_one_or_left(tmp_path):
    target = tmp_path / "out.trace.json"
    target.write_text("what was there")
    error = convert(WITH_TREE, target, status=3)
    assert "timeline" in error and target.read_text() == "what was there"
    target = tmp_path / "out.csv"
    target.write_text("what was there")
    assert convert(GOLDEN / "bad/dot.prof", target, status=3) != ""
    assert target.read_text() == "what was there"
    convert(WITH_TREE, target)
    assert target.read_text().startswith("file,line")
    assert sorted(os.listdir(tmp_path)) == ["out.csv", "out.trace.json"]


def test_what_is_below_a_share_is_folded_into_its_caller(tmp_path):
    contexts = [(0, TOP, 1, 100), (1, 0, 1, 890), (2, 0, 1, 4), (1, 2, 1, 6)]
    path = write_profile(tmp_path / "a.prof", [("a.py", n, name) for n, name in enumerate("rst")], {"m": contexts})
    folded = collapsed_paths(converted(path, "collapsed", "--min", "2").decode())
    assert list(folded.values()) == [110, 890]
    shown = json.loads(converted(path, "speedscope", "--min", "2"))
    assert list(speedscope_paths(shown["profiles"][0], shown["shared"]["frames"]).values()) == [110, 890]
    assert [values[1] for _, values, _ in Pprof(gzip.decompress(converted(path, "pprof", "--min", "2"))).samples] == \
        [110, 890]
    assert sum(collapsed_paths(converted(path, "collapsed").decode()).values()) == 1000


def test_deep_paths_are_written_by_formats_that_can(tmp_path):
    """A million calls below each other: no recursion, no quadratic output."""
    count = 1_000_000
    contexts = [(0, TOP, 1, 1)] + [(n % 2, n - 1, 1, 1) for n in range(1, count)]
    path = write_profile(tmp_path / "deep.prof", [("a.py", 1, "a"), ("b.py", 1, "b")], {"main": contexts})
    begin = time.monotonic()
    for to in "speedscope", "json", "jsonl", "callgrind", "dot":
        convert(path, tmp_path / f"out.{to}", "--to", to)
    for to in "collapsed", "pprof":
        assert "more than a gigabyte" in convert(path, tmp_path / f"out.{to}", "--to", to, status=3)
    assert time.monotonic() - begin < 10 * SECONDS
    with open(tmp_path / "out.speedscope", "rb") as file:
        file.seek(-60, os.SEEK_END)
        assert b'"endValue":1000000}' in file.read()


def test_a_hundred_thousand_contexts_are_fast(tmp_path):
    labels = [(f"package/module{n % 50}.py", n, f"function_{n}") for n in range(1000)]
    contexts = [(0, TOP, 1, 10)]
    for n in range(1, 100_000):
        contexts.append((n % 999 + 1, n - 1 if n % 20 else 0, n % 7 + 1, n % 1000))
    path = write_profile(tmp_path / "big.prof", labels, {"MainThread": contexts})
    for to in FORMATS:
        begin = time.monotonic()
        convert(path, tmp_path / "out", "--to", to)
        assert time.monotonic() - begin < SECONDS, to
    total = sum(own for *_, own in contexts)
    assert sum(collapsed_paths(converted(path, "collapsed").decode()).values()) == total
    message = Pprof(gzip.decompress(converted(path, "pprof")))
    assert Counter(path[-1] for path, _, _ in message.samples) == \
        Counter(f"function_{function}" for function, *_ in contexts)


def test_sums_that_do_not_fit(tmp_path):
    """Times that no program takes, in files that anybody may have written."""
    rows = {("a.py", n, f"f{n}"): (1, 1, 1e300, 1e300, {}) for n in range(2)}
    (tmp_path / "a.prof").write_bytes(marshal.dumps(rows))
    error = convert(tmp_path / "a.prof", tmp_path / "out.callgrind", status=3)
    assert "the sum of all times is more than 64 bits of nanoseconds" in error
    assert not (tmp_path / "out.callgrind").exists()
    rows = {("a.py", 1, "f"): (1, 1, 1.7e308, 1.7e308, {})}
    (tmp_path / "a.prof").write_bytes(marshal.dumps(rows))
    twice = [tmp_path / "a.prof"] * 2
    data = subprocess.run([TOOL, "convert", "--to", "json", *twice], capture_output=True, check=True).stdout
    assert json.loads(data)["functions"][0]["total"] is None
    page = subprocess.run([TOOL, "report", "-o", "-", *twice], capture_output=True, check=True).stdout.decode()
    data = json.loads(page[page.index('id="data">') + 10 : page.index("</script>")])
    assert data["profiles"][0]["rows"]["own"] == [None]


def test_which_times_is_a_comment_in_pprof(tmp_path):
    source = GOLDEN / "cli/compensated.prof"
    for option in "raw", "compensated":
        message = Pprof(gzip.decompress(converted(source, "pprof", f"--{option}")))
        assert f"times: {option}" in message.comments


def test_nothing_of_a_format_reaches_a_terminal():
    import pty

    for to in "pprof", "pstats":
        master, slave = pty.openpty()
        result = subprocess.run([TOOL, "convert", "--to", to, WITH_TREE], stdout=slave, stderr=subprocess.PIPE)
        os.close(slave)
        os.close(master)
        assert result.returncode == 2 and b"nothing for a terminal" in result.stderr

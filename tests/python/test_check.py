"""traceprof check: rules, verdicts, messages."""

import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from checks import HANDLER, LEN, SEE, TOOL, check, write  # noqa: F401 -- write is a fixture

DOCUMENT = Path(__file__).parents[2] / "docs" / "check.md"

@pytest.fixture
def one(write):
    """A profile of 10 s in which handler has all there is to ask for."""
    rows = {HANDLER: (12, 4, 2.5, 6.0), ("rest.py", 1, "rest"): (1, 1, 7.5, 7.5)}
    return write("one.prof", rows)


def broken(*arguments):
    """Whether the only rule was broken; nothing else may have gone wrong."""
    result = check(*arguments)
    assert result.stderr == ""
    assert result.stdout.endswith(f"1 rule, {result.returncode} broken\n")
    return {0: False, 1: True}[result.returncode]


PATTERN = "app/views.py:handler "


@pytest.mark.parametrize(
    "metric, value, below, above",
    [
        ("calls", "12", "11", "13"),
        ("ncalls", "12", "11", "13"),
        ("pcalls", "4", "3", "5"),
        ("primitive", "4", "3", "5"),
        ("tottime", "2.5", "2.499", "2.501"),
        ("self", "2500 ms", "2499.999999ms", "2500.000001 ms"),
        ("cumtime", "6s", "5.9s", "6.1 s"),
        ("cumulative", "0.1min", "0.0999min", "0.1001min"),
        ("percall", "1500000us", "1499999us", "1500001us"),
        ("percall", "1500000000ns", "1499999999ns", "1500000001ns"),
        ("self%", "25%", "24.9%", "25.1%"),
        ("tottime%", "25", "24.9", "25.1"),
        ("cum%", "60", "59.99", "60.01"),
        ("cumtime%", "60 %", "59 %", "61 %"),
    ],
)
def test_every_metric_and_operator(one, metric, value, below, above):
    expected = {
        ">": (True, False, False),
        ">=": (True, True, False),
        "<": (False, False, True),
        "<=": (False, True, True),
        "==": (False, True, False),
        "!=": (True, False, True),
    }
    for op, outcomes in expected.items():
        for number, outcome in zip((below, value, above), outcomes):
            assert broken("--fail-if", f"{PATTERN}{metric} {op} {number}", one) is outcome, (op, number)
            assert broken("-f", f"{PATTERN} {metric}{op}{number}", one) is outcome


@pytest.mark.parametrize(
    "rule, result",
    [
        ("total calls == 13", True),
        ("total pcalls == 5", True),
        ("total tottime == 10", True),
        ("total cumtime == 10", True),
        ("total calls > 13", False),
        ("calls > 12", False),
        ("calls > 11", True),
    ],
)
def test_total_and_each(one, rule, result):
    assert broken("-f", rule, one) is result


@pytest.mark.parametrize(
    "pattern, labels",
    [
        ("handler", [HANDLER]),
        ("hand*", [HANDLER]),
        ("/srv/app/views.py:handler", [HANDLER]),
        ("app/views.py:handler", [HANDLER]),
        ("app/*.py:handler", [HANDLER]),
        ("*:handler", [HANDLER]),
        ("srv/*:h?ndle[a-r]", [HANDLER]),
        ("views.py:[!g-][!x]*", [HANDLER]),
        ("/srv/app/views.py:12(handler)", [HANDLER]),
        ("views.py:12(h*)", [HANDLER]),
        ('"views.py:12(handler)"', [HANDLER]),
        ("~:<built-in method builtins.len>", [LEN]),
        ('"~:<built-in method builtins.len>"', [LEN]),
        ("{built-in method builtins.len}", [LEN]),
        ("{*len}", [LEN]),
        ("*builtins.len*", [LEN]),
        ('"total"', [("a b.py", 1, "total")]),
        ('"a b.py:*"', [("a b.py", 1, "total")]),
        ("a b.py:total", [("a b.py", 1, "total")]),
        ("[]x]", [("odd", -3, "]")]),
        ("odd:-3(*)", [("odd", -3, "]")]),
        ("[x", [("odd", 2, "[x")]),
        ("é?", [("odd", 3, "éè")]),
        ("[é-ü][è]", [("odd", 3, "éè")]),
        ("*.py:*", [HANDLER, ("a b.py", 1, "total")]),
    ],
)
def test_patterns(write, pattern, labels):
    others = [LEN, HANDLER, ("a b.py", 1, "total"), ("odd", -3, "]"), ("odd", 2, "[x"), ("odd", 3, "éè")]
    path = write("a.prof", {label: (1, 1, 0.0, 0.0) for label in others})
    result = check("-f", f"{pattern} calls > 0", path)
    names = re.findall(r"^  - (.*): calls 1, limit 0$", result.stdout, re.M)
    printed = {
        "{" + name[1:-1] + "}" if file == "~" else f"{file}:{line}({name})" for file, line, name in labels
    }
    assert set(names) == printed and len(names) == len(printed)


@pytest.mark.parametrize(
    "pattern", ["andler", "pp/views.py:handler", "views.py:13(handler)", "views:handler", "{len}", "total()"]
)
def test_a_pattern_that_matches_nothing(one, pattern):
    result = check("-f", f"{pattern} calls > 5", one)
    expected = f"broken: {pattern} calls > 5\n  - matches no function\n1 rule, 1 broken\n"
    assert (result.stdout, result.stderr, result.returncode) == (expected, "", 1)
    result = check("-f", f"{pattern} calls > 5", "--allow-missing", one)
    assert (result.stdout, result.stderr, result.returncode) == ("1 rule, 0 broken\n", "", 0)


def test_patterns_take_no_exponential_time(write):
    path = write("a.prof", {("a/" * 20000, 1, "a" * 20000): (1, 1, 0.0, 0.0)})
    assert broken("-f", "*a*a*a*a*a*a*a*b:*a*a*a*a*a*b calls > 0", path)


BIG = 2**63 - 1


@pytest.mark.parametrize(
    "rule, actual, base, result",
    [
        ("calls > +10%", 110, 100, False),
        ("calls > +10%", 111, 100, True),
        ("calls >= +10%", 110, 100, True),
        ("calls == +10%", 110, 100, True),
        ("calls > +12.5%", 9, 8, False),
        ("calls > +12.499999999%", 9, 8, True),
        ("calls < -10%", 90, 100, False),
        ("calls < -10%", 89, 100, True),
        ("calls > +0", 100, 100, False),
        ("calls > +0", 101, 100, True),
        ("calls != +0", 99, 100, True),
        ("calls > +100", 200, 100, False),
        ("calls > +100", 201, 100, True),
        ("calls < -5", 95, 100, False),
        ("calls < -5", 94, 100, True),
        ("calls > +10%", 0, 0, False),
        ("calls >= +10%", 0, 0, False),
        ("calls >= +0%", 0, 0, True),
        ("calls > +1000000%", 1, 0, True),
        ("calls > -10%", 0, 0, True),
        # Beyond what a double can tell apart.
        ("calls > +0", 2**53 + 1, 2**53, True),
        ("calls > +0%", 2**53 + 1, 2**53, True),
        ("calls > 9223372036854775806", BIG, 0, True),
        ("calls > 9223372036854775807", BIG, 0, False),
        ("calls == 9223372036854775807", BIG, 0, True),
        ("calls > +100%", BIG, BIG // 2, True),
        ("calls > +100%", BIG - 1, BIG // 2, False),
        ("calls > +9223372036854775807%", BIG, BIG, False),
        ("calls > +9223372036854775807", BIG, BIG, False),
        ("total calls > +10%", 110, 100, False),
        ("total calls > +10%", 111, 100, True),
    ],
)
def test_relative_counts_are_exact(write, rule, actual, base, result):
    profile = write("a.prof", {HANDLER: (actual, min(actual, 1), 0.0, 0.0)})
    baseline = write("b.prof", {HANDLER: (base, min(base, 1), 0.0, 0.0)})
    assert broken("--baseline", baseline, "-f", rule, profile) is result


@pytest.mark.parametrize(
    "rule, actual, base, result",
    [
        ("cumtime > +10%", 1.1, 1.0, False),
        # Where 1.1 times the one double is a little less than the other.
        ("cumtime > +10%", 0.33, 0.3, False),
        ("cumtime > +10%", 1.32, 1.2, False),
        ("cumtime > +5ms", 1.135, 1.13, False),
        ("cumtime >= +10%", 0.77, 0.7, True),
        ("cumtime > +10%", 1.1000001, 1.0, True),
        ("cumtime < -10%", 0.9, 1.0, False),
        ("cumtime < -10%", 0.8999, 1.0, True),
        ("cumtime > +5ms", 1.005, 1.0, False),
        ("cumtime > +5ms", 1.0051, 1.0, True),
        ("cumtime > +10%", 0.0, 0.0, False),
        ("cumtime > +10%", 0.5, 0.0, True),
        # No more than --min-time apart.
        ("cumtime > +10%", 0.002, 0.001, False),
        ("cumtime > +10%", 0.00201, 0.001, True),
        ("cumtime > +10%", 2.001, 2.0, False),
        ("cumtime > +0", 4.101, 4.1, False),
        ("cumtime < -10%", 0.001, 0.0019, False),
        ("cumtime != +0", 1.0005, 1.0, False),
        ("cumtime == +0", 1.0, 1.0, True),
    ],
)
def test_relative_times(write, rule, actual, base, result):
    profile = write("a.prof", {HANDLER: (1, 1, 0.0, actual)})
    baseline = write("b.prof", {HANDLER: (1, 1, 0.0, base)})
    assert broken("--baseline", baseline, "-f", rule, profile) is result


@pytest.mark.parametrize(
    "value, limit",
    [("-110%", "-0.5"), ("-150%", "-2.5"), ("-100%", "0"), ("-5", "0"), ("+0.000000001%", "5.00000000005")],
)
def test_limits_are_printed_to_the_last_place(write, value, limit):
    path = write("a.prof", {HANDLER: (5, 5, 0.0, 0.0)})
    result = check("-b", path, "-f", f"calls != {value}", path)
    assert f"calls 5, limit {limit}, baseline 5, change +0 (+0.0%)\n" in result.stdout


def test_min_time(write):
    profile = write("a.prof", {HANDLER: (1000, 1000, 0.5, 0.75), ("r", 1, "r"): (1, 1, 0.5, 1.0)})
    baseline = write("b.prof", {HANDLER: (1000, 1000, 0.25, 0.5), ("r", 1, "r"): (1, 1, 0.75, 1.0)})
    for metric in "cumtime", "tottime", "percall", "self%", "cum%":
        rule = f"handler {metric} > +1%"
        arguments = ["-b", baseline, "-f", rule, profile]
        assert broken(*arguments) and broken("--min-time", "249.999ms", *arguments)
        assert not broken("--min-time", "250ms", *arguments), metric
        assert not broken("--min-time=1min", *arguments)
    assert broken("--min-time", "0", "-b", baseline, "-f", "handler cumtime > +249999us", profile)
    # Neither counts nor absolute times have any slack.
    assert broken("--min-time", "1min", "-f", "handler cumtime > 0.74", profile)


def test_shares_grow_by_points_or_percent(write):
    profile = write("a.prof", {HANDLER: (1, 1, 3.0, 3.0), ("r", 1, "r"): (1, 1, 7.0, 7.0)})
    baseline = write("b.prof", {HANDLER: (1, 1, 2.0, 2.0), ("r", 1, "r"): (1, 1, 8.0, 8.0)})
    for value, result in ("+9", True), ("+10", False), ("+49%", True), ("+50%", False):
        assert broken("-b", baseline, "-f", f"handler self% > {value}", profile) is result


def test_partners(write):
    """The same label; of those left the same file and name, when that is unique on both sides."""
    rows = {("a", 1, "moved"): 1, ("a", 5, "two"): 1, ("a", 9, "two"): 1, ("a", 3, "split"): 1}
    base = {("a", 7, "moved"): 0, ("a", 5, "two"): 0, ("a", 8, "two"): 0,
            ("a", 4, "split"): 0, ("a", 6, "split"): 0, ("a", 1, "gone"): 9}
    profile = write("a.prof", {label: (n, n, 0.0, 0.0) for label, n in rows.items()})
    baseline = write("b.prof", {label: (n, n, 0.0, 0.0) for label, n in base.items()})
    assert check("-b", baseline, "-f", "calls > +0", profile).stdout == (
        "broken: calls > +0\n"
        "  - a:1(moved): calls 1, limit 0, baseline 0, change +1\n"
        "  - a:5(two): calls 1, limit 0, baseline 0, change +1\n"
        "  - a:9(two): calls 1, limit 0, baseline 0, change +1\n"
        "note: 1 function is not in the baseline: a:3(split) 0 s\n"
        "1 rule, 1 broken\n"
    )
    result = check("-b", baseline, "-f", "gone calls > +0", profile)
    assert "matches no function" in result.stdout


def test_new_functions_are_noted(write):
    rows = {("new.py", n, f"f{n}"): (1, 1, 0.0, n / 1000) for n in range(8)}
    profile = write("a.prof", {**rows, HANDLER: (1, 1, 1.0, 1.0)})
    baseline = write("b.prof", {HANDLER: (1, 1, 1.0, 1.0)})
    result = check("-b", baseline, "-f", "calls > +0", "-f", "cumtime > +1%", profile)
    assert (result.stdout, result.returncode) == (
        "note: 8 functions are not in the baseline: new.py:7(f7) 7 ms, new.py:6(f6) 6 ms, "
        "new.py:5(f5) 5 ms, new.py:4(f4) 4 ms, new.py:3(f3) 3 ms and 3 more\n"
        "2 rules, 0 broken\n",
        0,
    )
    # Only what a relative rule speaks of.
    result = check("-b", baseline, "-f", "handler calls > +0", "-f", "f1 calls > 1", profile)
    assert result.stdout == "2 rules, 0 broken\n"


def test_no_time_a_call_without_calls_and_no_share_of_nothing(write):
    path = write("a.prof", {HANDLER: (0, 0, 0.0, 0.0)})
    for rule in "percall < 5", "self% < 5", "cum% >= 0":
        assert not broken("-f", rule, path)
    assert broken("-f", "cumtime < 5", path)


def test_sums_do_not_wrap(write):
    path = write("a.prof", {("a", n, "f"): (BIG, BIG, 1e308, 1e308) for n in range(3)})
    assert broken("-f", "total calls > 9223372036854775806", path)
    assert broken("-f", "total tottime > 1min", path)
    assert not broken("-f", "self% > 0", path)


METRICS = "a metric: calls, pcalls, tottime, cumtime, percall, self% or cum%"
OPERATORS = "an operator: >, >=, <, <=, == or !="
WRONG_RULES = [
    ("", 1, "a rule: [PATTERN] METRIC OP VALUE"),
    ("calls", 6, OPERATORS),
    ("calls 5", 8, OPERATORS),
    ("calls => 5", 7, OPERATORS),
    ("calls = 5", 7, OPERATORS),
    ("> 5", 1, METRICS),
    ("handler > 5", 1, METRICS),
    ("été speed > 5", 5, METRICS),
    ('"a b" > 5', 7, METRICS),
    ('"a b" c calls > 5', 7, METRICS),
    ('"a b calls > 5', 15, "a closing quote"),
    ('"a b"calls > 5', 6, "a blank behind the closing quote"),
    ('"" calls > 5', 2, "a pattern between the quotes"),
    (":name calls > 5", 1, "a file before the colon"),
    ("file: calls > 5", 6, "the name of a function"),
    ("file:3() calls > 5", 8, "the name of a function"),
    ("f:99999999999999999999(x) calls > 5", 3, "a smaller number of a line"),
    ("total percall > 5", 7, "calls, pcalls, tottime or cumtime of total"),
    ("total self% > 5", 7, "calls, pcalls, tottime or cumtime of total"),
    ("calls >", 8, "a number"),
    ("calls > x", 9, "a number"),
    ("calls > .5", 9, "a number"),
    ("calls > --5", 10, "a number"),
    ("calls > 5.", 10, "no unit behind a number of calls"),
    ("calls > 5ms", 10, "no unit behind a number of calls"),
    ("calls > 5%", 10, "no unit behind a number of calls"),
    ("calls > +5ms", 11, "% or no unit behind a number of calls"),
    ("calls > 5.5", 9, "a whole number of calls"),
    ("calls > 99999999999999999999", 9, "a smaller number, with at most 9 places behind the point"),
    ("calls > +0.0000000001%", 10, "a smaller number, with at most 9 places behind the point"),
    ("cumtime > 5 h", 13, "a unit of time: s, ms, us, ns or min"),
    ("cumtime > 5%", 12, "a unit of time: s, ms, us, ns or min"),
    ("cumtime > +5x", 13, "%, or a unit of time: s, ms, us, ns or min"),
    ("self% > 5s", 10, "% or no unit behind a share"),
]


@pytest.mark.parametrize("rule, column, expected", WRONG_RULES)
def test_wrong_rules(one, tmp_path, rule, column, expected):
    result = check("-f", rule, one)
    message = f"traceprof check: --fail-if '{rule}': column {column}: expected {expected}\n"
    assert (result.stdout, result.stderr, result.returncode) == ("", message, 2)
    if rule == "":
        return
    path = tmp_path / "bad.rules"
    path.write_text(f"# a comment\n\ncalls > 5 # another\n  {rule}\n")
    result = check("-r", path, one)
    assert result.stderr == f"{path}:4:{column + 2}: expected {expected}\n"
    assert (result.stdout, result.returncode) == ("", 2)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["FILE"], "no rule given" + SEE),
        (["-f", "calls > 5"], "no file given" + SEE),
        (["-f", "calls > +5", "FILE"], "--baseline is missing for 'calls > +5'" + SEE),
        (["-f", "calls > 5", "-f", "cumtime < -5%", "FILE"],
         "--baseline is missing for 'cumtime < -5%'" + SEE),
        (["-f", "calls > 5", "--min-time", "x", "FILE"], "not a time: 'x'" + SEE),
        (["-f", "calls > 5", "--min-time", "+1ms", "FILE"], "not a time: '+1ms'" + SEE),
        (["-f", "calls > 5", "--min-time", "5%", "FILE"], "not a time: '5%'" + SEE),
        (["-f", "calls > 5", "--report", "xml", "FILE"],
         "--report is one of: text junit github md; not 'xml'\n"),
        (["--rule", "x", "FILE"], "unknown option '--rule'; did you mean '--rules'?\n"),
        (["FILE", "-f"], "a value is missing for '-f'" + SEE),
        (["--allow-missing=1", "FILE"], "no value is wanted for '--allow-missing=1'" + SEE),
    ],
)
def test_usage_errors(one, arguments, message):
    result = check(*(one if word == "FILE" else word for word in arguments))
    assert (result.stdout, result.stderr, result.returncode) == ("", f"traceprof check: {message}", 2)


def test_input_errors(one, tmp_path):
    missing = tmp_path / "none"
    result = check("-f", "calls > 5", missing)
    assert result.stderr == f"traceprof: {missing}: cannot open: No such file or directory\n"
    assert (result.stdout, result.returncode) == ("", 3)
    result = check("-f", "calls > 5", "-b", missing, one)
    assert result.stderr == f"traceprof: {missing}: cannot open: No such file or directory\n"
    assert (result.stdout, result.returncode) == ("", 3)
    result = check("-r", missing, one)
    assert result.stderr == f"traceprof: {missing}: No such file or directory\n"
    assert (result.stdout, result.returncode) == ("", 3)
    result = check("-r", tmp_path, one)
    assert result.stderr == f"traceprof: {tmp_path}: Is a directory\n"
    assert (result.stdout, result.returncode) == ("", 3)


def test_rules_files(one, tmp_path):
    path = tmp_path / "a.rules"
    path.write_bytes(
        b"# calls > 0\n\n \t\r\n#\n"
        b"handler calls > 5# not a comment\n".replace(b"# not a comment", b"\t# a comment # more")
        + b'"a #b" calls > 5 # a pattern with a mark\r\n'
        b"f#g calls > 5\n"
        b"total calls > 1000"
    )
    result = check("--rules", path, "-f", "cumtime > 7s", one)
    assert (result.stdout, result.stderr, result.returncode) == (
        "broken: handler calls > 5\n"
        "  - /srv/app/views.py:12(handler): calls 12, limit 5\n"
        'broken: "a #b" calls > 5\n  - matches no function\n'
        "broken: f#g calls > 5\n  - matches no function\n"
        "broken: cumtime > 7s\n  - rest.py:1(rest): cumtime 7.5 s, limit 7 s\n"
        "5 rules, 4 broken\n",
        "",
        1,
    )
    result = check("--rules", "-", one, input="handler calls > 5\n")
    assert result.returncode == 1
    path.write_bytes(b"")
    assert check("--rules", path, one).stderr == "traceprof check: no rule given" + SEE


def test_rules_files_have_a_limit(one, tmp_path):
    path = tmp_path / "a.rules"
    path.write_bytes(b"calls > 100\n" + b"#" * (2**20 - 12))
    assert check("-r", path, one).stdout == "1 rule, 0 broken\n"
    path.write_bytes(b"calls > 100\n" + b"#" * (2**20 - 11))
    result = check("-r", path, one)
    assert (result.stderr, result.returncode) == (f"traceprof: {path}: more than 1 MiB of rules\n", 3)
    result = check("-r", "/dev/zero", one)
    assert (result.stderr, result.returncode) == ("traceprof: /dev/zero: more than 1 MiB of rules\n", 3)


# Strict: when the reader tells such files apart, this mark must go.
@pytest.mark.parametrize("rule", ["calls > 5", "pcalls > +5", "percall > 5"])
def test_rules_of_calls_need_calls(write, rule):
    path = write("a.prof", {HANDLER: (-1, -1, 1.0, 2.0)})
    result = check("-f", "cumtime > 1", "-f", rule, "-b", path, path)
    assert (result.stdout, result.returncode) == ("", 3)
    message = f"traceprof check: {path}: the file holds no numbers of calls, which '{rule}' asks for\n"
    assert result.stderr == message


@pytest.fixture
def examples(write, tmp_path):
    """What the document's commands work on."""
    write("run.prof", {HANDLER: (150, 150, 1.0, 1.5), ("/srv/app/cache.py", 3, "load"): (1, 1, 0.01, 0.02)})
    write("main.prof", {HANDLER: (100, 100, 0.9, 1.0)})
    rules = re.search(r"(?:^    .*\n)+", DOCUMENT.read_text().partition("## A file of rules")[2], re.M)
    (tmp_path / "budget.rules").write_text(re.sub("^    ", "", rules[0], flags=re.M))
    return tmp_path


def shell(command, folder):
    path = f"{TOOL.parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, capture_output=True, text=True, timeout=60,
        env={**os.environ, "PATH": path},
    )


def test_the_document_prints_what_is_printed(examples):
    blocks = re.findall(r"```console\n\$ (.*)\n((?:.*\n)*?)```", DOCUMENT.read_text())
    assert len(blocks) == 2
    for command, output in blocks:
        result = shell(command, examples)
        assert (result.stdout, result.stderr, result.returncode) == (output, "", 1)


def test_the_document_s_scripts(examples):
    (script,) = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.S)
    result = shell(f"set -e\n{script}", examples)
    assert (result.stdout, result.stderr, result.returncode) == ("", "", 0)
    suite = ElementTree.parse(examples / "check.xml").getroot()
    assert [case.attrib["name"] for case in suite] == [
        "total calls > +1%", "app/*.py:handler calls > 100", '"*/db.py:*" cum% >= 40',
    ]
    assert (examples / "check.md").read_text().startswith("| rule | function |")


def test_the_document_s_pipelines(examples):
    """The lines of the CI examples, but for the recording."""
    text = DOCUMENT.read_text()
    commands = re.findall(r"^ *- (?:run: )?(traceprof check .*)$", text, re.M)
    assert len(commands) == 3
    for command in commands:
        result = shell(f"GITHUB_STEP_SUMMARY=summary.md; {command}", examples)
        assert (result.stderr, result.returncode) == ("", 1)


def test_help_is_within_eighty_columns():
    text = check("--help").stdout.partition("A rule is")[2]
    assert "PATTERN" in text and max(map(len, text.splitlines())) <= 80

"""traceprof check: its reports, byte for byte."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from checks import HANDLER, LEN, check, write  # noqa: F401 -- write is a fixture

ROWS = {
    HANDLER: (150, 150, 1.0, 1.5),
    LEN: (5, 5, 0.1, 0.1),
    ("/srv/app/x.py", 3, "<lambda>"): (1, 1, 0.2, 0.3),
    ("C:\\a,b%.py", 0, "__f|`"): (1, 1, 0.2, 0.3),
}
BASE_ROWS = {HANDLER: (100, 100, 1.0, 1.0), LEN: (5, 5, 0.1, 0.1)}
RULES = ["tottime > 150ms", "handler cumtime > +10%", "no:such calls > 5", "total calls > 1000",
         "handler calls > +12.5%", "{*len} calls < +1"]

GOLDEN = {
    "text": """\
broken: no:such calls > 5
  - matches no function
broken: handler calls > +12.5%
  - /srv/app/views.py:12(handler): calls 150, limit 112.5, baseline 100, change +50 (+50.0%)
broken: {*len} calls < +1
  - {built-in method builtins.len}: calls 5, limit 6, baseline 5, change +0 (+0.0%)
broken: tottime > 150ms
  - /srv/app/views.py:12(handler): tottime 1 s, limit 150 ms
  - /srv/app/x.py:3(<lambda>): tottime 200 ms, limit 150 ms
  - C:\\a,b%.py:0(__f|`): tottime 200 ms, limit 150 ms
broken: handler cumtime > +10%
  - /srv/app/views.py:12(handler): cumtime 1.5 s, limit 1.1 s, baseline 1 s, change +500 ms (+50.0%)
6 rules, 5 broken
""",
    "github": """\
::error title=no%3Asuch calls > 5::matches no function
::error file=/srv/app/views.py,line=12,title=handler calls > +12.5%25::/srv/app/views.py:12(handler): calls 150, limit 112.5, baseline 100, change +50 (+50.0%25)
::error title={*len} calls < +1::{built-in method builtins.len}: calls 5, limit 6, baseline 5, change +0 (+0.0%25)
::error file=/srv/app/views.py,line=12,title=tottime > 150ms::/srv/app/views.py:12(handler): tottime 1 s, limit 150 ms
::error file=/srv/app/x.py,line=3,title=tottime > 150ms::/srv/app/x.py:3(<lambda>): tottime 200 ms, limit 150 ms
::error file=C%3A\\a%2Cb%25.py,title=tottime > 150ms::C:\\a,b%25.py:0(__f|`): tottime 200 ms, limit 150 ms
::error file=/srv/app/views.py,line=12,title=handler cumtime > +10%25::/srv/app/views.py:12(handler): cumtime 1.5 s, limit 1.1 s, baseline 1 s, change +500 ms (+50.0%25)
6 rules, 5 broken
""",
    "md": """\
| rule | function | actual | limit | baseline | change |
| --- | --- | ---: | ---: | ---: | ---: |
| no:such calls \\> 5 | matches no function | | | | |
| handler calls \\> +12.5% | /srv/app/views.py:12(handler) | 150 | 112.5 | 100 | +50 (+50.0%) |
| {\\*len} calls \\< +1 | {built-in method builtins.len} | 5 | 6 | 5 | +0 (+0.0%) |
| tottime \\> 150ms | /srv/app/views.py:12(handler) | 1 s | 150 ms |  |  |
| tottime \\> 150ms | /srv/app/x.py:3(\\<lambda\\>) | 200 ms | 150 ms |  |  |
| tottime \\> 150ms | C:\\\\a,b%.py:0(\\_\\_f\\|\\`) | 200 ms | 150 ms |  |  |
| handler cumtime \\> +10% | /srv/app/views.py:12(handler) | 1.5 s | 1.1 s | 1 s | +500 ms (+50.0%) |

6 rules, 5 broken
""",
    "junit": """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="traceprof check" tests="6" failures="5" errors="0" skipped="0">
  <testcase classname="traceprof.check" name="no:such calls &gt; 5">
    <failure message="matches no function">
  - matches no function
    </failure>
  </testcase>
  <testcase classname="traceprof.check" name="handler calls &gt; +12.5%">
    <failure message="/srv/app/views.py:12(handler): calls 150, limit 112.5, baseline 100, change +50 (+50.0%)">
  - /srv/app/views.py:12(handler): calls 150, limit 112.5, baseline 100, change +50 (+50.0%)
    </failure>
  </testcase>
  <testcase classname="traceprof.check" name="{*len} calls &lt; +1">
    <failure message="{built-in method builtins.len}: calls 5, limit 6, baseline 5, change +0 (+0.0%)">
  - {built-in method builtins.len}: calls 5, limit 6, baseline 5, change +0 (+0.0%)
    </failure>
  </testcase>
  <testcase classname="traceprof.check" name="tottime &gt; 150ms">
    <failure message="broken by 3 functions">
  - /srv/app/views.py:12(handler): tottime 1 s, limit 150 ms
  - /srv/app/x.py:3(&lt;lambda&gt;): tottime 200 ms, limit 150 ms
  - C:\\a,b%.py:0(__f|`): tottime 200 ms, limit 150 ms
    </failure>
  </testcase>
  <testcase classname="traceprof.check" name="handler cumtime &gt; +10%">
    <failure message="/srv/app/views.py:12(handler): cumtime 1.5 s, limit 1.1 s, baseline 1 s, change +500 ms (+50.0%)">
  - /srv/app/views.py:12(handler): cumtime 1.5 s, limit 1.1 s, baseline 1 s, change +500 ms (+50.0%)
    </failure>
  </testcase>
  <testcase classname="traceprof.check" name="total calls &gt; 1000"/>
</testsuite>
<!-- 6 rules, 5 broken -->
""",
}


@pytest.mark.parametrize("form", GOLDEN)
def test_reports(write, form):
    profile, baseline = write("a.prof", ROWS), write("b.prof", BASE_ROWS)
    rules = [word for rule in RULES for word in ("--fail-if", rule)]
    result = check("--report", form, "-b", baseline, *rules, profile)
    assert (result.stdout, result.stderr, result.returncode) == (GOLDEN[form], "", 1)


@pytest.mark.parametrize("form", GOLDEN)
def test_reports_with_nothing_broken(write, form):
    profile, baseline = write("a.prof", {HANDLER: (1, 1, 0.0, 0.5)}), write("b.prof", {})
    result = check("--report", form, "-b", baseline, "-f", "calls > +0", profile)
    note = "1 function is not in the baseline: /srv/app/views.py:12(handler) 500 ms"
    closing = "1 rule, 0 broken"
    assert result.returncode == 0
    assert result.stdout == {
        "text": f"note: {note}\n{closing}\n",
        "github": f"::notice title=traceprof check::{note}\n{closing}\n",
        "md": f"{note}\n\n{closing}\n",
        "junit": '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<testsuite name="traceprof check" tests="1" failures="0" errors="0" skipped="0">\n'
        '  <testcase classname="traceprof.check" name="calls &gt; +0"/>\n'
        f"  <system-out>{note}</system-out>\n</testsuite>\n<!-- {closing} -->\n",
    }[form]


@pytest.mark.parametrize("form", GOLDEN)
def test_at_most_twenty_findings_a_rule(write, form):
    path = write("a.prof", {("f.py", n, "f"): (n, 1, 0.0, 0.0) for n in range(1, 26)})
    result = check("--report", form, "-f", "calls > 0", path)
    lines = [int(n) for n in re.findall(r"(?:- |::|> 0 \| )f\.py:(\d+)\(f\)", result.stdout)]
    assert lines == list(range(25, 5, -1))
    assert len(re.findall(r"\.\.\. and 5 more", result.stdout)) == 1
    path = write("b.prof", {("f.py", n, "f"): (n, 1, 0.0, 0.0) for n in range(1, 21)})
    assert "more" not in check("--report", form, "-f", "calls > 0", path).stdout


HOSTILE = [
    "\n::error::pwned", "\r\x1b[31mred\x1b[0m", "\x00nul", "\x9b31m", "\u202egnp", "\udc80\ud800",
    "\ufffe\uffff", "</failure>&\"']]>", "a|b`c`", "%0A::x,y", "\x7f\t", "日本 é 😀", "", "\u2028\u0085",
]


@pytest.mark.parametrize("form", GOLDEN)
def test_hostile_names(write, form):
    rows = {(name, n, name): (1, 1, 0.0, 0.0) for n, name in enumerate(HOSTILE)}
    result = check("--report", form, "-f", "calls > 0", write("a.prof", rows))
    assert result.returncode == 1
    result.stdout.encode("utf-8", "strict")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e\ud800-\udfff\ufffe\uffff]", result.stdout)
    for text in r"\n::error::pwned", r"\x1b[31mred", r"\x00nul", r"\x9b31m", r"\u202egnp", r"\udc80\ud800":
        shown = re.sub(r"([\\\[])", r"\\\1", text) if form == "md" else text
        assert shown in result.stdout
    assert "日本 é 😀" in result.stdout
    lines = result.stdout.splitlines()
    if form == "text":
        assert all(re.match(r"broken: |  - |1 rule, 1 broken", line) for line in lines)
    elif form == "github":
        assert all(line.startswith("::error ") for line in lines[:-1])
        assert all(line.count("::") >= 2 for line in lines[:-1])
        # What stands between the commands' own marks is escaped.
        for line in lines[:-1]:
            properties = line[len("::error "):].split("::")[0].split(",")
            assert all(re.fullmatch(r"(file|line|title)=[^:]*", word) for word in properties)
    elif form == "md":
        cells = [re.split(r"(?<!\\)\|", line) for line in lines[2:-2]]
        assert len(cells) == len(HOSTILE) and {len(row) for row in cells} == {8}


def test_hostile_names_in_xml(write):
    rows = {(name, n, name): (1, 1, 0.0, 0.0) for n, name in enumerate(HOSTILE)}
    path = write("a.prof", rows)
    rules = [word for rule in ("calls > 0", '"<&>*" calls > 5', "\x1b calls > 5") for word in ("-f", rule)]
    root = ElementTree.fromstring(check("--report", "junit", *rules, path).stdout.encode())
    assert root.attrib == {"name": "traceprof check", "tests": "3", "failures": "3", "errors": "0",
                           "skipped": "0"}
    names = [case.attrib["name"] for case in root]
    assert names == ["calls > 0", '"<&>*" calls > 5', "\\x1b calls > 5"]
    assert "</failure>&\"']]>:7(</failure>&\"']]>): calls 1, limit 0" in root[0][0].text
    assert root[1][0].attrib["message"] == "matches no function"

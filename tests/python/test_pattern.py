"""Patterns of the library against Python's re: what is valid, and where it is found."""

import ctypes
import os
import re
import sys
import time
import unicodedata
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

LIBRARY = ctypes.CDLL(str((Path(os.environ.get("TRACEPROF_BUILD", "build")) / "libtraceprof.so").resolve()))
OK, INVALID, LIMIT, UNSUPPORTED = 0, 40, 41, 51
INVALID_TO_PYTHON = (re.error, ValueError, OverflowError)


class Error(ctypes.Structure):
    _fields_ = [
        ("status", ctypes.c_int),
        ("system_error", ctypes.c_int),
        ("offset", ctypes.c_uint64),
        ("message", ctypes.c_char_p),
    ]


LIBRARY.tp_pattern_create.argtypes = [
    ctypes.POINTER(ctypes.c_void_p), ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.POINTER(Error),
]
LIBRARY.tp_pattern_search.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
LIBRARY.tp_pattern_destroy.argtypes = [ctypes.c_void_p]
LIBRARY.tp_pattern_destroy.restype = None


class Pattern:
    """One compiled pattern; `status` tells whether there is one."""

    def __init__(self, expression):
        data = expression.encode("utf-8", "surrogatepass")
        self.error = Error()
        self.pointer = ctypes.c_void_p()
        self.status = LIBRARY.tp_pattern_create(
            ctypes.byref(self.pointer), data, len(data), None, ctypes.byref(self.error)
        )
        self.message = (self.error.message or b"").decode()
        self.offset = self.error.offset

    def search(self, text):
        assert self.status == OK
        data = text.encode("utf-8", "surrogatepass")
        return bool(LIBRARY.tp_pattern_search(self.pointer, data, len(data)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        LIBRARY.tp_pattern_destroy(self.pointer)


def python_compile(expression):
    """re's pattern, or what it raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "possible nested set", which changes nothing yet
        try:
            return re.compile(expression)
        except INVALID_TO_PYTHON as error:
            return error


def python_search(pattern, text):
    """Whether it matches anywhere. Python's own search looks for the first character with the flags of
    the whole and so overlooks (?a:\\W) in "é"."""
    return any(pattern.match(text, at) for at in range(len(text) + 1))


PATTERNS = r"""
a|ab|abc|a.c|.|..|^|$|^$|^a|a$|^a$|^ab$|\Aa|a\Z|\Aab\Z
a*|a+|a?|a*b|a+b|a?b|^a*$|^a+$|^a?$|^a*?$|^a+?b$|^a??b$
^a{2}$|^a{2,}$|^a{,2}$|^a{1,2}$|^a{0}$|^a{0,0}b$|a{|a{}|a{1|a{1,|a{,|a{,}b|a{b}|a{1,b}|a{ 1}|{|{}|{a|a}|x{2}{|a{1}b{1}|^a{2}?$
^(a)$|^(ab)+$|^(ab)*$|^(a(b)*)*$|(?:ab)c|^(?:ab){2}$|^(?:ab){1,2}?$|^(?:a{2}){2}$|^(?:a?){3}$|^(?:a*)*$|^(?:a*)+b|^()$|()|(?:)*|(?:^)*a|(?:\b)+a
[ab]|[^ab]|[a-c]|[^a-c]|[]a]|[^]a]|[a-]|[-a]|[a\-c]|[a\]b]|[\d]|[^\d]|[\D]|[\w-]|[\W_]|[\s\S]|[^\s\S]|[\x61-\x63]|[\141]|[\b]|[\n]|[.]|[$^]|[a-a]|[--a]|[+--]|[[]|[()]|[*+?]|[\u00e9]|[é-ü]|[^é]
\d|\D|\w|\W|\s|\S|\b|\B|\ba|a\b|\Ba|a\B|\bab\b|\w\b|\b\w+\b \b\w|^\w+$|^\d+\w$
\n|\t|\r|\f|\v|\a|\\|\.|\*|\(|\)|\[|\]|\{|\||\^|\$|\x61|\u0061|\U00000061|\0|\01|\012|\141|\0141|\é|\-|\ |\_
(?i)a|(?i)AB|(?i)[a-b]|(?i)[^a-b]|(?i)é|(?i)É|(?i)σ|(?i)ς|(?i)я|(?i)k|(?i)s|(?i)i|(?i)[k-s]|(?ia)é|(?ia)k|(?i:a)b|a(?i:B)|(?i)a(?-i:b)|(?i:(?-i:a)b)|(?i)[^é]|(?i)[À-Ö]|(?i)µ
(?s).|(?s)a.b|(?s:.)$|(?s-i:.)a|(?s)(?-s:.)|(?m)^b|(?m)a$|(?m)^$|(?m:^)b|(?m:a$)|^(?m:^)|(?ms)^.$|(?m)\Ab|(?m)a\Z
(?x)a b|(?x) a # c|(?x)[a b]|(?x)a\ b|(?x: a ) b|(?x)a +|(?x) (?i) B|(?x)a{2 }|(?x)\#|(?-x: )a|(?x)(?-x: )a
(?a)\w|(?a)\d|(?a)\s|(?a)\bé|(?u)\w|(?a:\w)|(?a)(?u:\w)|(?a:é)|(?a)[\W]|(?a)[^\w]
(?P<n>a)|(?P<n>a)(?P<m>b)|(?P<é>a)|(?P<_1>a)b|(?#x)a|a(?#x)*|a(?#\))b|(?#)
^(?:(?:a(?:b(?:c)?)?)?)$|(?a)(?u:\w)|(?a:\W)
"""
# A bar in the table divides patterns; these hold one that is their own.
ALTERNATIVES = [
    "a|b", "|a", "a|", "|", "^a|b$", "^(?:a|b)$", "^(a|ab)(c|bcd)$", "^(?:|a)+b$", "^(?:a|b|c)*$", "(a|)b", "(|a)b",
    "^(?:a|ab|abc)c$", "(?:a|b){2}", "^(?:a|b){2,3}$", "(?i)a|É", "[|]", r"\|", "(?:a|^)b", "(?:a|$)$", r"(?:\b|a)b",
    "(?x) a | b", "(?i:a|b)c", "((a)|(b))+c", "(?:a(?:|b))c", "(?:a(?:|b)*)+c", "^(?:a?|b+)+$",
]
TEXTS = [
    "", "a", "b", "ab", "abc", "aab", "aaa", "aaaa", "ba", "abab", "ababab", "AB", "aB", "a\n", "\na", "a\nb", "a\n\nb",
    "a b", " ", "1", "12a", "_", "-", "]", "[", "^", "$", "{", "a{", "a{}", "a{1", "a{1,b}", "a{,b", "x{2}{", "xx{", ".",
    "\\", "(", ")", "|", "*", "+", "#", "\t\r\f\v\a\b\0", "\x01\n", "é", "É", "éa", "aé", "ü", "Öa", "σς", "Σ", "я", "Я",
    "K", "ſ", "İı", "µμ", "日本", "٣", "\xa0", "\u2028", "\x1c", "\x1f", "\udc80", "a\udc80", "😀", "µ", "abcd", "acbcd", "aa aa", "ab ab",
]
EXPRESSIONS = [p for line in PATTERNS.strip().split("\n") for p in re.split(r"(?<![\\\[])\|", line) if p] + ALTERNATIVES


def assert_same_search(expression, texts):
    expected = python_compile(expression)
    if isinstance(expected, Exception):
        with Pattern(expression) as pattern:
            assert pattern.status == INVALID, (expression, expected)
        return
    with Pattern(expression) as pattern:
        assert pattern.status == OK, (expression, pattern.message)
        for text in texts:
            if not text and r"\B" in expression and sys.version_info < (3, 14):
                continue  # changed in 3.14, as the header says
            assert pattern.search(text) == python_search(expected, text), (expression, text)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_table(expression):
    assert isinstance(python_compile(expression), re.Pattern), "the table holds valid patterns"
    assert_same_search(expression, TEXTS)


INVALID_PATTERNS = [
    "*", "+", "?", "{1}", "|*", "(*)", "(?:+)", "^*", "$+", r"\b?", r"\A{2}", "a**", "a+*", "a{1}{2}", "a*{2}", "a???",
    "[", "[a", "[]", "[^]", "[]-", "[a-", "(", "(a", "((a)", "a)", ")", "(?:a", "(?", "(?P", "(?P<", "(?P<a", "(?P<>a)",
    "(?P<1>a)", "(?P<a b>c)", "(?P<a>b)(?P<a>c)", "(?Px)", "(?<x)", "(?<", "(?k)", "(?ik)", "(?i", "(?i-", "(?i-)", "(?-i)",
    "(?-:a)", "(?i-i:a)", "(?-a:b)", "(?au)b", "(?a)(?u)b", "(?L)a", "(?L:a)", "a(?i)", "|(?i)", "((?i))", "(?#", "(?#a\\)", "(?_:a)",
    "\\", "a\\", r"\q", r"\y", r"\x", r"\x1", r"\xg0", r"\u12", r"\U0011", r"\U00110000", r"\400", r"[\400]", r"[\8]", r"[\A]",
    r"[\Z]", r"[\B]", r"[\q]", r"\1", r"(\1)", r"(a)\2", r"(?P=n)", "(?P<n>(?P=n))", "[b-a]", r"[\d-a]", r"[a-\d]", r"[\w-\d]", r"[é-a]",
    "a{2,1}", "a{4294967295}", "a{1,99999999999999999999}", "(?x)a* *", "(?x)a # \\", "[a\\", "(?)", "(?i:a", "(?)a", r"\8",
]
# Where re tells a place that is not where the wrong thing begins, or that depends on the version.
OTHER_PLACES = {"a{4294967295}", "a{1,99999999999999999999}", "(?a)(?u)b", "(?P<a>b)(?P<a>c)", "(?i-i:a)", "(?-a:b)", "(?au)b",
                "(?L)a", "(?L:a)", r"\U00110000"}
# Where re puts the escape itself into the message.
OTHER_WORDS = OTHER_PLACES | {r"\400", r"[\400]"}


@pytest.mark.parametrize("expression", INVALID_PATTERNS)
def test_errors(expression):
    expected = python_compile(expression)
    assert isinstance(expected, Exception), "the table holds what re refuses"
    with Pattern(expression) as pattern:
        assert pattern.status == pattern.error.status == INVALID
        assert 0 <= pattern.offset <= len(expression.encode())
        assert str(expected).startswith(pattern.message) or expression in OTHER_WORDS
        if expression not in OTHER_PLACES:
            assert pattern.offset == len(expression[: expected.pos].encode())


@pytest.mark.parametrize(
    "expression",
    [r"(a)\1", "(?P<n>a)(?P=n)", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(a)(?(1)b|c)", "(?>a)", "a*+", "a++", "a?+", "a{1}+",
     r"\N{BULLET}", r"[\N{BULLET}]"],
)
def test_what_is_refused(expression):
    assert isinstance(python_compile(expression), re.Pattern)
    with Pattern(expression) as pattern:
        assert (pattern.status, pattern.pointer.value) == (UNSUPPORTED, None)
        assert "not supported" in pattern.message


@pytest.mark.parametrize("expression", ["a{20001}", "(?:(?:a{200}){200}){200}", "(" * 600 + ")" * 600, "[" + "ab" * 10001 + "]"])
def test_limits(expression):
    with Pattern(expression) as pattern:
        assert pattern.status == LIMIT


def test_the_newest_meaning():
    """What versions differ in: the header says which one is ours."""
    with Pattern(r"\B") as not_boundary, Pattern(r"a\z") as end:
        assert not_boundary.search("") and end.search("ba") and not end.search("a\n")


LETTERS = "abAB1_ \n-éÉσς"
ATOMS = st.one_of(
    st.sampled_from([*"abAB1_é", ".", r"\n", r"\x61", r"\é", " "]),
    st.sampled_from([r"\d", r"\D", r"\w", r"\W", r"\s", r"\S"]),
    st.sampled_from(["[ab]", "[^a]", "[a-b1]", r"[^\w]", r"[\s-]", "[A-Ba]", "[é-ü]", r"[^\dé]", "[]b]", "[σ]", r"[\W1]"]),
)
ASSERTIONS = st.sampled_from(["^", "$", r"\b", r"\B", r"\A", r"\Z"])
QUANTIFIERS = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{,2}", "{2,}", "{0}", "{0,1}?", "{,}"])
OPENINGS = st.sampled_from(["(", "(?:", "(?:", "(?i:", "(?-i:", "(?s:", "(?m:", "(?a:", "(?im-s:", "(?u:", "(?x:"])


def larger(inner):
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join),
        st.tuples(OPENINGS, inner).map(lambda parts: f"{parts[0]}{parts[1]})"),
        st.tuples(ATOMS, QUANTIFIERS).map("".join),
        st.tuples(OPENINGS, inner, QUANTIFIERS).map(lambda parts: f"{parts[0]}{parts[1]}){parts[2]}"),
    )


EXPRESSION = st.tuples(
    st.sampled_from(["", "", "", "(?i)", "(?s)", "(?m)", "(?x)", "(?a)", "(?i)(?m)", "(?ais)"]),
    st.recursive(st.one_of(ATOMS, ATOMS, ASSERTIONS, st.just("")), larger, max_leaves=12),
).map("".join)
SETTINGS = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))


@SETTINGS
@given(EXPRESSION, st.lists(st.text(LETTERS, max_size=8), min_size=4, max_size=12))
def test_random_patterns(expression, texts):
    assert_same_search(expression, texts)


@SETTINGS
@given(st.text("ab1(?:)[]{},*+|^$\\.-i#<P>=!dwxu08é", max_size=14))
@example("(?P<a>)")
def test_random_characters(expression):
    """Any text: re and we agree on whether it is a pattern, and if so on what it finds."""
    expected = python_compile(expression)
    with Pattern(expression) as pattern:
        if pattern.status == UNSUPPORTED:
            # What follows is not read; what is before must name what is refused.
            assert re.search(r"[*+?}]\+|\(\?(P=|[=!(>]|<[=!])|\\[1-9]|\\N", expression)
        elif isinstance(expected, Exception):
            assert pattern.status == INVALID, expected
        else:
            assert_same_search(expression, ["", "a", "ab1", "(a)", "a-b\\", "éa", "{1}", "wx", "#<"])


def test_every_character():
    """The three tables against Python's, as far as its Unicode knows the characters."""
    kinds = [Pattern(p) for p in (r"\w", r"\d", r"\s")]
    python_kinds = [re.compile(p) for p in (r"\w", r"\d", r"\s")]
    wrong = []
    for number in range(0x110000):
        c = chr(number)
        if unicodedata.category(c) == "Cn":
            continue
        for ours, theirs in zip(kinds, python_kinds):
            if ours.search(c) != bool(theirs.search(c)):
                wrong.append((hex(number), theirs.pattern))
    for pattern in kinds:
        LIBRARY.tp_pattern_destroy(pattern.pointer)
    assert wrong == []


def test_every_case():
    """Each letter with case finds itself, its upper and its lower case where re does, as literal and in a class."""
    for number in range(0x110000):
        c = chr(number)
        others = {c.lower()[:1], c.upper()[:1], c.title()[:1], "k", "s", "i"} - {c}
        if c.lower() == c.upper() or number in range(0xD800, 0xE000):
            continue
        classes = (f"(?i)[x{c}]", f"(?i)[^{c}x]") if number < 0x10000 else ()  # re folds none beyond
        for expression in (f"(?i){c}", f"(?ia){c}", *classes):
            theirs = re.compile(expression)
            with Pattern(expression) as ours:
                for other in others:
                    assert ours.search(other) == bool(theirs.search(other)), (expression, other)
    re.purge()


@pytest.mark.parametrize("expression", ["(a*)*b", "(a|aa)+$", "(x+x+)+y", "(?:a?){50}a{50}b", "(?:.*a){20}b", r"(\w+\s?)+:"])
def test_no_pattern_takes_long(expression):
    text = ("x" if "x" in expression else "a") * 100_000 + "!"
    with Pattern(expression) as pattern:
        begin = time.perf_counter()
        assert not pattern.search(text)
        assert time.perf_counter() - begin < 1


def test_a_line_is_read_fast():
    text = "a line of a profile\n" * 50_000
    for expression in ("nowhere", "(?i)nowhere", r"\bnow(here)?\b"):
        with Pattern(expression) as pattern:
            begin = time.perf_counter()
            assert not pattern.search(text)
            assert time.perf_counter() - begin < 1

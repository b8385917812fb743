"""Patterns of include= and exclude=: which code they mean, which are refused, and what cannot hurt."""

import pytest

import ctraceprof
from filtering import is_recorded, make

# Which code is meant.


@pytest.mark.parametrize(
    "pattern, module, meant",
    [
        ("json", "json", True),
        ("json", "json.decoder", True),
        ("json", "json.a.b", True),
        ("json", "jsonx", False),
        ("json", "xjson", False),
        ("json", "a.json", False),
        ("json.*", "json", True),
        ("json.*", "json.decoder", True),
        ("json.*.*", "json", True),
        ("json.decoder", "json", False),
        ("json.decoder", "json.decoder", True),
        ("json.d*", "json.decoder", True),
        ("json.d*", "json.encoder", False),
        ("js?n", "json.decoder", True),
        ("*.tests", "a.tests.b", True),
        ("*.tests", "a.b.tests", True),
        ("*.tests", "tests", False),
        ("[jy]son", "yson", True),
        ("*", "json", True),
        ("tête", "tête.à", True),
        ("t?te", "tête", True),
        ("JSON", "json", False),
        ("/elsewhere/json", "json", False),
        ("*/file.py", "json", True),
        ("__main__", "json", False),
    ],
)
def test_modules(pattern, module, meant):
    function = make("def f(): pass", "/somewhere/json/file.py", __name__=module)["f"]
    assert is_recorded(function, include=pattern) == meant
    assert is_recorded(function, exclude=pattern) != meant


FILES = [
    ("/a/b/c.py", "/a/b/c.py", True),
    ("b/c.py", "/a/b/c.py", True),
    ("c.py", "/a/b/c.py", True),
    ("./c.py", "/a/b/c.py", True),
    ("/c.py", "/a/b/c.py", False),
    ("x/c.py", "/a/b/c.py", False),
    ("?/c.py", "/a/b/c.py", True),
    ("*/c.py", "/a/b/c.py", True),
    ("[!x]/c.py", "/a/b/c.py", True),
    ("b/*", "/a/b/c/d.py", True),
    ("b/", "/a/b/c/d.py", True),
    ("b/", "/a/xb/c.py", False),
    ("/a/", "/a/b/c.py", True),
    ("*c.py", "/a/b/abc.py", True),
    ("<string>", "<string>", True),
    ("<*>", "<string>", True),
    ("<*>", "/a/b.py", False),
    ("<frozen *>", "<frozen importlib._bootstrap>", True),
    ("*", "<string>", True),
    ("a\\b.py", "C:\\a\\b.py", False),
    ("*\\b.py", "C:\\a\\b.py", True),
    ("é/*", "/a/é/b.py", True),
    ("?/b.py", "/a/é/b.py", True),
    ("\udce9/*", "/a/\udce9/b.py", True),
    ("é/*", "/a/\udce9/b.py", False),
]
# Without a module's name its file stands for it.
MODULES_BY_FILE = [
    ("json", "/lib/json.py", True),
    ("json", "/lib/json/__init__.py", True),
    ("json", "/lib/json/a/b.py", True),
    ("json.a", "/lib/json/a/b.py", True),
    ("json.a.b", "/lib/json/a/b.pyx", True),
    ("json.*", "/lib/json/a/b.py", True),
    ("json.b", "/lib/json/a/b.py", False),
    ("j*n.a", "/lib/json/a.py", True),
    ("json", "/lib/xjson/a.py", False),
    ("json", "/lib/json.txt", False),
    ("json", "<json>", False),
]


@pytest.mark.parametrize("pattern, file, meant", FILES + MODULES_BY_FILE)
def test_files(pattern, file, meant):
    function = make("def f(): pass", file)["f"]
    del function.__globals__["__builtins__"]
    assert is_recorded(function, include=pattern) == meant
    assert is_recorded(function, exclude=pattern) != meant


@pytest.mark.parametrize("pattern, file, meant", FILES)
def test_a_path_is_a_path_whatever_the_module(pattern, file, meant):
    function = make("def f(): pass", file, __name__="some.module")["f"]
    assert is_recorded(function, include=pattern) == meant


def test_a_folder_of_the_same_name_is_not_the_package():
    """~/src/app holds the package app, and an environment with all the others."""
    home = "/home/me/src/app"
    own = make("def f(): pass", f"{home}/app/views.py", __name__="app.views")["f"]
    other = make("def f(): pass", f"{home}/venv/site-packages/other.py", __name__="other")["f"]
    assert is_recorded(own, include="app")
    assert not is_recorded(other, include="app")


def test_generated_code_belongs_to_the_module_it_runs_in():
    function = make("exec('def f(): pass', globals())", "/x/y.py", __name__="some.module")["f"]
    assert function.__code__.co_filename == "<string>"
    assert is_recorded(function, include="some")


def test_names_that_are_none():
    for name in (None, 3, "", b"json"):
        function = make("def f(): pass", "/lib/json/a.py", __name__=name)["f"]
        assert is_recorded(function, include="json") == (name != "")


def test_several_patterns_and_exclusion_wins():
    f, g, h = (make("def f(): pass", "x", __name__=name)["f"] for name in ("a.b", "a.c", "d"))
    cases = [
        ({"include": ["a", "d"]}, [1, 1, 1]),
        ({"include": ("a.b", "d")}, [1, 0, 1]),
        ({"include": {"a", "d"}, "exclude": "a.b"}, [0, 1, 1]),
        ({"include": ["a"], "exclude": ["a"]}, [0, 0, 0]),
        ({"exclude": ["a.c", "d"]}, [1, 0, 0]),
        ({"include": [], "exclude": ()}, [1, 1, 1]),
        ({"include": None, "exclude": None}, [1, 1, 1]),
    ]
    for options, expected in cases:
        assert [is_recorded(function, **options) for function in (f, g, h)] == expected


def test_iterables_of_all_kinds():
    f, g = (make("def f(): pass", "x", __name__=name)["f"] for name in ("a", "b"))
    for iterable in (iter, tuple, set, frozenset, dict.fromkeys, lambda names: (n for n in names)):
        assert is_recorded(f, include=iterable(["a", "c"]))
        assert not is_recorded(g, include=iterable(["a", "c"]))


# What is refused, and what is not.


@pytest.mark.parametrize("argument", ["include", "exclude"])
@pytest.mark.parametrize("value", [b"x", 3, ["a", 3], [b"x"], [None], [["a"]], True, bytearray(b"x")])
def test_bad_types(argument, value):
    with pytest.raises(TypeError, match=f"^{argument} must be a str or an iterable of str"):
        ctraceprof.Profile(**{argument: value})


@pytest.mark.parametrize("argument", ["include", "exclude"])
@pytest.mark.parametrize("value", ["", [""], ["a", ""]])
def test_empty_patterns(argument, value):
    with pytest.raises(ValueError, match=f"^{argument} has an empty pattern"):
        ctraceprof.Profile(**{argument: value})


def test_an_iterable_that_fails():
    def patterns():
        yield "a"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ctraceprof.Profile(include=patterns())


def test_a_profile_whose_patterns_were_bad_is_not_one():
    profile = ctraceprof.Profile.__new__(ctraceprof.Profile)
    with pytest.raises(TypeError):
        profile.__init__(include=3)
    with pytest.raises(ValueError, match="was not called"):
        profile.enable()


@pytest.mark.parametrize(
    "pattern",
    ["*" * 100_000, "a" * 1_000_000, "*a" * 10_000, "[" * 100_000, "." * 10_000, ".*" * 10_000,
     "/" * 10_000, "./" * 10_000, "\udc80", "\0", "\U0010ffff.x", "<", "*", "?", ".", "..", "./", "/",
     ".py", ".*", "[", "[!]", "\\", "\n"],
)
def test_hostile_patterns(pattern):
    function = make("def f(): pass", "/some/where/file.py", __name__="some.module")["f"]
    for options in ({"include": pattern}, {"exclude": pattern}, {"include": [pattern, "some"]}):
        is_recorded(function, **options)
    assert is_recorded(function, include=[pattern, "some"])
    assert not is_recorded(function, exclude=[pattern, "some"])


def test_thousands_of_patterns():
    patterns = [f"package{i}.module*" for i in range(10_000)]
    function = make("def f(): pass", "/x.py", __name__="package9999.module7.x")["f"]
    other = make("def f(): pass", "/x.py", __name__="package99999.module7")["f"]
    assert is_recorded(function, include=patterns + patterns)
    assert not is_recorded(other, include=patterns)

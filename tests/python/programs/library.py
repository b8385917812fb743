"""The standard library at work: real code, mostly written by others."""

import argparse
import ast
import bisect
import collections
import configparser
import contextlib
import csv
import datetime
import decimal
import difflib
import fractions
import heapq
import html.parser
import importlib
import io
import json
import logging
import pickle
import pprint
import random
import re
import string
import sys
import textwrap
import tokenize
import unittest
import urllib.parse
import xml.etree.ElementTree


def regular_expressions():
    re.sub(r"\d+", lambda match: str(len(match.group())), "a1b22c333")
    re.compile(r"(?P<word>\w+)").findall("some words here")
    [match.start() for match in re.finditer("a", "banana")]
    re.split(r"[,;]", "a,b;c")
    re.purge()
    re.match(r"(a|b)*c[d-f]{2,3}?$", "ababcde")


def json_texts():
    class Odd:
        pass

    data = {"list": [1, 2.5, None, True], "odd": Odd(), "text": "a\u00e9"}
    json.dumps(data, default=lambda odd: [1, "odd"])
    json.dumps(data, default=lambda odd: {"odd": 1}, indent=2, sort_keys=True)
    json.loads('{"a": {"b": [1, 2, {"c": 1.5}]}}', object_hook=lambda found: len(found))
    json.loads('[1.5, 2]', parse_float=lambda text: len(text))
    try:
        json.loads("{bad}")
    except ValueError:
        pass


class _Parcel:
    def __init__(self, content):
        self.content = content

    def __reduce__(self):
        return _Parcel, (self.content,)


class _Boxed:
    def __getstate__(self):
        return {"size": 3}

    def __setstate__(self, state):
        self.__dict__.update(state)


def pickles():
    pickle.loads(pickle.dumps([_Parcel(1), _Parcel([2, _Boxed()])]))


def parsers():
    parser = argparse.ArgumentParser(prog="test")
    parser.add_argument("-n", "--number", type=int, default=1)
    parser.add_argument("names", nargs="*")
    parser.parse_args(["-n", "3", "one", "two"])
    parser.format_help()
    config = configparser.ConfigParser()
    config.read_string("[section]\nkey = value\nother = %(key)s\n")
    config["section"]["other"]


class _Tags(html.parser.HTMLParser):
    def handle_starttag(self, tag, attrs):
        len(attrs)

    def handle_data(self, data):
        data.strip()


def markup():
    _Tags().feed("<p class='x'>some <b>bold</b> &amp; plain</p>")
    root = xml.etree.ElementTree.fromstring("<a><b k='v'>text</b><b/></a>")
    [element.tag for element in root.iter("b")]
    xml.etree.ElementTree.tostring(root)


class _Visitor(ast.NodeTransformer):
    def visit_Name(self, node):
        return ast.copy_location(ast.Constant(len(node.id)), node)


_SOURCE = "def f(a, b=1):\n    if a > b:\n        return [a + x for x in b]\n"


def source_code():
    ast.unparse(_Visitor().visit(ast.parse(_SOURCE)))
    ast.dump(ast.parse(_SOURCE))
    list(tokenize.generate_tokens(io.StringIO(_SOURCE).readline))


def texts():
    textwrap.fill("some words that are to be wrapped into lines " * 3, 30)
    string.Template("$a and ${b}").substitute(a=1, b=2)
    string.Formatter().format("{0} {1!r:>5}", 1, "x")
    list(difflib.unified_diff("a b c d".split(), "a c d e".split()))
    pprint.pformat({"key": list(range(30)), "other": {"deep": [1, (2, 3)] * 9}})
    urllib.parse.urlencode({"a": [1, 2]}, doseq=True)
    urllib.parse.urlsplit("https://host.example/path?query#part").geturl()


def tables():
    out = io.StringIO()
    writer = csv.DictWriter(out, ["a", "b"])
    writer.writeheader()
    writer.writerows([{"a": 1, "b": "x,y"}, {"a": 2, "b": None}])
    list(csv.DictReader(io.StringIO(out.getvalue())))


def containers():
    counter = collections.Counter("abracadabra")
    counter.most_common(2)
    counter + collections.Counter("ab")
    collections.defaultdict(lambda: len("default"))["missing"]
    collections.OrderedDict(a=1).move_to_end("a")
    collections.ChainMap({"a": 1}, {"b": 2})["b"]
    heapq.nsmallest(3, [5, 1, 4, 2], key=lambda n: -n)
    heapq.heapify([3, 2, 1])
    bisect.insort([1, 5, 9], 4, key=lambda n: n)


def numbers():
    decimal.Decimal("1.1") + decimal.Decimal(2)
    fractions.Fraction(1, 3) + fractions.Fraction("2/5")
    datetime.datetime(2024, 1, 1).isoformat()
    (datetime.date(2024, 3, 1) - datetime.timedelta(days=1)).strftime("%d")
    datetime.datetime.strptime("2024-01-02", "%Y-%m-%d")
    shuffled = list(range(9))
    random.Random(7).shuffle(shuffled)
    random.Random(8).choices(shuffled, k=3)


def log_messages():
    logger = logging.getLogger("programs.library")
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    logger.addHandler(handler)
    logger.propagate = False
    try:
        logger.warning("value %d", 3)
        logger.debug("not shown")
        try:
            raise ValueError("logged")
        except ValueError:
            logger.exception("failed")
    finally:
        logger.removeHandler(handler)


class _Suite(unittest.TestCase):
    def setUp(self):
        self.addCleanup(len, ())

    def test_passes(self):
        self.assertEqual([1], [1])

    def test_fails(self):
        self.assertEqual({"a": 1}, {"a": 2})

    def test_raises(self):
        with self.assertRaises(ValueError):
            int("x")

    def test_subtests(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertLess(n, 2)

    @unittest.skip("is to be skipped")
    def test_skipped(self):
        pass


def unit_tests():
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(_Suite)
    with contextlib.redirect_stderr(io.StringIO()):
        suite.run(unittest.TestResult())


def fresh_import():
    """A module with much to run at import, as if for the first time."""
    old = sys.modules.pop("pickletools", None)
    try:
        importlib.import_module("pickletools")
    finally:
        if old is not None:
            sys.modules["pickletools"] = old


def missing_import():
    try:
        import programs.there_is_no_such_module  # noqa: F401
    except ImportError:
        pass

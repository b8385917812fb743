"""The shape of an SQL statement: the same for all values, and none of them in it."""

import time

import pytest

from ctraceprof._statements import MAX_SHAPE, MAX_TEXT, shape

SAME = "SELECT a FROM t WHERE b = ?"


@pytest.mark.parametrize("value", [
    "?", "%s", "%(b_1)s", ":b", ":1", "$1", "@p1", "?1",
    "5", "5.", ".5", "1.5e-7", "1E5", "0xFF", "10_000", "9999999999999999999999",
    "'x'", "''", "'it''s'", "'-- no comment'", "'/* none */'", "'\n'", "'\"'", "'a\\'", "'?'", "'é'",
    "N'x'", "x'0aFF'", "B'01'", "e'it\\'s'", "E'\\\\'", "U&'\\0061'", "_utf8 'x'", "_utf8mb4'x'",
    "$$x$$", "$$it's \"x\" $1$$", "$tag$ $$ ' $tag$",
])  # fmt: skip
def test_values(value):
    assert shape("SELECT a FROM t WHERE b = " + value) == SAME


@pytest.mark.parametrize("text", [
    "SELECT\n\ta  FROM t\r\n WHERE b = 5 ", "SELECT a FROM t WHERE b = 5 -- 'x",
    "-- trace: 7\nSELECT a FROM t WHERE b = 5", "SELECT a/* 'x */FROM t WHERE b = 5 /* open",
])  # fmt: skip
def test_space_and_comments(text):
    assert shape(text) == SAME


@pytest.mark.parametrize("text", [
    'SELECT "a 1", `b 2`, [order 3], t1.c2, v$session.a$b$c, x_1 FROM "it""s" AS t2',
    "SELECT p0::INTEGER, a->>b, a || b FROM t",
    "SELECT a - b, a / b FROM t",
    "SELECT tableé.naïve FROM t",
])  # fmt: skip
def test_names_stay(text):
    assert shape(text) == text


@pytest.mark.parametrize("text, expected", [
    ("SELECT a[1:2], ARRAY[1, 2] FROM t", "SELECT a[?:?], ARRAY[?, ?] FROM t"),
    ("SELECT ARRAY['x', b] FROM t", "SELECT ARRAY[?, b] FROM t"),
    ("SELECT ARRAY[b, 'x', 5] FROM t", "SELECT ARRAY[b, ?, ?] FROM t"),
    ("SELECT a FROM t LIMIT 5 OFFSET -10", "SELECT a FROM t LIMIT ? OFFSET -?"),
    ("SELECT 'x", "SELECT ?"), ("SELECT $$x 'y", "SELECT ?"), ("SELECT E'x\\", "SELECT ?"), ("", ""),
])  # fmt: skip
def test_odd_places(text, expected):
    assert shape(text) == expected


def test_what_mysql_means_by_it():
    assert shape("SELECT 'a\\'b', \"c\\\"d\", 'e''f' # 'g\n FROM `h\"` WHERE i = \"", True) == \
        "SELECT ?, ?, ? FROM `h\"` WHERE i = ?"
    # The same quotes are names elsewhere, and a backslash is one.
    assert shape("SELECT \"c\", 'a\\', 'b'") == 'SELECT "c", ?, ?'


@pytest.mark.parametrize("one, many", [
    ("a IN (?)", "a IN (?, ?, ?)"),
    ("a in (1)", "a in (1,2 , 3)"),
    ("a NOT IN ('x')", "a NOT IN ('x',  'y')"),
    ("a IN (:a_1)", "a IN (:a_1, :a_2)"),
    ("VALUES (?, ?), (?, ?)", "VALUES (?, ?), (?, ?), (?, ?)"),
    ("VALUES (1, lower('x')), (2, lower('y'))", "VALUES " + ", ".join(["(3, lower('z'))"] * 300)),
    ("(a, b) IN ((1, 2), (3, 4))", "(a, b) IN ((1, 2), (3, 4), (5, 6))"),
    ("SELECT p0::INTEGER FROM (VALUES (%(a__0)s, 0), (%(a__1)s, 1)) AS i(p0)",
     "SELECT p0::INTEGER FROM (VALUES (%(a__0)s, 0), (%(a__1)s, 1), (%(a__2)s, 2)) AS i(p0)"),
])  # fmt: skip
def test_lists_of_any_length_are_one(one, many):
    assert shape(one) == shape(many)
    assert "..." in shape(one)


def test_an_in_without_values_stays():
    assert shape("a IN (SELECT b FROM c)") == "a IN (SELECT b FROM c)"


def test_length():
    values = [f"({n}, '{n}')" for n in range(MAX_TEXT)]
    assert shape("INSERT INTO t VALUES " + ", ".join(values)) == "INSERT INTO t VALUES (?, ?), ..."
    assert shape("INSERT INTO t VALUES " + ", ".join(values[: MAX_TEXT // 3])) == "INSERT INTO t VALUES (?, ?), ..."
    columns = "SELECT " + ", ".join(f"c{n}" for n in range(300))
    assert len(shape(columns)) == MAX_SHAPE and shape(columns).endswith(" ...")
    assert shape(columns)[:900] == columns[:900]
    assert "secret" not in shape("SELECT '" + "x" * MAX_TEXT + "secret'")


@pytest.mark.parametrize("part", ["(", "'", "$a", "(a", "((a),", "/*", "[", "[a ", "e'", ":", "_", "_ ", "IN (?,",
                                  "%(", "(a()", "()", "$$", '"', "`", "(),", "(a),(b),", "1", "1.", "-", " "])  # fmt: skip
@pytest.mark.parametrize("escapes", [False, True])
def test_hostile_text_takes_no_time(part, escapes):
    text = (part * MAX_TEXT)[:MAX_TEXT]
    start = time.thread_time()
    assert isinstance(shape(text, escapes), str)
    assert time.thread_time() - start < 0.5

"""Code made while the program runs, and scopes that are functions or not by version."""


def _helper(value):
    return len(str(value))


def exec_statements():
    namespace = {"helper": _helper}
    exec("x = helper(1)\ndef made(n): return helper(n) + x\nmade(2)", namespace)
    namespace["made"](3)


def eval_expressions():
    eval("helper(1) + helper(2)", {"helper": _helper})
    eval("[helper(n) for n in range(3)]", {"helper": _helper})
    code = compile("helper(4)", "<expression>", "eval")
    for _ in range(3):
        eval(code, {"helper": _helper})


def compiled_classes():
    source = "class Made:\n    value = len('abc')\n    def method(self): return self.value\n"
    namespace = {}
    exec(compile(source, "<classes>", "exec"), namespace)
    namespace["Made"]().method()


def failing_code():
    for source in ("1 +", "undefined", "1 / 0", "raise KeyError"):
        try:
            exec(source, {})
        except (SyntaxError, NameError, ZeroDivisionError, KeyError):
            pass


def comprehensions():
    rows = [
        [n * m for m in range(3)]
        for n in range(3)
    ]
    {len(row) for row in rows}
    {n: _helper(n) for n in range(3)}
    [_helper(n) for n in range(5) if n % 2]


def nested_functions():
    def outer(n):
        def inner(m):
            return _helper(m) + n

        return [inner(m) for m in range(n)]

    outer(2)
    outer(3)


def name_spaces():
    locals()
    globals().get("missing")
    vars()
    dir()


def assignment_expressions():
    while (n := _helper("x" * 3)) and n < 3:
        pass
    if any((found := n) > 1 for n in range(4)):
        _helper(found)


def pattern_matching():
    class Pair:
        __match_args__ = ("left", "right")

        def __init__(self, left, right):
            self.left, self._right = left, right

        @property
        def right(self):
            return _helper(self._right)

    for value in (Pair(1, 2), [1, 2], {"a": 1}, "text"):
        match value:
            case Pair(1, right):
                _helper(right)
            case [first, *_]:
                _helper(first)
            case {"a": a}:
                _helper(a)
            case str(text):
                _helper(text)

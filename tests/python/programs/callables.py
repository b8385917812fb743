"""Callables of every kind, and C functions that call back."""

import functools
import itertools
import operator


def _double(value):
    return value * 2


def _negate(value):
    return -value


def callbacks():
    sorted([3, 1, 2], key=_negate)
    [3, 1, 2].sort(key=_negate)
    list(map(_double, range(4)))
    list(filter(_negate, range(3)))
    min([3, 1, 2], key=_negate)
    max([3, 1, 2], key=_negate)
    any(map(_negate, range(3)))
    list(itertools.accumulate([1, 2, 3], lambda a, b: a + b))


def builtin_callbacks():
    sorted(["b", "aa", "C"], key=str.lower)
    sorted(["b", "aa", "C"], key=len)
    list(map(len, ["a", "bb"]))
    list(map(str.upper, "abc"))
    max("abc", key=ord)


def method_descriptors():
    append, upper, get = list.append, str.upper, dict.get
    items = []
    for letter in "abc":
        append(items, upper(letter))
    get({}, 1)
    list.sort(items)
    dict.fromkeys(items)
    bytes.fromhex("00")
    int.from_bytes(b"\1", "big")


def bound_builtins():
    items = []
    push, pop, length = items.append, items.pop, len
    for n in range(4):
        push(n)
    while length(items):
        pop()
    join = ", ".join
    join(["a", "b"])
    "a b c".split()
    "abc".translate({97: "x"})
    "Abc".swapcase().center(9).strip().encode().decode()


def keywords_and_unpacking():
    args, options = ([3, 1, 2],), {"key": _negate, "reverse": True}
    sorted(*args, **options)
    sorted(*args, reverse=True)
    max(*[1, 2, 3])
    max(*(1, 2), key=_double)
    print(*[], end="", file=_Sink())
    "{x}".format(**{"x": 1})
    _takes_all(1, *args, x=2, **options)
    _takes_all(*args)


def _takes_all(*args, **options):
    return len(args) + len(options)


class _Sink:
    def write(self, text):
        return len(text)


def wrong_arguments():
    """Calls that fail before, or in, the C function."""
    attempts = [
        lambda: len(),
        lambda: len(1),
        lambda: len(1, 2),
        lambda: [].append(),
        lambda: [].append(x=1),
        lambda: sorted(key=1),
        lambda: "".join([1]),
        lambda: list.append([], 1, 2),
        lambda: abs(*[1, 2, 3]),
        lambda: max(),
        lambda: _double(),
        lambda: _double(1, 2),
        lambda: isinstance(1, 1),
        lambda: {}.update(1),
        lambda: ord(**{"x": 1}),
    ]
    for attempt in attempts:
        try:
            attempt()
        except TypeError:
            pass


def wrong_receivers():
    """Method descriptors called on something that is not an instance of their type."""
    for call in (
        lambda: list.append(),
        lambda: list.append((), 1),
        lambda: str.upper(b"x"),
        lambda: dict.get(1, 2),
    ):
        try:
            call()
        except TypeError:
            pass


def _logged(function):
    @functools.wraps(function)
    def wrapper(*args, **options):
        return function(*args, **options)

    return wrapper


def _repeated(times):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args):
            return [function(*args) for _ in range(times)]

        return wrapper

    return decorate


def decorators():
    @_logged
    @_repeated(3)
    def decorated(value):
        return _double(value)

    decorated(1)
    decorated(2)


def closures():
    def make_counter():
        count = 0

        def increment(by=1):
            nonlocal count
            count += by
            return count

        return increment

    first, second = make_counter(), make_counter()
    for n in range(3):
        first(n)
        second()


def partials():
    double_max = functools.partial(max, key=_negate)
    double_max([1, 2, 3])
    functools.partial(_double)(3)
    functools.partial(functools.partial(_takes_all, 1), 2)(3, x=4)
    functools.reduce(lambda a, b: a + b, range(5))
    functools.reduce(operator.mul, range(1, 5))
    sorted([2, 1], key=functools.cmp_to_key(lambda a, b: a - b))


@functools.lru_cache(maxsize=None)
def _fibonacci(n):
    return n if n < 2 else _fibonacci(n - 1) + _fibonacci(n - 2)


def caches():
    _fibonacci.cache_clear()
    _fibonacci(12)
    _fibonacci(12)
    _fibonacci.cache_info()

    @functools.lru_cache(maxsize=2)
    def small(n):
        return _double(n)

    for n in (1, 2, 3, 1, 3):
        small(n)


@functools.singledispatch
def _show(value):
    return repr(value)


@_show.register
def _(value: int):
    return value + 1


@_show.register(list)
def _show_list(value):
    return [_show(item) for item in value]


def single_dispatch():
    _show(1)
    _show("x")
    _show([1, "x", [2]])


def operator_callables():
    rows = [{"a": 2, "b": [1]}, {"a": 1, "b": []}]
    sorted(rows, key=operator.itemgetter("a"))
    list(map(operator.methodcaller("get", "a"), rows))
    list(map(operator.attrgetter("real"), [1, 2]))
    operator.add(1, 2)
    operator.contains([1], 1)
    operator.index(3)


def iterator_tools():
    list(itertools.chain.from_iterable([[1], [2]]))
    list(itertools.takewhile(_negate, [1, 2, 0, 3]))
    list(itertools.starmap(operator.add, [(1, 2), (3, 4)]))
    [list(group) for _, group in itertools.groupby("aabb", key=ord)]
    list(itertools.product("ab", repeat=2))
    first, second = itertools.tee(map(_double, range(3)))
    list(first), list(second)
    list(iter(lambda numbers=[3, 2, 1]: numbers.pop() if numbers else numbers.append(9), None))


def lambdas():
    add = lambda a: lambda b: (  # noqa: E731 - the inner one has a line of its own below
        a + b
    )
    add(1)(2)
    (lambda: len(()))()


def types_called():
    """Types are not recorded, what they call is."""
    int("3"), str(4), list("abc"), dict(a=1), set([1]), tuple("ab")
    dict(map(lambda letter: (letter, ord(letter)), "ab"))
    complex(1), float("2"), bytes(3), range(3), enumerate("a"), zip("a", "b")
    type(3), object(), super, slice(1)
    str.maketrans("a", "b")
    dict.fromkeys("ab")

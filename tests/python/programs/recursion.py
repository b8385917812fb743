"""Functions that call themselves, directly and by way of others."""

import sys


def _factorial(n):
    return 1 if n < 2 else n * _factorial(n - 1)


def direct():
    for n in range(12):
        _factorial(n)


def _is_even(n):
    return n == 0 or _is_odd(n - 1)


def _is_odd(n):
    return n != 0 and _is_even(n - 1)


def mutual():
    _is_even(21)
    _is_odd(14)


def _ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return _ackermann(m - 1, 1)
    return _ackermann(m - 1, _ackermann(m, n - 1))


def ackermann():
    _ackermann(2, 4)


def _walk(tree):
    return sum(map(_walk, tree)) + len(tree)


def through_builtins():
    _walk([[[], [[]]], [], [[[]]]])


def _weight(tree):
    return len(sorted(tree, key=_weight))


def through_sort_keys():
    _weight([[[], [[]]], [], [[[]]]])


def _define_chain(length):
    namespace = {}
    for number in range(length):
        source = f"def link{number}(): return link{number + 1}()"
        exec(compile(source, f"<chain {number}>", "exec"), namespace)
    exec(f"def link{length}(): return 0", namespace)
    return namespace["link0"]


_CHAIN = _define_chain(500)


def chain_of_500_functions():
    _CHAIN()
    _CHAIN()


def _descend(depth):
    if depth:
        _descend(depth - 1)
    else:
        _is_even(2)


def deep_then_shallow():
    for depth in (500, 1, 300, 0):
        _descend(depth)


def _endless(depth):
    return _endless(depth + 1)


def to_the_recursion_limit():
    """The limit lies a fixed way up, wherever the caller is."""
    try:
        _endless(0)
    except RecursionError:
        _is_odd(3)


def _endless_through_builtins(values):
    return max(values, key=lambda value: _endless_through_builtins(values))


def to_the_recursion_limit_through_builtins():
    limit = sys.getrecursionlimit()
    # Far below where the C stack would end.
    sys.setrecursionlimit(400)
    try:
        _endless_through_builtins([1, 2])
    except RecursionError:
        pass
    finally:
        sys.setrecursionlimit(limit)

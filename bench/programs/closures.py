"""Calls through decorators, closures, partials and functions with all kinds of parameters."""

import functools
import operator


def counted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return function(*args, **kwargs)

    wrapper.calls = 0
    return wrapper


def clamped(low, high):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return max(low, min(high, function(*args, **kwargs)))

        return wrapper

    return decorate


def compose(*functions):
    def composed(value):
        for function in functions:
            value = function(value)
        return value

    return composed


def counter(step):
    count = 0

    def advance():
        nonlocal count
        count += step
        return count

    return advance


@counted
@clamped(-1000, 1000)
def mix(a, b=1, *rest, scale=1):
    return (a * b + sum(rest)) * scale


@functools.singledispatch
def size(value):
    return 1


@size.register
def _(value: list):
    return sum(size(item) for item in value)


def run():
    pipeline = compose(
        functools.partial(operator.add, 3), lambda x: x * 2, lambda x: x - 1, abs, str, len
    )
    advance = counter(7)
    total = 0
    for i in range(28000):
        total += pipeline(i) + advance() + mix(i, 2, i, -i, scale=3) + mix(i)
    nested = [[1, [2, 3]], [[4], 5, [6, [7, 8]]]] * 400
    return total + sum(sorted(range(30000), key=lambda i: -i)[:10]) + size(nested)

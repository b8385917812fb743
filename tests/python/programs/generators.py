"""Generators: every way into them and out of them."""

import itertools


def _count(n):
    for i in range(n):
        yield i


def exhausted():
    list(_count(5))
    for _ in _count(3):
        pass


def closed_early():
    generator = _count(10)
    next(generator)
    next(generator)
    generator.close()
    generator.close()


def closed_before_start():
    _count(3).close()


def abandoned():
    for i in _count(10):
        if i == 2:
            break


def _guarded():
    try:
        yield 1
        yield 2
    except KeyError:
        yield 3
    finally:
        len(())


def thrown_into():
    generator = _guarded()
    next(generator)
    generator.throw(KeyError("caught inside"))
    list(generator)


def thrown_through():
    generator = _guarded()
    next(generator)
    try:
        generator.throw(ValueError("not caught inside"))
    except ValueError:
        pass


def thrown_before_start():
    try:
        _guarded().throw(ValueError("never started"))
    except ValueError:
        pass


def closed_in_guard():
    generator = _guarded()
    next(generator)
    del generator


def _averager():
    total = number = 0
    value = yield
    while value is not None:
        total += value
        number += 1
        value = yield total / number
    return total


def sent_to():
    averager = _averager()
    next(averager)
    for value in (1, 2, 3):
        averager.send(value)
    try:
        averager.send(None)
    except StopIteration:
        pass


def _delegate(depth):
    if depth == 0:
        result = yield from _averager()
        return result
    return (yield from _delegate(depth - 1))


def delegated():
    generator = _delegate(3)
    next(generator)
    generator.send(4)
    generator.send(5)
    try:
        generator.send(None)
    except StopIteration:
        pass


def thrown_into_delegate():
    generator = _delegate(3)
    next(generator)
    try:
        generator.throw(ValueError("at the innermost"))
    except ValueError:
        pass


def closed_delegate():
    generator = _delegate(2)
    next(generator)
    generator.close()


def _inorder(tree):
    if tree is not None:
        left, value, right = tree
        yield from _inorder(left)
        yield value
        yield from _inorder(right)


def recursive():
    leaf = (None, 1, None)
    list(_inorder(((leaf, 2, None), 3, (leaf, 4, leaf))))


def _failing():
    yield 1
    raise ValueError("on the second step")


def failing():
    try:
        list(_failing())
    except ValueError:
        pass


def _primes():
    known = []
    for n in itertools.count(2):
        if all(n % p for p in known):
            known.append(n)
            yield n


def endless():
    list(itertools.islice(_primes(), 12))


def interleaved():
    first, second = _count(4), _count(4)
    for _ in range(3):
        next(first)
        next(second)
    list(zip(first, second))


def expressions():
    sum(n * n for n in range(6))
    any(n > 2 for n in range(6))
    dict(
        (n, len(str(n)))
        for n in range(3)
    )


def ignoring_close():
    """Yields when it is to be closed, which is a RuntimeError."""

    def stubborn():
        try:
            yield 1
        except GeneratorExit:
            yield 2

    generator = stubborn()
    next(generator)
    try:
        generator.close()
    except RuntimeError:
        pass

"""What the golden files are profiles of; touches no file of the standard library.

`python sample.py [ROUNDS]`: more rounds for profilers that sample, one for those that count.
"""

import sys

def factorial(n):
    return 1 if n < 2 else n * factorial(n - 1)


def is_even(n):
    return True if n == 0 else is_odd(n - 1)


def is_odd(n):
    return False if n == 0 else is_even(n - 1)


def squares(n):
    for i in range(n):
        yield i * i


def fail(n):
    if n == 0:
        raise ValueError("on purpose")
    fail(n - 1)


class Box:
    def __init__(self, size):
        self.size = size

    def __lt__(self, other):
        return self.size < other.size

    @property
    def volume(self):
        return self.size**3

    @staticmethod
    def smallest(count):
        return min([Box(i) for i in range(count, 0, -1)]).volume


def größe(n):
    return len(str(n))


def 数える(n):
    return sum(range(n))


def lost(n):
    return größe(n)


# As if from files whose names are Chinese, and not UTF-8. To compile them would import a module.
数える.__code__ = 数える.__code__.replace(co_filename="données/数.py")
lost.__code__ = lost.__code__.replace(co_filename="caf\udce9.py")


def one_round():
    factorial(12)
    is_even(7)
    sum(squares(10))
    sorted(range(5), key=lambda n: -n)
    try:
        fail(3)
    except ValueError as error:
        repr(error)
    Box.smallest(5)
    größe(10**6)
    数える(100)
    lost(10**6)


def main(rounds=1):
    for _ in range(rounds):
        one_round()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)

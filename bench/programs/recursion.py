"""Nothing but calls: Fibonacci, Takeuchi and the towers of Hanoi, each the naive way."""


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def tak(x, y, z):
    if y >= x:
        return z
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))


def hanoi(n, source, target, spare):
    if n == 0:
        return 0
    moves = hanoi(n - 1, source, spare, target)
    return moves + 1 + hanoi(n - 1, spare, target, source)


def run():
    return fib(26), tak(18, 12, 7), hanoi(18, "a", "b", "c")

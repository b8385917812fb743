"""Resuming and yielding: trees walked by nested generators, and a pipeline of them."""


class Tree:
    def __init__(self, low, high):
        middle = (low + high) // 2
        self.value = middle
        self.left = Tree(low, middle) if low < middle else None
        self.right = Tree(middle + 1, high) if middle + 1 < high else None

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.value
        if self.right:
            yield from self.right


def squares(values):
    for value in values:
        yield value * value


def changes(values):
    last = 0
    for value in values:
        yield value - last
        last = value


def averager():
    total = count = 0
    average = None
    while True:
        total += yield average
        count += 1
        average = total / count


def run():
    checksum = 0
    for _ in range(14):
        tree = Tree(0, 3000)
        checksum += sum(changes(squares(tree)))
        checksum += sum(value for value in tree if value % 3 == 0)
    average = averager()
    next(average)
    for value in range(200000):
        last = average.send(value)
    return checksum, last

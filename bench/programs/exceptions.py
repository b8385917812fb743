"""Leaving calls by exceptions: raised near and far, from Python and from C, caught and re-raised."""


class Missing(LookupError):
    def __init__(self, key):
        super().__init__(key)
        self.key = key


def lookup(table, key):
    try:
        return table[key]
    except KeyError:
        raise Missing(key) from None


def deep(depth, table, key):
    if depth == 0:
        return lookup(table, key)
    try:
        return deep(depth - 1, table, key)
    finally:
        table["left"] += 1


def number(text):
    try:
        return int(text)
    except ValueError:
        return len(text)


class Guard:
    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        return kind is not None and issubclass(kind, Missing)


def run():
    table = {"left": 0, **{i: i for i in range(0, 20000, 2)}}
    found = caught = 0
    for i in range(20000):
        try:
            found += deep(4, table, i)
        except Missing as error:
            caught += error.key
        with Guard():
            found += lookup(table, i + 1)
        found += number(str(i) if i % 3 else "three")
        found += getattr(table, "absent", 1)
    return found, caught, table["left"]

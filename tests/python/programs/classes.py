"""Classes: what the interpreter calls when it makes and uses them."""

import abc
import collections
import dataclasses
import enum
import functools
import types


class _Point:
    def __new__(cls, *args):
        return super().__new__(cls)

    def __init__(self, x, y):
        self._x = x
        self._y = y

    @property
    def x(self):
        return self._x

    @x.setter
    def x(self, value):
        self._x = value

    @functools.cached_property
    def length(self):
        return abs(self._x) + abs(self._y)

    @classmethod
    def origin(cls):
        return cls(0, 0)

    @staticmethod
    def distance(first, second):
        return abs(first.x - second.x)


def construction():
    for n in range(3):
        _Point(n, -n)
    _Point.origin()


def properties():
    point = _Point(1, 2)
    point.x = 3
    point.x += 1
    point.length
    point.length
    _Point.distance(point, point)


class _Typed:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner):
        return self if instance is None else getattr(instance, self.name)

    def __set__(self, instance, value):
        setattr(instance, self.name, int(value))

    def __delete__(self, instance):
        delattr(instance, self.name)


def descriptors():
    class Owner:
        first = _Typed()
        second = _Typed()

    owner = Owner()
    owner.first = owner.second = "3"
    owner.first + owner.second
    Owner.first
    del owner.first


class _Meta(type):
    @classmethod
    def __prepare__(mcs, name, bases, **options):
        return {}

    def __new__(mcs, name, bases, namespace, **options):
        return super().__new__(mcs, name, bases, namespace)

    def __init__(cls, name, bases, namespace, **options):
        super().__init__(name, bases, namespace)

    def __call__(cls, *args):
        return super().__call__(*args)

    def __instancecheck__(cls, instance):
        return type.__instancecheck__(cls, instance)


def metaclasses():
    class Base(metaclass=_Meta, flavour="sweet"):
        def __init_subclass__(cls, **options):
            super().__init_subclass__(**options)

    class Child(Base):
        def __init__(self, value):
            self.value = value

    isinstance(Child(1), Base)
    isinstance(1, Base)
    type("Made", (), {"method": lambda self: 1})().method()


def abstract_classes():
    class Shape(abc.ABC):
        @abc.abstractmethod
        def area(self):
            """Of the shape."""

    class Square(Shape):
        def area(self):
            return 4

    Shape.register(int)
    isinstance(Square(), Shape)
    isinstance(3, Shape)
    Square().area()
    try:
        Shape()
    except TypeError:
        pass


class _Guess:
    def __getattr__(self, name):
        if name.startswith("known"):
            return len(name)
        raise AttributeError(name)

    def __setattr__(self, name, value):
        super().__setattr__(name, value)


class _Watch:
    value = 1

    def __getattribute__(self, name):
        return object.__getattribute__(self, name)


def attribute_hooks():
    guess = _Guess()
    guess.known1
    guess.other = 1
    hasattr(guess, "unknown")
    getattr(guess, "known22", None)
    _Watch().value


@functools.total_ordering
class _Money:
    def __init__(self, amount):
        self.amount = amount

    def __eq__(self, other):
        return self.amount == other.amount

    def __lt__(self, other):
        return self.amount < other.amount

    def __hash__(self):
        return hash(self.amount)

    def __add__(self, other):
        return _Money(self.amount + getattr(other, "amount", other))

    __radd__ = __add__

    def __bool__(self):
        return bool(self.amount)

    def __len__(self):
        return self.amount

    def __getitem__(self, index):
        if index >= self.amount:
            raise IndexError(index)
        return index

    def __contains__(self, value):
        return value == self.amount

    def __call__(self, value=0):
        return self.amount + value


def operators():
    coins = [_Money(n) for n in (3, 1, 2)]
    sorted(coins)
    max(coins)
    sum(coins)
    {coin: 1 for coin in coins}
    coins[0] >= coins[1]
    coins[0] in coins
    2 in coins[0]
    len(coins[0])
    list(coins[0])
    coins[0](5)
    list(filter(None, coins))


class _Loud(list):
    def append(self, value):
        super().append(value)

    def sort(self, **options):
        list.sort(self, **options)


class _Default(dict):
    def __missing__(self, key):
        self[key] = len(key)
        return self[key]

    def get(self, key, default=None):
        return super().get(key, default)


def builtin_subclasses():
    numbers = _Loud([3, 1])
    numbers.append(2)
    numbers.sort()
    numbers.extend([5, 4])
    numbers.index(4)
    words = _Default()
    words["four"]
    words.setdefault("x", 1)
    words.get("x")
    sorted(words.items())


def method_objects():
    point = _Point(1, 2)
    bound = types.MethodType(_Point.distance, point)
    bound(point)
    types.MethodType(lambda self, n: n, point)(3)
    method = point.__init__
    method(3, 4)
    functools.partialmethod(_Point.distance)


def _measure(measure, times):
    return sum(measure() for _ in range(times))


def method_objects_around_builtins():
    """A C function called through a method object that Python code made."""
    _measure(types.MethodType(len, (1, 2)), 3)
    types.MethodType(max, (1, 2))()
    try:
        types.MethodType(abs, "x")()
    except TypeError:
        pass
    _measure([].__len__, 2)


@dataclasses.dataclass
class _First:
    a: int
    b: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(order=True)
class _Second:
    c: int
    d: int = 3

    def __post_init__(self):
        self.d += 1


def dataclass_instances():
    """Generated __init__ functions have the same label."""
    for n in range(3):
        _First(n)
    for n in range(5):
        _Second(n)
    sorted([_Second(2), _Second(1)])
    _First(1) == _First(1)
    repr(_First(1))
    dataclasses.asdict(_First(1, [2]))
    dataclasses.replace(_Second(1), c=4)


def dataclass_definition():
    @dataclasses.dataclass(frozen=True)
    class Made:
        a: int = 1
        b: str = "b"

    try:
        Made().a = 2
    except dataclasses.FrozenInstanceError:
        pass


def enumerations():
    class Colour(enum.Enum):
        RED = 1
        GREEN = 2

        @property
        def pretty(self):
            return self.name.title()

    class Mode(enum.Flag):
        READ = enum.auto()
        WRITE = enum.auto()

    Colour(1).pretty
    Colour["GREEN"]
    [colour.value for colour in Colour]
    Mode.READ | Mode.WRITE
    Mode.READ in Mode(3)
    try:
        Colour(7)
    except ValueError:
        pass


def named_tuples():
    pair = collections.namedtuple("Pair", "left right")
    pair(1, 2)._replace(left=3)._asdict()
    repr(pair._make([1, 2]))


def class_bodies():
    for size in range(3):

        class Body:
            total = sum(range(size))
            names = [str(n) for n in range(size)]

            def method(self):
                return self.total

        Body().method()


class _Shown:
    def __format__(self, spec):
        return "formatted " + spec

    def __repr__(self):
        return "shown"

    def __str__(self):
        return str(len(repr(self)))


def formatting():
    shown = _Shown()
    f"{shown} {shown:>3} {shown!r} {shown!s}"
    "{} {0!r}".format(shown) if False else "{0} {0!r} {0:x}".format(shown)
    "%s %r" % (shown, shown)
    format(shown, "y")
    str([shown, shown])
    repr({"key": shown})
    "{a:{b}}".format(a=shown, b=">4")


def generic_aliases():
    class Box:
        def __class_getitem__(cls, item):
            return types.GenericAlias(cls, item)

    Box[int]()
    list[int]([1])

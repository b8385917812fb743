"""For test_typing.py, which has type checkers read it: what stands before "# E" is an error, and nothing else is. The
errors of "# E mypy" are mypy's own: it takes a decorated static method for a method, and needs an instance."""

import functools
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

import ctraceprof


@ctraceprof.profile
def plain(a: int, b: str = "x", *, c: float = 1.0) -> list[int]:
    return [a]


@ctraceprof.profile(sort="tottime", limit=3, every=2, stream=sys.stderr, out="x.prof", on_profile=lambda p: p.clear())
async def waits(a: int) -> str:
    return str(a)


@ctraceprof.profile
def numbers(n: int) -> Iterator[int]:
    yield n


@ctraceprof.profile()
async def both(n: int) -> AsyncIterator[int]:
    yield n


class Owner:
    @ctraceprof.profile
    def method(self, a: int) -> str:
        return str(a)

    @ctraceprof.profile
    @classmethod
    def over(cls, a: int) -> str:
        return str(a)

    @classmethod
    @ctraceprof.profile
    def under(cls, a: int) -> str:
        return str(a)

    @ctraceprof.profile(builtins=False)
    @staticmethod
    def over_static(a: int) -> str:
        return str(a)

    @staticmethod
    @ctraceprof.profile
    def under_static(a: int) -> str:
        return str(a)

    @ctraceprof.profile
    async def waits(self, a: int) -> str:
        return str(a)


assert_type(plain(1, "y", c=2.0), list[int])
assert_type(plain.profile, ctraceprof.Profile)
assert_type(Owner().method(1), str)
assert_type(Owner.method(Owner(), 1), str)  # E mypy
assert_type(Owner.over(1), str)
assert_type(Owner.under(1), str)
assert_type(Owner.over_static(1), str)  # E mypy
assert_type(Owner().under_static(1), str)  # E mypy
assert_type(plain.profile.stats(), Any)
assert_type(Owner.method.profile, ctraceprof.Profile)
assert_type(Owner().method.profile.dumps("json"), bytes)


async def main() -> None:
    assert_type(await waits(1), str)
    print((await Owner().waits(1)).upper())
    async for n in both(3):
        assert_type(n, int)
    for n in numbers(3):
        assert_type(n, int)
    async with ctraceprof.profile(builtins=False) as profile:
        assert_type(profile, ctraceprof.Profile)
    with ctraceprof.profile() as profile:
        profile.add(plain.profile)


half = ctraceprof.profile(functools.partial(plain, 1))
assert_type(half("x"), list[int])

plain("1")  # E: argument
plain(1, d=3)  # E: no parameter
Owner().method("1")  # E: argument
ctraceprof.profile(every="x")  # E: option
ctraceprof.profile(3)  # E: not callable
print(waits(1) + 1)  # E: a coroutine

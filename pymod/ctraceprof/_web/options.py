"""What a middleware is told, checked: each error names its argument."""

import math
import re
from collections.abc import Callable, Iterable

from .._profile import Profile

__all__ = ["Options"]

# The shortest secret that is taken: 16 characters that nobody can guess.
SHORTEST_SECRET = 16

# Segments of unreserved characters: what any server hands on as it was written.
PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+")


def _callable(name, value):
    if value is not None and not isinstance(value, Callable):
        raise TypeError(f"{name} must be callable, not {type(value).__name__}")
    return value


def _number(name, value, least, most, kind=int, none=False):
    if none and value is None:
        return None
    kinds = int if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise TypeError(f"{name} must be {'an int' if kind is int else 'a number'}, not {type(value).__name__}")
    if math.isnan(value) or not least <= value <= most:
        raise ValueError(f"{name} must be from {least} to {most}, not {value}")
    return value


def _secret(value):
    if value is None:
        return None
    if not isinstance(value, (str, bytes)):
        raise TypeError(f"secret must be a str or bytes, not {type(value).__name__}")
    if len(value) < SHORTEST_SECRET:
        raise ValueError(f"secret must have at least {SHORTEST_SECRET} characters")
    return value.encode("utf-8") if isinstance(value, str) else value


def _path(value, is_guarded):
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"path must be a str, not {type(value).__name__}")
    if not PATH.fullmatch(value):
        raise ValueError(
            f"path must be like '/-/profiles', of letters, digits and -._~, without a slash at its end, not {value!r}"
        )
    if not is_guarded:
        raise ValueError("path: the pages show the program's insides, and need a guard or a secret")
    return value


def _choice(name, value, choices):
    if (type(value), value) not in [(type(choice), choice) for choice in choices]:
        raise ValueError(f"{name} must be {' or '.join(map(repr, choices))}, not {value!r}")
    return value


def _patterns(value):
    """What Profile() takes, as a list."""
    if value is None:
        return []
    return [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)


class Options:
    """The arguments of ProfilerMiddleware, all but the application; ctraceprof.asgi says what they mean."""

    def __init__(
        self,
        *,
        when=None,
        secret=None,
        one_in=None,
        per_second=None,
        path=None,
        guard=None,
        route=None,
        max_at_once=10,
        max_seconds=60.0,
        keep=100,
        keep_bytes=32 * 1024 * 1024,
        max_routes=100,
        server_timing=False,
        metrics="captured",
        registry=None,
        include=None,
        exclude=None,
        builtins=True,
        max_contexts=100_000,
        compensate=None,
    ):
        self.when = _callable("when", when)
        self.guard = _callable("guard", guard)
        self.route = _callable("route", route)
        self.secret = _secret(secret)
        self.one_in = _number("one_in", one_in, 1, 10**9, none=True)
        self.per_second = _number("per_second", per_second, 1e-6, 1000, float, none=True)
        self.path = _path(path, guard is not None or secret is not None)
        self.max_at_once = _number("max_at_once", max_at_once, 1, 10_000)
        self.max_seconds = _number("max_seconds", max_seconds, 0.001, 86_400, float)
        self.keep = _number("keep", keep, 1, 100_000)
        self.keep_bytes = _number("keep_bytes", keep_bytes, 1, 2**40)
        self.max_routes = _number("max_routes", max_routes, 1, 10_000)
        self.server_timing = _choice("server_timing", server_timing, [False, True, "all"])
        self.metrics = _choice("metrics", metrics, ["captured", "all"])
        if registry is not None and not isinstance(getattr(registry, "register", None), Callable):
            raise TypeError(f"registry must be a CollectorRegistry of prometheus_client, not {type(registry).__name__}")
        self.registry = registry
        # Our own frames are nobody's business: their time is the caller's, as the server's is.
        self.profile = {
            "scope": "context",
            "builtins": bool(builtins),
            "include": _patterns(include),
            "exclude": [*_patterns(exclude), "ctraceprof"],
            "max_contexts": max_contexts,
            "compensate": compensate,
        }
        Profile(**self.profile)  # says what is wrong with these

    @property
    def captures(self):
        """Whether any request may ever be captured."""
        return any(
            value is not None for value in (self.when, self.secret, self.guard, self.one_in, self.per_second)
        )

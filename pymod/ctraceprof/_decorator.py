"""ctraceprof.profile: a decorator, and a context manager, of which each call is a recording of its own.

What decorates is a function of the same kind and with the same parameters, made from source (_wrappers.py); what
happens around a call is in C (pymod/calls.c, pymod/steps.c).
"""

import functools
from contextvars import ContextVar
from types import MethodType

from . import _core
from ._profile import Profile

__all__ = ["profile"]


def profile(
    target=None,
    /,
    *,
    sort=None,
    limit=None,
    out=None,
    every=1,
    stream=None,
    on_profile=None,
    include=None,
    exclude=None,
    builtins=True,
    max_contexts=1_000_000,
    compensate=None,
):
    """Profile each call of a function, or a with block.

        @ctraceprof.profile
        def work(): ...

        work.profile.print_stats("cumulative")      # of all calls so far

        with ctraceprof.profile(sort="tottime", limit=20) as profile: ...

    target: a function, method, classmethod or staticmethod, coroutine function, generator or async generator
        function, functools.partial, or another callable that is not a class. What is given back is of the same
        kind, with the same signature; its attribute `profile` is a Profile, the sum of all calls so far.
    every: only each so many-th call is profiled, the first one first.
    sort, limit, stream: print a table behind each profiled call to `stream` (sys.stdout), sorted by `sort` (a
        key or several, as in pstats; "cumulative"), the first `limit` rows (all). Any of the three will do.
    out: a path to write to, wholly or not at all; a relative one starts from the folder that is the working one as
        profile() is called. "{n}" in it is replaced by the number of the call, and each has a file of its own; else it is the
        sum's, written behind a call, at most once a second, and at exit. "{name}" is replaced by the function's
        name, "{pid}" by the process's. .html makes a page.
    on_profile: called behind each profiled call, with that call's own Profile.
    include, exclude, builtins, max_contexts, compensate: as for Profile.

    A call is recorded in its context: with the tasks and worker threads that it starts, and nothing of what runs
    beside it. A call within a profiled one of the same function, as in recursion, is a part of that one. What is
    printed, written or called behind a call is not recorded, and its exceptions go to sys.unraisablehook. Where
    nothing can be recorded the function runs as ever, and a RuntimeWarning says so once. Thread-safe.
    Raises TypeError or ValueError that names the argument.
    """
    recorded = {
        "scope": "context",
        "include": include,
        "exclude": exclude,
        "builtins": builtins,
        "max_contexts": max_contexts,
        "compensate": compensate,
    }
    Profile(**recorded)  # raises now what would be raised at each call
    if type(every) is not int or every < 1:
        raise ValueError(f"every must be an int of 1 or more, not {every!r}")
    asked = {"sort": sort, "limit": limit, "out": out, "stream": stream, "on_profile": on_profile}
    made = _Profiling(recorded, every, asked)
    return made if target is None else made(target)


# What this context has entered: (the object, its profile, what had been entered before), or None.
_entered = ContextVar("ctraceprof.profile", default=None)


def _without(first, entry):
    return first[2] if first is entry else (*first[:2], _without(first[2], entry))


def _again(kind, target, function):
    """A partial of another function with the same arguments."""
    return kind(function, *target.args, **target.keywords)


class _Profiling:
    """What profile() gives without a function: decorates one, or records a with block."""

    def __init__(self, recorded, every, asked):
        self._recorded = recorded
        self._every = every
        self._asked = {name: value for name, value in asked.items() if value is not None}
        out = self._asked.get("out")
        self._reports = None  # of with blocks
        self._open = []
        if self._asked:
            from . import _reports

            _reports.check(self._asked)
            if out is not None:
                self._asked["out"] = _reports.absolute(out)

    def __call__(self, target):
        if isinstance(target, (classmethod, staticmethod)):
            return self._rewrap(target, target.__func__, type(target))
        if type(target) is MethodType:
            return MethodType(self(target.__func__), target.__self__)
        if type(target) in (functools.partial, functools.partialmethod):
            make = functools.partial(_again, type(target), target)
            return self._rewrap(target, target.func, make)
        if isinstance(target, type) or not callable(target):
            what = f"the class {target.__name__}" if isinstance(target, type) else repr(target)
            raise TypeError(f"profile() takes a function or another callable that is no class, not {what}")
        return self._wrap(target)

    def _rewrap(self, target, function, make):
        inner = self(function)
        made = make(inner)
        for name, value in vars(target).items():
            made.__dict__.setdefault(name, value)
        made.profile = inner.profile
        return made

    def _wrap(self, target):
        from . import _wrappers

        name = getattr(target, "__qualname__", type(target).__name__)
        total = Profile(**self._recorded)
        reports, fresh = (), False
        if self._asked:
            from . import _reports

            reports, fresh = _reports.make(self._asked, name, total)
        calls = _core.calls(name, total, self._recorded, self._every, reports, fresh)
        made = _wrappers.wrap(target, calls)
        made.profile = total
        return made

    def __enter__(self):
        if self._every != 1:
            raise ValueError("every is for calls of a function, not for a with block")
        made = Profile(**self._recorded)
        _entered.set((self, made, _entered.get()))
        self._open.append(made)
        try:
            made.enable()
        except ValueError as error:
            import warnings

            warnings.warn(f"this block is not profiled: {error}", RuntimeWarning, stacklevel=2)
        return made

    def __exit__(self, *exc_info):
        made = self._leave()
        made.disable()
        if self._asked:
            if self._reports is None:
                from . import _reports

                self._reports = _reports.make(self._asked, "with", None)[0]
            _core.report(self._reports, made)

    def _leave(self):
        """The profile that was entered last and is still open, of this context's if it has any."""
        entry = _entered.get()
        while entry is not None and not (entry[0] is self and entry[1] in self._open):
            entry = entry[2]
        if entry is None:  # entered in another context, as a generator's block may be
            return self._open.pop()
        _entered.set(_without(_entered.get(), entry))
        self._open.remove(entry[1])
        return entry[1]

    async def __aenter__(self):
        return self.__enter__()

    async def __aexit__(self, *exc_info):
        self.__exit__(*exc_info)

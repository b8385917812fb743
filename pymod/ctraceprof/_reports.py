"""What ctraceprof.profile does behind a call: tables, files, somebody's function."""

import atexit
import io
import itertools
import os
import string
import sys
import threading
import time

__all__ = ["absolute", "check", "make"]

# Seconds between two times that the sum is written.
PAUSE = 1.0
FIELDS = {"name", "n", "pid"}


def check(asked):
    """Raise ValueError or TypeError for what cannot be done. `asked`: the options that are not None."""
    _check_sort(asked.get("sort", ()))
    limit = asked.get("limit", 0)
    if type(limit) is not int or limit < 0:
        raise ValueError(f"limit must be an int of 0 or more, not {limit!r}")
    if "stream" in asked and not callable(getattr(asked["stream"], "write", None)):
        raise TypeError(f"stream must have a method write, which {asked['stream']!r} has not")
    if "out" in asked:
        _check_path(os.fspath(asked["out"]))
    function = asked.get("on_profile", print)
    if not callable(function):
        raise TypeError(f"on_profile must be callable, not {function!r}")
    if getattr(getattr(function, "__code__", None), "co_flags", 0) & 0x2A0:
        raise TypeError(f"on_profile must be a plain function, and {function!r} would have to be awaited")


def _keys(sort):
    return tuple(sort) if isinstance(sort, (tuple, list)) else (sort,)


def _check_sort(sort):
    import pstats

    known = pstats.Stats().get_sort_arg_defs()
    for key in _keys(sort):
        if isinstance(key, bool) or key not in known and key not in (-1, 0, 1, 2):
            raise ValueError(f"sort must be a key of pstats, or a tuple of such, not {key!r}")


def _fields(path):
    return {field for _, field, _, _ in string.Formatter().parse(path) if field is not None}


def _check_path(path):
    if isinstance(path, bytes):
        return
    try:
        unknown = _fields(path) - FIELDS
    except ValueError as error:
        raise ValueError(f"out must be a path with {{n}}, {{name}} or {{pid}} in it or none: {error}") from None
    if unknown:
        raise ValueError(f"out may have {{n}}, {{name}} and {{pid}} in it, not {{{unknown.pop()}}}")


def absolute(path):
    """A path (str, bytes or os.PathLike) as of now: the program may be elsewhere by the time of a call."""
    path = os.fspath(path)
    try:
        if isinstance(path, bytes):
            return os.path.join(os.getcwdb(), path)
        return os.path.join(os.getcwd().replace("{", "{{").replace("}", "}}"), path)
    except OSError:  # the folder is gone
        return path


def make(asked, name, total):
    """A tuple of what is to be called behind each call, and whether that needs the call's own profile.

    asked: options that have been checked, with an absolute path; total: the sum of all calls; None: there is
    none, and each is written
    """
    reports, fresh = [], False
    if "out" in asked:
        path = asked["out"]
        fields = set() if isinstance(path, bytes) else _fields(path)
        if total is None or "n" in fields:
            reports.append(_Files(path, name))
            fresh = True
        else:
            reports.append(_SumFile(path, name, total))
    if asked.keys() & {"stream", "sort", "limit"}:
        reports.append(_Table(name, asked.get("stream"), asked.get("sort", "cumulative"), asked.get("limit")))
        fresh = True
    if "on_profile" in asked:
        reports.append(asked["on_profile"])
        fresh = True
    return tuple(reports), fresh


class _Table:
    def __init__(self, name, stream, sort, limit):
        self._name = name
        self._stream = stream
        self._sort = _keys(sort)
        self._limits = () if limit is None else (limit,)

    def __call__(self, profile):
        import pstats

        text = io.StringIO()
        stats = pstats.Stats(profile, stream=text).strip_dirs().sort_stats(*self._sort)
        stats.print_stats(*self._limits)
        stream = sys.stdout if self._stream is None else self._stream
        # At once: tables of calls on several threads are not to be mixed.
        stream.write(f"profile of {self._name}:\n{text.getvalue()}")


class _Paths:
    """Names of files."""

    def __init__(self, path, name):
        self._path = path
        self._name = "".join(c if c.isalnum() or c in "._-" else "_" for c in name)
        self._numbers = itertools.count(1)

    def next(self):
        if isinstance(self._path, bytes):
            return self._path
        return self._path.format(name=self._name, n=next(self._numbers), pid=os.getpid())


def _write(profile, path):
    is_page = os.path.splitext(path)[1] in (".html", b".html")
    profile._write(os.fsencode(path), {}, None, is_page)


class _Files:
    """A file for each call."""

    def __init__(self, path, name):
        self._paths = _Paths(path, name)

    def __call__(self, profile):
        _write(profile, self._paths.next())


class _SumFile:
    """One file, written again now and then."""

    def __init__(self, path, name, total):
        self._paths = _Paths(path, name)
        self._total = total
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._due = 0.0
        self._is_behind = False
        atexit.register(self._write_last)

    def __call__(self, _):
        self._is_behind = True
        if time.monotonic() >= self._due and self._lock.acquire(blocking=False):
            try:
                self._write()
            finally:
                self._lock.release()

    def _write(self):
        begin = time.monotonic()
        self._is_behind = False
        try:
            _write(self._total, self._paths.next())
        finally:
            # However long it takes, it is a tenth of the time at most.
            end = time.monotonic()
            self._due = end + max(PAUSE, 9 * (end - begin))

    def _write_last(self):
        # A forked child has no part in a file of its parent's.
        if self._is_behind and os.getpid() == self._process:
            self._write()

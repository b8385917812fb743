"""cProfile's interface over the recorder."""

import marshal
import os

from . import _core
from ._records import make_records

__all__ = ["Profile", "label", "run", "runctx"]


def run(statement, filename=None, sort=-1):
    """Profile exec(statement) in the namespace of __main__.

    filename: where to write the profile; None prints a table sorted by `sort` instead.
    """
    import __main__

    runctx(statement, __main__.__dict__, __main__.__dict__, filename, sort)


def runctx(statement, globals, locals, filename=None, sort=-1):
    """Profile exec(statement, globals, locals); filename and sort as for run()."""
    profile = Profile()
    try:
        profile.runctx(statement, globals, locals)
    except SystemExit:
        pass
    finally:
        profile._show(filename, sort)


def label(code):
    """The label of a code object, or of a built-in's name: (filename, line, name)."""
    if isinstance(code, str):
        return ("~", 0, code)
    return (code.co_filename, code.co_firstlineno, code.co_name)


class Profile(_core.Profiler):
    """Profile(timer=None, timeunit=0.0, subcalls=True, builtins=True, *, scope="thread",
    max_contexts=1000000, include=None, exclude=None, compensate=None)

    Records every call. Any number of profiles may be enabled at once.

    timer: callable without arguments to use as the clock. With timeunit (seconds) above 0 it must
        return int; otherwise it returns seconds, as int or float.
    subcalls: whether callers are recorded with each function.
    builtins: whether functions written in C are recorded.
    scope: "thread": the thread that enables the profile. "process": all threads, those started later
        too, each with a call tree of its own; the table is of all of them together. "context": the
        context (contextvars) that enables it, and what inherits that: asyncio tasks, asyncio.to_thread,
        AnyIO's tasks and worker threads, and what ctraceprof.bind() carries elsewhere.
    max_contexts: nodes of the call tree of a thread to keep. Beyond it calls still count, exactly, in all that
        pstats shows; only their place in the tree is folded.
    include, exclude: which code to record, by patterns: a str, or several. "json" is the module or
        package of that name with all below it, and may hold * and ?; with a slash, or ending in .py, a
        pattern is for paths: "site-packages/", "*/tests/*". Included is all code unless said otherwise;
        what is excluded is not included. Code that is left out is transparent: what it calls is called
        by the nearest recorded caller, whose own time holds its time. Built-ins go with the code that
        calls them. From Python 3.12 on, code that is left out soon costs nothing.
    compensate: whether what recording cost is taken out of the times that are shown (docs/accuracy.md). False:
        times as measured. A file that is written holds both. None: unless a timer is given, whose times are
        always as measured. The first profile of a process takes some 40 ms to find out what recording costs.
    """

    _table = None

    @property
    def stats(self):
        """stats(): a list of FunctionStats, what has been recorded so far; enabled or not.

        After create_stats() or snapshot_stats() it is instead, as cProfile has it, the dictionary that
        they set, until that is deleted or given to pstats.Stats.
        """
        return self._stats if self._table is None else self._table

    @stats.setter
    def stats(self, table):
        self._table = table or None  # pstats takes the dictionary and leaves {}

    @stats.deleter
    def stats(self):
        self._table = None

    def _stats(self):
        return make_records(self._records())

    def print_stats(self, sort=-1):
        """Disable, and print the table sorted by `sort` (a key or tuple of keys of pstats)."""
        import pstats

        if not isinstance(sort, tuple):
            sort = (sort,)
        pstats.Stats(self).strip_dirs().sort_stats(*sort).print_stats()

    def dump_stats(self, file):
        """Disable, and write the profile to file (str, bytes or path), wholly or not at all."""
        self.create_stats()
        self._write(os.fsencode(file), {})

    def dumps(self, format="pstats"):
        """The profile so far as bytes, enabled or not; other threads go on meanwhile.

        format: "pstats", as dump_stats() writes it; "html", the page; or what `traceprof convert` makes:
            "speedscope", "pprof", "callgrind", "collapsed", "dot", "json", "jsonl", "csv".

        Raises ValueError for another format, or where the profile is too large for it.
        """
        return self._encode(format)

    def html(self, title=""):
        """The profile so far as an HTML page (str) that needs nothing else: flame graph, call tree, table."""
        return self._page(title)

    def _repr_html_(self):
        from ._notebook import frame

        return frame(self.html())

    def create_stats(self):
        """Disable, and set self.stats to what pstats reads."""
        self.disable()
        self.snapshot_stats()

    def snapshot_stats(self):
        """Set self.stats to what pstats reads: {label: (cc, nc, tt, ct, callers)}."""
        self._table = marshal.loads(self._dictionary())

    def run(self, cmd):
        """Profile exec(cmd) in the namespace of __main__; return self."""
        import __main__

        return self.runctx(cmd, __main__.__dict__, __main__.__dict__)

    def runctx(self, cmd, globals, locals):
        """Profile exec(cmd, globals, locals); return self."""
        self.enable()
        try:
            exec(cmd, globals, locals)
        finally:
            self.disable()
        return self

    def runcall(self, func, /, *args, **kw):
        """Profile func(*args, **kw); return its result."""
        self.enable()
        try:
            return func(*args, **kw)
        finally:
            self.disable()

    def __enter__(self):
        self.enable()
        return self

    def __exit__(self, *exc_info):
        self.disable()

    def _show(self, filename, sort):
        if filename is not None:
            self.dump_stats(filename)
        else:
            self.print_stats(sort)


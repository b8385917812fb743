"""What the command line makes of a profiled process: messages, the table, the file, the end by SIGTERM."""

import os
import sys
import time

# signal itself makes enums of its constants. Children of --subprocesses are to start quickly.
import _signal as signal

from . import _core
from ._profile import Profile

__all__ = ["CommandProfile", "choices", "complain", "print_table"]


def choices(options):
    """What the command line's options say to Profile()."""
    names = "builtins", "scope", "include", "exclude", "compensate"
    return {name: getattr(options, name) for name in names}


def complain(message):
    if sys.stderr is not None:
        sys.stderr.write(f"ctraceprof: {message}\n")


def print_table(source, sort, limit):
    """Print the table of a profile (or of a file's path), sorted, the first `limit` rows or all."""
    import pstats

    limits = () if limit is None else (limit,)
    stream = sys.stdout if sys.stdout is not None else sys.__stdout__
    stats = pstats.Stats(source, stream=stream)
    try:
        stats.strip_dirs().sort_stats(sort).print_stats(*limits)
        stream.flush()
    except BrokenPipeError:
        # The reader has seen enough. Nothing must be flushed into the pipe at exit.
        sys.stdout = None


class CommandProfile(Profile):
    """The profile of a whole process. Who derives from it says in _output() what becomes of it, and in
    _finish() what of that when the program's code has come to its end; both tell whether it worked."""

    def __init__(self, command, **choices):
        super().__init__(**choices)
        self._command = command
        self._begin()

    def _begin(self):
        self._process = os.getpid()
        self._parent = os.getppid()
        self._start = time.time()

    def _describe(self):
        return self._command

    def _save(self, path, as_page=False):
        """Write to the path, with what there is to say of the process; as a page to look at."""
        command = self._describe()
        duration = max(0.0, time.time() - self._start)  # clocks are set back at times
        facts = {"command": command, "start": self._start, "duration": duration}
        process = (self._process, self._parent, command, self._start, duration)
        self._write(os.fsencode(path), facts, process, as_page)

    def _abandon(self):
        """The program has not even begun: nothing is to come of it."""

    def _attempt(self, action, consolation=""):
        """True if that worked. Else it is told: the program's own end is what counts, its exception,
        its exit status."""
        try:
            action()
        except Exception as error:
            complain(f"cannot write the profile: {error}{consolation}")
            return False
        return True

    def _catch_termination(self):
        """SIGTERM must not lose the profile; a program that handles it itself will set its own."""
        try:
            if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
                signal.signal(signal.SIGTERM, self._on_signal)
                _core.hear_termination()
        except ValueError:
            pass  # not on the main thread: signals are somebody else's

    def _signalled(self, number):
        """Called by _on_signal, which has stopped the recording: save, then die as asked."""
        try:
            self._output()
        finally:
            self._die(number)

    def _die(self, number):
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

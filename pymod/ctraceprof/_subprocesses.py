"""--subprocesses: the processes that a profiled program starts are profiled as well.

Each writes a file of its own at its end, its part. The main process, which the command line started,
adds the parts up when it ends. How another comes to be profiled:

- It is forked. It goes on as its parent was, and begins a profile of its own (_after_fork).
- It is a new interpreter. The environment has the plan, in VARIABLE, and in front of PYTHONPATH the
  folder START, where the interpreter finds our sitecustomize and that calls start().

Parts are written at exit, and before os._exit, which ends multiprocessing's children, os.exec* and death
by SIGTERM.
"""

import atexit
import marshal
import os
import sys

from . import _core
from ._command import CommandProfile, choices, print_table

__all__ = ["VARIABLE", "begin", "start"]

VARIABLE = "CTRACEPROF_SUBPROCESSES"
START = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_start")

# Processes of multiprocessing's own, known by what is in their code. A fork server's children are the
# program's.
TRACKER = "from multiprocessing.resource_tracker import main"
FORK_SERVER = "from multiprocessing.forkserver import main"

_plan = None  # what the processes of a run have in common; see begin()
_profile = None  # this process's, where it has one


class _ProcessProfile(CommandProfile):
    """The profile of one process of many."""

    def __init__(self, command, is_main):
        super().__init__(command, **_plan["choices"])
        self._is_main = is_main
        self._saved = self._concluded = False

    def _begin(self):
        super()._begin()
        self._ending = False  # just now: a signal has to wait
        self._deadly = None  # the signal that waits

    def _after_fork(self):
        """In the child: what was recorded is the parent's, and so is the sum."""
        over = self._concluded  # the program is, and what is forked now is no part of it
        self._is_main = False
        self._saved = self._concluded = True  # for a signal that comes now
        self._begin()
        try:
            if not over:
                _core.Profiler.__init__(self, **_plan["choices"])
                self.enable()
        except Exception:
            over = True
        self._saved = self._concluded = over

    def _describe(self):
        command = self._command if self._command is not None else _command_line()
        # What current_process() gives, but SIGTERM may come while the module is being imported.
        multiprocessing = sys.modules.get("multiprocessing.process")
        name = getattr(getattr(multiprocessing, "_current_process", None), "name", "")
        return f"{command} ({name})" if name not in ("", "MainProcess") else command

    def _output(self):
        return self._end()

    def _finish(self):
        # What the program has registered with atexit may wait for its children.
        return self._end(conclude=False)

    def _end(self, conclude=True):
        """Save what was recorded; in the main process add up what all have. True if that worked."""
        worked = True
        if os.getpid() != self._process:  # a child that a signal met before _after_fork
            return worked
        self._ending = True
        try:
            if not self._saved:
                self._saved = True
                worked = self._attempt(self._save_part)
            if conclude and not self._concluded:
                self._concluded = True
                where = f"; the parts are in {_plan['parts']}*"
                if self._is_main:
                    worked = self._attempt(self._conclude, where) and worked
        finally:
            self._ending = False
        if self._deadly is not None:
            self._die(self._deadly)
        return worked

    def _signalled(self, number):
        if self._ending:
            self._deadly = number
        else:
            super()._signalled(number)

    def _abandon(self):
        self._saved = self._concluded = True
        _leave_environment()
        _remove_folder()

    def _save_part(self):
        self.disable()
        # A table has been printed without us, and its folder is gone.
        if _plan["folder"] is None or os.path.isdir(_plan["folder"]):
            self._save(_new_part())

    def _conclude(self):
        _leave_environment()
        parts = _parts()
        folder, outfile, page = _plan["folder"], _plan["outfile"], _plan["html"]
        files = [os.fsencode(part) for part in parts]
        if page is not None:
            _core.merge(files, os.fsencode(page), True)
        if outfile is not None:
            _core.merge(files, os.fsencode(outfile))
        elif page is None:
            total = os.path.join(folder, "sum")
            _core.merge(files, os.fsencode(total))
            print_table(total, _plan["sort"], _plan["limit"])
            os.remove(total)
        for part in parts:
            os.remove(part)
        _remove_folder()


def _remove_folder():
    folder = _plan["folder"]
    if folder is not None and not os.listdir(folder):
        os.rmdir(folder)


def _new_part():
    """The path of this process's part. A pid comes again, in time or after os.exec*."""
    path = first = f"{_plan['parts']}{os.getpid()}"
    number = 1
    while os.path.lexists(path):
        number += 1
        path = f"{first}-{number}"
    return path


def _parts():
    """The paths of all parts, in the order of their pids, the calling process's first."""
    folder, beginning = os.path.split(_plan["parts"])
    found = []
    for name in os.listdir(folder):
        numbers = name[len(beginning) :].split("-") if name.startswith(beginning) else [""]
        if all(number.isdecimal() for number in numbers):
            order = [int(number) for number in numbers]
            found.append((order[0] != os.getpid(), order, os.path.join(folder, name)))
    return [path for _, _, path in sorted(found)]


# --- the environment -------------------------------------------------------------------------


def _encode(plan):
    # Not JSON: importing that takes as long as starting the interpreter.
    return marshal.dumps(plan, 2).hex()


def _enter_environment():
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = START + (os.pathsep + others if others else "")
    os.environ[VARIABLE] = _encode(_plan)


def _leave_environment():
    """What is started from here on is not profiled."""
    os.environ.pop(VARIABLE, None)
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if entries == [START]:
        del os.environ["PYTHONPATH"]
    elif START in entries:
        entries.remove(START)
        os.environ["PYTHONPATH"] = os.pathsep.join(entries)


# --- the ends that atexit does not see -------------------------------------------------------


def _wrap_exits():
    exit, execve = os._exit, os.execve

    def _exit(status):
        try:
            _profile._end()
        finally:
            exit(status)

    def _execve(path, argv, env):
        if _profile._concluded or not _is_executable(path):
            return execve(path, argv, env)
        part = _new_part()
        saved = not _profile._saved and _profile._attempt(lambda: _profile._save(part))
        try:
            if _profile._is_main and VARIABLE in env:
                env = {**env, VARIABLE: _encode({**_plan, "main": os.getpid()})}
            execve(path, argv, env)
        finally:  # the process is still here: its part comes later
            if saved:
                os.remove(part)

    def _execv(path, argv):
        return _execve(path, argv, os.environ)

    for name, wrapper in ("_exit", _exit), ("execve", _execve), ("execv", _execv):
        wrapper.__name__ = wrapper.__qualname__ = name
        wrapper.__doc__ = getattr(os, name).__doc__
        setattr(os, name, wrapper)


def _is_executable(path):
    """Whether an exec can be expected to work. os.execvp tries one folder after the other."""
    try:
        return os.access(path, os.X_OK)
    except (TypeError, ValueError):
        return False


# --- beginnings ------------------------------------------------------------------------------


def _after_fork():
    if _profile is not None:
        _profile._after_fork()
    else:  # a fork server's child
        _make_profile(None, False)
        _profile.enable()


def _own_code():
    """What the interpreter was given by -c."""
    words = sys.orig_argv
    return words[words.index("-c") + 1] if "-c" in words[:-1] else ""


def _quote(word):
    # As shlex.quote, which brings re and takes as long as the interpreter's start.
    plain = word.isascii() and all(c.isalnum() or c in "_@%+=:,./-" for c in word)
    return word if word and plain else "'" + word.replace("'", "'\"'\"'") + "'"


def _command_line():
    # The fork server's own has all of sys.path in it.
    if FORK_SERVER in _own_code():
        return "multiprocessing.forkserver"
    return " ".join(map(_quote, sys.orig_argv))


def _make_profile(command, is_main):
    global _profile
    _profile = _ProcessProfile(command, is_main)
    # Called in turn, the last one first, and from C: neither is among the calls recorded.
    atexit.register(_profile._end)
    atexit.register(_profile.disable)
    _wrap_exits()
    _profile._catch_termination()


def begin(options, command):
    """Make the main process's profile, and have all that it starts profiled too."""
    global _plan
    import tempfile

    # Devices and pipes have nothing beside them.
    outfile = options.outfile
    beside = outfile is not None and (os.path.isfile(outfile) or not os.path.exists(outfile))
    folder = None if beside else tempfile.mkdtemp(prefix="ctraceprof-")
    _plan = {
        "outfile": outfile,  # None: a table is printed, or a page written
        "html": options.html,
        "folder": folder,  # a temporary one for the parts; None: they are beside the outfile
        "parts": f"{outfile}.{os.urandom(4).hex()}." if beside else os.path.join(folder, ""),
        "choices": choices(options),
        "sort": options.sort,
        "limit": options.limit,
    }
    os.register_at_fork(after_in_child=_after_fork)
    _make_profile(command, True)
    _enter_environment()
    return _profile


def start():
    """Profile this interpreter, as its environment says; called when it is about to be ready."""
    global _plan
    if not _core.is_main():
        return
    _plan = marshal.loads(bytes.fromhex(os.environ[VARIABLE]))
    # The main process was replaced by os.exec*, and this may be what it is now.
    is_main = _plan.pop("main", None) == os.getpid()
    os.environ[VARIABLE] = _encode(_plan)
    code = _own_code()
    if TRACKER in code:
        return
    os.register_at_fork(after_in_child=_after_fork)
    if FORK_SERVER not in code:
        _make_profile(None, is_main)
        _profile.enable()

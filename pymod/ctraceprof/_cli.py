"""python -m ctraceprof: cProfile's command line, and what we add to it."""

import optparse
import os
import pstats
import runpy
import shlex
import signal
import sys
import traceback

from . import _core, _program
from ._command import CommandProfile, choices, complain, print_table

__all__ = ["main"]

USAGE = (
    "python -m ctraceprof [-o output_file_path] [-s sort] [--no-builtins] [--this-thread] "
    "[--include PATTERN] [--exclude PATTERN] [--subprocesses] [--raw] [--html FILE] [--limit N] "
    "(-m module | -c code | scriptfile) [arg] ..."
)

# Where frames between main() and the program come from, apart from this package.
OWN_FILES = {"<ctraceprof -m>", "<frozen runpy>", runpy.__file__}


def _parser():
    parser = optparse.OptionParser(usage=USAGE, prog="ctraceprof")
    parser.allow_interspersed_args = False
    parser.add_option("-o", "--outfile", help="save the profile to OUTFILE", default=None)
    parser.add_option(
        "--html", default=None, metavar="FILE", help="save a page to look at: flame graph, call tree, table"
    )
    parser.add_option(
        "-s",
        "--sort",
        help="sort order when printing to stdout, as in pstats.Stats; default: cumulative",
        default="cumulative",
        choices=sorted(k for k in pstats.Stats.sort_arg_dict_default if isinstance(k, str)),
    )
    parser.add_option("-m", dest="module", action="store_true", help="profile a library module")
    parser.add_option("-c", dest="code", action="store_true", help="profile the code given")
    parser.add_option(
        "--no-builtins",
        dest="builtins",
        action="store_false",
        default=True,
        help="record Python functions only: cheaper, and less detail",
    )
    parser.add_option(
        "--this-thread",
        dest="scope",
        action="store_const",
        const="thread",
        default="process",
        help="record the main thread only, not those that the program starts",
    )
    for name, what in (("include", "only"), ("exclude", "all but")):
        parser.add_option(
            "--" + name,
            action="append",
            metavar="PATTERN",
            help=f"record {what} modules (pkg, pkg.mod, pkg.*.x) or paths (*/tests/*) of this pattern; "
            "may be given several times",
        )
    parser.add_option(
        "--subprocesses",
        action="store_true",
        default=False,
        help="profile the Python processes too that the program starts, and add all up at its end",
    )
    parser.add_option(
        "--raw",
        dest="compensate",
        action="store_false",
        default=None,
        help="show times as measured, with what recording itself cost; a file holds both in any case",
    )
    parser.add_option(
        "--limit", type="int", default=None, metavar="N", help="print the first N rows only"
    )
    parser.add_option("--version", action="store_true", help="print the version and exit")
    return parser


def _parse(arguments):
    parser = _parser()
    options, rest = parser.parse_args(arguments)
    if options.version:
        print("ctraceprof", _core.version)
        raise SystemExit(0)
    if not rest:
        parser.print_usage(sys.stderr)
        raise SystemExit(2)
    if options.module and options.code:
        parser.error("-m and -c exclude each other")
    if options.limit is not None and options.limit < 0:
        parser.error(f"--limit must be 0 or more, not {options.limit}")
    if "" in (options.include or []) + (options.exclude or []):
        parser.error("a pattern is empty")
    if options.outfile is not None:
        options.outfile = os.path.abspath(options.outfile)
    if options.html is not None:
        options.html = os.path.abspath(options.html)
    return options, rest


def _load(options, name):
    """The program, or exit with a message. Errors in its source are told as Python tells them."""
    try:
        if options.module:
            return _program.load_module(name)
        if options.code:
            return _program.load_code(name)
        return _program.load_script(name)
    except _program.LoadError as error:
        complain(error)
        raise SystemExit(error.status) from None
    except (SyntaxError, ValueError, OverflowError) as error:
        sys.stderr.write("".join(traceback.format_exception_only(type(error), error)))
        raise SystemExit(1) from None


def _check_outfile(path):
    """Say now, not after an hour's run, that the profile could not be written."""
    try:
        _core.probe(os.fsencode(path))
    except OSError as error:
        complain(f"cannot write the profile: {error}")
        raise SystemExit(2) from None


class _LoneProfile(CommandProfile):
    """Of one process: written or printed once, by the process that began it."""

    def __init__(self, options, command):
        super().__init__(command, **choices(options))
        self._options = options
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._leave_child)
        self._catch_termination()

    def _leave_child(self):
        # What the program forks has nothing to say, and dies as it would without us.
        if signal.getsignal(signal.SIGTERM) == self._on_signal:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _output(self):
        return os.getpid() != self._process or self._attempt(self._show_all)

    _finish = _output

    def _show_all(self):
        if self._options.outfile is not None:
            self._save(self._options.outfile)
        if self._options.html is not None:
            self.disable()
            self._save(self._options.html, as_page=True)
        if self._options.outfile is None and self._options.html is None:
            self.create_stats()
            print_table(self, self._options.sort, self._options.limit)


def _make_profile(options, command):
    if not options.subprocesses:
        return _LoneProfile(options, command)
    from . import _subprocesses

    try:
        return _subprocesses.begin(options, command)
    except OSError as error:
        complain(f"cannot make a folder for the profiles: {error}")
        raise SystemExit(2) from None


def _own_frame(entry):
    name = entry.tb_frame.f_code.co_filename
    return name in OWN_FILES or os.path.dirname(name) == os.path.dirname(__file__)


def _tell(error):
    """Report an uncaught exception as Python does, without our frames at its top."""
    entry = error.__traceback__
    while entry is not None and _own_frame(entry):
        entry = entry.tb_next
    error.__traceback__ = entry
    hook = sys.excepthook
    # Python reports once more when the exception leaves main(); it also sets the exit status, which
    # for KeyboardInterrupt is death by SIGINT.
    sys.excepthook = lambda *ignored: None
    hook(type(error), error, entry)


def _run(profile, program):
    """Run the program; give its exception, or None."""
    code, namespace = program.code, program.namespace
    try:
        profile.enable()
        try:
            exec(code, namespace)
        finally:
            profile.disable()
    except BaseException as error:
        return error
    return None


def main(arguments=None):
    """Profile a program: arguments as on the command line, default sys.argv[1:]."""
    options, rest = _parse(arguments)
    program = _load(options, rest[0])
    for path in (options.outfile, options.html):
        if path is not None:
            _check_outfile(path)
    program.install(rest[1:])
    profile = _make_profile(options, shlex.join([program.command, *rest[1:]]))
    error = _run(profile, program)
    if isinstance(error, _program.LoadError):
        profile._abandon()
        complain(error)
        raise SystemExit(error.status)
    saved = profile._finish()
    if isinstance(error, SystemExit):
        raise error
    if error is not None:
        _tell(error)
        raise error
    if not saved:
        raise SystemExit(1)

"""What is to be profiled: a script, a module or code, set up as if Python itself ran it.

load_* find and compile, and fail with a message before anything runs. Program.install() then makes
the interpreter look as it would without a profiler; what is left is exec(program.code, namespace).
"""

import builtins
import importlib.machinery
import io
import os
import runpy
import sys
import types

__all__ = ["LoadError", "load_code", "load_module", "load_script"]


class LoadError(Exception):
    """The program cannot be started; str() is the message, status the exit status."""

    def __init__(self, message, status):
        super().__init__(message)
        self.status = status


class Program:
    """A program that can be run once.

    command: how the user named it, for the profile's metadata
    argv0, path0: what sys.argv[0] and sys.path[0] are to be
    code: the compiled code; a module's finds the module first, when it runs
    main: the module that is to be __main__
    """

    is_container = False  # a folder or zip file, whose __main__.py runs

    def __init__(self, command, argv0, path0, code, main):
        self.command = command
        self.argv0 = argv0
        self.path0 = path0
        self.code = code
        self.main = main

    def install(self, arguments):
        """Set sys.argv, sys.path and sys.modules['__main__']."""
        sys.argv[:] = [self.argv0, *arguments]
        if not sys.flags.safe_path and sys.path:
            sys.path[0] = self.path0
        elif self.is_container:
            # As Python does: what a folder or zip file holds must be found, -P or not.
            sys.path.insert(0, self.path0)
        # The module that ran us must not be collected while its functions run.
        self._displaced = sys.modules.get("__main__")
        sys.modules["__main__"] = self.main

    @property
    def namespace(self):
        """Where the code runs."""
        return self.main.__dict__


class _ModuleProgram(Program):
    """A module given by name. Finding it imports its parents, which is part of the program."""

    def __init__(self, name):
        code = _compile("run_module()", "<ctraceprof -m>")
        super().__init__("-m " + name, "-m", os.getcwd(), code, _new_main())
        self.name = name

    @property
    def namespace(self):
        return {"run_module": self._find_and_run}

    def _find_and_run(self):
        _, spec, code = runpy._get_module_details(self.name, _NotFound)
        _fill_main(self.main, spec.loader, spec.origin, spec)
        sys.argv[0] = spec.origin
        exec(code, self.main.__dict__)


class _NotFound(LoadError, ImportError):
    """Raised by runpy (with the module's name from 3.15 on); what it says is a whole message."""

    def __init__(self, message, **details):
        super().__init__(message, 1)


def _new_main():
    main = types.ModuleType("__main__")
    main.__builtins__ = builtins
    return main


def _fill_main(main, loader, file, spec):
    main.__file__ = file
    main.__cached__ = spec.cached if spec else None
    main.__loader__ = loader
    main.__package__ = spec.parent if spec else None
    main.__spec__ = spec


def _compile(source, path):
    options = {"module": "__main__"} if sys.version_info >= (3, 15) else {}
    return compile(source, path, "exec", dont_inherit=True, **options)


def load_script(path):
    """A script, or a folder or zip file that holds __main__.py."""
    if os.path.isdir(path) or _is_archive(path):
        return _load_container(path)
    # As Python since 3.9: __file__ is absolute, sys.argv[0] what the user wrote.
    file = path if os.path.isabs(path) else os.path.join(os.getcwd(), path)
    try:
        with io.open_code(file) as stream:
            source = stream.read()
    except OSError as error:
        reason = f"[Errno {error.errno}] {error.strerror}"
        raise LoadError(f"can't open file {path!r}: {reason}", 2) from None
    main = _new_main()
    loader = importlib.machinery.SourceFileLoader("__main__", file)
    _fill_main(main, loader, file, None)
    folder = os.path.dirname(os.path.realpath(path))
    return Program(path, path, folder, _compile(source, file), main)


def _is_archive(path):
    import zipimport

    try:
        zipimport.zipimporter(path)
    except ImportError:
        return False
    return True


def _load_container(path):
    sys.path.insert(0, path)
    try:
        name, spec, code = runpy._get_main_module_details(_NotFound)
    except _NotFound:
        raise LoadError(f"can't find '__main__' module in {path!r}", 1) from None
    finally:
        sys.path.remove(path)
    main = _new_main()
    _fill_main(main, spec.loader, spec.origin, spec)
    program = Program(path, path, path, code, main)
    program.is_container = True
    return program


def load_code(source):
    """Code given on the command line."""
    main = _new_main()
    main.__loader__ = importlib.machinery.BuiltinImporter
    main.__spec__ = main.__package__ = None
    return Program("-c " + source, "-c", "", _compile(source, "<string>"), main)


def load_module(name):
    """A module or package; found when it runs."""
    return _ModuleProgram(name)

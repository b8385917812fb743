"""Imported by the interpreters that a program profiled with --subprocesses starts: PYTHONPATH begins with
this folder. Makes way for the sitecustomize that is theirs, then starts the profile."""

import os
import sys


def step_aside(folder):
    """Have the interpreter go on as if this folder were not."""
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    sys.path_importer_cache.pop(folder, None)
    del sys.modules["sitecustomize"]


def start(package):
    """No interpreter fails for us: another version of Python, for which there is no extension, another
    package of this name, a variable that somebody has cut off."""
    above = os.path.dirname(package)
    is_there = above in sys.path
    if not is_there:
        sys.path.append(above)
    try:
        from ctraceprof import _subprocesses

        _subprocesses.start()
    except Exception:
        pass
    finally:
        if not is_there:
            sys.path.remove(above)


FOLDER = os.path.dirname(__file__)
step_aside(FOLDER)
try:
    # Where there is none the interpreter gets the ImportError that it expects.
    import sitecustomize
finally:
    start(os.path.dirname(FOLDER))

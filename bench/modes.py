"""The ways to run a program: without a profiler, over the floor, and under each profiler."""

import cProfile

import _lsprof
import ctraceprof

# Under which names results are kept and shown; "off" is with built-ins left out.
NONE = "none"
FLOOR = "floor"
CLOCK = "floor + clock"
CTRACEPROF = "ctraceprof"
CPROFILE = "cProfile"
YAPPI = "yappi"
PYINSTRUMENT = "pyinstrument"
FLOOR_OFF = "floor off"
CTRACEPROF_OFF = "ctraceprof off"
CPROFILE_OFF = "cProfile off"


def nothing():
    pass


def prepare_none():
    return nothing, nothing


def prepare_floor(builtins=True, clock=False):
    import _floor  # here, since accuracy.py does without

    return lambda: _floor.start(builtins, clock), _floor.stop


def prepare_profile(module, **options):
    """A new profile each time: its first sight of every function is part of what it costs."""
    profile = module.Profile(**options)
    return profile.enable, profile.disable


def prepare_yappi():
    import yappi

    yappi.clear_stats()
    yappi.set_clock_type("wall")
    return lambda: yappi.start(builtins=True, profile_threads=False), yappi.stop


def prepare_pyinstrument():
    import pyinstrument

    profiler = pyinstrument.Profiler(async_mode="disabled")
    return profiler.start, profiler.stop


MODES = {
    NONE: prepare_none,
    FLOOR: prepare_floor,
    CLOCK: lambda: prepare_floor(clock=True),
    CTRACEPROF: lambda: prepare_profile(ctraceprof),
    CPROFILE: lambda: prepare_profile(cProfile),
    YAPPI: prepare_yappi,
    PYINSTRUMENT: prepare_pyinstrument,
    FLOOR_OFF: lambda: prepare_floor(builtins=False),
    CTRACEPROF_OFF: lambda: prepare_profile(ctraceprof, builtins=False),
    CPROFILE_OFF: lambda: prepare_profile(cProfile, builtins=False),
}
OPTIONAL = (YAPPI, PYINSTRUMENT)


def available():
    """The modes that work here, and for each other one why not."""
    if not issubclass(cProfile.Profile, _lsprof.Profiler):
        raise ImportError("cProfile is not the standard library's")
    modes = dict(MODES)
    missing = {}
    for name in OPTIONAL:
        try:
            enable, disable = modes[name]()
            enable()
            disable()
        except ImportError:
            missing[name] = "not installed"
        except Exception as error:
            missing[name] = f"does not work here: {error!r}"
        if name in missing:
            del modes[name]
    return modes, missing

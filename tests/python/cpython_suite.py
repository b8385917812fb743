"""The interpreter's own tests of cProfile, profile and pstats, with ctraceprof in cProfile's place.

    PYTHONPATH=pymod python tests/python/cpython_suite.py [-v]

Exits with 1 if a test fails, with 3 if this interpreter came without its test package. Tests left
out are those of LEFT_OUT, which says why; their names are printed.
"""

import importlib
import importlib.util
import os
import sys
import tempfile
import unittest

import ctraceprof
from ctraceprof import _core

MODULES = [
    "test.test_cprofile",
    "test.test_profiling.test_tracing_profiler",  # where test_cprofile is since 3.15
    "test.test_profile",
    "test.test_pstats",
]
TOOL_NAME = "asks sys.monitoring for a tool named cProfile; ours is named ctraceprof"
EVER = (99,)
# Test -> (from which version on it is left out, before which, why).
LEFT_OUT = {
    "CProfileTest.test_bad_counter_during_dealloc": (
        (3, 11),
        (3, 12),
        "gives the number 1 for a timer, which is a TypeError here; later ones give a function",
    ),
    "CProfileTest.test_crash_with_not_enough_args": (
        (3, 11),
        EVER,
        "calls callbacks by the names that _lsprof gave them; ours have none to be called by",
    ),
    "CProfileTest.test_profile_enable_disable": ((3, 12), EVER, TOOL_NAME),
    "CProfileTest.test_profile_as_context_manager": ((3, 12), EVER, TOOL_NAME),
    "CProfileTest.test_second_profiler": (
        (3, 12),
        EVER,
        "wants a second profile to be refused; ours may be enabled together",
    ),
}


def find_modules():
    """Those of MODULES that this interpreter has."""
    found = []
    for name in MODULES:
        try:
            present = importlib.util.find_spec(name) is not None
        except ModuleNotFoundError:  # a package above it is missing
            present = False
        if present:
            found.append(name)
    return found


def stand_in():
    """From here on, who imports cProfile gets ctraceprof."""
    sys.modules["cProfile"] = ctraceprof
    sys.modules["_lsprof"] = _core
    if importlib.util.find_spec("profiling") is not None:
        import profiling

        sys.modules["profiling.tracing"] = profiling.tracing = ctraceprof


def keep_column_widths():
    """One row, of disable(), has the name of the profiler's class; tables are as wide as that."""
    import pstats

    std_string = pstats.func_std_string
    ours, theirs = "ctraceprof._core.Profiler", "_lsprof.Profiler"
    pstats.func_std_string = lambda key: std_string(key).replace(ours, theirs)


def redirect_commands():
    """Tests that start `python -m cProfile` start ours, and find it without it being installed."""
    from test.support import script_helper

    run = script_helper.run_python_until_end
    folder = os.path.dirname(os.path.dirname(os.path.abspath(ctraceprof.__file__)))

    def run_ours(*arguments, **environment):
        if arguments[:2] == ("-m", "cProfile"):
            arguments = ("-m", "ctraceprof", *arguments[2:])
        # In isolated mode, the default, PYTHONPATH is not looked at.
        return run(*arguments, __isolated=False, PYTHONPATH=folder, **environment)

    script_helper.run_python_until_end = run_ours


def each_test(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from each_test(item)
        else:
            yield item


def choose(names):
    """The tests to run, and {id: why} of those left out."""
    chosen, left_out = unittest.TestSuite(), {}
    for name in names:
        module = importlib.import_module(name)
        for test in each_test(unittest.defaultTestLoader.loadTestsFromModule(module)):
            key = ".".join(test.id().split(".")[-2:])
            since, before, why = LEFT_OUT.get(key, (EVER, EVER, ""))
            if since <= sys.version_info < before:
                left_out[test.id()] = why
            else:
                chosen.addTest(test)
    return chosen, left_out


def main():
    names = find_modules()
    if not names:
        print("this interpreter has no test package: nothing was tested", file=sys.stderr)
        return 3
    stand_in()
    keep_column_widths()
    redirect_commands()
    tests, left_out = choose(names)
    with tempfile.TemporaryDirectory() as folder:
        # The tests write files to where they are started.
        before = os.getcwd()
        os.chdir(folder)
        result = unittest.TextTestRunner(verbosity=2 if "-v" in sys.argv else 1).run(tests)
        os.chdir(before)
    print(f"{sys.version.split()[0]}: {', '.join(names)}")
    print(f"{result.testsRun} run, {len(result.skipped)} skipped by themselves:")
    for test, why in result.skipped:
        print(f"  {test.id()}: {why}")
    print(f"{len(left_out)} left out:")
    for test, why in left_out.items():
        print(f"  {test}: {why}")
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())

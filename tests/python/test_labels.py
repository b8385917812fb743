"""Labels: what a function is called, cProfile's word for word."""

import cProfile
import ctypes
import math
import sys
import types

import pytest

import ctraceprof


# From 3.15 on static methods of builtin types know their module.
STATIC_PREFIX = "builtins." if sys.version_info >= (3, 15) else ""


def labels(module, function, *arguments):
    profile = module.Profile()
    profile.enable()
    try:
        function(*arguments)
    except Exception:
        pass
    profile.disable()
    profile.create_stats()
    here = (__file__, labels.__code__.co_firstlineno, "labels")
    return {key for key in profile.stats if key != here and "disable" not in key[2]}


def builtin_without_self(module):
    """A PyCFunction with no m_self, as extension modules may make them; it acts as len."""
    definition = ctypes.cast(id(len) + object.__basicsize__,
                             ctypes.POINTER(ctypes.c_void_p)).contents
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype = ctypes.py_object
    make.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.py_object]
    return make(definition, None, module)


@pytest.mark.parametrize(
    "module, name",
    [(None, "<len>"), ("some.module", "<some.module.len>"), (math, "<math.len>"),
     ("builtins", "<len>"), (3, "<len>")],
)
def test_builtin_without_self(module, name):
    function = builtin_without_self(module)
    assert labels(ctraceprof, function, "abc") == {("~", 0, name)}
    assert labels(cProfile, function, "abc") == {("~", 0, name)}


@pytest.mark.parametrize(
    "function, arguments, name",
    [
        (len, ["a"], "<built-in method builtins.len>"),
        (math.sqrt, [2], "<built-in method math.sqrt>"),
        (dict.fromkeys, ["ab"], "<built-in method fromkeys>"),
        ([].append, [1], "<method 'append' of 'list' objects>"),
        (str.upper, ["a"], "<method 'upper' of 'str' objects>"),
        (str.maketrans, ["a", "b"], "<built-in method %smaketrans>" % STATIC_PREFIX),
    ],
)
def test_builtins(function, arguments, name):
    assert labels(ctraceprof, function, *arguments) == {("~", 0, name)}
    assert labels(cProfile, function, *arguments) == {("~", 0, name)}


def test_no_address_gets_into_a_label():
    (found,) = labels(ctraceprof, object.__new__, object)
    assert found == ("~", 0, "<built-in method __new__ of type object>")


def test_overridden_method_keeps_its_own_name():
    class Loud(list):
        def append(self, item):
            list.append(self, item)

    found = {name for _, _, name in labels(ctraceprof, Loud().append, 1)}
    assert found == {"append", "<method 'append' of 'list' objects>"}
    bound = super(Loud, Loud()).append
    assert labels(ctraceprof, bound, 1) == {("~", 0, "<method 'append' of 'list' objects>")}


def test_text_of_any_kind():
    namespace = {}
    exec(compile("def \u0444\u0443(): pass", "\u0444\udce9.py", "exec"), namespace)
    function = namespace["\u0444\u0443"]
    expected = {("\u0444\udce9.py", 1, "\u0444\u0443")}
    assert labels(ctraceprof, function) == labels(cProfile, function) == expected
    profile = ctraceprof.Profile()
    profile.runcall(function)
    codes = {entry.code for entry in profile.getstats() if not isinstance(entry.code, str)}
    assert codes == {function.__code__}
    del function, namespace, codes
    (again,) = [e.code for e in profile.getstats() if not isinstance(e.code, str)]
    assert (again.co_filename, again.co_name) == ("\u0444\udce9.py", "\u0444\u0443")


def test_repr_that_fails():
    class Meta(type):
        pass

    class Odd(metaclass=Meta):
        pass

    assert labels(ctraceprof, Meta.mro, Odd) == labels(cProfile, Meta.mro, Odd)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="PyMonitoring_Fire* is 3.13's")
def test_events_of_what_is_not_code():
    """Cython fires events for objects that only look like code."""
    callbacks = sys.monitoring
    profile = ctraceprof.Profile(builtins=False)
    stand_in = types.SimpleNamespace(co_filename="x.pyx", co_name="f", co_firstlineno=1)
    profile.enable()
    event = callbacks.events.PY_START
    start = callbacks.register_callback(2, event, None)
    callbacks.register_callback(2, event, start)
    end = callbacks.register_callback(2, callbacks.events.PY_RETURN, None)
    callbacks.register_callback(2, callbacks.events.PY_RETURN, end)
    start(stand_in, 0)
    end(stand_in, 0, None)
    profile.disable()
    profile.snapshot_stats()
    assert profile.stats[("~", 0, "<types.SimpleNamespace>")][:2] == (1, 1)
    # No watch tells when it is freed, so it must not be, lest its address be another's.
    before = sys.getrefcount(stand_in)
    del profile
    assert sys.getrefcount(stand_in) < before


def test_definitions_made_at_run_time_are_kept():
    """As pybind11 makes them: they belong to a capsule, which is the function's self."""
    capsule = ctypes.pythonapi.PyCapsule_New
    capsule.restype, capsule.argtypes = ctypes.py_object, [ctypes.c_void_p] * 3
    owner = capsule(1, None, None)
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype = ctypes.py_object
    make.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
    definition = ctypes.cast(id(len) + object.__basicsize__,
                             ctypes.POINTER(ctypes.c_void_p)).contents
    function = make(definition, owner, None)
    before = sys.getrefcount(owner)
    profile = ctraceprof.Profile()
    for _ in range(2):
        profile.runcall(function, "abc")
        assert sys.getrefcount(owner) == before + 1
        assert sum(row.calls for row in profile.stats()) >= 1
        profile.clear()  # with what was known of it
        assert sys.getrefcount(owner) == before and profile.stats() == []
    profile.runcall(function, "abc")
    del profile
    assert sys.getrefcount(owner) == before

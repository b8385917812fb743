"""Exceptions: through Python frames, C functions, generators and constructors."""

import contextlib
import traceback


def _raise(depth):
    if depth == 0:
        raise ValueError("from the bottom")
    _raise(depth - 1)


def through_frames():
    for depth in (0, 1, 5):
        try:
            _raise(depth)
        except ValueError:
            len(())


def _cleanup(depth):
    try:
        _raise(depth)
    finally:
        abs(-1)


def through_finally():
    try:
        _cleanup(3)
    except ValueError:
        pass


def _reraise():
    try:
        _cleanup(1)
    except ValueError as error:
        raise KeyError("another") from error


def chained():
    try:
        _reraise()
    except KeyError as error:
        abs(error.__cause__ is None)


def in_builtins():
    for bad in ("x", "", "1.5"):
        try:
            ord(bad + "xx")
        except TypeError:
            pass
    try:
        [].pop()
    except IndexError:
        pass
    try:
        {}.pop("missing")
    except KeyError:
        pass
    try:
        "text".index("z")
    except ValueError:
        pass


def _bad_key(value):
    if value == 2:
        raise ValueError(value)
    return value


def through_builtins():
    for function in (sorted, max, min):
        try:
            function([0, 1, 2, 3], key=_bad_key)
        except ValueError:
            pass
    try:
        sum(map(_bad_key, range(4)))
    except ValueError:
        pass


class _Fails:
    def __init__(self, how):
        self.how = how
        _raise(how)

    def __enter__(self):
        return self


def in_constructors():
    for how in range(3):
        try:
            _Fails(how)
        except ValueError:
            pass


class _Exit:
    def __init__(self, swallow):
        self.swallow = swallow

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        return self.swallow


def in_contexts():
    with _Exit(True):
        _raise(2)
    try:
        with _Exit(True), _Exit(False):
            _raise(1)
        with _Exit(False):
            _raise(1)
    except ValueError:
        pass
    with contextlib.suppress(ValueError):
        _raise(1)


def groups():
    try:
        raise ExceptionGroup("both", [ValueError(1), KeyError(2)])
    except* ValueError as group:
        len(group.exceptions)
    except* KeyError as group:
        len(group.exceptions)


def formatted():
    try:
        _reraise()
    except KeyError:
        traceback.format_exc()


def stop_iteration():
    class Steps:
        def __init__(self):
            self.left = 3

        def __iter__(self):
            return self

        def __next__(self):
            if not self.left:
                raise StopIteration
            self.left -= 1
            return self.left

    list(Steps())
    for _ in Steps():
        pass
    next(iter(()), None)


def attribute_errors():
    class Plain:
        pass

    hasattr(Plain(), "missing")
    getattr(Plain(), "missing", None)
    try:
        getattr(Plain(), "missing")
    except AttributeError:
        pass


def assertions():
    try:
        assert not _bad_key(1), str(_bad_key(0))
    except AssertionError:
        pass

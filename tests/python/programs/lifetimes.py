"""Functions that run because an object is made, kept or freed."""

import contextlib
import contextvars
import copy
import gc
import weakref


class _Mortal:
    def __init__(self, log):
        self.log = log

    def __del__(self):
        self.log.append(1)


def finalizers():
    log = []
    for _ in range(3):
        _Mortal(log)
    mortal = _Mortal(log)
    del mortal
    [_Mortal(log), _Mortal(log)].clear()


def finalizers_in_cycles():
    mortal = _Mortal([])
    mortal.myself = mortal
    del mortal
    gc.collect()


def _gone(reference):
    return reference() is None


def weak_references():
    mortal = _Mortal([])
    reference = weakref.ref(mortal, _gone)
    reference()
    del mortal
    mortal = _Mortal([])
    finalizer = weakref.finalize(mortal, len, ())
    finalizer.detach()
    table = weakref.WeakValueDictionary(one=mortal)
    del mortal
    table.get("one")
    len(weakref.WeakSet())


def failing_finalizer():
    class Fails:
        def __del__(self):
            try:
                raise ValueError("while being freed")
            except ValueError:
                pass

    Fails()


class _Context:
    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        return False


@contextlib.contextmanager
def _managed(value):
    try:
        yield value
    finally:
        len(())


def contexts():
    with _Context(), _managed(1) as value:
        abs(value)
    try:
        with _managed(2):
            raise KeyError("through the manager")
    except KeyError:
        pass


def exit_stacks():
    with contextlib.ExitStack() as stack:
        for n in range(3):
            stack.enter_context(_managed(n))
        stack.callback(len, ())
        stack.push(_Context())
    with contextlib.ExitStack() as stack:
        stack.pop_all().close()


def closing():
    class Closable:
        def close(self):
            return None

    with contextlib.closing(Closable()):
        pass
    with contextlib.nullcontext(1):
        pass


def context_variables():
    variable = contextvars.ContextVar("variable", default=1)
    token = variable.set(2)
    contextvars.copy_context().run(variable.get)
    contextvars.copy_context().run(lambda: variable.set(3))
    variable.reset(token)


class _Copied:
    def __init__(self, value):
        self.value = value

    def __deepcopy__(self, memo):
        return _Copied(copy.deepcopy(self.value, memo))


def copies():
    copy.deepcopy([_Copied([1, {2: 3}]), (4, [5])])
    copy.copy(_Copied(1))

"""Functions that stand in for decorated ones: of the same kind, and with the same parameters.

They are made from source, as namedtuple makes its methods: so wrong arguments are refused when and as the function
itself refuses them, where a wrapper of any arguments would make a generator or coroutine of them first.
"""

import functools
import types

from . import _core

__all__ = ["wrap"]

# {_} begins what is no parameter.
SOURCES = {
    "function": """
def {_}maker({_}function, {_}calls, {_}make):
    def {_}wrapper({parameters}):
        {_}end = {_}calls()
        if {_}end is None:
            return {_}function({arguments})
        try:
            return {_}function({arguments})
        finally:
            {_}end()
    return {_}wrapper
""",
    "generator": """
def {_}maker({_}function, {_}calls, {_}make):
    def {_}wrapper({parameters}):
        {_}steps = {_}make({_}calls, {_}function({arguments}), False)
        while True:
            try:
                return (yield from {_}steps)
            except GeneratorExit as {_}error:
                if not {_}steps({_}error):
                    raise
    return {_}wrapper
""",
    "coroutine": """
def {_}maker({_}function, {_}calls, {_}make):
    async def {_}wrapper({parameters}):
        {_}steps = {_}make({_}calls, {_}function({arguments}), True)
        while True:
            try:
                return await {_}steps
            except GeneratorExit as {_}error:
                if not {_}steps({_}error):
                    raise
    return {_}wrapper
""",
    "async generator": """
def {_}maker({_}function, {_}calls, {_}make):
    async def {_}wrapper({parameters}):
        {_}steps = {_}make({_}calls, {_}function({arguments}))
        {_}step = {_}steps(None)
        while True:
            try:
                {_}step = {_}steps((yield await {_}step))
            except BaseException as {_}error:
                if {_}step({_}error):
                    continue
                if {_}steps.has_ended:
                    if {_}steps.has_returned:
                        return
                    raise
                {_}step = {_}steps({_}error, True)
    return {_}wrapper
""",
}
# One that types.coroutine() has made: it is awaited, and what it yields is what it awaits.
SOURCES["generator as coroutine"] = SOURCES["generator"].replace("False", "True")

# Of this name's code, the very object's, nothing is recorded, in whatever profile.
FILE = "<ctraceprof.profile>"
_core.hide(compile("", FILE, "exec"))
MAKERS = {"async generator": _core.async_steps}  # _core.steps for the others

VARARGS, VARKEYWORDS = 0x04, 0x08
KINDS = {0x200: "async generator", 0x80: "coroutine", 0x100: "generator as coroutine", 0x20: "generator"}


def _is_marked(target):
    """Whether what is no coroutine function is to be taken for one."""
    if isinstance(target, types.FunctionType) and not target.__dict__:
        return False
    import inspect

    if inspect.iscoroutinefunction(target):
        return True
    import asyncio.coroutines

    # What marked them up to Python 3.11.
    mark = getattr(asyncio.coroutines, "_is_coroutine", None)
    return mark is not None and getattr(target, "_is_coroutine", None) is mark


def _kind(target):
    call = type(target).__call__
    function = call if isinstance(call, types.FunctionType) else target
    if isinstance(function, types.FunctionType):
        for flag, kind in KINDS.items():
            if function.__code__.co_flags & flag:
                return kind
    return "coroutine" if _is_marked(target) else "function"


def _parameters(target):
    """The parameters as source, without defaults, and the arguments that hand them on."""
    if not isinstance(target, types.FunctionType):
        return "*args, **kwargs", "*args, **kwargs"
    code = target.__code__
    count = code.co_argcount
    names = iter(code.co_varnames)
    positional = [next(names) for _ in range(count)]
    only = [next(names) for _ in range(code.co_kwonlyargcount)]
    parameters, arguments = list(positional), list(positional)
    if code.co_posonlyargcount:
        parameters.insert(code.co_posonlyargcount, "/")
    if code.co_flags & VARARGS:
        parameters.append("*" + next(names))
        arguments.append(parameters[-1])
    elif only:
        parameters.append("*")
    parameters += only
    arguments += [f"{name}={name}" for name in only]
    if code.co_flags & VARKEYWORDS:
        parameters.append("**" + next(names))
        arguments.append(parameters[-1])
    return ", ".join(parameters), ", ".join(arguments)


@functools.lru_cache(256)
def _compile(kind, parameters, arguments):
    """Makes wrappers of a function, its calls, and what makes steps."""
    prefix = "_"
    while prefix in parameters:
        prefix += "_"
    source = SOURCES[kind].format(_=prefix, parameters=parameters, arguments=arguments)
    namespace = {}
    exec(compile(source, FILE, "exec", dont_inherit=True), namespace)
    return namespace[prefix + "maker"]


def wrap(target, calls):
    """A function of the target's kind that calls it, each call one of `calls`."""
    kind = _kind(target)
    make = _compile(kind, *_parameters(target))
    made = make(target, calls, MAKERS.get(kind, _core.steps))
    if isinstance(target, types.FunctionType):
        made.__defaults__, made.__kwdefaults__ = target.__defaults__, target.__kwdefaults__
    functools.update_wrapper(made, target)
    return types.coroutine(made) if kind == "generator as coroutine" else made

"""Small programs to be profiled. Every public function of every module here is one.

They run several times in one process and must do the same work each time. Functions that would get
equal labels (two lambdas or comprehensions on one line) are kept apart: what those do is tested in
test_differences.py.
"""

import importlib
import inspect
import pkgutil


def load():
    """All programs: {"module.function": function}."""
    found = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for name, value in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(value):
                continue
            if value.__module__ == module.__name__:
                found[f"{module_info.name}.{name}"] = value
    return found

"""Builds the two extension modules from the list in sources.txt; the rest is in pyproject.toml."""

import re
from pathlib import Path

from setuptools import Extension, setup

ROOT = Path(__file__).parent
LAYERS = ["base", "clock", "profile", "record", "marshal", "emit", "import", "cpython"]


def sources(*groups):
    lines = (ROOT / "sources.txt").read_text().splitlines()
    pairs = (line.split() for line in lines if line and not line.startswith("#"))
    return [file for group, file in pairs if group in groups]


def version():
    header = (ROOT / "include/traceprof/version.h").read_text()
    return re.search(r'TP_VERSION_STRING "(.*)"', header)[1]


def extension(name, *groups):
    return Extension(
        name,
        sources(*groups),
        include_dirs=["include", "tools", *(f"lib/{layer}" for layer in LAYERS)],
        depends=[str(p.relative_to(ROOT)) for p in ROOT.glob("*/**/*.h")],
        extra_compile_args=["-std=c11", "-fvisibility=hidden", "-O2"],
        libraries=["m"],
        define_macros=[("NDEBUG", None)],
    )


setup(
    version=version(),
    ext_modules=[
        extension("ctraceprof._core", "lib", "cpython", "core"),
        extension("ctraceprof._tool", "lib", "tool", "toolmodule"),
    ],
)

"""Builds the two extension modules from the list in sources.txt; the rest is in pyproject.toml."""

import re
import subprocess
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

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


class BuildWithPage(build_ext):
    """First makes the one source that is made: the page of lib/emit/page as C."""

    def run(self):
        made = Path(self.build_temp) / "page_parts.c"
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(subprocess.check_output(["sh", str(ROOT / "mk/embed.sh")]))
        for module in self.extensions:
            module.sources.append(str(made))
        super().run()


setup(
    cmdclass={"build_ext": BuildWithPage},
    version=version(),
    ext_modules=[
        extension("ctraceprof._core", "lib", "cpython", "core"),
        extension("ctraceprof._tool", "lib", "tool", "toolmodule"),
    ],
)

"""The installed library from C, from C++ and from a program that embeds Python; the wheel from pip."""

import os
import pstats
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = os.environ.get("TRACEPROF_BUILD", str(ROOT / "build"))
SANITIZED = "asan" in BUILD or "cov" in BUILD

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(SANITIZED, reason="instrumented libraries are not for installing"),
]


def run(*command, **options):
    result = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=300, **options
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    stage = tmp_path_factory.mktemp("stage")
    run("make", "-s", "install-cpython", f"PYTHON={sys.executable}", "PREFIX=/opt/traceprof",
        f"DESTDIR={stage}", cwd=ROOT)
    return stage / "opt/traceprof"


def flags(prefix, *options):
    environment = {
        **os.environ,
        "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig"),
        "PKG_CONFIG_SYSROOT_DIR": str(prefix.parents[1]),
    }
    return shlex.split(run("pkg-config", *options, "traceprof", env=environment))


def test_installed_files(prefix):
    version = run(prefix / "bin/traceprof", "--version").split()[1]
    names = {str(p.relative_to(prefix)) for p in prefix.rglob("*") if not p.is_dir()}
    major = version.split(".")[0]
    assert {"bin/traceprof", "lib/libtraceprof.a", "lib/pkgconfig/traceprof.pc",
            f"lib/libtraceprof.so.{version}", f"lib/libtraceprof.so.{major}", "lib/libtraceprof.so",
            "include/traceprof/traceprof.h"} <= names
    assert (prefix / "lib/libtraceprof.so").resolve().name == f"libtraceprof.so.{version}"
    assert run("pkg-config", "--modversion", prefix / "lib/pkgconfig/traceprof.pc").strip() == version


@pytest.mark.parametrize("compiler, language", [("cc", "c"), ("c++", "c++")])
def test_program_with_the_shared_library(prefix, tmp_path, compiler, language):
    source = ROOT / "examples/record.c"
    if language == "c++":
        source = tmp_path / "use.cpp"
        source.write_text(
            "#include <traceprof/traceprof.h>\n#include <traceprof/cpython.h>\n"
            "int main() { tp_clock *clock; if (tp_clock_create(&clock, TP_CLOCK_AUTO)) return 1;\n"
            "tp_clock_destroy(clock); return tp_version()[0] == 0; }\n"
        )
    program = tmp_path / "program"
    run(compiler, "-Wall", "-Wextra", "-Werror", source, *flags(prefix, "--cflags", "--libs"),
        "-o", program)
    environment = {**os.environ, "LD_LIBRARY_PATH": str(prefix / "lib")}
    if language == "c":
        assert run(program, tmp_path / "a.prof", env=environment) == "10! = 3628800\n"
        stats = pstats.Stats(str(tmp_path / "a.prof")).stats
        assert {name: row[:2] for (_, _, name), row in stats.items()} == {
            "main": (1, 1), "factorial": (1, 10)}
    else:
        run(program, env=environment)


def test_program_with_the_static_library(prefix, tmp_path):
    run("cc", ROOT / "examples/record.c", "-I", prefix / "include", prefix / "lib/libtraceprof.a",
        "-lm", "-o", tmp_path / "program")
    run(tmp_path / "program", tmp_path / "a.prof")


@pytest.mark.parametrize("header", sorted(p.name for p in (ROOT / "include/traceprof").glob("*.h")))
@pytest.mark.parametrize("compiler", ["cc -std=c11 -x c", "c++ -std=c++11 -x c++"])
def test_headers_compile_alone(prefix, tmp_path, header, compiler):
    source = tmp_path / "alone"
    source.write_text(f"#include <traceprof/{header}>\n")
    run(*compiler.split(), "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only",
        "-I", prefix / "include", source)


def test_only_public_symbols_are_exported(prefix):
    listing = run("nm", "-D", "--defined-only", prefix / "lib/libtraceprof.so")
    exported = {line.split()[-1].split("@")[0] for line in listing.splitlines()}
    mapped = {
        line.strip().rstrip(";") for line in (ROOT / "lib/libtraceprof.map").read_text().splitlines()
        if line.startswith("    tp_")
    }
    assert exported - {"TRACEPROF_0"} == mapped


def embed_flags():
    """As python3-config --embed --ldflags, which not every interpreter brings."""
    config = sysconfig.get_config_var
    name = "python" + config("LDVERSION")
    folder = config("LIBDIR")
    shared = Path(folder) / f"lib{name}.so"
    if not shared.exists():
        candidates = [*Path(folder).glob(f"**/lib{name}.so*"), *Path(config("LIBPL")).glob("*.a")]
        if not candidates:
            pytest.skip(f"no lib{name} to link an embedding program with")
        shared = candidates[0]
    return [shared, f"-Wl,-rpath,{shared.parent}", *config("LIBS").split(), "-ldl", "-lm"]


def test_embedded_interpreter(prefix, tmp_path):
    program = tmp_path / "embed"
    compiled = subprocess.run(
        [str(word) for word in (
            "cc", ROOT / "examples/embed.c", "-I", prefix / "include",
            "-I", sysconfig.get_path("include"), "-I", sysconfig.get_path("platinclude"),
            prefix / "lib/libtraceprof-cpython.a", prefix / "lib/libtraceprof.a",
            *embed_flags(), "-o", program)],
        capture_output=True, text=True,
    )
    if "undefined reference" in compiled.stderr and "GLIBC" in compiled.stderr:
        pytest.skip("this interpreter's library needs a newer C library than the compiler's")
    assert compiled.returncode == 0, compiled.stderr
    environment = {**os.environ, "PYTHONHOME": f"{sys.base_prefix}:{sys.base_exec_prefix}"}
    environment.pop("PYTHONPATH", None)
    code = "def f(): return len([1])\nfor _ in range(4): f()"
    output = run(program, tmp_path / "a.prof", code, env=environment)
    assert "4 f\n" in output and "4 <built-in method builtins.len>\n" in output
    stats = pstats.Stats(str(tmp_path / "a.prof")).stats
    assert stats[("<string>", 1, "f")][:2] == (4, 4)
    failed = subprocess.run([program, "/nowhere/a.prof", "pass"], env=environment,
                            capture_output=True, text=True)
    assert failed.returncode == 1 and "OSError: /nowhere/a.prof: cannot create" in failed.stderr


def test_pip_install(tmp_path):
    target = tmp_path / "site"
    source = tmp_path / "source"
    run("git", "clone", "-q", ROOT, source)
    run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", target, source)
    environment = {**os.environ, "PYTHONPATH": str(target)}
    code = "import ctraceprof; print(ctraceprof.__file__); ctraceprof.run('len([])', 'a.prof')"
    output = run(sys.executable, "-c", code, cwd=tmp_path, env=environment)
    assert output.startswith(str(target))
    table = run(target / "bin/traceprof", "top", "a.prof", cwd=tmp_path, env=environment)
    assert "{built-in method builtins.len}" in table
    assert (target / "ctraceprof/py.typed").exists() and (target / "ctraceprof/_core.pyi").exists()
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'len([])'])"
    run(sys.executable, "-m", "ctraceprof", "--subprocesses", "-o", "b.prof", "-c", program,
        cwd=tmp_path, env=environment)
    facts = run(target / "bin/traceprof", "info", "b.prof", cwd=tmp_path, env=environment)
    assert facts.count("\nprocess ") == 2

"""The layer law of docs/architecture.md, read off the sources."""

import re
import subprocess
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYERS = {
    "base": set(),
    "clock": {"base"},
    "profile": {"base"},
    "record": {"profile", "clock", "base"},
    "marshal": {"profile", "base"},
    "emit": {"profile", "base"},
    "import": {"marshal", "profile", "base"},
    "cpython": {"record", "profile", "clock", "base"},
}


def sources():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )
    return [ROOT / name for name in listed.stdout.split()]


def layer_of(path):
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "lib" else parts[0]


def includes(path):
    return re.findall(r'^\s*#\s*include\s*(?:"(.*)"|<(.*)>)', path.read_text(), re.M)


HEADERS = {p.name: p for p in sources() if p.suffix == ".h" and "include" not in p.parts}


def test_file_names_are_unique():
    names = Counter(p.name for p in sources() if "tests" not in p.parts)
    assert [name for name, count in names.items() if count > 1] == []


def test_includes_point_downwards():
    wrong = []
    for path in sources():
        if path.relative_to(ROOT).parts[0] != "lib":
            continue
        layer = layer_of(path)
        for own, _ in includes(path):
            if own and layer_of(HEADERS[own]) not in LAYERS[layer] | {layer}:
                wrong.append(f"{path.name} includes {own}")
    assert wrong == []


def test_faces_see_only_public_headers():
    allowed = {
        "pymod": {"_core.h", "tool.h"},  # the console script calls the tool's one entry
        "tools": {p.name for p in HEADERS.values() if layer_of(p) == "tools"},
        "examples": set(),
        "bench": {"compat.h"},  # which hook this version has
    }
    wrong = []
    for path in sources():
        folder = path.relative_to(ROOT).parts[0]
        if folder in allowed:
            wrong += [f"{path.name}: {own}" for own, _ in includes(path) if own and own not in allowed[folder]]
    assert wrong == []


def test_calls_point_downwards():
    """Every function that is not static and every place that names it."""
    definition = re.compile(r"^(?:[\w*]+\s+)+\**(tp_\w+)\([^;]*?\)\s*\{", re.M)
    home = {}
    texts = {p: p.read_text() for p in sources() if p.relative_to(ROOT).parts[0] == "lib"}
    for path, text in texts.items():
        if path.suffix == ".c":
            home.update(dict.fromkeys(definition.findall(text), layer_of(path)))
    assert len(home) > 100
    wrong = []
    for path, text in texts.items():
        layer = layer_of(path)
        for name in set(re.findall(r"\b(tp_\w+)\(", text)) & set(home):
            if home[name] not in LAYERS[layer] | {layer}:
                wrong.append(f"{path.name} calls {name} of {home[name]}")
    assert wrong == []


def test_python_is_known_to_its_adapter_only():
    users = {
        p.relative_to(ROOT).parts[0] if "lib" not in p.parts else "lib/" + layer_of(p)
        for p in sources()
        for _, system in includes(p)
        if system == "Python.h"
    }
    assert users <= {"lib/cpython", "pymod", "examples"}
    version = [p.name for p in sources() if "PY_VERSION_HEX" in p.read_text()]
    assert version == ["compat.h"]


def test_platforms_are_known_to_base_and_clock_only():
    macros = re.compile(r"__linux__|__APPLE__|_WIN32|__x86_64__|__aarch64__")
    users = {layer_of(p) for p in sources() if p.relative_to(ROOT).parts[0] in ("lib", "tools", "pymod")
             and macros.search(p.read_text())}
    assert users <= {"base", "clock"}


def test_the_library_neither_prints_nor_ends_the_process():
    forbidden = re.compile(r"\b(abort|exit|_exit|printf|fprintf|puts|perror)\s*\(")
    wrong = [p.name for p in sources()
             if p.relative_to(ROOT).parts[0] == "lib" and forbidden.search(p.read_text())]
    assert wrong == []


def test_the_tool_does_not_end_the_process():
    """It also runs inside an interpreter, as the console script."""
    forbidden = re.compile(r"\b(abort|exit|_exit|quick_exit)\s*\(")
    wrong = [p.name for p in sources() if layer_of(p) == "tools" and forbidden.search(p.read_text())]
    assert wrong == []


def test_files_are_short():
    long = {p.name: n for p in sources() if (n := len(p.read_text().splitlines())) > 600}
    assert long == {}


def test_every_source_is_in_the_list():
    listed = {line.split()[1] for line in (ROOT / "sources.txt").read_text().splitlines()
              if line and not line.startswith("#")}
    there = {str(p.relative_to(ROOT)) for p in sources()
             if p.suffix == ".c" and p.relative_to(ROOT).parts[0] in ("lib", "tools", "pymod")}
    there |= {str(p.relative_to(ROOT)) for p in (ROOT / "lib/emit/page").iterdir()}
    assert listed == there


def test_the_version_map_is_what_the_headers_declare():
    declared = set()
    for path in (ROOT / "include/traceprof").glob("*.h"):
        if path.name != "cpython.h":
            declared |= set(re.findall(r"TP_API[^;]*?\b(tp_\w+)\(", path.read_text(), re.S))
    mapped = re.findall(r"^    (tp_\w+);", (ROOT / "lib/libtraceprof.map").read_text(), re.M)
    assert sorted(declared) == mapped

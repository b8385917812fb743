"""Make the golden files that this interpreter and its packages can make; see README.md.

`python make_good.py OUTDIR [NAME...]`: all of them, or those named.
"""

import importlib.util
import marshal
import shutil
import subprocess
import sys
from pathlib import Path

# Some writers make a script's path absolute, and the files shall not tell where they were made.
WORK = Path("/tmp/golden")
SAMPLE = Path(__file__).with_name("sample.py")
VERSION = "%d.%d" % sys.version_info[:2]

# profile names its first row after what it ran: here a text, from the command line a code object.
PROFILE_RUN = """
import profile, runpy, sys
main = runpy.run_path("sample.py")["main"]
profile.run("main()", sys.argv[1])
"""

# yappi's own command also counts how it opens the script, with paths of the library.
YAPPI = """
import runpy, sys, yappi
main = runpy.run_path("sample.py")["main"]
yappi.start(builtins=True)
main()
yappi.stop()
yappi.get_func_stats().save(sys.argv[1], type="pstat")
"""

# Threads that stand at a gate when yappi starts: a Thread would bring rows of threading.py.
YAPPI_THREADS = """
import _thread, runpy, sys, yappi
main = runpy.run_path("sample.py")["main"]
gates = [_thread.allocate_lock() for _ in range(3)]
ends = [_thread.allocate_lock() for _ in gates]

def worker(gate, end, rounds):
    gate.acquire()
    main(rounds)
    end.release()

for rounds, (gate, end) in enumerate(zip(gates, ends), 1):
    gate.acquire()
    end.acquire()
    _thread.start_new_thread(worker, (gate, end, rounds))
yappi.start(builtins=True)
for gate, end in zip(gates, ends):
    gate.release()
    end.acquire()
yappi.stop()
yappi.get_func_stats().save(sys.argv[1], type="pstat")
"""


def recipes():
    """Name, module it needs, what comes after the interpreter; OUT stands for the file."""
    tracer = "profiling.tracing" if sys.version_info >= (3, 15) else "cProfile"
    yield f"cprofile-{VERSION}", tracer, ["-m", tracer, "-o", "OUT", "sample.py"]
    yield f"profile-{VERSION}", "profile", ["-c", PROFILE_RUN, "OUT"]
    yield f"profile-script-{VERSION}", "profile", ["-m", "profile", "-o", "OUT", "sample.py"]
    yield "yappi", "yappi", ["-c", YAPPI, "OUT"]
    yield "yappi-threads", "yappi", ["-c", YAPPI_THREADS, "OUT"]
    yield "pyinstrument", "pyinstrument", [
        "-m", "pyinstrument", "-r", "pstats", "-i", "0.001", "-o", "OUT", "sample.py", "10000",
    ]
    yield f"sampling-{VERSION}", "profiling.sampling", [
        # Without --blocking most samples of a deep recursion fail.
        "-m", "profiling.sampling", "run", "--pstats", "--blocking", "-r", "1khz", "-o", "OUT",
        "sample.py", "60000",
    ]
    yield f"ctraceprof-{VERSION}", "ctraceprof", ["-m", "ctraceprof", "-o", "OUT", "sample.py"]


def is_there(module):
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of the package it would be in
        return False


def dump_again(name, source):
    """cProfile's own objects, in another version of the marshal format."""
    version = int(name.removeprefix("marshal-"))
    with source.with_name(f"{name}.prof").open("wb") as file:
        marshal.dump(marshal.loads(source.read_bytes()), file, version)


def main(folder, wanted):
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    WORK.mkdir(exist_ok=True)
    shutil.copy(SAMPLE, WORK)
    for name, module, arguments in recipes():
        if wanted and name not in wanted:
            continue
        if not is_there(module):
            print(f"{name}: left out, no {module}")
            continue
        out = str(folder / f"{name}.prof")
        command = [sys.executable, *(out if word == "OUT" else word for word in arguments)]
        subprocess.run(command, cwd=WORK, check=True)
    for version in range(marshal.version + 1):
        if not wanted or f"marshal-{version}" in wanted:
            dump_again(f"marshal-{version}", folder / f"cprofile-{VERSION}.prof")


main(sys.argv[1], sys.argv[2:])

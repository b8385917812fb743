"""A hello-world endpoint with and without a profiler's middleware: requests a second of real servers, in turn.

    python bench/web.py --load build/bench/load

Exit status 1 when ctraceprof costs more than is wanted; see README.md.
"""

import argparse
import contextlib
import importlib.metadata
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from run import processor
from web_server import ONE_IN

HERE = Path(__file__).parent
NONE, AGAIN = "none", "none again"
MODES = {
    "fastapi": [NONE, AGAIN, "ctraceprof, off", f"ctraceprof, 1 in {ONE_IN}", "ctraceprof, every",
                "ctraceprof, every, include", f"events alone, 1 in {ONE_IN}", "a middleware that does nothing",
                "pyinstrument, off", f"pyinstrument, 1 in {ONE_IN}", "pyinstrument, every", f"fastapi-profiler, 1 in {ONE_IN}",
                "fastapi-profiler, every"],
    "flask": [NONE, AGAIN, "ctraceprof, off", f"ctraceprof, 1 in {ONE_IN}", "ctraceprof, every",
              "ctraceprof, every, include", "pyinstrument, off", "pyinstrument, every"],
}  # fmt: skip
NEEDS = {"pyinstrument": "pyinstrument", "fastapi-profiler": "fastapi-profiler"}
TITLES = {"fastapi": "FastAPI on uvicorn", "flask": "Flask on gunicorn, 4 threads"}
WANTED = {"ctraceprof, off": 0.98, f"ctraceprof, 1 in {ONE_IN}": 0.90}  # of the throughput without
PACKAGES = ["fastapi", "starlette", "uvicorn", "uvloop", "httptools", "flask", "gunicorn", "pyinstrument",
            "fastapi-profiler"]  # fmt: skip
CONNECTIONS = 32


def version_of(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


class Server:
    """One application in one mode, in a process of its own."""

    def __init__(self, application, mode):
        with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
            self.port = listener.getsockname()[1]
            command = [sys.executable, str(HERE / "web_server.py"), application, mode, str(listener.fileno())]
            self.process = subprocess.Popen(command, pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
        self.mode = mode

    def workers(self):
        """The pids of its processes."""
        found, left = [], [self.process.pid]
        while left:
            pid = left.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                left += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return found

    def cpu(self):
        """Nanoseconds that its threads have had a processor so far; None where the system does not say."""
        total = 0
        try:
            for pid in self.workers():
                for task in Path(f"/proc/{pid}/task").iterdir():
                    total += int((task / "schedstat").read_text().split()[0])
        except OSError:
            return None
        return total

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def burst(options, server, milliseconds):
    """(requests a second, processor time a request in us or None, median and 99th percentile in us)."""
    before = server.cpu()
    command = [options.load, str(server.port), str(CONNECTIONS), str(milliseconds), "/"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if result.returncode != 0:
        raise SystemExit(f"{server.mode}: {result.stderr.strip()}")
    count, took, others, median, slow = map(int, result.stdout.split())
    after = server.cpu()
    if others:
        raise SystemExit(f"{server.mode}: {others} of {count} responses were not 200 OK")
    cpu = None if before is None or after is None else (after - before) / count / 1e3
    return count / took * 1e9, cpu, median / 1e3, slow / 1e3


def order_of(modes, number):
    """Rotated, and turned about in every other round."""
    turned = modes[number % len(modes) :] + modes[: number % len(modes)]
    return turned[::-1] if number % 2 else turned


def measure(options, application, modes):
    """{mode: a list of what burst() gave}. Each generation of processes has its rounds: where things lie in a
    process's memory has a say in how fast it is."""
    results = {mode: [] for mode in modes}
    rounds = max(1, options.rounds // options.generations)
    for generation in range(options.generations):
        servers = {}
        try:
            for mode in modes:
                servers[mode] = Server(application, mode)
            for server in servers.values():
                burst(options, server, 2 * options.milliseconds)  # is it there? and it is warm then
            for number in range(rounds):
                for mode in order_of(modes, generation * rounds + number):
                    results[mode].append(burst(options, servers[mode], options.milliseconds))
        finally:
            for server in servers.values():
                server.end()
    return results


def share(results, mode, column=0):
    """The median over the rounds of the ratio to the same round's without."""
    pairs = zip(results[mode], results[NONE], strict=True)
    return statistics.median(a[column] / b[column] for a, b in pairs)


def spread(results, mode):
    """The middle half of the ratios."""
    ratios = [a[0] / b[0] for a, b in zip(results[mode], results[NONE], strict=True)]
    low, _, high = statistics.quantiles(ratios, n=4)
    return f"{low:.3f} to {high:.3f}"


def row(results, mode):
    median = [statistics.median(values) if None not in values else None for values in zip(*results[mode], strict=True)]
    rate, cpu, middle, slow = median
    ours = statistics.median(value[1] for value in results[NONE]) if cpu is not None else None
    cells = [mode, f"{rate:.0f}", f"{share(results, mode):.3f}", spread(results, mode),
             f"{WANTED[mode]:.2f}" if mode in WANTED else "",
             "" if cpu is None else f"{cpu:.1f}", "" if cpu is None else f"{cpu - ours:+.1f}",
             f"{middle:.0f}", f"{slow:.0f}"]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def table(application, results):
    return [
        f"## {TITLES[application]}", "",
        "| mode | requests a second | share of none's | middle half | wanted at least | processor us a request "
        "| more than none | median us | 99th percentile us |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(row(results, mode) for mode in results), "",
    ]  # fmt: skip


def head(options, left_out):
    known = [f"{name} {version_of(name)}" for name in PACKAGES if version_of(name)]
    return [
        "# Middleware on a hello-world endpoint", "",
        f"- interpreter: {platform.python_implementation()} {platform.python_version()} "
        f"({platform.python_compiler()}, {platform.system()} {platform.machine()})",
        f"- processor: {processor()}",
        f"- date: {time.strftime('%Y-%m-%d')}",
        f"- packages: {', '.join(known)}",
        f"- {CONNECTIONS} connections, {options.rounds} rounds of {options.milliseconds} ms a mode, "
        f"{options.generations} generations of processes",
        f"- left out: {', '.join(left_out) or 'nothing'}", "",
    ]  # fmt: skip


def modes_of(application, wanted, left_out):
    modes = []
    for mode in MODES[application]:
        if wanted and mode != NONE and not any(mode.startswith(beginning) for beginning in wanted):
            continue
        needed = NEEDS.get(mode.partition(",")[0])
        if mode.startswith("events alone") and not hasattr(sys, "monitoring"):
            left_out.append(f"{mode} (sys.monitoring is 3.12's)")
        elif needed is None or version_of(needed):
            modes.append(mode)
        else:
            left_out.append(f"{mode} ({needed} is not installed)")
    return modes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--load", required=True)
    parser.add_argument("--rounds", type=int, default=64)
    parser.add_argument("--generations", type=int, default=8)
    parser.add_argument("--milliseconds", type=int, default=300)
    parser.add_argument("--only", default="fastapi,flask")
    parser.add_argument("--modes", action="append", metavar="BEGINNING", help="those alone, and none; may be repeated")
    parser.add_argument("--out", type=Path, default=HERE / "results/web.md")
    options = parser.parse_args()
    lines, missed, left_out = [], [], []
    for application in options.only.split(","):
        if not version_of(application):
            left_out.append(f"{TITLES[application]} ({application} is not installed)")
            continue
        results = measure(options, application, modes_of(application, options.modes, left_out))
        lines += table(application, results)
        for mode, wanted in WANTED.items():
            if mode in results and share(results, mode) < wanted:
                missed.append(f"{TITLES[application]}: {mode}: {share(results, mode):.3f}, wanted {wanted}")
    text = "\n".join(head(options, left_out) + lines)
    print(text)
    options.out.write_text(text)
    for line in missed:
        print("missed:", line)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())

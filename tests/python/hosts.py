"""What the tests of hostile hosts share: programs in processes of their own."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

TOOL = Path(os.environ.get("TRACEPROF_BUILD", "build")).resolve() / "traceprof"
QUICK = bool(os.environ.get("TRACEPROF_TEST_QUICK"))
SECONDS = 0.3 if QUICK else 1.0
SCOPES = ["thread", "process", "context"]
MONITORING = hasattr(sys, "monitoring")
needs_monitoring = pytest.mark.skipif(not MONITORING, reason="sys.monitoring is 3.12's")
needs_hook = pytest.mark.skipif(MONITORING, reason="the profile hook is used on 3.11 only")
each_scope = pytest.mark.parametrize("scope", SCOPES)

PRELUDE = """
import asyncio, contextvars, ctypes, gc, os, signal, sys, threading, time, warnings
import ctraceprof
from ctraceprof import Profile

scope, seconds, path = sys.argv[1], float(sys.argv[2]), sys.argv[3]
monitoring = getattr(sys, "monitoring", None)

def leaf():
    return 1

def numbers(n):
    yield from range(n)

async def step(n):
    for _ in range(n):
        await asyncio.sleep(0)
    leaf()

async def tasks():
    await asyncio.gather(*(step(3) for _ in range(4)))

def mixed():
    leaf()
    sum(numbers(4))
    [abs(i) for i in range(3)]
    asyncio.run(tasks())

def calls(profile, name="leaf"):
    profile.snapshot_stats()
    return sum(row[1] for (_, _, n), row in profile.stats.items() if n == name)

def take_hook():
    "What a tool does that cares for nobody."
    if monitoring is None:
        sys.setprofile(lambda *ignored: None)
        return
    own = [i for i in range(6) if monitoring.get_tool(i) == "ctraceprof"]
    monitoring.set_events(own[0], 0)
    monitoring.free_tool_id(own[0])
    monitoring.use_tool_id(own[0], "robber")

def in_threads(count, target, *args):
    threads = [threading.Thread(target=target, args=args) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads

def join(threads):
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a thread hangs"
"""


def run(source, scope="thread", path="", errors="", status=0, options=()):
    """Standard output of a program; fails the test if its end is another than expected."""
    program = PRELUDE + textwrap.dedent(source)
    command = [sys.executable, "-X", "faulthandler", *options, "-c", program, scope, str(SECONDS),
               str(path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == status, (result.returncode, result.stdout, result.stderr[-3000:])
    if errors is not None:
        assert result.stderr.strip() == errors, result.stderr[-3000:]
    return result.stdout


def info(path):
    """What `traceprof info` says: {field: value}."""
    result = subprocess.run([TOOL, "info", path], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return {line[:18].strip(): line[18:] for line in result.stdout.splitlines()}

"""What ctraceprof.profile adds to a call: microseconds beside those of the function itself; fails above bounds."""

import argparse
import asyncio
import platform
import sys
import threading
import time

import ctraceprof

# Microseconds; some three times what was measured. 3.11 has no events to switch.
BOUNDS = {"call": 6, "value": 6, "await": 15, "skipped": 0.5, "on_profile": 40, "alone": 80}


def nothing():
    pass


def values():
    for i in range(1000):
        yield i


async def waits():
    for _ in range(1000):
        await asyncio.sleep(0)


def work(n):
    for _ in range(n):
        nothing()


def measure(function, count, rounds):
    """Microseconds a call, the least of several rounds."""
    least = float("inf")
    for _ in range(rounds):
        begin = time.thread_time()
        for _ in range(count):
            function()
        least = min(least, time.thread_time() - begin)
    return least / count * 1e6


def drain(generator):
    for _ in generator:
        pass


def figures(rounds):
    decorated = ctraceprof.profile(nothing)
    generator, coroutine = ctraceprof.profile(values), ctraceprof.profile(waits)
    rarely = ctraceprof.profile(every=10**9)(nothing)
    told = ctraceprof.profile(on_profile=nothing_more)(nothing)
    decorated(), rarely()

    def more(function, plain, count, parts=1):
        return (measure(function, count, rounds) - measure(plain, count, rounds)) / parts

    return {
        "call": more(decorated, nothing, 3000),
        "value": more(lambda: drain(generator()), lambda: drain(values()), 5, 1000),
        "await": more(lambda: asyncio.run(coroutine()), lambda: asyncio.run(waits()), 3, 1000),
        "skipped": more(rarely, nothing, 20000),
        "on_profile": more(told, nothing, 1000),
        "alone": more(lambda: (decorated(), work(1000)), lambda: (nothing(), work(1000)), 200),
    }


def nothing_more(profile):
    pass


TEXT = {
    "call": "a call, others right before and behind it",
    "value": "a value of a generator",
    "await": "a suspension of a coroutine, with what is recorded meanwhile",
    "skipped": "a call that `every` leaves out",
    "on_profile": "a call with on_profile",
    "alone": "a call, with 1000 undecorated calls between two of them",
}


def hold(gate, stop):
    with ctraceprof.Profile(scope="context"):
        gate.set()
        stop.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    apart = figures(rounds)
    gate, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold, args=(gate, stop))
    thread.start()
    gate.wait()
    beside = figures(rounds)
    stop.set()
    thread.join()
    print(f"Python {platform.python_version()}, us more than undecorated (and beside another profile):")
    failed = False
    for name, text in TEXT.items():
        above = apart[name] > BOUNDS[name]
        failed |= above
        print(f"{apart[name]:8.2f} {beside[name]:8.2f}  {text}{f': above {BOUNDS[name]}' if above else ''}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

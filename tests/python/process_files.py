"""What the tests of processes share: a program's beginning, and what is in the file afterwards."""

import marshal
import pstats

WORK = """
import multiprocessing, os, signal, subprocess, sys, threading, time
from concurrent.futures import ProcessPoolExecutor
def leaf(): pass
def work(count):
    for _ in range(count): leaf()
    return os.getpid()
"""


def counts(path):
    stats = pstats.Stats(str(path)).stats
    return {key[2]: row[1] for key, row in stats.items() if key[0].endswith("program.py")}


def extension(path):
    with open(path, "rb") as file:
        marshal.load(file)
        return marshal.load(file)


def processes(path):
    return extension(path)["processes"]

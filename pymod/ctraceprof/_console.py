"""The traceprof console script: the C tool, in this process."""

import os
import sys

from . import _tool


def main():
    """Run the traceprof command with sys.argv; return its exit status."""
    sys.stdout.flush()
    return _tool.run([b"traceprof", *map(os.fsencode, sys.argv[1:])])

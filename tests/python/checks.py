"""What the tests of traceprof check share."""

import marshal
import os
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("TRACEPROF_BUILD", "build"))
TOOL = (BUILD / "traceprof").resolve()

HANDLER = ("/srv/app/views.py", 12, "handler")
LEN = ("~", 0, "<built-in method builtins.len>")
SEE = "; see 'traceprof help check'\n"


def check(*arguments, **options):
    command = [str(TOOL), "check", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, errors="surrogateescape", timeout=60, **options
    )


@pytest.fixture
def write(tmp_path):
    """A pstats file of {label: (calls, primitive calls, own, cumulative time)}."""

    def write(name, rows):
        path = tmp_path / name
        stats = {label: (row[1], row[0], *row[2:], {}) for label, row in rows.items()}
        path.write_bytes(marshal.dumps(stats))
        return path

    return write

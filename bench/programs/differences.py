"""difflib on two related modules: which lines differ, and within them which characters."""

import difflib

from inputs import source

LEFT = source("json/encoder.py").splitlines()[:120]
RIGHT = source("json/decoder.py").splitlines()[:120]


def run():
    unified = list(difflib.unified_diff(LEFT, RIGHT))
    similar = sum(len(difflib.get_close_matches(line, RIGHT, n=2)) for line in LEFT[:100])
    return len(unified), similar

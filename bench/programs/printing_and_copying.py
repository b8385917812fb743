"""Nested data copied, compared, printed prettily and reprinted."""

import copy
import pprint
import reprlib

from inputs import syntax_data

DATA = syntax_data("bisect.py")


def run():
    copied = copy.deepcopy(copy.deepcopy(DATA))
    assert copied == DATA
    pretty = sum(len(pprint.pformat(copied, width=width)) for width in (60, 100))
    return pretty, len(reprlib.repr(copied))

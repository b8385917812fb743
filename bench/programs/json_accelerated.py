"""json as programs use it, with hooks: C that calls back into Python for each object."""

import json

from inputs import syntax_data

DATA = syntax_data("heapq.py")


class Node:
    def __init__(self, fields):
        self.kind = fields.pop("node")
        self.fields = fields


def plain(node):
    return {"node": node.kind, **node.fields}


def run():
    for _ in range(12):
        text = json.dumps(DATA)
        tree = json.loads(text, object_hook=Node)
        again = json.dumps(tree, default=plain, separators=(",", ":"))
    return len(text), len(again)

"""Visitors over a real tree: a module's source parsed, transformed, unparsed and parsed again."""

import ast

from inputs import source

SOURCE = source("argparse.py")


class Rename(ast.NodeTransformer):
    def visit_Name(self, node):
        return ast.Name(id=node.id.swapcase(), ctx=node.ctx)


def run():
    tree = Rename().visit(ast.parse(SOURCE))
    text = ast.unparse(ast.fix_missing_locations(tree))
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    return len(text), len(names)

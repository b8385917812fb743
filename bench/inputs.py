"""Real input for the programs: the sources and the documentation of the running Python."""

import ast
import os
import pydoc_data.topics
import sysconfig


def source(name):
    """The text of a standard library module, by its path in the library."""
    path = os.path.join(sysconfig.get_path("stdlib"), *name.split("/"))
    with open(path, encoding="utf-8") as file:
        return file.read()


def documentation(size):
    """The first `size` characters of the language reference, the topics in alphabetical order."""
    topics = pydoc_data.topics.topics
    return "\n".join(topics[name] for name in sorted(topics))[:size]


def as_data(node):
    """A syntax tree as dicts, lists and scalars."""
    if isinstance(node, ast.AST):
        fields = {name: as_data(value) for name, value in ast.iter_fields(node)}
        return {"node": type(node).__name__, **fields}
    if isinstance(node, list):
        return [as_data(item) for item in node]
    if node is None or isinstance(node, (bool, int, float, str)):
        return node
    return repr(node)


def syntax_data(name):
    """The syntax tree of a standard library module as nested data."""
    return as_data(ast.parse(source(name)))

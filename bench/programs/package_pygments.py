"""Pygments (PyPI): a module's source coloured as HTML."""

import pygments
import pygments.formatters
import pygments.lexers

from inputs import source

SOURCE = source("configparser.py")


def run():
    lexer = pygments.lexers.PythonLexer()
    formatter = pygments.formatters.HtmlFormatter(linenos="table")
    return len(pygments.highlight(SOURCE, lexer, formatter))

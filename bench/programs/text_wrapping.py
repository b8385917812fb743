"""The language reference's paragraphs wrapped, indented and shortened."""

import string
import textwrap

from inputs import documentation

PARAGRAPHS = documentation(90000).split("\n\n")


def run():
    size = 0
    for paragraph in PARAGRAPHS:
        plain = textwrap.dedent(paragraph)
        filled = textwrap.fill(plain, width=50, initial_indent="* ", subsequent_indent="  ")
        size += len(textwrap.indent(filled, "> "))
        size += len(textwrap.shorten(plain, width=40))
        size += len(string.capwords(plain[:60]))
    return size

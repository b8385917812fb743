"""Markdown (PyPI) on the language reference."""

import markdown

from inputs import documentation

TEXT = documentation(70000)


def run():
    return len(markdown.markdown(TEXT, extensions=["extra", "toc"]))

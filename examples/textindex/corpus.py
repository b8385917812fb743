"""Documents: the language reference that comes with every Python, as help() shows it."""

from dataclasses import dataclass
from pydoc_data.topics import topics


@dataclass(frozen=True)
class Document:
    title: str
    text: str

    def paragraphs(self):
        return [p for p in self.text.split("\n\n") if p.strip()]


def documents():
    for title, text in sorted(topics.items()):
        yield Document(title, text)

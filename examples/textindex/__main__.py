"""A small search engine: index Python's own help texts, ask questions, print the best answers.

Run by `make demo`; also `python examples/textindex [QUESTION...]`.
"""

import sys

import corpus
import report
from index import Index
from search import Searcher

QUESTIONS = [
    "how does a with statement call enter and exit",
    "keyword only arguments of a function",
    "operator precedence",
    "slots and descriptors of a class",
    "async for and asynchronous generators",
    "format specification of a float",
]


def main(questions):
    index = Index()
    for document in corpus.documents():
        index.add(document)
    searcher = Searcher(index)
    for question in questions:
        report.show(question, searcher.best(question, limit=3))


main(sys.argv[1:] or QUESTIONS)

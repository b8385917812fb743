"""An inverted index: for each term the passages that hold it, and how often."""

from collections import Counter, defaultdict

from words import terms


class Passage:
    __slots__ = ("document", "text", "length")

    def __init__(self, document, text, length):
        self.document = document
        self.text = text
        self.length = length


class Index:
    def __init__(self):
        self.passages = []
        self.postings = defaultdict(list)

    def add(self, document):
        for text in document.paragraphs():
            counts = Counter(terms(text))
            number = len(self.passages)
            self.passages.append(Passage(document, text, counts.total()))
            for term, count in counts.items():
                self.postings[term].append((number, count))

    @property
    def mean_length(self):
        return sum(p.length for p in self.passages) / len(self.passages)

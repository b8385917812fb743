"""Ranking by BM25 (Robertson and Zaragoza, 2009)."""

import heapq
import math
from collections import defaultdict

from words import terms

K1, B = 1.2, 0.75


class Searcher:
    def __init__(self, index):
        self.index = index
        self.mean_length = index.mean_length

    def weight(self, term):
        found = len(self.index.postings.get(term, ()))
        return math.log(1 + (len(self.index.passages) - found + 0.5) / (found + 0.5))

    def score(self, count, length):
        return count * (K1 + 1) / (count + K1 * (1 - B + B * length / self.mean_length))

    def best(self, question, limit):
        scores = defaultdict(float)
        for term in terms(question):
            weight = self.weight(term)
            for number, count in self.index.postings.get(term, ()):
                scores[number] += weight * self.score(count, self.index.passages[number].length)
        ranked = heapq.nlargest(limit, scores.items(), key=lambda pair: (pair[1], -pair[0]))
        return [(self.index.passages[number], score) for number, score in ranked]

"""From text to terms: lower case, no stop words, plurals and endings cut."""

import re
from functools import lru_cache

WORD = re.compile(r"[a-z_][a-z_0-9]+")
STOP = frozenset(
    "a an and are as at be by can does for from has how if in is it its not of on or so than that "
    "the then there this to use used was what when which will with".split()
)
ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ed", "es", "s")


@lru_cache(maxsize=4096)
def stem(word):
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def terms(text):
    for match in WORD.finditer(text.lower()):
        word = match.group()
        if word not in STOP:
            yield stem(word)

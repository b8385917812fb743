"""Built-ins called from loops: real text counted, changed, formatted and joined."""

import collections

from inputs import documentation

TEXT = documentation(700000)


def run():
    counts = collections.Counter()
    lengths = {}
    for line in TEXT.splitlines():
        for word in line.lower().split():
            word = word.strip(".,:;()[]{}'\"*`")
            if word.isalpha():
                counts[word] += 1
                lengths.setdefault(len(word), set()).add(word)
    lines = []
    for word, count in counts.most_common(2000):
        lines.append(f"{word:>20} {count:5d} {count / len(counts):.4%}".rstrip())
    return len("\n".join(lines)), sorted((size, len(words)) for size, words in lengths.items())

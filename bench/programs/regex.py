"""Regular expressions compiled anew, then run over sources, with callbacks for substitution."""

import re

from inputs import source

TEXT = "".join(source(name) for name in ("argparse.py", "typing.py", "inspect.py"))[:100000]
PATTERNS = [
    r"\b(?P<keyword>def|class)\s+(?P<name>[A-Za-z_]\w*)\s*(?:\((?P<parameters>[^()]*)\))?\s*:",
    r"^(?:from\s+(?P<package>[\w.]+)\s+)?import\s+(?P<names>[\w., ]+)$",
    r"\"\"\"(?P<doc>(?:[^\"\\]|\\.|\"(?!\"\"))*)\"\"\"",
    r"(?:0[xX][\da-fA-F]+|\d+\.\d*(?:[eE][-+]?\d+)?|\d+)\b",
    r"(?P<quote>['\"])(?P<text>(?:\\.|(?!(?P=quote))[^\\\n])*)(?P=quote)",
]
WORD = re.compile(r"\b[a-z]+_[a-z_]+\b")


def camel(match):
    first, *rest = match[0].strip("_").split("_")
    return first + "".join(part.capitalize() for part in rest)


def run():
    found = 0
    for start in range(0, len(TEXT), len(TEXT) // 10):
        re.purge()
        for pattern in PATTERNS:
            for match in re.compile(pattern, re.MULTILINE).finditer(TEXT, start):
                found += len(match.groupdict())
    return found, len(WORD.sub(camel, TEXT))

"""The shape of an SQL statement: what is left of it without its values."""

import re

__all__ = ["shape"]

MAX_TEXT = 20_000  # characters looked at
MAX_SHAPE = 1000  # characters of a shape

# What begins first wins, so a quote within a comment is none. A literal without an end goes on to the end.
# The first line is for speed: most characters begin none of these.
_PARTS = r"""
(?=[-/\#"`\[$'\d.%:@?enbxu_])(?:
    (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) {comments} )
  | (?P<name> {names} | `[^`]*` | \[[^\W\d][\w $\#@.]*\] )
  | (?P<value>
        (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)   # PostgreSQL: $$text$$
      | \be'(?:[^'\\]|''|\\.?)*(?:'|\Z)                                 # ... and E'it\'s'
      | (?:\b(?:[nbx]|u&|_\w+\s*))?{quotes}
      | (?<![\w.$])(?:0x[\da-f]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?!\w)
      | %\(\w+\)s | %s | (?<![:\w]):\w+\b(?!:) | (?<![\w$])\$\d+ | (?<![\w@])@p\d+\b | \?\d*
    )
)
"""


def _pattern(comments, names, quotes):
    parts = _PARTS.format(comments=comments, names=names, quotes=quotes)
    return re.compile(parts, re.VERBOSE | re.DOTALL | re.IGNORECASE)


_STANDARD = _pattern("", r'"(?:[^"]|"")*"', r"'(?:[^']|'')*(?:'|\Z)")
# MySQL's: backslashes escape, double quotes are for strings, # begins a comment.
_ESCAPING = _pattern(
    r"| \#[^\n]*", r"(?!)", r"""(?:'(?:[^'\\]|''|\\.?)*(?:'|\Z)|"(?:[^"\\]|""|\\.?)*(?:"|\Z))"""
)

_IN = re.compile(r"\b(IN) ?\( ?\?(?: ?, ?\?)* ?\)", re.IGNORECASE)
_ROWS = re.compile(r"(\((?:[^()]|\([^()]*\))*\))(?: ?, ?\1)+")


def _replace(found):
    kind = found.lastgroup
    if kind == "value":
        return "?"
    return " " if kind == "comment" else found[0]


def shape(text, escapes=False):
    """The statement (str) with `?` for each literal and parameter, lists of values collapsed, comments left
    out, whitespace folded, and cut after MAX_SHAPE characters.

    escapes: whether a backslash escapes in strings and double quotes enclose them, as in MySQL.
    """
    cut = len(text) > MAX_TEXT
    pattern = _ESCAPING if escapes else _STANDARD
    folded = " ".join(pattern.sub(_replace, text[:MAX_TEXT]).split())
    # Functions, as texts would have Python code of re's called, which would be recorded.
    folded = _IN.sub(lambda found: found[1] + " (...)", folded)
    folded = _ROWS.sub(lambda found: found[1] + ", ...", folded)
    if cut:
        # Where a list was cut off its end is not to tell how long it was.
        folded = (folded[: folded.rfind(", ...")] if ", ..." in folded else folded) + ", ..."
    if len(folded) > MAX_SHAPE:
        folded = folded[: MAX_SHAPE - 4] + " ..."
    return folded

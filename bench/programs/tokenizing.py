"""A module's source split into tokens, and put together again."""

import io
import tokenize

from inputs import source

SOURCE = source("_pydecimal.py")


def run():
    tokens = list(tokenize.generate_tokens(io.StringIO(SOURCE).readline))
    text = tokenize.untokenize((token.type, token.string) for token in tokens)
    return len(tokens), len(text)

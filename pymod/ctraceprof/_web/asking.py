"""What a request asks for, and whether it knows the secret."""

import base64
import binascii
import hmac
from typing import NamedTuple
from urllib.parse import parse_qs

__all__ = ["FORMATS", "Ask", "is_secret", "parse_ask", "parse_query", "secret_in"]

FORMATS = ("html", "text", "speedscope", "pstats", "json")

# Nobody's key or query is longer; what is, is not looked at.
LONGEST_KEY = 1024
LONGEST_QUERY = 8192
MOST_FIELDS = 100


class Ask(NamedTuple):
    """replace: the report is to come in the response's place; error: why it cannot be had, or ""."""

    replace: bool = False
    format: str = "html"
    error: str = ""


def is_secret(given, secret):
    """Whether bytes (or None) are the secret, in a time that does not tell how much of them is."""
    return given is not None and len(given) <= LONGEST_KEY and hmac.compare_digest(given, secret)


def secret_in(authorization):
    """What the value of an Authorization header (bytes) brings as a key: a password, a bearer's token; or None."""
    scheme, _, rest = authorization[: 2 * LONGEST_KEY].partition(b" ")
    if scheme.lower() == b"bearer":
        return rest.strip()
    if scheme.lower() != b"basic":
        return None
    try:
        pair = base64.b64decode(rest.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return pair.partition(b":")[2]


def parse_query(query):
    """The first value (str) of each field of a query string (bytes or str); {} if it is too long."""
    if len(query) > LONGEST_QUERY:
        return {}
    text = query.decode("latin-1") if isinstance(query, bytes) else query
    try:
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def parse_ask(query, has_key, profile=None, format=None):
    """The Ask of a request, or None if it asks for nothing.

    query: its query string; profile, format: its headers X-Profile and X-Profile-Format, or None, which
    come before the query's fields of that meaning; has_key: whether it brings a key, which asks by itself.
    """
    fields = parse_query(query) if query else {}
    wish = profile if profile is not None else fields.get("profile")
    format = format if format is not None else fields.get("profile_format")
    if wish not in ("1", "report"):
        if not has_key:
            return None
        wish = "1"
    if format is not None and format not in FORMATS:
        return Ask(error=f"the format must be one of {', '.join(FORMATS)}")
    return Ask(wish == "report", format or "html")

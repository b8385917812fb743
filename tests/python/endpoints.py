"""What the applications of webapps/ have in common: endpoints, and the calls that each makes of work.py."""

import random

from webclient import Request

# Each endpoint: which application has it, and how often it calls which function for a given n.
SETS = {
    "fastapi_app": "plain waiting thread dependency background stream stream-thread body query routed mounted",
    "starlette_app": "plain waiting thread background stream stream-thread body mounted",
    "litestar_app": "plain waiting thread stream routed",
    "django_app:asgi": "plain waiting thread dependency stream body routed",
    "django_app:wsgi": "plain waiting thread dependency stream-thread body routed",
    "flask_app": "plain waiting coroutine thread dependency background stream-thread body query routed",
    "plain_app": "plain write stream closing late body",
}
CALLS = {
    "plain": {"plain_leaf": 1},
    "routed": {"plain_leaf": 1},
    "mounted": {"plain_leaf": 1},
    "waiting": {"waiting_leaf": 1},
    "coroutine": {"waiting_leaf": 2},
    "thread": {"thread_leaf": 1},
    "dependency": {"thread_leaf": 1, "dependency_leaf": 2, "cleanup_leaf": 2},
    "background": {"background_leaf": 2},
    "stream": {"stream_leaf": 1},
    "stream-thread": {"stream_leaf": 1},
    "body": {"body_leaf": 1},
    "query": {"query_leaf": 1},
    "write": {"stream_leaf": 1},
    "late": {"stream_leaf": 1},
}
TEXT = "chunk {}\n"


def expected_calls(name, n):
    """{function of work.py: calls} of one request."""
    if name == "closing":
        return {"stream_leaf": n + 1, "cleanup_leaf": n}
    return {leaf: times * n for leaf, times in CALLS[name].items()}


def make_request(name, n):
    if name == "body":
        data = random.Random(n).randbytes(700 * n)
        return Request(f"/body/{n}", "POST", body=data)
    if name in ("routed", "mounted"):
        return Request(f"/{name}/plain/{n}")
    return Request(f"/{name}/{n}")


def mixture(app, number, most=12, but=()):
    """So many requests to an application, as pairs (endpoint, n), all endpoints in turn, n from 1 to most.
    The same each time."""
    names = [name for name in SETS[app].split() if name not in but]
    rng = random.Random(app)
    return [(names[i % len(names)], rng.randint(1, most)) for i in range(number)]

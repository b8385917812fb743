"""Puts ctraceprof's middleware around an application, as the variable WEBAPP_MIDDLEWARE says.

That is JSON: null for none, or the middleware's arguments by name. An argument whose value is
{"python": "lambda scope: True"} is what that evaluates to.
"""

import json
import os


def _options():
    options = json.loads(os.environ.get("WEBAPP_MIDDLEWARE", "null"))
    if options is None:
        return None
    return {name: eval(value["python"]) if isinstance(value, dict) else value for name, value in options.items()}


def asgi(app):
    options = _options()
    if options is None:
        return app
    from ctraceprof.asgi import ProfilerMiddleware

    return ProfilerMiddleware(app, **options)


def wsgi(app):
    options = _options()
    if options is None:
        return app
    from ctraceprof.wsgi import ProfilerMiddleware

    return ProfilerMiddleware(app, **options)

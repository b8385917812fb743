"""The route that a request was for, as its framework spells it: '/items/{id}', not '/items/7'.

Frameworks are not imported: what they leave in a scope or an environ, and how their routes answer, is enough.
"""

import sys

__all__ = ["LONGEST", "UNMATCHED", "django_template", "environ_template", "route_path", "scope_template"]

UNMATCHED = "(unmatched)"

LONGEST = 200
DEEPEST = 10  # routers within routers


def route_path(path, root_path):
    """A scope's path without what the application is mounted under; servers differ in whether they leave it."""
    if root_path and path.startswith(root_path) and path[len(root_path) : len(root_path) + 1] in ("", "/"):
        return path[len(root_path) :]
    return path


def _text(template):
    """A label (str) of bounded length, or None for what is none."""
    return template[:LONGEST] if isinstance(template, str) and template else None


# --- ASGI ------------------------------------------------------------------------------------


def scope_template(scope, before):
    """The template of a request from its scope after it was routed, or None.

    before: a copy of the scope as it was before, which routers have changed meanwhile.
    """
    template = _text(scope.get("path_template"))  # Litestar
    if template is not None:
        return _text(before.get("root_path", "") + template) if _is_mounted(before) else template
    if scope.get("endpoint") is not None:
        return _text(_starlette_template(scope, before))
    if scope.get("app") is None and "django.urls" in sys.modules:
        return django_template(route_path(before["path"], before.get("root_path", "")))
    return None


def _is_mounted(before):
    return before.get("app_root_path") is not None


def _routes(scope, before):
    """Those of the router that the request came to first, or, if that was before, of the application after it."""
    for name in ("router", "app"):
        found = scope.get(name)
        if found is not before.get(name):
            return getattr(found, "routes", ())
    return ()


def _starlette_template(scope, before):
    """Of Starlette, FastAPI and what is built on them."""
    route = scope.get("route")
    if route is not None and scope.get("root_path", "") == before.get("root_path", ""):
        path = _included_path(scope, route) or getattr(route, "path", None)
        if path is not None and not hasattr(route, "routes"):
            return path
    return _walk(_routes(scope, before), before, 0)


def _included_path(scope, route):
    """FastAPI keeps the path with the prefixes of the routers that a route was included by apart from it."""
    known = scope.get("fastapi")
    context = known.get("effective_route_context") if isinstance(known, dict) else None
    if context is None or getattr(context, "original_route", None) is not route:
        return None
    return getattr(context, "path", None)


def _walk(routes, scope, depth):
    """Ask the routes again, as their router did; those that lead on to others too."""
    partial = None
    for route in routes:
        match, child = route.matches(dict(scope))
        value = getattr(match, "value", 0)  # 0 none, 1 partial, 2 full
        if value == 2 or (value == 1 and partial is None):
            partial = route, child
        if value == 2:
            break
    if partial is None or depth > DEEPEST:
        return None
    return _spell(*partial, scope, depth)


def _spell(route, child, scope, depth):
    candidates = getattr(route, "effective_candidates", None)
    if candidates is not None:  # FastAPI: a router that was included
        return _walk(candidates(), scope, depth + 1)
    path = getattr(route, "path", None)
    inner = getattr(route, "routes", None)
    if inner is None and path is None:
        return None
    if inner is None:
        return path
    # Routes that are not known are those of an application of another kind.
    below = _walk(inner, {**scope, **child}, depth + 1) if inner else "/{path}"
    return None if below is None else (path or "") + below


# --- WSGI ------------------------------------------------------------------------------------


def environ_template(environ):
    """The template of a request from its environ after it was routed, or None."""
    request = environ.get("werkzeug.request")  # Flask
    rule = getattr(getattr(request, "url_rule", None), "rule", None)
    if rule is not None:
        return _text(environ.get("SCRIPT_NAME", "") + rule)
    if request is None and "django.urls" in sys.modules:
        return django_template(environ.get("PATH_INFO", ""))
    return None


# --- both ------------------------------------------------------------------------------------


def django_template(path):
    """What Django's resolver makes of a path; None where it knows it not, or no settings are there."""
    try:
        if not sys.modules["django.conf"].settings.configured:
            return None
        match = sys.modules["django.urls"].resolve(path)
    except Exception:  # Resolver404, and whatever a URL configuration raises
        return None
    return _text("/" + match.route)

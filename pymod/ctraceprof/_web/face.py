"""What the middlewares of both protocols are made of."""

from .core import Web

__all__ = ["Face"]


class Face:
    """Holds the application and its Web, and, close at hand, what is looked at for each request."""

    def __init__(self, app, **options):
        self.app = app
        self._web = Web(**options)
        chosen = self._web.options
        self._path = chosen.path
        self._has_secret = chosen.secret is not None
        self._has_guard = chosen.guard is not None
        self._has_when = chosen.when is not None
        self._is_sampling = self._web.is_sampling
        self._is_measuring = self._web.is_measuring

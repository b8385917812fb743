"""What the tests of the ASGI middleware share: a client without a server."""

import asyncio
import logging

SECRET = "a secret of the tests"
KEY = (b"x-profile-key", SECRET.encode())


def scope_of(path="/", query=b"", headers=(), **more):
    return {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query,
        "headers": [(b"host", b"test"), *headers], "root_path": "", "http_version": "1.1", "scheme": "http",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "asgi": {"version": "3.0"}, **more,
    }  # fmt: skip


async def never():
    await asyncio.get_running_loop().create_future()


class Client:
    """One request: what comes in, one message after another and then none, and what was sent."""

    def __init__(self, *incoming):
        self.incoming = list(incoming) or [{"type": "http.request", "body": b"", "more_body": False}]
        self.sent = []

    async def receive(self):
        if not self.incoming:
            await never()
        return self.incoming.pop(0)

    async def send(self, message):
        self.sent.append(message)

    async def request(self, app, *arguments, **more):
        await app(scope_of(*arguments, **more), self.receive, self.send)
        return self

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def headers(self):
        return {name.decode(): value.decode() for name, value in self.sent[0].get("headers", ())}

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.sent)


async def fetch(app, *arguments, **more):
    """The Client of a request that has been answered."""
    return await Client().request(app, *arguments, **more)


def get(app, *arguments, **more):
    return asyncio.run(fetch(app, *arguments, **more))


def captures(app):
    """All that a middleware has kept, the oldest first."""
    return app._web.store.newest(100_000)[::-1]


def calls(profile, file):
    """Calls of a file's functions by their names."""
    return {record.name: record.calls for record in profile.stats() if record.file == file}


class Log(logging.Handler):
    """What was told through logging while it was used in a `with`."""

    def __init__(self):
        super().__init__()
        self.told = []

    def emit(self, record):
        self.told.append(record.getMessage())

    def __enter__(self):
        logging.getLogger("ctraceprof").addHandler(self)
        return self

    def __exit__(self, *exc_info):
        logging.getLogger("ctraceprof").removeHandler(self)

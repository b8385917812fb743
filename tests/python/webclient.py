"""A small HTTP client for tests: what was received, byte by byte, and many requests at once."""

import asyncio
from typing import NamedTuple

SECONDS = 60  # until a request counts as lost


class Request(NamedTuple):
    path: str
    method: str = "GET"
    headers: tuple = ()  # pairs of str or bytes
    body: bytes | list = b""  # a list: sent in chunks
    stop_after: int | None = None  # bytes of the body after which the client hangs up


class Response(NamedTuple):
    status: int
    reason: str
    headers: list  # pairs of str, names in lower case, as they came
    body: bytes
    is_whole: bool  # else the server hung up before its end, or the client did
    trailers: list = []

    def header(self, name):
        """The header's only value, or None."""
        values = [value for key, value in self.headers if key == name.lower()]
        assert len(values) <= 1, self.headers
        return values[0] if values else None


class Broken(Exception):
    """The server hung up before a response."""


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


def _pair(line):
    name, _, value = line.decode("latin-1").partition(":")
    return name.strip().lower(), value.strip()


class Connection:
    """One connection to 127.0.0.1, which is made again when the server has closed it."""

    def __init__(self, port):
        self._port = port
        self._reader = self._writer = None

    async def close(self):
        if self._writer is not None:
            self._writer.close()
            try:
                await self._writer.wait_closed()
            except OSError:
                pass
            self._writer = None

    async def request(self, request):
        """The Response. Broken if the server gave none."""
        async with asyncio.timeout(SECONDS):
            is_old = self._writer is not None
            try:
                return await self._request(request)
            except (Broken, ConnectionError):
                await self.close()
                if not is_old:
                    raise
                # The server may have closed a connection that was idle.
                return await self._request(request)

    async def _request(self, request):
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        await self._send(request)
        response = await self._receive(request)
        if not response.is_whole or response.header("connection") == "close":
            await self.close()
        return response

    async def _send(self, request):
        lines = [f"{request.method} {request.path} HTTP/1.1".encode("latin-1")]
        given = {_bytes(name).lower() for name, _ in request.headers}
        if b"host" not in given:
            lines.append(b"Host: test")
        lines += [_bytes(name) + b": " + _bytes(value) for name, value in request.headers]
        if isinstance(request.body, list):
            lines.append(b"Transfer-Encoding: chunked")
        elif request.body or request.method in ("POST", "PUT"):
            lines.append(b"Content-Length: %d" % len(request.body))
        self._writer.write(b"\r\n".join(lines) + b"\r\n\r\n")
        if isinstance(request.body, list):
            for part in request.body:
                self._writer.write(b"%x\r\n%s\r\n" % (len(part), part))
                await self._writer.drain()
                await asyncio.sleep(0)
            self._writer.write(b"0\r\n\r\n")
        else:
            self._writer.write(request.body)
        await self._writer.drain()

    async def _head(self):
        status = await self._reader.readline()
        if not status:
            raise Broken("no response")
        parts = status.decode("latin-1").rstrip("\r\n").split(" ", 2)
        headers = []
        while (line := await self._reader.readline()) not in (b"\r\n", b"\n", b""):
            headers.append(_pair(line))
        assert len(parts) > 1, status
        return int(parts[1]), parts[2] if len(parts) > 2 else "", headers

    async def _receive(self, request):
        status, reason, headers = await self._head()
        while 100 <= status < 200:
            status, reason, headers = await self._head()
        values = dict(headers)
        trailers = []
        if request.method == "HEAD" or status in (204, 304):
            return Response(status, reason, headers, b"", True)
        if "chunked" in values.get("transfer-encoding", "").lower():
            body, is_whole, trailers = await self._chunks(request.stop_after)
        elif "content-length" in values:
            body, is_whole = await self._bytes(int(values["content-length"]), request.stop_after)
        else:
            body, is_whole = await self._bytes(None, request.stop_after)
        return Response(status, reason, headers, body, is_whole, trailers)

    async def _bytes(self, length, stop_after):
        body = b""
        while length is None or len(body) < length:
            part = await self._read(65536 if length is None else length - len(body))
            body += part
            if stop_after is not None and len(body) >= stop_after:
                return body, False
            if not part:
                return body, length is None
        return body, True

    async def _read(self, size):
        try:
            return await self._reader.read(size)
        except ConnectionError:
            return b""

    async def _chunks(self, stop_after):
        body = b""
        while True:
            line = await self._reader.readline()
            if not line.strip():
                return body, False, []
            size = int(line.split(b";")[0], 16)
            if size == 0:
                break
            try:
                body += (await self._reader.readexactly(size + 2))[:-2]
            except (asyncio.IncompleteReadError, ConnectionError):
                return body, False, []
            if stop_after is not None and len(body) >= stop_after:
                return body, False, []
        trailers = []
        while (line := await self._reader.readline()) not in (b"\r\n", b""):
            trailers.append(_pair(line))
        return body, True, trailers


async def fetch_all(port, requests, clients=64, again=True):
    """The responses to the requests, in their order, by so many clients at once: each has one connection,
    and takes the next request when it has its response. again: whether connections are used again."""
    responses = [None] * len(requests)
    numbers = iter(range(len(requests)))

    async def client():
        connection = Connection(port)
        try:
            for number in numbers:
                responses[number] = await connection.request(requests[number])
                if not again:
                    await connection.close()
        finally:
            await connection.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(min(clients, len(requests))):
            group.create_task(client())
    return responses


def fetch(port, path, method="GET", headers=(), body=b"", **more):
    """One request, without an event loop around."""
    (response,) = load(port, [Request(path, method, tuple(headers), body, **more)], clients=1)
    return response


def load(port, requests, clients=64, again=True):
    """fetch_all(), without an event loop around."""
    return asyncio.run(fetch_all(port, requests, clients, again))


# Headers that differ from one run to the next whatever the application does.
PASSING = {"date"}


def visible(response, but=()):
    """What must be the same with and without a middleware. but: names of headers that it may add."""
    headers = [pair for pair in response.headers if pair[0] not in PASSING and pair[0] not in but]
    return response.status, response.reason, headers, response.body, response.is_whole, response.trailers

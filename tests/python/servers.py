"""Real servers for tests: applications of webapps/ in processes of their own, on ports that the system gives."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from webclient import fetch

APPS = Path(__file__).parent / "webapps"
SECONDS = 30  # until a server must answer, or have ended

NEEDS = {"fastapi_app": "fastapi", "starlette_app": "starlette", "flask_app": "flask", "django_app": "django",
         "litestar_app": "litestar", "plain_app": None}  # fmt: skip
ENDS = {signal.SIGTERM: (0, -signal.SIGTERM)}


class Server:
    """A running server: its port, its process, what it wrote to standard error."""

    def __init__(self, port, process, errors):
        self.port = port
        self.process = process
        self._errors = errors
        self.said = None

    def errors(self):
        """What was written to standard error so far, or until the end."""
        if self.said is not None:
            return self.said
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace")

    def stop(self, number=signal.SIGTERM):
        """End it by a signal; returns the exit status. Killed if it does not end in time, which fails the test."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"the server does not end:\n{self.errors()[-3000:]}")

    def kill(self):
        """Its whole group: gunicorn has workers."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def serve(kind, app, middleware=None, *, quiet=True, environment=(), ready="/ready", **options):
    """Run webapps/<app>.py under a server, and give the Server. Modules may lie in PYTHONPATH, too.

    kind: "uvicorn", "gunicorn" (options: worker_class, threads, workers), "waitress" (threads), "wsgiref".
    app: "fastapi_app", or "django_app:asgi" for one of several in a module; else "app" is what is taken.
    middleware: None for none; else the arguments of ctraceprof's middleware, as webapps/mounting.py reads them.
    quiet: whether there must be nothing on standard error in the end.
    environment: pairs of more variables. ready: a path that is answered by 200.
    """
    module = app.partition(":")[0]
    worker = options.get("worker_class") == "gevent" and "gevent"
    for needed in (kind, NEEDS.get(module), worker):
        if needed not in (None, False, "wsgiref"):
            pytest.importorskip(needed, reason=f"{needed} is not installed")
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener, tempfile.TemporaryFile() as errors:
        variables = {**os.environ, **dict(environment), "WEBAPP_MIDDLEWARE": json.dumps(middleware),
                     "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
        command = [sys.executable, "-X", "faulthandler", str(APPS / "serve.py"), kind, app,
                   str(listener.fileno()), json.dumps(options)]  # fmt: skip
        process = subprocess.Popen(
            command, pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
            env=variables, start_new_session=True,
        )  # fmt: skip
        server = Server(listener.getsockname()[1], process, errors)
        try:
            _wait(server, ready)
            listener.close()  # the server's end is to be the end of those who wait
            yield server
            if process.poll() is None:
                status = server.stop()
                assert status in ENDS[signal.SIGTERM], (status, server.errors()[-3000:])
        finally:
            server.kill()
            server.said = server.errors()
        assert not quiet or server.said == "", server.said[-3000:]


def _wait(server, path):
    """Until it answers. The port is open from the beginning, so that nobody has to ask twice."""
    try:
        response = fetch(server.port, path)
    except Exception as error:
        server.kill()
        pytest.fail(f"the server does not answer ({error!r}):\n{server.errors()[-3000:]}")
    assert response.status == 200, (response, server.errors()[-3000:])

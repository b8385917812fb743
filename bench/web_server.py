"""web_server.py APPLICATION MODE SOCKET: one of the servers that web.py compares, on a socket that is open already.

Each mode is what its profiler's documentation tells to write, and prints nothing.
"""

import random
import socket
import sys

SECRET = "a secret of the benchmark"
ONE_IN = 100

# --- FastAPI ---------------------------------------------------------------------------------


def make_fastapi(mode):
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/")
    async def hello():
        return {"message": "Hello, world"}

    if mode.startswith("pyinstrument"):
        add_pyinstrument(app, mode)
    elif mode.startswith("fastapi-profiler"):
        from fastapi_profiler import PyInstrumentProfilerMiddleware

        more = {"profiler_sample_rate": 1 / ONE_IN, "always_profile_errors": False} if "1 in" in mode else {}
        app.add_middleware(PyInstrumentProfilerMiddleware, **more)
    elif mode.startswith("a middleware"):
        add_pass_through(app)
    elif mode == f"events alone, 1 in {ONE_IN}":
        return events_alone(app)
    options = OURS.get(mode)
    if options is None:
        return app
    from ctraceprof.asgi import ProfilerMiddleware

    return ProfilerMiddleware(app, **options)


def events_alone(app):
    """What no profiler can do without: the interpreter's events on for a request, with nobody who listens."""
    monitoring, tool = sys.monitoring, sys.monitoring.PROFILER_ID
    monitoring.use_tool_id(tool, "benchmark")
    events = monitoring.events
    wanted = (events.PY_START | events.PY_RESUME | events.PY_THROW | events.PY_RETURN | events.PY_YIELD
              | events.PY_UNWIND | events.CALL)  # fmt: skip

    async def middleware(scope, receive, send):
        is_wanted = scope["type"] == "http" and random.random() < 1 / ONE_IN
        if not is_wanted:
            return await app(scope, receive, send)
        monitoring.set_events(tool, wanted)
        try:
            return await app(scope, receive, send)
        finally:
            monitoring.set_events(tool, 0)

    return middleware


def add_pyinstrument(app, mode):
    """https://pyinstrument.readthedocs.io, "Profile a web request in FastAPI", with who is profiled left to the mode;
    its page is not made, as it is not for every request."""
    from fastapi import Request
    from pyinstrument import Profiler

    is_asked = {"pyinstrument, off": lambda request: request.query_params.get("profile", False),
                f"pyinstrument, 1 in {ONE_IN}": lambda request: random.random() < 1 / ONE_IN,
                "pyinstrument, every": lambda request: True}[mode]  # fmt: skip

    @app.middleware("http")
    async def profile_request(request: Request, call_next):
        if not is_asked(request):
            return await call_next(request)
        profiler = Profiler(async_mode="enabled")
        profiler.start()
        response = await call_next(request)
        profiler.stop()
        return response


def add_pass_through(app):
    """What FastAPI's documentation calls a middleware, with nothing in it."""
    from fastapi import Request

    @app.middleware("http")
    async def pass_through(request: Request, call_next):
        return await call_next(request)


# --- Flask -----------------------------------------------------------------------------------


def make_flask(mode):
    from flask import Flask, g, request

    app = Flask(__name__)

    @app.get("/")
    def hello():
        return {"message": "Hello, world"}

    if mode.startswith("pyinstrument"):
        from pyinstrument import Profiler

        @app.before_request
        def before_request():
            if mode == "pyinstrument, every" or "profile" in request.args:
                g.profiler = Profiler()
                g.profiler.start()

        @app.after_request
        def after_request(response):
            if hasattr(g, "profiler"):
                g.profiler.stop()
            return response

    options = OURS.get(mode)
    if options is None:
        return app
    from ctraceprof.wsgi import ProfilerMiddleware

    return ProfilerMiddleware(app, **options)


# --- both ------------------------------------------------------------------------------------

MOUNTED = {"secret": SECRET, "path": "/-/profiles"}
OURS = {
    "ctraceprof, off": MOUNTED,
    f"ctraceprof, 1 in {ONE_IN}": {**MOUNTED, "one_in": ONE_IN},
    "ctraceprof, every": {**MOUNTED, "one_in": 1},
    "ctraceprof, every, include": {**MOUNTED, "one_in": 1, "include": "web_server"},
}


def serve_asgi(app, number):
    import uvicorn

    config = uvicorn.Config(app, log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=number)])


def serve_wsgi(app, number):
    """One worker with threads: requests of one process are side by side, as with the other."""
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):
        def load_config(self):
            settings = {"bind": f"fd://{number}", "worker_class": "gthread", "threads": 4, "workers": 1,
                        "loglevel": "error", "keepalive": 60, "control_socket_disable": True}  # fmt: skip
            for name, value in settings.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self):
            return app

    Application().run()


if __name__ == "__main__":
    application, mode, number = sys.argv[1:]
    make, serve = {"fastapi": (make_fastapi, serve_asgi), "flask": (make_flask, serve_wsgi)}[application]
    serve(make(mode), int(number))

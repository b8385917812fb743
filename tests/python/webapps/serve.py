"""serve.py SERVER MODULE[:NAME] SOCKET OPTIONS: run an application of this folder on a socket that is open already."""

import importlib
import json
import logging
import socket
import sys


def application(name):
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute or "app")


def uvicorn(name, number, options):
    import uvicorn

    config = uvicorn.Config(application(name), log_level="error", timeout_graceful_shutdown=10, **options)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=number)])


def gunicorn(name, number, options):
    from gunicorn.app.wsgiapp import WSGIApplication
    from gunicorn.config import KNOWN_SETTINGS

    arguments = {"worker_class": "gthread", "threads": 16, "workers": 1, "log_level": "error",
                 "graceful_timeout": 10, "keep_alive": 5, **options}  # fmt: skip
    sys.argv = ["gunicorn", "--bind", f"fd://{number}"]
    if any("--no-control-socket" in (setting.cli or ()) for setting in KNOWN_SETTINGS):
        sys.argv.append("--no-control-socket")
    for key, value in arguments.items():
        option = "--" + key.replace("_", "-").removesuffix("-app")
        sys.argv += [option] if value is True else [option, str(value)]
    module, _, attribute = name.partition(":")
    sys.argv.append(f"{module}:{attribute or 'app'}")
    WSGIApplication("%(prog)s").run()


def waitress(name, number, options):
    import signal

    import waitress

    def end(*ignored):
        raise SystemExit

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that requests wait is what tests want

    signal.signal(signal.SIGTERM, end)  # else it dies with requests under way
    waitress.serve(application(name), sockets=[socket.socket(fileno=number)], **{"threads": 16, **options})


def wsgiref(name, number, options):
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

    class Quiet(WSGIRequestHandler):
        def log_message(self, *ignored):
            pass

    server = WSGIServer(("127.0.0.1", 0), Quiet, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=number)
    server.server_name, server.server_port = "test", server.socket.getsockname()[1]
    server.setup_environ()
    server.set_app(application(name))
    server.serve_forever()


if __name__ == "__main__":
    kind, name, number, options = sys.argv[1:]
    {f.__name__: f for f in (uvicorn, gunicorn, waitress, wsgiref)}[kind](name, int(number), json.loads(options))

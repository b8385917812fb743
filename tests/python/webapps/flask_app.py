"""Flask: views, a blueprint, functions before and after requests, streams, SQL, and plain WSGI below /raw."""

import asyncio
import hashlib
import time

import mounting
import work
from books import count_books
from flask import Blueprint, Flask, Response, abort, g, jsonify, request, stream_with_context
from plain_app import raw
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from work import call

flask = Flask(__name__)


@flask.before_request
def before():
    g.n = (request.view_args or {}).get("n", 0)
    if request.endpoint == "dependency":
        call(work.dependency_leaf, 2 * g.n)
    if request.path == "/fails/before":
        raise LookupError("before the view")


@flask.after_request
def after(response):
    response.headers["x-app"] = "flask"
    return response


@flask.teardown_request
def teardown(error):
    if request.endpoint == "dependency":
        call(work.cleanup_leaf, 2 * g.n)


@flask.get("/ready")
def ready():
    return Response("ready", mimetype="text/plain")


@flask.get("/plain/<int:n>")
def plain(n):
    return jsonify(plain=call(work.plain_leaf, n))


@flask.get("/waiting/<int:n>")
def waiting(n):
    for _ in range(n):
        work.waiting_leaf()
        time.sleep(0.001)
    return jsonify(waiting=n)


@flask.get("/coroutine/<int:n>")
async def coroutine(n):
    call(work.waiting_leaf, n)
    await asyncio.sleep(0.001)
    return jsonify(coroutine=call(work.waiting_leaf, n))


@flask.get("/thread/<int:n>")
def thread(n):
    time.sleep(0.002)
    return jsonify(thread=call(work.thread_leaf, n))


@flask.get("/dependency/<int:n>")
def dependency(n):
    return jsonify(thread=call(work.thread_leaf, n))


@flask.get("/background/<int:n>")
def background(n):
    response = jsonify(background=n)
    response.call_on_close(lambda: call(work.background_leaf, 2 * n))
    return response


@flask.get("/stream-thread/<int:n>")
def stream(n):
    def chunks():
        for i in range(n):
            work.stream_leaf()
            yield b"chunk %d\n" % i

    return Response(stream_with_context(chunks()), mimetype="text/plain")


@flask.post("/body/<int:n>")
def body(n):
    digest = hashlib.sha256()
    while part := request.stream.read(1000):
        digest.update(part)
    return jsonify(body=digest.hexdigest(), calls=call(work.body_leaf, n))


@flask.get("/query/<int:n>")
def query(n):
    call(work.query_leaf, n)
    return jsonify(query=count_books(n))


def failing_chunks():
    yield b"a chunk"
    raise LookupError("in a stream")


@flask.get("/fails/<where>")
def fails(where):
    if where == "endpoint":
        raise LookupError("in a view")
    if where == "stream":
        return Response(failing_chunks(), mimetype="text/plain")
    if where == "background":
        response = jsonify(fails="later")
        response.call_on_close(lambda: 1 / 0)
        return response
    abort(Response("short and stout", 418, {"x-pot": "tea"}))


blueprint = Blueprint("routed", __name__, url_prefix="/routed")
blueprint.add_url_rule("/plain/<int:n>", view_func=plain, endpoint="plain")
flask.register_blueprint(blueprint)

app = mounting.wsgi(DispatcherMiddleware(flask, {"/raw": raw}))

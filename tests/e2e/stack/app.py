"""A legacy API that lists its keys in full: the three routes of the reference case and what lives beside them.

What starts with /test is for the suite alone: it looks behind the API, and the suite never asks it through last4.
"""

import gzip
import hashlib
import json
import threading
from collections import defaultdict

from flask import Flask, Response, request
from flask_sock import Sock
from werkzeug.exceptions import HTTPException

import keys
import odd

app = Flask(__name__)
sock = Sock(app)
store = keys.Keys()
seen = {}
streams = defaultdict(lambda: {"gate": threading.Semaphore(0), "sent": 0, "received": 0, "closed": False})

CONSOLE = "/console/api"
BLOCK = bytes(range(251)) * 256


# The three lists.


@app.route(f"{CONSOLE}/apps/<uuid:owner>/api-keys", methods=["GET", "POST"])
def app_keys(owner):
    return list_or_create((keys.APP[0], str(owner)), 201)


@app.route(f"{CONSOLE}/datasets/api-keys", methods=["GET", "POST"])
def workspace_keys():
    return list_or_create(keys.WORKSPACE, 200)


@app.route(f"{CONSOLE}/datasets/<uuid:owner>/api-keys", methods=["GET", "POST"])
def dataset_keys(owner):
    return list_or_create((keys.DATASET[0], str(owner)), 201)


@app.delete(f"{CONSOLE}/apps/<uuid:owner>/api-keys/<uuid:key>")
def app_key(owner, key):
    return delete((keys.APP[0], str(owner)), key)


@app.delete(f"{CONSOLE}/datasets/api-keys/<uuid:key>")
def workspace_key(key):
    return delete(keys.WORKSPACE, key)


@app.delete(f"{CONSOLE}/datasets/<uuid:owner>/api-keys/<uuid:key>")
def dataset_key(owner, key):
    return delete((keys.DATASET[0], str(owner)), key)


def list_or_create(owner, created):
    seen["headers"] = [list(field) for field in request.headers]
    how = request.args.get("as")
    if request.method == "POST":
        key = store.create(owner)
        if how:
            answer = odd.answer(how, {"data": [key]})
            answer.status_code = created if answer.status_code == 200 else answer.status_code
            return answer
        return Response(json.dumps(key) + "\n", status=created, content_type="application/json")
    document = {"data": store.list(owner)}
    return odd.answer(how, document) if how else cacheable(json.dumps(document).encode() + b"\n")


def delete(owner, key):
    store.delete(owner, str(key))
    return Response(status=204)


def cacheable(body):
    """The list with everything that lets caches and clients hold on to it, or ask for a part of it."""
    response = Response(body, content_type="application/json")
    if "gzip" in request.accept_encodings:
        response.data = gzip.compress(body, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Last-Modified"] = "Tue, 02 Jan 2024 03:04:05 GMT"
    response.headers["Cache-Control"] = "private, max-age=60"
    response.headers["Content-Digest"] = "sha-256=:" + "A" * 43 + "=:"
    response.set_etag(hashlib.sha256(response.data).hexdigest()[:16])
    return response.make_conditional(request, accept_ranges=True, complete_length=len(response.data))


@app.errorhandler(HTTPException)
def http_error(error):
    response = error.get_response()
    code = error.name.lower().replace(" ", "_")
    response.data = json.dumps({"code": code, "message": error.description, "status": error.code}) + "\n"
    response.content_type = "application/json"
    return response


@app.errorhandler(keys.UnknownOwner)
@app.errorhandler(keys.UnknownKey)
def not_found(_error):
    return {"code": "not_found", "message": "API key not found", "status": 404}, 404


@app.errorhandler(keys.TooMany)
def too_many(_error):
    message = f"Cannot create more than {keys.MAX_KEYS} API keys for this resource type."
    return {"code": "max_keys_exceeded", "message": message, "status": 400}, 400


@app.after_request
def like_the_console(response):
    if request.path.startswith(CONSOLE):
        response.headers.add("Set-Cookie", "session=abc; Path=/; HttpOnly")
        response.headers.add("Set-Cookie", "csrf_token=def; Path=/")
        if origin := request.headers.get("Origin"):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
    return response


# What lives beside the lists.


@app.get(f"{CONSOLE}/ping")
def ping():
    return {"result": "pong"}


@app.get(f"{CONSOLE}/apps/<uuid:_owner>/chat-messages/stream")
def chat(_owner):
    """Server-sent events, each sent only after the suite has let it go: order instead of timing."""
    stream = streams[request.args["id"]]
    count = int(request.args.get("n", 5))

    def events():
        try:
            for number in range(1, count + 1):
                if not stream["gate"].acquire(timeout=20):
                    return
                stream["sent"] = number
                yield f'data: {{"event": "message", "answer": "word {number}"}}\n\n'
        finally:
            stream["closed"] = True

    return Response(events(), content_type="text/event-stream", headers={"Cache-Control": "no-cache"})


@app.post(f"{CONSOLE}/files/upload")
def upload():
    stream = streams[request.args.get("id", "unnamed upload")]
    digest, size = hashlib.sha256(), 0
    while piece := request.stream.read(64 * 1024):
        digest.update(piece)
        size += len(piece)
        stream["received"] = size
    return {"size": size, "sha256": digest.hexdigest()}, 201


@app.get(f"{CONSOLE}/files/<int:size>/download")
def download(size):
    def pieces():
        left = size
        while left > 0:
            yield BLOCK[:left]
            left -= len(BLOCK)

    response = Response(pieces(), content_type="application/octet-stream")
    if "chunked" not in request.args:
        response.headers["Content-Length"] = str(size)
    return response


@sock.route("/ws/echo")
def echo_messages(socket):
    while True:
        socket.send(socket.receive())


def echo(environ, start_response):
    """What the server got, below Flask, which would refuse odd methods and tidy odd paths."""
    body, length = environ["wsgi.input"], 0
    while piece := body.read(64 * 1024):
        length += len(piece)
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    answer = {"method": environ["REQUEST_METHOD"], "target": environ["RAW_URI"], "headers": headers, "length": length}
    start_response("200 OK", [("Content-Type", "application/json"), ("X-Echo", "one"), ("X-Echo", "two")])
    return [json.dumps(answer).encode()]


# Behind the API, for the suite.


@app.post("/test/reset")
def reset():
    store.reset()
    return {"app": keys.APP_ID, "dataset": keys.DATASET_ID}


@app.get("/test/seen")
def last_list_request():
    """The headers that the last request to a list arrived with."""
    return seen


@app.get("/test/streams/<name>")
def progress(name):
    stream = streams[name]
    return {field: stream[field] for field in ("sent", "received", "closed")}


@app.post("/test/streams/<name>/go")
def let_one_event_go(name):
    streams[name]["gate"].release()
    return {}


flask_wsgi = app.wsgi_app
app.wsgi_app = lambda environ, start: (echo if environ["RAW_URI"].startswith("/echo") else flask_wsgi)(environ, start)

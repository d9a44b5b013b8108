"""The lists in Flask, with the conditions, ranges and codings that a client may ask for."""

import gzip
import json
import os
import secrets
import uuid

from flask import Flask, Response, request

app = Flask(__name__)
with open(os.environ["KEYS_FILE"]) as keys:
    LISTS = json.load(keys)


@app.route("/console/api/apps/<uuid:_owner>/api-keys", methods=["GET", "POST"])
def app_keys(_owner):
    return list_or_create("app", 201)


@app.route("/console/api/datasets/api-keys", methods=["GET", "POST"])
def workspace_keys():
    return list_or_create("dataset", 200)


@app.route("/console/api/datasets/<uuid:_owner>/api-keys", methods=["GET", "POST"])
def dataset_keys(_owner):
    return list_or_create("ds", 201)


@app.route("/v1/apps/<int:_owner>/keys", methods=["GET", "POST"])
@app.route("/v2/apps/<int:_owner>/keys", methods=["GET", "POST"])
def numbered_keys(_owner):
    return list_or_create("app", 201)


@app.post("/")
def only_address():
    """All at one address, as Kea's control agent answers."""
    return Response(LISTS["app"], content_type="application/json")


@app.delete("/console/api/apps/<uuid:_owner>/api-keys/<uuid:_key>")
@app.delete("/console/api/datasets/<uuid:_owner>/api-keys/<uuid:_key>")
@app.delete("/console/api/datasets/api-keys/<uuid:_key>")
def delete(_key, _owner=None):
    return Response(status=204)


def list_or_create(kind, created):
    if request.method == "POST":
        # Nothing is kept, so that the lists stay the same.
        token = f"{kind}-{secrets.token_hex(12)}"
        return {"id": str(uuid.uuid4()), "type": kind, "token": token, "last_used_at": None}, created
    body = LISTS[kind].encode()
    response = Response(body, content_type="application/json")
    if "gzip" in request.accept_encodings:
        response.data = gzip.compress(body, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Last-Modified"] = "Tue, 02 Jan 2024 03:04:05 GMT"
    response.set_etag("x")
    return response.make_conditional(request, accept_ranges=True, complete_length=len(response.data))


@app.route("/health", methods=["GET", "POST"])
def health():
    return {"ok": True}


@app.route("/v1/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def echo():
    query = request.query_string.decode("latin-1")
    return {"method": request.method, "query": query, "length": len(request.get_data()), "x": request.headers.get("X-Test")}


@app.get("/console/api/apps")
def apps():
    return {"data": [{"id": "1", "name": "one", "token_count": 3}]}


@app.get("/sse")
def events():
    return Response((f"data: {number}\n\n" for number in range(3)), content_type="text/event-stream")

"""The lists in CherryPy, by its default dispatcher, which takes any punctuation in a segment for the `_` of a Python name."""

import json
import os
import secrets
import uuid

import cherrypy

with open(os.environ["KEYS_FILE"]) as keys:
    LISTS = json.load(keys)


def answer(document, status=200):
    cherrypy.response.status = status
    # The server leaves the trailers of a body on the connection, and would take them for the next request.
    if "Transfer-Encoding" in cherrypy.request.headers:
        cherrypy.response.headers["Connection"] = "close"
    cherrypy.response.headers["Content-Type"] = "application/json"
    return (document if isinstance(document, str) else json.dumps(document)).encode()


class Keys:
    """One list. What stands behind it in the path is a key's id."""

    def __init__(self, kind, created):
        self.kind, self.created = kind, created

    @cherrypy.expose
    def index(self, **_parameters):
        if cherrypy.request.method == "POST":
            token = f"{self.kind}-{secrets.token_hex(12)}"
            return answer({"id": str(uuid.uuid4()), "type": self.kind, "token": token, "last_used_at": None}, self.created)
        return answer(LISTS[self.kind])

    @cherrypy.expose
    def default(self, _key, **_parameters):
        if cherrypy.request.method != "DELETE":
            raise cherrypy.NotFound()
        cherrypy.response.status = 204
        return b""


class Owner:
    def __init__(self, kind):
        self.api_keys = Keys(kind, 201)


class Owners:
    """Takes the id of an owner off the path."""

    def __init__(self, kind):
        self.kind = kind

    def _cp_dispatch(self, vpath):
        vpath.pop(0)
        return Owner(self.kind)


class Datasets(Owners):
    api_keys = Keys("dataset", 200)


class Root:
    def __init__(self):
        self.console = Folder(api=Folder(apps=Owners("app"), datasets=Datasets("ds")))
        self.v1 = Folder(echo=Echo())

    @cherrypy.expose
    def health(self, **_parameters):
        return answer({"ok": True})

    @cherrypy.expose
    def sse(self):
        cherrypy.response.headers["Content-Type"] = "text/event-stream"
        return [f"data: {number}\n\n".encode() for number in range(3)]


class Folder:
    def __init__(self, **members):
        vars(self).update(members)


class Echo:
    # The body is left for the handler to read.
    _cp_config = {"request.process_request_body": False}

    @cherrypy.expose
    def index(self, **_parameters):
        request = cherrypy.request
        length = len(request.rfile.read()) if request.headers.keys() & {"Content-Length", "Transfer-Encoding"} else 0
        return answer({"method": request.method, "query": request.query_string, "length": length, "x": request.headers.get("X-Test")})


if __name__ == "__main__":
    cherrypy.config.update({"server.socket_host": "127.0.0.1", "server.socket_port": int(os.environ["PORT"]), "environment": "production"})
    cherrypy.quickstart(Root(), "/", {"/": {"tools.trailing_slash.on": False}})

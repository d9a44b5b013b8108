"""The lists in Pyramid, by its traverser, behind a middleware that believes what a proxy says of the path."""

import json
import os
import secrets
import uuid

from pyramid.config import Configurator
from pyramid.response import Response

with open(os.environ["KEYS_FILE"]) as keys:
    LISTS = json.load(keys)


class Folder(dict):
    """A resource with members by name."""


class Owners(Folder):
    """Its other members are owners of lists."""

    def __init__(self, kind, **members):
        super().__init__(members)
        self.kind = kind

    def __missing__(self, _owner):
        return Folder({"api-keys": Keys(self.kind, 201)})


class Keys:
    def __init__(self, kind, created):
        self.kind, self.created = kind, created

    def __getitem__(self, name):
        if len(name) < 36:  # Then it is the name of a view.
            raise KeyError(name)
        return Key()


class Key:
    pass


class Named(str):
    """A resource that is a name alone."""


ROOT = Folder(
    console=Folder(api=Folder(apps=Owners("app"), datasets=Owners("ds", **{"api-keys": Keys("dataset", 200)}))),
    health=Named("health"),
    v1=Folder(echo=Named("echo")),
    sse=Named("sse"),
)


def answer(document, status=200):
    text = document if isinstance(document, str) else json.dumps(document)
    return Response(text, status=status, content_type="application/json", charset="utf-8")


def keys_view(keys, request):
    if request.method == "POST":
        token = f"{keys.kind}-{secrets.token_hex(12)}"
        return answer({"id": str(uuid.uuid4()), "type": keys.kind, "token": token, "last_used_at": None}, keys.created)
    return answer(LISTS[keys.kind])


def delete(_key, _request):
    return Response(status=204)


def named(name, request):
    if name == "sse":
        events = (f"data: {number}\n\n".encode() for number in range(3))
        return Response(app_iter=events, content_type="text/event-stream")
    if name == "health":
        return answer({"ok": True})
    return answer({"method": request.method, "query": request.query_string, "length": len(request.body), "x": request.headers.get("X-Test")})


class Behind:
    """Sets the path as the middlewares do that stand behind a proxy: WSGIProxy's, and Plack's ReverseProxyPath in Perl."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        script, path = environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", "")
        # The destination's part of the path that the client's own has not.
        if traversed := environ.get("HTTP_X_TRAVERSAL_PATH", "").rstrip("/"):
            path = path.removeprefix(traversed)
        script = environ.get("HTTP_X_FORWARDED_SCRIPT_NAME", script)
        script = environ.get("HTTP_X_WSGIPROXY_SCRIPT_NAME", script)
        path = environ.get("HTTP_X_WSGIPROXY_PATH_INFO", path)
        # As in Plack: what of the script's name stands before the path is not the path's.
        if script and path.startswith(script):
            path = path[len(script):]
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = script, path or "/"
        return self.application(environ, start_response)


with Configurator(root_factory=lambda _request: ROOT) as config:
    config.add_view(keys_view, context=Keys)
    config.add_view(delete, context=Key, request_method="DELETE")
    config.add_view(named, context=Named)
    app = Behind(config.make_wsgi_app())

"""The lists in Starlette."""

import json
import os
import secrets
import uuid

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

with open(os.environ["KEYS_FILE"]) as keys:
    LISTS = json.load(keys)


def lists(kind, created):
    async def view(request):
        if request.method == "POST":
            key = {"id": str(uuid.uuid4()), "type": kind, "token": f"{kind}-{secrets.token_hex(12)}", "last_used_at": None}
            return JSONResponse(key, created)
        return Response(LISTS[kind], media_type="application/json")

    return view


async def delete(_request):
    return Response(status_code=204)


async def health(_request):
    return JSONResponse({"ok": True})


async def echo(request):
    body = await request.body()
    return JSONResponse({"method": request.method, "query": request.url.query, "length": len(body), "x": request.headers.get("x-test")})


async def events(_request):
    return StreamingResponse((f"data: {number}\n\n" for number in range(3)), media_type="text/event-stream")


METHODS = ["GET", "POST"]
CONSOLE = "/console/api"
app = Starlette(
    routes=[
        Route(CONSOLE + "/apps/{owner:uuid}/api-keys", lists("app", 201), methods=METHODS),
        Route(CONSOLE + "/datasets/api-keys", lists("dataset", 200), methods=METHODS),
        Route(CONSOLE + "/datasets/{owner:uuid}/api-keys", lists("ds", 201), methods=METHODS),
        Route(CONSOLE + "/apps/{owner:uuid}/api-keys/{key:uuid}", delete, methods=["DELETE"]),
        Route(CONSOLE + "/datasets/api-keys/{key:uuid}", delete, methods=["DELETE"]),
        Route(CONSOLE + "/datasets/{owner:uuid}/api-keys/{key:uuid}", delete, methods=["DELETE"]),
        Route("/health", health, methods=METHODS),
        Route("/v1/echo", echo, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        Route("/sse", events),
    ],
    middleware=[Middleware(GZipMiddleware, minimum_size=100)],
)

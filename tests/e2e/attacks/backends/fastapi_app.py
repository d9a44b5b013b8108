"""The lists in FastAPI, and one whose owners are numbers, as it reads them."""

import json
import os
import secrets
import uuid

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

with open(os.environ["KEYS_FILE"]) as keys:
    LISTS = json.load(keys)

app = FastAPI(openapi_url=None)
METHODS = ["GET", "POST"]


def list_or_create(request, kind, created):
    if request.method == "POST":
        key = {"id": str(uuid.uuid4()), "type": kind, "token": f"{kind}-{secrets.token_hex(12)}", "last_used_at": None}
        return JSONResponse(key, created)
    return Response(LISTS[kind], media_type="application/json")


@app.api_route("/console/api/apps/{owner}/api-keys", methods=METHODS)
def app_keys(owner: uuid.UUID, request: Request):
    return list_or_create(request, "app", 201)


@app.api_route("/console/api/datasets/api-keys", methods=METHODS)
def workspace_keys(request: Request):
    return list_or_create(request, "dataset", 200)


@app.api_route("/console/api/datasets/{owner}/api-keys", methods=METHODS)
def dataset_keys(owner: uuid.UUID, request: Request):
    return list_or_create(request, "ds", 201)


@app.api_route("/v1/apps/{owner}/keys", methods=METHODS)
@app.api_route("/v2/apps/{owner}/keys", methods=METHODS)
def numbered_keys(owner: int, request: Request):
    return list_or_create(request, "app", 201)


@app.delete("/console/api/apps/{_owner}/api-keys/{_key}")
@app.delete("/console/api/datasets/api-keys/{_key}")
@app.delete("/console/api/datasets/{_owner}/api-keys/{_key}")
def delete():
    return Response(status_code=204)


@app.api_route("/health", methods=METHODS)
def health():
    return {"ok": True}


@app.api_route("/v1/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def echo(request: Request):
    body = await request.body()
    return {"method": request.method, "query": request.url.query, "length": len(body), "x": request.headers.get("x-test")}


@app.get("/sse")
def events():
    return StreamingResponse((f"data: {number}\n\n" for number in range(3)), media_type="text/event-stream")

"""The lists in Django."""

import json
import os
import secrets
import uuid

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

with open(os.environ["KEYS_FILE"]) as keys:
    LISTS = json.load(keys)

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_hex(),
    MIDDLEWARE=["django.middleware.gzip.GZipMiddleware", "django.middleware.http.ConditionalGetMiddleware", "django.middleware.common.CommonMiddleware"],
)
django.setup()


def lists(kind, created):
    @csrf_exempt
    def view(request, **_owner):
        if request.method == "POST":
            key = {"id": str(uuid.uuid4()), "type": kind, "token": f"{kind}-{secrets.token_hex(12)}", "last_used_at": None}
            return JsonResponse(key, status=created)
        if request.method in ("GET", "HEAD"):
            return HttpResponse(LISTS[kind], content_type="application/json")
        return JsonResponse({"code": "method_not_allowed"}, status=405)

    return view


@csrf_exempt
def key(_request, **_ids):
    return HttpResponse(status=204)


@csrf_exempt
def health(_request):
    return JsonResponse({"ok": True})


@csrf_exempt
def echo(request):
    query = request.META["QUERY_STRING"]
    return JsonResponse({"method": request.method, "query": query, "length": len(request.body), "x": request.headers.get("X-Test")})


def events(_request):
    return StreamingHttpResponse((f"data: {number}\n\n" for number in range(3)), content_type="text/event-stream")


urlpatterns = [
    path("console/api/apps/<uuid:owner>/api-keys", lists("app", 201)),
    path("console/api/datasets/api-keys", lists("dataset", 200)),
    path("console/api/datasets/<uuid:owner>/api-keys", lists("ds", 201)),
    path("console/api/apps/<uuid:owner>/api-keys/<uuid:key>", key),
    path("console/api/datasets/api-keys/<uuid:key>", key),
    path("console/api/datasets/<uuid:owner>/api-keys/<uuid:key>", key),
    path("health", health),
    path("v1/echo", echo),
    path("sse", events),
]
app = get_wsgi_application()

"""What the cases of the kinds have in common.

A kind is one mistake that a proxy can make. Its members are the spellings that the sources of real servers and frameworks know, and each
names in `why` who reads it so.
"""

APP = "7f3c1a52-9d1e-4b6a-8c2f-0a1b2c3d4e5f"
LIST = f"/console/api/apps/{APP}/api-keys"
LISTS = {"app": LIST, "all": "/console/api/datasets/api-keys", "ds": "/console/api/datasets/d2a1f0e3-5c4b-4a69-9788-b6c5d4e3f201/api-keys"}
# Configurations, in configs/.
MORE, EVERY, NOBODY = "more_routes.toml", "every_path.toml", "trusts_nobody.toml"


def case(name, group, target, why, method="GET", headers=(), body=None, expect="no-leak", **more):
    made = {"id": f"{group}-{name}", "group": group, "expect": expect, "method": method, "target": target, "version": "HTTP/1.1"}
    made["headers"] = [list(field) for field in headers]
    return made | ({"body": body} if body is not None else {}) | more | {"why": why}


def over_http2(name, group, why, path, more=(), method="GET", expect="no-leak", authority="127.0.0.1", **rest):
    """The same over HTTP/2; `authority` may be None."""
    fields = [[":method", method], [":scheme", "http"], *([[":authority", authority]] if authority is not None else []), [":path", path]]
    fields += [list(field) for field in more]
    return {"id": f"{group}-http2-{name}", "group": group, "expect": expect, "version": "HTTP/2", "fields": fields} | rest | {"why": why}

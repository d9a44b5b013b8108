"""Requests over HTTP/2: what only its fields can say, and the tricks of paths and headers in its clothes."""

APP = "7f3c1a52-9d1e-4b6a-8c2f-0a1b2c3d4e5f"
LIST = f"/console/api/apps/{APP}/api-keys"
LISTS = [LIST, "/console/api/datasets/api-keys", "/console/api/datasets/d2a1f0e3-5c4b-4a69-9788-b6c5d4e3f201/api-keys"]


def all_cases(paths, rerouting, overrides):
    """`paths` are spellings of a list's path by name; the rest are names of fields."""
    yield from legitimate()
    yield from targets(paths)
    yield from authorities()
    yield from malformed()
    yield from methods(overrides)
    yield from headers(rerouting)
    yield from bodies()


def case(name, expect, path=LIST, more=(), method="GET", without=(), **rest):
    fields = [[":method", method], [":scheme", "http"], [":authority", "127.0.0.1"], [":path", path]]
    fields = [field for field in fields if field[0] not in without] + [list(field) for field in more]
    return {"id": f"http2-{name}", "group": "http2", "expect": expect, "version": "HTTP/2", "fields": fields} | rest


def legitimate():
    for number, path in enumerate(LISTS):
        yield case(f"list-{number}", "masked", path)
        yield case(f"list-query-{number}", "masked", f"{path}?page=1&q=%2F")
        yield case(f"head-{number}", "pass", path, method="HEAD")
        yield case(f"create-{number}", "pass", path, [("content-type", "application/json")], "POST", body="{}")
        yield case(f"create-empty-{number}", "pass", path, [("content-length", "0")], "POST", body="")
        yield case(f"delete-{number}", "pass", f"{path}/0b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8", method="DELETE")
    for number, fields in enumerate([
        [("accept-encoding", "gzip, deflate, br, zstd")], [("accept-encoding", "identity")], [("te", "trailers")],
        [("cookie", "a=1"), ("cookie", "b=2"), ("authorization", "Bearer x")], [("origin", "http://console.example")],
        [("range", "bytes=0-20")], [("range", "bytes=60-120"), ("if-range", '"x"')], [("if-none-match", "*")],
        [("if-modified-since", "Tue, 02 Jan 2024 03:04:05 GMT")], [(f"x-h{number}", "v") for number in range(60)],
    ]):
        yield case(f"fields-{number}", "masked", more=fields)
    yield case("continued", "masked", pieces_of=40)
    # As many frames as in a flood of them, which ends the connection.
    yield case("continued-bytewise", "no-leak", pieces_of=1)
    yield case("elsewhere", "pass", "/health")
    yield case("elsewhere-unknown", "pass", "/nope")
    yield case("echo", "pass", "/v1/echo?a=1&a=2", [("x-test", "one"), ("content-length", "3")], "POST", body="x=1")
    yield case("echo-no-length", "pass", "/v1/echo", [("x-test", "one")], "PUT", body="a" * 5000)


def targets(paths):
    for name, path in paths:
        yield case(f"path-{name}", "no-leak", path)
    for name, path in {
        "absolute": f"http://127.0.0.1{LIST}", "absolute-https": f"https://127.0.0.1{LIST}", "absolute-upper": f"HTTP://127.0.0.1{LIST}",
        "absolute-other": f"ftp://x{LIST}", "network": f"//127.0.0.1{LIST}", "three-slashes": f"//{LIST}", "no-slash": LIST[1:],
        "backslashes": LIST.replace("/", "\\"), "first-backslash": "\\" + LIST[1:], "star": "*", "star-list": f"*{LIST}", "query-only": f"?{LIST}",
        "fragment": f"{LIST}#x", "fragment-first": f"#{LIST}", "high": f"{LIST}\xff", "utf-8": f"{LIST}\xc3\xa9", "authority-form": "127.0.0.1:80",
    }.items():
        yield case(f"target-{name}", "no-leak", path)
        yield case(f"target-{name}-options", "no-leak", path, method="OPTIONS")
    for name, path in {
        "empty": "", "space": f"{LIST} ", "space-first": f" {LIST}", "tab": f"{LIST}\t", "nul": f"{LIST}\0", "del": f"{LIST}\x7f", "lf": f"{LIST}\n",
        "crlf": f"{LIST}\r\nX: y", "version": f"{LIST} HTTP/1.1", "nul-escaped": f"{LIST}%00", "bad-escape": f"{LIST}%zz",
        "smuggled": f"/health HTTP/1.1\r\nHost: a\r\n\r\nGET {LIST}", "smuggled-query": f"/health?x HTTP/1.1\r\nHost: a\r\n\r\nGET {LIST}",
    }.items():
        yield case(f"target-{name}", "refused", path)


def authorities():
    no_authority = (":authority",)
    yield case("host-alone", "masked", more=[("host", "127.0.0.1")], without=no_authority)
    yield case("host-same", "masked", more=[("host", "127.0.0.1")])
    yield case("host-other", "no-leak", more=[("host", "other.example")])
    yield case("host-path", "no-leak", "/health", [("host", f"127.0.0.1{LIST}")])
    yield case("host-none", "refused", without=no_authority)
    yield case("host-two", "refused", more=[("host", "a"), ("host", "b")])
    yield case("host-two-alone", "refused", more=[("host", "a"), ("host", "a")], without=no_authority)
    for name, value in {"empty": "", "user": "u:p@127.0.0.1", "path": f"127.0.0.1{LIST}", "space": "a b", "port": "a:99999", "query": "a?b", "nul": "a\0", "crlf": "a\r\nX: y",
                        "slash": "/", "scheme": "http://a", "brackets": "[::1]", "comma": "a,b", "high": "\xff"}.items():
        yield case(f"authority-{name}", "no-leak", more=[(":authority", value)], without=no_authority)
        yield case(f"authority-{name}-elsewhere", "no-leak", "/health", [(":authority", value)], without=no_authority)
    for name, value in {"https": "https", "upper": "HTTP", "ftp": "ftp", "empty": "", "colon": "http:", "script": "javascript", "space": "ht tp", "crlf": "http\r\nX: y",
                        "url": "http://127.0.0.1/x?", "websocket": "ws"}.items():
        yield case(f"scheme-{name}", "no-leak", more=[(":scheme", value)], without=(":scheme",))


def malformed():
    """RFC 9113 8.1.1 and 8.2: a malformed request is refused."""
    for name, value in {":method": "POST", ":path": "/health", ":scheme": "https", ":authority": "b"}.items():
        same = dict(case("", "")["fields"])[name]
        yield case(f"twice{name[1:]}", "refused", more=[(name, value)])
        yield case(f"twice-same-{name[1:]}", "refused", more=[(name, same)])
        yield case(f"late-{name[1:]}", "refused", more=[("x-a", "1"), (name, same)], without=(name,))
    yield case("health-twice", "refused", "/health", [(":path", LIST)])
    for name in (":method", ":path", ":scheme"):
        yield case(f"without-{name[1:]}", "refused", without=(name,))
    for name in (":status", ":protocol", ":foo", ":", ":Path", "::path"):
        yield case(f"pseudo{name.replace(':', '-')}", "refused", more=[(name, LIST)])
    for name in ("X-Upper", "Host", "x-Mixed", "X-Original-URL", "Content-Length"):
        yield case(f"upper-{name}", "refused", more=[(name, "0")])
    for name, value in [("connection", "close"), ("connection", "keep-alive, x-a"), ("connection", "upgrade"), ("keep-alive", "timeout=5"), ("proxy-connection", "close"),
                        ("transfer-encoding", "chunked"), ("transfer-encoding", "identity"), ("transfer-encoding", "gzip, chunked"), ("upgrade", "websocket"), ("upgrade", "h2c"),
                        ("te", "gzip"), ("te", "trailers, gzip"), ("te", "chunked")]:
        yield case(f"of-connection-{name}-{value.replace(', ', '-').replace('/', '-')}", "refused", more=[(name, value)])
        yield case(f"of-connection-{name}-{value.replace(', ', '-').replace('/', '-')}-elsewhere", "refused", "/health", [(name, value)], "POST", body=f"0\r\n\r\nGET {LIST} HTTP/1.1\r\nHost: a\r\n\r\n")
    for name, text in {"cr": "a\rb", "lf": "a\nb", "crlf": "a\r\nX-Original-URL: /", "nul": "a\0b", "smuggled": f"a\r\n\r\nGET {LIST} HTTP/1.1\r\nHost: a\r\n\r\n"}.items():
        yield case(f"value-{name}", "refused", more=[("x-a", text)])
        yield case(f"value-{name}-elsewhere", "refused", "/health", [("x-a", text)])
        yield case(f"name-{name}", "refused", "/health", [(f"x{text}", "1")])
    for name in ("", " x-a", "x-a ", "x:a", "x a", "x\x7f", "x\xff"):
        yield case(f"name-{name.encode('latin-1').hex() or 'empty'}", "refused", more=[(name, "1")])


def methods(overrides):
    for method in ("get", "Get", "post", "Post", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "PROPFIND", "GET1", "PRI", "X" * 300):
        yield case(f"method-{method[:20]}", "no-leak", method=method)
    for name, method in {"empty": "", "space": "GET ", "nul": "GET\0", "line": f"GET {LIST} HTTP/1.1\r\nHost: a\r\n\r\nGET", "target": f"GET {LIST}", "high": "G\xc9T"}.items():
        yield case(f"method-{name}", "refused", "/health", method=method)
    for name, more in {"connect": [], "connect-list": [(":path", LIST), (":scheme", "http")], "extended": [(":path", LIST), (":scheme", "http"), (":protocol", "websocket")],
                       "extended-elsewhere": [(":path", "/health"), (":scheme", "http"), (":protocol", "websocket")],
                       "extended-connect-udp": [(":path", LIST), (":scheme", "http"), (":protocol", "connect-udp")]}.items():
        fields = [[":method", "CONNECT"], [":authority", "127.0.0.1:80"], *map(list, more)]
        yield case(name, "no-tunnel") | {"fields": fields, "body": f"GET {LIST} HTTP/1.1\r\nHost: a\r\n\r\n"}
    for name in overrides:
        yield case(f"override-{name}", "no-leak", LIST, [(name.lower(), "GET")], "POST", body="{}")
        yield case(f"override-{name}-underscore", "no-leak", LIST, [(name.lower().replace("-", "_"), "GET")], "POST", body="{}")
    yield case("override-query", "no-leak", f"{LIST}?_method=GET", method="POST", body="{}")


def headers(rerouting):
    for name in rerouting:
        yield case(f"to-{name}", "no-leak", "/health", [(name.lower(), LIST)])
        yield case(f"to-{name}-underscore", "no-leak", "/health", [(name.lower().replace("-", "_"), LIST)])
    yield case("script-name", "no-leak", f"/p{LIST}", [("script_name", "/p")])
    yield case("script-name-twice", "no-leak", f"/p{LIST}", [("script_name", "/"), ("script-name", "/p")])
    for name, value in [("content_length", "5"), ("transfer_encoding", "chunked"), ("content_encoding", "gzip"), ("http2-settings", "AAMAAABkAAQAAP__"), ("expect", "100-continue"),
                        ("accept-encoding", "x" * 3000), ("accept", "text/csv"), ("accept-charset", "utf-16"), ("range", "bytes=0-9,20-30"), ("if-match", "*"),
                        ("if_none_match", "*"), ("x-a", "\xff\xfe"), ("x-a", "v" * 30000), ("cookie", "a=1; b=\xff"), ("priority", "u=0, i"), ("a-im", "feed")]:
        yield case(f"field-{name}-{len(value)}", "no-leak", more=[(name, value)])


def bodies():
    smuggled = f"GET {LIST} HTTP/1.1\r\nHost: a\r\n\r\n"
    for length in ("0", "1", "5", "99999", "-1", "+2", "2, 2", "0x2", "", "18446744073709551616"):
        yield case(f"length-{length.replace(', ', '-')}-of-2", "no-leak", "/v1/echo", [("content-length", length)], "POST", body="{}")
        yield case(f"length-{length.replace(', ', '-')}-of-request", "no-leak", "/v1/echo", [("content-length", length)], "POST", body=smuggled)
        yield case(f"length-{length.replace(', ', '-')}-of-none", "no-leak", LIST, [("content-length", length)])
    yield case("lengths", "refused", "/v1/echo", [("content-length", "2"), ("content-length", "3")], "POST", body="{}")
    yield case("get-with-body", "no-leak", body=smuggled)
    for name, trailers in {"plain": [("x-a", "1")], "rerouting": [("x-original-url", LIST), ("script_name", "/p")], "length": [("content-length", "0")], "override": [("x-http-method-override", "GET")],
                           "host": [("host", "b")], "coding": [("transfer-encoding", "chunked")]}.items():
        yield case(f"trailers-{name}", "no-leak", LIST, method="POST", body="{}", trailers=[list(field) for field in trailers])
        yield case(f"trailers-{name}-elsewhere", "no-leak", "/v1/echo", method="POST", body="{}", trailers=[list(field) for field in trailers])
    for name, trailers in {"path": [(":path", LIST)], "method": [(":method", "GET")], "upper": [("X-A", "1")], "crlf": [("x-a", "1\r\nX: y")]}.items():
        yield case(f"trailers-{name}", "no-leak", "/v1/echo", method="POST", body="{}", trailers=[list(field) for field in trailers])
    yield case("trailers-alone", "no-leak", trailers=[["x-a", "1"]])

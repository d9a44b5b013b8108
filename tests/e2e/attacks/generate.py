"""Writes the cases that are made by rule rather than found one by one. Run it after a change here, and commit what it writes.

The rules are habits of servers (what they decode, drop, merge or believe); the cases are those habits at every place of the
three list routes, and two or three of them at once. The same rules give the same files.
"""

import json
import pathlib
import random

import answer_cases
import answer_kinds
import field_cases
import http2_cases
import target_cases

CASES = pathlib.Path(__file__).parent / "cases"
APP, DATASET = "7f3c1a52-9d1e-4b6a-8c2f-0a1b2c3d4e5f", "d2a1f0e3-5c4b-4a69-9788-b6c5d4e3f201"
LISTS = {
    "app": f"/console/api/apps/{APP}/api-keys",
    "all": "/console/api/datasets/api-keys",
    "ds": f"/console/api/datasets/{DATASET}/api-keys",
}
APP_LIST = LISTS["app"]


def main():
    write("requests-paths.jsonl", paths())
    write("requests-combinations.jsonl", combinations())
    write("requests-headers.jsonl", headers())
    write("requests-framing.jsonl", framing())
    write("requests-legitimate.jsonl", legitimate())
    write("requests-http2.jsonl", http2_cases.all_cases(http2_paths(), REROUTING, OVERRIDES))
    write("requests-kinds.jsonl", [*target_cases.all_cases(), *field_cases.all_cases()])
    write("answers.jsonl", [*answer_cases.all_cases(), *answer_kinds.all_cases()])


def write(name, cases):
    cases = list(cases)
    (CASES / name).write_text("".join(json.dumps(case) + "\n" for case in cases))
    print(name, len(cases))


def request(name, group, target, method="GET", headers=(), body=None, expect="no-leak", version="HTTP/1.1"):
    case = {"id": name, "group": group, "expect": expect, "method": method, "target": target, "version": version}
    case["headers"] = [list(field) for field in headers]
    return case | ({"body": body} if body is not None else {})


# Paths.


def percent(text, form="%{:02x}"):
    return "".join(form.format(ord(char)) for char in text)


def replaced(path, at, text):
    return path[:at] + text + path[at + 1 :]


def slashes_in(path):
    return [at for at, char in enumerate(path) if char == "/"]


def starts_of_segments(path):
    return [at + 1 for at in slashes_in(path)]


# Each trick gives the spellings of one path by (name, spelling).

INSERTED = {
    "slash": "/",
    "dot": "./",
    "dot-2e": "%2e/",
    "dot-semi": ".;/",
    "up": "x/../",
    "up-2e": "x/%2e%2e/",
    "up-half": "x/.%2E/",
    "up-semi": "x/..;/",
    "up-semi-param": "x/..;a=b/",
    "up-2f": "x%2f..%2f",
    "up-2f-all": "x%2F%2e%2e%2F",
    "up-twice": "x/y/../../",
    "up-backslash": "x\\..\\",
    "up-5c": "x%5c..%5c",
    "up-252e": "x/%252e%252e/",
    "empty-param": ";/",
    "param": ";a=b/",
    "2f": "%2f",
}
SLASH_AS = {"2f": "%2f", "2F": "%2F", "5c": "%5c", "5C": "%5C", "backslash": "\\", "252f": "%252f", "25252f": "%25252F",
            "c0af": "%c0%af", "e080af": "%e0%80%af", "u002f": "%u002f", "fullwidth": "%EF%BC%8F", "u2215": "%E2%88%95"}
BEHIND_SEGMENT = {"semi": ";", "param": ";a=b", "session": ";jsessionid=0A1B.node1", "3b": "%3b", "3b-param": "%3Ba=b",
                  "dot": ".", "20": "%20", "09": "%09", "7f": "%7f", "00": "%00", "0a": "%0a", "200b": "%e2%80%8b", "plus": "+"}
SUFFIXES = [".json", ".JSON", ".xml", ".html", ".csv", ".api", ".do", ".action", ".css", ".a1", ".json/", ".json;x=1", ".json.xml",
            ".", "..", "...", "./", "/", "//", "///", "/.", "/./", "/x/..", "/x/../", "/%2e", "/x/%2e%2e", "/..;/api-keys", ";/",
            ";.css", "/;", "/;x", "%20", "%20%20", "%09", "%0a", "%0d", "%0d%0a", "%0d%0aX:%20y", "%0b", "%0c", "%1f", "%7f", "%00",
            "%00.json", "%2500", "%85", "%a0", "%c2%a0", "%e2%80%8b", "%ef%bb%bf", "%2f", "%2F", "%2f.", "%5c", "\\", "%252f", "%3f",
            "%3fx=1", "%23", "%23x", "%26", "#", "#x", "#/../x", "?", "??", "?#", "?x#y", "?_method=GET", "?format=json", "?/../x", "*",
            "~", "!", "'", '"', "|", "^", "`", "{}", "[]", "<>", "$", ",", ":", "@", "&", "=", "+", "%", "%4", "%zz", "%u0020", "%u00",
            "%c0%ae", "%2e", "%2e%2e", "%2e/", "%2ejson", "/?", "/#", "/%20", "%20/", "/%00", "/%0a", "\t", "\x7f", "\xa0", "\xff",
            "/index", "/api-keys/..", "/api-keys/../", "/../api-keys", "/..%2fapi-keys", "/%2e%2e/api-keys", "/./.", "/.//", "/.;/"]
PREFIXES = ["/", "//", "///", "/./", "/../", "/../../", "/x/..", "/%2e%2e", "/.;", "/;", "/;x", "/x/..;", "/%2f", "%2f", "\\", "/\\",
            "%5c", "/%5c", "/%20", "%20", "/%09", "/%00", "//host", "//host:80", "//u@host", "///host", "/\\host", "http://host",
            "http://127.0.0.1", "HTTP://HOST:80", "https://host", "ws://host", "wss://host", "file://", "ftp://host", "http:", "http:/",
            "http://", "http://u:p@host", "http://[::1]", "http://host:99999", "http://%68ost", "foo:", "x", "@host", "/@host/..",
            "//host/..", "http://host/.", "http://host/x/..", "http://host/", "http://host//x/..", "http://host\\", "http:\\\\host",
            "/health/..", "/console/..", "/static/%2e%2e", "/index.php", "/index.php/..", "/x;/..", "/x%2f..", "/x%5c..", "/%252e%252e",
            "/%u002e%u002e", "/..%00", "/~", "/*", "*", "/_", "/p", "/console/api/..%2f..", "/console/api/%2e%2e/.."]


# What becomes ASCII where letter case is ignored by the rules of Unicode.
FOLDED = [("kelvin", "k", "\u212a"), ("long-s", "s", "\u017f"), ("dotted-i", "i", "\u0130"), ("dotless-i", "i", "\u0131")]


def letters(path):
    """Letters and dashes in other spellings: one a segment, each in several ways."""
    for at in starts_of_segments(path):
        one = path[at : at + 1]
        if not (one.isascii() and one.isalnum()):
            continue
        yield f"pct-{at}", replaced(path, at, percent(one))
        yield f"pct-twice-{at}", replaced(path, at, "%25" + percent(one)[1:])
        yield f"pct-u-{at}", replaced(path, at, f"%u00{ord(one):02x}")
        yield f"pct-nested-{at}", replaced(path, at, "%" + percent(percent(one)[1:]))
        yield f"upper-{at}", replaced(path, at, one.upper())
        yield f"overlong-{at}", replaced(path, at, f"%c1%{0x80 | ord(one) & 0x3f:02x}")
        yield f"fullwidth-{at}", replaced(path, at, percent_utf8(chr(ord(one) + 0xFEE0)))
    for name, letter, spelt in FOLDED:
        if letter in path.lower():
            at = path.lower().rindex(letter)
            yield f"{name}", path[:at] + percent_utf8(spelt) + path[at + len(letter) :]
            yield f"{name}-everywhere", path.replace(letter, percent_utf8(spelt))
    yield "pct-all", "/".join(percent(segment) for segment in path.split("/"))
    yield "pct-all-upper", "/".join(percent(segment, "%{:02X}") for segment in path.split("/"))
    yield "pct-all-slashes", "/" + percent(path[1:])
    yield "pct-all-twice", "/" + percent(path[1:], "%25{:02x}")
    yield "pct-dash", path.replace("api-keys", "api%2dkeys")
    yield "pct-dash-2D", path.replace("-", "%2D")
    yield "upper-all", path.upper()
    yield "title", path.title()
    yield "swap", path.swapcase()
    yield "underscore", path.replace("api-keys", "api_keys")
    yield "dash-2010", path.replace("api-keys", "api%E2%80%90keys")
    yield "dash-soft", path.replace("api-keys", "api%C2%AD-keys")


def percent_utf8(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


def inserted(path):
    for at in starts_of_segments(path):
        for name, text in INSERTED.items():
            yield f"{name}-{at}", path[:at] + text + path[at:]


def slashes(path):
    for name, text in SLASH_AS.items():
        for at in slashes_in(path)[1:]:
            yield f"{name}-{at}", replaced(path, at, text)
        yield f"{name}-all", "/" + path[1:].replace("/", text)


def behind(path):
    ends = [*slashes_in(path)[1:], len(path)]
    for name, text in BEHIND_SEGMENT.items():
        for at in ends:
            yield f"{name}-{at}", path[:at] + text + path[at:]


def ends(path):
    for number, text in enumerate(SUFFIXES):
        yield f"suffix-{number}", path + text


def beginnings(path):
    for number, text in enumerate(PREFIXES):
        yield f"prefix-{number}", text + path
    yield "no-slash", path[1:]


TRICKS = {"letters": letters, "inserted": inserted, "slashes": slashes, "behind": behind, "ends": ends, "beginnings": beginnings}


def paths():
    """Every trick at every place of the first route; on the other two a third of them, turn by turn."""
    for kind, trick in TRICKS.items():
        for route, path in LISTS.items():
            for number, (name, target) in enumerate(trick(path)):
                if route == "app" or number % 3 == ("all", "ds").index(route):
                    yield request(f"{kind}-{route}-{name}", kind, target)


def http2_paths():
    """A fifth of the tricks, each kind among them."""
    for kind, trick in TRICKS.items():
        for number, (name, target) in enumerate(trick(APP_LIST)):
            if number % 5 == 0:
                yield f"{kind}-{name}", target


def combinations():
    """Two or three tricks at once. The choice is random but always the same."""
    choice, seen = random.Random(4), set()
    while len(seen) < 600:
        route = choice.choice(list(LISTS))
        target, names = LISTS[route], []
        for trick in choice.sample([letters, inserted, slashes, behind, ends, beginnings], choice.choice([2, 2, 3])):
            name, target = choice.choice(list(trick(target))) if "/" in target[1:] else ("-", target)
            names.append(name)
        if target not in seen and len(target) < 900:
            seen.add(target)
            yield request(f"combination-{len(seen)}", "combinations", target) | {"of": [route, *names]}


# Headers and methods.

REROUTING = ["X-Original-URL", "X-Original-URI", "X-Rewrite-URL", "X-Rewrite-URI", "X-Forwarded-URI", "X-Forwarded-URL", "X-Forwarded-Path",
             "X-Forwarded-Prefix", "X-Override-URL", "X-Proxy-URL", "X-Request-URI", "X-Accel-Redirect", "X-Sendfile", "X-Real-URL",
             "X-HTTP-DestinationURL", "X-HTTP-Path-Override", "Request-URI", "Raw-URI", "Path-Info", "Path-Translated", "Script-Name",
             "X-Script-Name", "X-Envoy-Original-Path", "X-Envoy-Decorator-Operation", "Destination", "Base-Url", "Referer", "Location",
             "Unencoded-URL", "X-Matched-Path", "X-Invoke-Path", "X-Nextjs-Data", "X-Middleware-Subrequest", "X-Wap-Profile", "Orig-URI"]
OVERRIDES = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Method", "X-Forwarded-Method", "X-Original-Method",
             "X-Rewrite-Method", "X-REST-Method", "X-Verb", "HTTP-Method", "Method", "_method", "Request-Method"]
METHODS = ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "get", "Get", "GeT", "post", "Post", "GET1", "QUERY", "SEARCH", "PROPFIND",
           "PURGE", "LINK", "MOVE", "COPY", "LOCK", "REPORT", "SUBSCRIBE", "M-SEARCH", "CONNECT", "ANY", "*", "G", "GETGET", "HEAD1", "_GET",
           "X" * 200]
CODINGS = ["gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "compress", "identity", "*", "dcb", "dcz", "exi", "aes128gcm", "gzip, br", "br;q=0",
           "gzip;q=0", "gzip;q=0.001", "gzip;q=1.5", "gzip;q=", "gzip;", ";", ",", ",,gzip,,", "gzip\t", "identity;q=0", "*;q=0", "gzip, *;q=0",
           "identity;q=0, br", "", "gzip;q=0, deflate;q=0, br;q=0, zstd;q=0, *", "chunked", "gzip gzip", '"gzip"', "gzip" * 300]
RANGES = ["bytes=0-", "bytes=0-50", "bytes=50-120", "bytes=-120", "bytes=0-10,60-120", "bytes=60-70,70-80,80-90", "bytes= 60-120", "BYTES=60-120",
          "bytes=60-120,", "items=0-5", "bytes=9999-", "bytes=120-60", "bytes=a-b", "bytes=0-0,1-1,2-2,3-3", "tokens=1-2", "bytes=60-18446744073709551615"]
CONDITIONS = [("If-None-Match", '"x"'), ("If-None-Match", "*"), ("If-None-Match", 'W/"x"'), ("If-Match", "*"), ("If-Match", '"no"'),
              ("If-Modified-Since", "Tue, 02 Jan 2024 03:04:05 GMT"), ("If-Unmodified-Since", "Tue, 02 Jan 2024 03:04:05 GMT"),
              ("If-Unmodified-Since", "Tue, 02 Jan 2001 03:04:05 GMT"), ("A-IM", "range"), ("A-IM", "vcdiff, diffe, gzip"),
              ("Cache-Control", "only-if-cached"), ("Want-Digest", "sha-256"), ("Want-Content-Digest", "sha-256=10"), ("Max-Forwards", "0")]
ACCEPTS = ["text/html", "text/csv", "application/xml", "text/event-stream", "application/x-ndjson", "application/msgpack", "application/json;q=0",
           "multipart/mixed", "*/*;q=0", "application/signed-exchange", "application/json; charset=utf-16", "text/plain", "image/png"]
OTHERS = [("TE", "trailers"), ("TE", "gzip, chunked"), ("TE", "trailers, deflate;q=0.5"), ("Accept-Charset", "utf-16"), ("Accept-Charset", "utf-7"),
          ("Connection", "close, Accept-Encoding"), ("Connection", "close, X-Forwarded-For"), ("Connection", "close, Content-Length"),
          ("Connection", "close, TE"), ("Connection", "close, Cookie"), ("Expect", "100-continue"), ("Expect", "200-ok"),
          ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Host", "evil"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "1"),
          ("Forwarded", "for=127.0.0.1;host=evil;proto=https"), ("Front-End-Https", "on"), ("Via", "1.0 x"), ("Upgrade-Insecure-Requests", "1"),
          ("X-No-Mask", "1"), ("X-Debug", "1"), ("X-Http-Version", "0.9"), ("Authorization", "Basic x"), ("Origin", "http://evil"),
          ("Content-Encoding", "gzip"), ("Content-Type", "application/x-www-form-urlencoded"), ("Proxy", "http://127.0.0.1:1"),
          ("Prefer", "respond-async"), ("Save-Data", "on"), ("Service-Worker-Navigation-Preload", "true"), ("Sec-Fetch-Dest", "document")]
SCRIPT_NAMES = [("/p", "/p"), ("/p/q", "/p/q"), ("/p", "/p/"), ("/x/../p", "/x/../p"), ("/%70", "/p"), ("/p", "/%70"), ("//p", "//p"), ("", "/"),
                ("/", "/"), ("/p;x", "/p;x"), ("/static", "/static"), ("/health", "/health"), ("/P", "/p"), ("/p/", "/p")]


def headers():
    for number, name in enumerate(REROUTING):
        for route, path in LISTS.items():
            for spelling, spelt in (("dash", name), ("underscore", name.replace("-", "_").upper())):
                if route == "app" or (number + (spelling == "dash")) % 2:
                    yield request(f"to-{name}-{spelling}-{route}", "rerouting", "/health", headers=[(spelt, path)])
        yield request(f"from-{name}", "rerouting", APP_LIST, headers=[(name, "/health")])
        yield request(f"mixed-{name}", "rerouting", "/health", headers=[(name.replace("-", "_", 1), APP_LIST)])
        yield request(f"post-{name}", "rerouting", "/health", "POST", [(name, APP_LIST)], "{}")
    for number, (prefix, value) in enumerate(SCRIPT_NAMES):
        for route, path in LISTS.items():
            for name in ("SCRIPT_NAME", "Script-Name", "script_name", "X-Script-Name", "X_SCRIPT_NAME"):
                if route == "app" or name == "SCRIPT_NAME":
                    yield request(f"{name}-{number}-{route}", "script-name", prefix + path, headers=[(name, value)])
    yield request("script-name-twice", "script-name", "/p" + APP_LIST, headers=[("SCRIPT_NAME", "/"), ("SCRIPT_NAME", "/p")])
    yield request("script-name-hop", "script-name", "/p" + APP_LIST, headers=[("Connection", "close, X"), ("SCRIPT_NAME", "/p")])
    for number, name in enumerate(OVERRIDES):
        for route, path in LISTS.items():
            for method in ("POST", "PUT"):
                yield request(f"{name}-{method}-{route}", "override", path, method, [(name, "GET")], "{}")
        yield request(f"{name}-lower", "override", APP_LIST, "POST", [(name.lower().replace("-", "_"), "get")], "{}")
        yield request(f"{name}-of-GET", "override", APP_LIST, "GET", [(name, "POST")])
        yield request(f"{name}-elsewhere", "override", APP_LIST.replace("api-keys", "%61pi-keys"), "POST", [(name, "GET")], "{}")
    for number, query in enumerate(["_method=GET", "_METHOD=get", "%5fmethod=GET", "a=1&_method=GET", "a;_method=GET", "_method[]=GET", "_method%00=GET",
                                    "+_method=GET", "method=GET", "X-HTTP-Method-Override=GET", "_method=POST&_method=GET", "&_method=GET", "?_method=GET"]):
        for route, path in LISTS.items():
            yield request(f"query-override-{number}-{route}", "override", f"{path}?{query}", "POST", body="{}")
    form, parts = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
    for number, (kind, body) in enumerate([(form, "_method=GET"), (form, "x=1&_method=get"), ("application/json", '{"_method":"GET"}'),
                                           (parts, '--b\r\nContent-Disposition: form-data; name="_method"\r\n\r\nGET\r\n--b--\r\n')]):
        for route, path in LISTS.items():
            yield request(f"body-override-{number}-{route}", "override", path, "POST", [("Content-Type", kind)], body)
    for method in METHODS:
        for route, path in LISTS.items():
            if route == "app" or METHODS.index(method) % 2:
                yield request(f"method-{method[:20]}-{route}", "methods", path, method)
    for number, coding in enumerate(CODINGS):
        yield request(f"coding-{number}", "codings", list(LISTS.values())[number % 3], headers=[("Accept-Encoding", coding)])
    for number, value in enumerate(RANGES):
        for more in ([], [("If-Range", '"x"')]):
            yield request(f"range-{number}{'-if' * len(more)}", "ranges", list(LISTS.values())[number % 3], headers=[("Range", value), *more])
        yield request(f"range-{number}-hop", "ranges", APP_LIST, headers=[("Connection", "close, Range"), ("Range", value)])
    for number, (name, value) in enumerate(CONDITIONS):
        yield request(f"condition-{number}", "conditions", list(LISTS.values())[number % 3], headers=[(name, value)])
        yield request(f"condition-{number}-underscore", "conditions", APP_LIST, headers=[(name.replace("-", "_"), value)])
        yield request(f"condition-{number}-head", "conditions", APP_LIST, "HEAD", headers=[(name, value)])
    for number, value in enumerate(ACCEPTS):
        yield request(f"accept-{number}", "accepts", list(LISTS.values())[number % 3], headers=[("Accept", value)])
    for number, (name, value) in enumerate(OTHERS):
        yield request(f"header-{number}", "headers", list(LISTS.values())[number % 3], headers=[(name, value)])
        yield request(f"header-{number}-post", "headers", list(LISTS.values())[number % 3], "POST", [(name, value)], "{}")
    for version in ("HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/1.10", "http/1.1", "HTTP/1,1", "HTTPS/1.1", "HTTP/1.1 ", "HTTP / 1.1", ""):
        for route, path in LISTS.items():
            yield request(f"version-{version.replace('/', '-')}-{route}", "versions", path, version=version)


# The shape of the bytes.


def raw(name, text, group="framing", expect="no-leak"):
    return {"id": name, "group": group, "expect": expect, "raw": text}


def plain_get(path=APP_LIST, more=""):
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}Connection: close\r\n\r\n"


PROTOCOLS = ["websocket", "WebSocket", "h2c", "H2C", "h2", "HTTP/2.0", "HTTP/1.1", "TLS/1.0", "foo", "websocket, h2c", "h2c, websocket", "connect-udp",
             "connect-ip", "spdy/3.1", "SSTP", "IRC/6.9", "websocket\t", "", "websocket,", "socks5", "raw", "tcp"]
CODINGS_OF_TRANSFER = ["chunked", " chunked", "\tchunked", "chunked ", "Chunked", "chunked, chunked", "chunked, identity", "identity, chunked", "gzip, chunked",
                       "chunked, gzip", "xchunked", "chunked;q=1", "\"chunked\"", "chunked\x0b", "chunked\x00", "chunk", "identity", "", ",chunked", "chunked,",
                       "deflate", "chunked\r\n ", "x\r\n chunked"]
LENGTHS = ["+{0}", "-{0}", "0x{1:x}", "{0}, {0}", "0, {0}", "{0}.0", "{0}e0", "0{0}", " {0}", "{0} ", "{0};", "'{0}'", "1_000", "\u0660", "", "18446744073709551616", "{0}\x0b", "{0}\x00"]
CHUNKED_ENDS = ["0\r\n\r\n", "0;a=b\r\n\r\n", "0 \r\n\r\n", " 0\r\n\r\n", "00\r\n\r\n", "0x0\r\n\r\n", "0\n\n", "0\r\r\n\r\n", "0\r\nX: y\r\n\r\n", "0;\n\r\n\r\n", "0;a=\"\r\n\r\n",
                "-0\r\n\r\n", "+0\r\n\r\n", "0\r\n \r\n\r\n", "1\r\nZ\r\n0\r\n\r\n", "1\r\nZZ0\r\n\r\n", "1;\rx\r\nZ\r\n0\r\n\r\n", "ffffffffffffffff1\r\nZ\r\n0\r\n\r\n", "1\nZ\n0\n\n",
                "0\r\nContent-Length: 5\r\n\r\n", "0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "G\r\n\r\n"]
LINE_SHAPES = {
    "two-hosts": "GET {p} HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    "two-same-hosts": "GET {p} HTTP/1.1\r\nHost: a\r\nHost: a\r\nConnection: close\r\n\r\n",
    "no-host": "GET {p} HTTP/1.1\r\nConnection: close\r\n\r\n",
    "nul-path": "GET {p}%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "bad-escape": "GET {p}%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "space-in-target": "GET {p} x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "nul-in-target": "GET {p}\0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "space-before-colon": "GET {p} HTTP/1.1\r\nHost : a\r\nConnection: close\r\n\r\n",
    "fold": "GET {p} HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\nConnection: close\r\n\r\n",
}
ODD_SHAPES = {
    "bare-lf": "GET {p} HTTP/1.1\nHost: a\nConnection: close\n\n",
    "mixed-lf": "GET {p} HTTP/1.1\r\nHost: a\nConnection: close\r\n\n",
    "bare-cr": "GET {p} HTTP/1.1\rHost: a\rConnection: close\r\r",
    "lead-lf": "\n\nGET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "lead-junk": "\0GET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "lead-bom": "\xef\xbb\xbfGET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "two-spaces": "GET  {p}  HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "tabs": "GET\t{p}\tHTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "vt": "GET\x0b{p}\x0bHTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "09": "GET {p}\r\n",
    "09-lf": "GET {p}\n\n",
    "10-no-host": "GET {p} HTTP/1.0\r\n\r\n",
    "10-keep-alive": "GET {p} HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET {p} HTTP/1.0\r\n\r\n",
    "10-chunked": "POST /health HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET {p} HTTP/1.0\r\n\r\n",
    "10-upgrade": "GET /health HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nGET {p} HTTP/1.0\r\n\r\n",
    "host-path": "GET /health HTTP/1.1\r\nHost: a{p}\r\nConnection: close\r\n\r\n",
    "host-at": "GET {p} HTTP/1.1\r\nHost: a@b\r\nConnection: close\r\n\r\n",
    "host-empty": "GET {p} HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n",
    "host-space": "GET {p} HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
    "host-port": "GET {p} HTTP/1.1\r\nHost: a:99999\r\nConnection: close\r\n\r\n",
    "host-other-absolute": "GET http://b{p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "host-two-absolute": "GET http://b{p} HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    "host-fold": "GET {p} HTTP/1.1\r\nHost: a\r\n b\r\nConnection: close\r\n\r\n",
    "first-line-fold": "GET {p} HTTP/1.1\r\n Host: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    "cr-in-header": "GET /health HTTP/1.1\r\nHost: a\r\nX: y\rGET {p} HTTP/1.1\r\nConnection: close\r\n\r\n",
    "lf-in-header": "GET /health HTTP/1.1\r\nHost: a\r\nX: y\n\nGET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "nul-in-header": "GET {p} HTTP/1.1\r\nHost: a\r\nX: y\0z\r\nConnection: close\r\n\r\n",
    "empty-name": "GET {p} HTTP/1.1\r\nHost: a\r\n: y\r\nConnection: close\r\n\r\n",
    "no-colon": "GET {p} HTTP/1.1\r\nHost: a\r\nXY\r\nConnection: close\r\n\r\n",
    "name-space": "GET {p} HTTP/1.1\r\nHost: a\r\nX Y: z\r\nConnection: close\r\n\r\n",
    "name-brackets": "GET {p} HTTP/1.1\r\nHost: a\r\nX[Y]: z\r\nConnection: close\r\n\r\n",
    "high-header": "GET {p} HTTP/1.1\r\nHost: a\r\nX: \xff\xfe\r\nConnection: close\r\n\r\n",
    "connect": "CONNECT {p} HTTP/1.1\r\nHost: a\r\n\r\nGET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "connect-authority": "CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\nGET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "h2-preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "proxy-line": "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nGET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "options-star": "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nGET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "get-with-body": "GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcdeGET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "head-then-get": "HEAD {p} HTTP/1.1\r\nHost: a\r\n\r\nGET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "expect-then-get": "POST /health HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\nGET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "range-then-get": "GET {p} HTTP/1.1\r\nHost: a\r\nRange: bytes=60-120\r\n\r\nGET {p} HTTP/1.1\r\nHost: a\r\nRange: bytes=0-60\r\nConnection: close\r\n\r\n",
    "post-then-get": "POST {p} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "refused-then-get": "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\nGET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "many-gets": "GET {p} HTTP/1.1\r\nHost: a\r\n\r\n" * 20 + "GET {p} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
}


def framing():
    for name, text in LINE_SHAPES.items():
        for route, path in LISTS.items():
            yield raw(f"refused-{name}-{route}", text.replace("{p}", path), expect="no-leak" if name in MAY_PASS else "refused")
    for name, text in ODD_SHAPES.items():
        for route, path in LISTS.items():
            if route == "app" or list(ODD_SHAPES).index(name) % 2 == ("all", "ds").index(route):
                yield raw(f"shape-{name}-{route}", text.replace("{p}", path))
    get = plain_get()
    for number, protocol in enumerate(PROTOCOLS):
        for route, path in LISTS.items():
            head = f"Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {protocol}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
            head += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            if route == "app":
                yield raw(f"upgrade-{number}-elsewhere", f"GET /health HTTP/1.1\r\n{head}\r\n{get}", "upgrade")
                yield raw(f"upgrade-{number}-post", f"POST /health HTTP/1.1\r\n{head}Content-Length: 0\r\n\r\n{get}", "upgrade")
            if route == "app" or number % 4 == 0:
                yield raw(f"upgrade-{number}-{route}", f"GET {path} HTTP/1.1\r\n{head}\r\n{get}", "upgrade")
    both = len(get) + 5
    for number, coding in enumerate(CODINGS_OF_TRANSFER):
        for order in ("first", "last", "alone", "twice"):
            te, cl = f"Transfer-Encoding: {coding}\r\n", f"Content-Length: {both}\r\n"
            fields = {"first": te + cl, "last": cl + te, "alone": te, "twice": te + "Transfer-Encoding: chunked\r\n"}[order]
            yield raw(f"te-{number}-{order}", f"POST /health HTTP/1.1\r\nHost: a\r\n{fields}\r\n0\r\n\r\n{get}")
    for spelling in ("Transfer_Encoding", "Transfer-Encoding ", " Transfer-Encoding", "Transfer\x0b-Encoding", "transfer-encoding", "X\nTransfer-Encoding"):
        yield raw(f"te-name-{spelling.encode().hex()}", f"POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: {both}\r\n{spelling}: chunked\r\n\r\n0\r\n\r\n{get}")
    for number, length in enumerate(LENGTHS):
        value = length.format(len(get), len(get)).encode("utf-8").decode("latin-1")
        yield raw(f"cl-{number}", f"POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: {value}\r\n\r\n{get}")
        yield raw(f"cl-{number}-second", f"POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: {value}\r\n\r\n{get}")
    for spelling in ("Content_Length", "Content-Length ", "content-length", "CONTENT_LENGTH", "Content\x00-Length"):
        yield raw(f"cl-name-{spelling.encode().hex()}", f"POST /health HTTP/1.1\r\nHost: a\r\n{spelling}: {len(get)}\r\n\r\n{get}")
    for number, end in enumerate(CHUNKED_ENDS):
        yield raw(f"chunks-{number}", f"POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{end}{get}")
        yield raw(f"chunks-{number}-list", f"POST {LISTS['ds']} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{end}{get}")


# What RFC 9112 gives one meaning, so that it may pass in its canonical form.
MAY_PASS = {"space-in-target", "fold"}


# What must work.


def legitimate():
    for route, path in LISTS.items():
        for number, query in enumerate(["?page=1", "?limit=100&page=2", "?q=%E4%B8%AD", "?q=a%2Fb", "?q=a+b", "?a[]=1&a[]=2", "?token=1", "?a=;b", "?a=/../b", "?a=%25", "?=", "?&"]):
            yield request(f"list-{route}-{number}", "list", path + query, expect="masked")
        for number, fields in enumerate(LEGITIMATE_FIELDS):
            yield request(f"list-{route}-headers-{number}", "list", path, headers=fields, expect="masked")
        yield request(f"list-{route}-http10", "list", path, version="HTTP/1.0", expect="masked")
        yield request(f"list-{route}-absolute", "list", f"http://127.0.0.1{path}", expect="masked")
        yield raw(f"list-{route}-pipelined", plain_get(path, "X: 1\r\n").replace("Connection: close\r\n", "") * 3 + plain_get(path), "list", "masked")
        yield request(f"head-{route}", "head", path, "HEAD", expect="pass")
        yield request(f"options-{route}", "options", path, "OPTIONS", [("Origin", "http://console.example"), ("Access-Control-Request-Method", "POST")], expect="pass") | {"apart": ["body", "content-type"]}
        for number, (fields, body) in enumerate([([], ""), ([("Content-Type", "application/json")], "{}"), ([("Content-Type", "application/json")], '{"name":"a key"}'),
                                                  ([("Accept-Encoding", "gzip")], "{}"), ([("Transfer-Encoding", "chunked")], "2\r\n{}\r\n0\r\n\r\n"),
                                                  ([("Cookie", "session=abc"), ("X-CSRF-Token", "t")], "{}")]):
            yield request(f"create-{route}-{number}", "create", path, "POST", fields, body, "pass")
        yield request(f"delete-{route}", "delete", f"{path}/0b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8", "DELETE", expect="pass")
    elsewhere = ["/", "/health", "/console/api/apps", "/console/api/ping", f"/console/api/apps/{APP}", f"/console/api/apps/{APP}/api-keys-report", "/v1/echo?x=1", "/v1/echo?x=a%2Fb&y=%20+%E4%B8%AD",
                 "/nope", "/no/such/path/at/all", "/static/app.js", "/console/api/datasets", f"/console/api/datasets/{DATASET}", "/console/api/apps/api-keys/more/of/it", "/%E4%B8%AD", "/a%20b", "/sse"]
    for number, target in enumerate(elsewhere):
        for method in ("GET", "HEAD"):
            yield request(f"elsewhere-{number}-{method}", "elsewhere", target, method, expect="pass")
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        for number, body in enumerate(["x=1", "\x00\xff" * 100, "a" * 20000]):
            yield request(f"echo-{method}-{number}", "echo", "/v1/echo?a=1&a=2", method, [("X-Test", "one"), ("Content-Type", "application/octet-stream")], body, "pass")
    for number, value in enumerate(["bytes=0-5", "bytes=2-"]):
        yield request(f"elsewhere-range-{number}", "elsewhere", "/health", headers=[("Range", value)], expect="pass")
    yield request("elsewhere-many-headers", "elsewhere", "/health", headers=[(f"X-H{number}", "v") for number in range(60)], expect="pass")
    yield request("elsewhere-long-header", "elsewhere", "/health", headers=[("X-Long", "v" * 6000)], expect="pass")


LEGITIMATE_FIELDS = [
    [("Accept", "application/json, text/plain, */*")],
    [("Accept-Encoding", "gzip, deflate, br, zstd")],
    [("Accept-Encoding", "gzip")],
    [("Accept-Encoding", "identity")],
    [("If-None-Match", '"x"')],
    [("If-Modified-Since", "Tue, 02 Jan 2024 03:04:05 GMT")],
    [("Range", "bytes=0-20")],
    [("Origin", "http://console.example"), ("Referer", "http://console.example/apps")],
    [("Cookie", "session=abc; csrf_token=def"), ("Authorization", "Bearer ey.J.x"), ("X-CSRF-Token", "def")],
    [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "http"), ("X-Request-Id", "1"), ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")],
    [("Cache-Control", "no-cache"), ("Pragma", "no-cache"), ("User-Agent", "Mozilla/5.0"), ("Sec-Fetch-Mode", "cors")],
    [("TE", "trailers")],
    [("X-Long", "v" * 6000)],
    [(f"X-H{number}", "v") for number in range(60)],
]


if __name__ == "__main__":
    main()

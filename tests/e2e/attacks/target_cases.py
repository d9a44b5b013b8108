"""Kinds of targets: what a server takes for another path. See kinds.py."""

from kinds import EVERY, LIST, LISTS, MORE, case, over_http2


def all_cases():
    yield from every_path()
    yield from scripts()
    yield from queries()
    yield from numbers()
    yield from lax()
    yield from punctuation()
    yield from views()
    yield from content_on_reads()


# `/{*any}` is on `/`.


def every_path():
    why = "Kea's control agent answers all at `/`, and `{*any}` may be none"
    for number, target in enumerate(["/", "/?x", "/?", "http://127.0.0.1/", "http://127.0.0.1", "http://127.0.0.1?x", "//", "/.", "/./", "/x/..", "/x/../", "/%2e", "/%2f", "/;x", "/x/%2e%2e", "\\", "*", ""]):
        for method in ("POST", "GET", "OPTIONS"):
            # To a GET some have a page there, which is withheld.
            plain = target in ("/", "/?x", "http://127.0.0.1/") and method == "POST"
            yield case(f"{method}-{number}", "every-path", target, why, method, body="{}" if method == "POST" else None, expect="masked" if plain else "no-leak", config=EVERY)
    for number, path in enumerate(["/", "//", "*"]):
        yield over_http2(str(number), "every-path", why, path, method="POST", expect="masked" if path == "/" else "no-leak", body="{}", config=EVERY)


# A script's name in the path, and what stands behind it.


def scripts():
    why = "PHP gives the script what stands behind its name in the path as PATH_INFO"
    for number, target in enumerate(["/api/keys.php", "/api/keys.php?x=1", "/api/keys.php?/x"]):
        yield case(f"itself-{number}", "path-info", target, "the script itself", expect="masked", config=MORE)
    behind = ["/", "/x", "/x/y", "/x/y.css", "//", "/.", "/..;", "/%2e", "/%20", "/x?y", "/x/../y", "//x", "/;x", "/x.php", "/x.php/y", "/%c3%a9", "/x%2fy", "/*", "/x/", "/" + "y" * 300, "%2fx", "%2Fx", ";/x", ";x", "%3bx", ";jsessionid=1/x", ".", "%20", "%00/x", "/%00"]
    for number, text in enumerate(behind):
        yield case(f"behind-{number}", "path-info", f"/api/keys.php{text}", why, config=MORE)
    for number, target in enumerate(["/api/KEYS.php/x", "/api/keys.PHP/x", "/API/keys.php/x", "/api/%6beys.php/x", "/api/keys%2ephp/x", "//api//keys.php//x", "/x/../api/keys.php/x", "/api/./keys.php/x", "/api/x/../keys.php/x", "/index.php/../api/keys.php/x", "http://127.0.0.1/api/keys.php/x"]):
        yield case(f"spelt-{number}", "path-info", target, why, config=MORE)
    front = "a front controller takes what stands behind its name for the path"
    names = ["/index.php", "/app.php", "//index.php", "/./index.php", "/x/../index.php", "/%69ndex.php", "/index%2ephp", "/INDEX.PHP", "/index.php/.", "/index.php/", "/index.php//", "/index.php/x/..", "/index.php/%2e", "/index.php/index.php", "/app.php/index.php", "/index.php;x", "/index.php;x=y",
             "/index.php%2f.", "/index.php\\..", "/app_dev.php", "/index.php5", "/api.php", "/x/index.php", "/index.html"]
    for number, name in enumerate(names):
        for route, path in LISTS.items():
            if route == "app" or number < 3:
                yield case(f"front-{number}-{route}", "path-info", name + path, front)
    for number, path in enumerate([LIST.replace("/", "%2f"), "/" + LIST[1:].replace("/", "%2f"), LIST.upper(), LIST.replace("api-keys", "%61pi-keys"), LIST + "/", LIST.replace("/", "//")]):
        yield case(f"front-spelt-{number}", "path-info", f"/index.php{path}", front)


# The query is the path.

PARAMETERS = {"rest_route": "WordPress", "_url": "Phalcon", "s": "ThinkPHP", "q": "Drupal 7", "r": "Yii", "url": "CakePHP", "route": "OpenCart", "kohana_uri": "Kohana"}


def queries():
    why = "CodeIgniter takes the query for the path"
    for number, text in enumerate(["/?{p}", "/index.php?{p}", "/app.php?{p}", "/?{p}&x=1", "/?{p}?x=1", "/?{p}/", "/?/{p}", "//?{p}", "/./?{p}", "/index.php/?{p}", "/x/../?{p}", "/INDEX.php?{p}", "http://127.0.0.1?{p}", "http://127.0.0.1/?{p}", "/?{e}", "/?{e}&", "/?{a}", "/?{p};", "/?{p}%3fx", "?{p}"]):
        for route, path in LISTS.items():
            if route == "app" or number < 2:
                yield case(f"{number}-{route}", "query-path", in_query(text, path), why)
    yield over_http2("0", "query-path", why, f"/?{LIST}")
    for name, who in PARAMETERS.items():
        why = f"{who} takes the parameter `{name}` for the path"
        for number, text in enumerate(["/?{n}={p}", "/index.php?{n}={p}", "/?{n}={e}", "/?x=1&{n}={p}", "/?{n}={p}&x=1", "/?{n}={p}/", "/?{n}={t}", "/?{n}=x&{n}={p}", "/?{n}={a}"]):
            yield case(f"{name}-{number}", "query-path", in_query(text.replace("{n}", name), LIST), why)
    for number, text in enumerate(["/?%72est_route={p}", "/?rest.route={p}", "/?rest%5froute={p}", "/?+rest_route={p}", "/?rest%20route={p}", "/?rest_route%00x={p}", "/?rest[route={p}", "/?_url[]={p}"]):
        yield case(f"spelt-{number}", "query-path", in_query(text, LIST), "PHP writes `_` for what a variable's name cannot hold")
    for number, text in enumerate(["/?" + "1&" * 40 + "_url={p}", "/x/..?rest_route=x&_url={p}", "/?_url=%25252525252f{t}", "/x?rest_route%00={p}", "/index.php?" + "x=y&" * 40 + "r={p}"]):
        yield case(f"behind-{number}", "query-path", in_query(text, LIST), "a parameter counts however many stand before it")
    yield case("elsewhere", "query-path", in_query("/health?rest_route={p}", LIST), "WordPress takes the parameter at every path")


def in_query(text, path):
    quoted = path.replace("/", "%2F")
    return text.replace("{p}", path).replace("{e}", quoted).replace("{a}", path.replace("api-keys", "%61pi-keys")).replace("{t}", path[1:])


# A number as servers read it.

DIGITS = {"arabic": "\u0667", "persian": "\u06f7", "nko": "\u07c7", "devanagari": "\u096d", "bengali": "\u09ed", "tamil": "\u0bed", "thai": "\u0e57", "tibetan": "\u0f27", "myanmar": "\u1047", "khmer": "\u17e7", "mongolian": "\u1817", "fullwidth": "\uff17",
          "bold": "\U0001d7d5", "monospace": "\U0001d7fd", "chakma": "\U0001113d", "adlam": "\U0001e957", "superscript": "\u2077", "circled": "\u2466", "roman": "\u2166", "cjk": "\u4e03"}


def numbers():
    why = "Flask's <int:> and FastAPI's int take a decimal digit of any script"
    for name, digit in DIGITS.items():
        quoted = "".join(f"%{byte:02X}" for byte in digit.encode())
        for version in ("v1", "v2"):
            yield case(f"{name}-{version}", "numbers", f"/{version}/apps/{quoted}/keys", why, config=MORE)
        yield case(f"{name}-mixed", "numbers", f"/v1/apps/1{quoted}/keys", why, config=MORE)
    for number, digits in enumerate(["07", "007", "7" * 300, "%37", "%2537", "7/", "7%20", "%207", "7%09", "7%0a", "7;x", "7.", "7%c2%a0", "%e2%80%8b7"]):
        yield case(f"ascii-{number}", "numbers", f"/v1/apps/{digits}/keys", "a number in other spellings, which the pattern knows", config=MORE)
    for space in "\t\n\x0b\x0c\r\x85\xa0\u1680\u2000\u2003\u200a\u2028\u2029\u202f\u205f\u3000":
        quoted = "".join(f"%{byte:02X}" for byte in space.encode())
        yield case(f"space-{ord(space):x}-before", "numbers", f"/v1/apps/{quoted}7/keys", "FastAPI takes a number between spaces of any kind", config=MORE)
        yield case(f"space-{ord(space):x}-behind", "numbers", f"/v1/apps/7{quoted}/keys", "FastAPI takes a number between spaces of any kind", config=MORE)
    for number, digits in enumerate(["7", "+7", "-7", "%2B7", "7.0", "7.00", "7.", "7_0", "%207", "7%20", "7e0", "0x7", "0b1", "7j", "%0a7", "7%0d", "007", "--7", "1_000.0", "%2D0", "7%2E0", "+%D9%A7", "NaN", "inf"]):
        yield case(f"template-{number}", "numbers", f"/v2/apps/{digits}/keys", "FastAPI takes `+7` and `7.0` for a number", config=MORE)
    for version in ("v1", "v2"):
        yield case(f"list-{version}", "numbers", f"/{version}/apps/7/keys", "the list itself", expect="masked", config=MORE)


# On two routes.


def lax():
    why = "nginx with `proxy_pass http://app/;` decodes and resolves before it cuts the query"
    for number, text in enumerate(["/lax/x%3f/../..{p}", "/lax/..{p}", "/lax/x/../..{p}", "/lax%2f..{p}", "/lax/x%3f/..%2f..{p}", "/lax/;/../..{p}"]):
        for route, path in LISTS.items():
            yield case(f"{number}-{route}", "lax", text.replace("{p}", path), why, config=MORE)


# Marks in a segment.


def punctuation():
    why = "CherryPy's dispatcher and Zend's take every mark in a segment for the one of a name"
    for char in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ":
        for quoted in ([] if char in "/?# \"%<>" else [char]) + [f"%{ord(char):02X}"]:
            for route, path in LISTS.items():
                if route == "app" or char in "_.~+!":
                    spelt_name = f"{ord(char):02x}{'-quoted' if len(quoted) > 1 else ''}-{route}"
                    yield case(spelt_name, "marks", path.replace("api-keys", f"api{quoted}keys"), why)
    for number, name in enumerate(["api--keys", "api-_keys", "apikeys", "api_keys.json", "api_keys/", "API_KEYS", "%61pi_keys", "api_keys;x", "api.keys.json", "apiKeys", "ApiKeys", "api_keys/index", "api-keys/index", "api_keys%20", "api%E2%80%90keys", "api%EF%BC%BFkeys"]):
        yield case(f"segment-{number}", "marks", LIST.replace("api-keys", name), why)
    for number, path in enumerate([LIST.replace("/console/", "/_console/"), LIST.replace("/console/api", "/console.api"), LIST.replace("apps", "app-s")]):
        yield case(f"other-{number}", "marks", path, why)


# Behind a list.


def views():
    pyramid, cherrypy = "Pyramid's traverser takes `@@` for the view of what is before it, and what is behind it for the view's own", "CherryPy's dispatcher calls `index` where the path ends, and by its name"
    for number, text in enumerate(["/@@", "/@@/", "/@@/x", "/@@/x/y", "//@@//x", "/%40%40", "/%40@/x", "/@@/..", "/@@/x/../y", "/@@?x", "/@@;x", "/./@@", "/@@.json", "/@@%20"]):
        for route, path in LISTS.items():
            if route == "app" or number < 4:
                yield case(f"view-{number}-{route}", "behind-list", path + text, pyramid)
    for number, text in enumerate(["/index", "/index/", "/INDEX", "/%69ndex", "/index?x", "/index;x", "/index.json", "/./index", "//index", "/x/../index"]):
        for route, path in LISTS.items():
            if route == "app" or number < 2:
                yield case(f"index-{number}-{route}", "behind-list", path + text, cherrypy)


# A body on a method that seldom has one.


def content_on_reads():
    why = "what clients of Elasticsearch send: a search is a GET with a body"
    for method in ("GET", "DELETE", "POST", "PUT"):
        chunks = "3\r\nx=1\r\n0\r\n\r\n"
        yield case(f"chunked-{method}", "content", "/v1/echo?a=1", why, method, [("Content-Type", "application/octet-stream"), ("Transfer-Encoding", "chunked")], chunks, "pass")
        yield case(f"length-{method}", "content", "/v1/echo?a=1", why, method, [("Content-Type", "application/octet-stream")], "x=1", "pass")
        kind = ("content-type", "application/octet-stream")
        yield over_http2(method, "content", f"{why}; over HTTP/2 without its length", "/v1/echo", [kind], method, "pass", body="x=1")
        yield over_http2(f"{method}-length", "content", why, "/v1/echo", [kind, ("content-length", "3")], method, "pass", body="x=1")

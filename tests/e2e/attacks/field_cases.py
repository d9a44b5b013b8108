"""Kinds of fields and bodies: what a server takes for another path or method. See kinds.py."""

from kinds import LIST, LISTS, MORE, NOBODY, case, over_http2

# What a name of a field may hold beside letters and digits (RFC 9110 5.6.2).
MARKS = "!#$%&'*+-.^_`|~"


def all_cases():
    yield from hosts()
    yield from real_hosts()
    yield from forwarded()
    yield from overrides()
    yield from bodies()
    yield from rerouting()


# A URL is built of the host, and routed by its path.

HOSTS = ["a:80{p}?", "a:80{p}?x=", "a:80{p}#", "a{p}?", "a{p}#", "a{p}", "a:{p}?", "a:80{p};", "a:80{p}%3f", "a:80{p}%23", "[::1]:80{p}?", "[::1]{p}?", "127.0.0.1:80{p}?", "u@a:80{p}?", "u:p@a{p}?", "a:80?{p}",
         "a:80\\{p}?", "a:80{b}?", "a:80%2f{p}?", "a:80//b{p}?", "/{p}?", "{p}?", "?{p}", "#{p}", "a:80, a:80{p}?", "a:80 {p}?", "a:80\t{p}?", "a;{p}?", "a%2f{p}?", "a:80/x/..{p}?", "a:080{p}?", "A:80{p}?&x=/", "a:x{p}?"]
BUILDS = "React Router, SvelteKit and Astro build a URL of the host and the target, and route by its path"


def hosts():
    for number, text in enumerate(HOSTS):
        for route, path in LISTS.items():
            if route == "app" or number % 8 == 0:
                value = spelt(text, path)
                yield case(f"{number}-{route}", "host", "/health", BUILDS, headers=[("Host", value)], expect="refused")
        value = spelt(text, LIST)
        yield case(f"{number}-10", "host", "/health", BUILDS, headers=[("Host", value)], expect="refused") | {"version": "HTTP/1.0"}
        yield case(f"{number}-post", "host", "/health", BUILDS, "POST", [("Host", value)], "{}", "refused")
        yield case(f"{number}-every-target", "host", "/nope?x=1", BUILDS, headers=[("Host", value)], expect="refused")
        # Not every client's library lets one write it, but a socket does.
        yield over_http2(f"{number}-alone", "host", f"{BUILDS}: `host` without `:authority`", "/health", [("host", value)], expect="refused", authority=None)
        yield over_http2(f"{number}-beside", "host", f"{BUILDS}: `host` beside `:authority`", "/health", [("host", value)], expect="refused")
        yield over_http2(f"{number}-authority", "host", BUILDS, "/health", expect="refused", authority=value)
    for number, target in enumerate(["http://console/api{rest}", "http://a{p}?/health", "http://a:80{p}", "http://console:80/api{rest}", "//console/api{rest}", "http:///console/api{rest}", "https://console/api{rest}", "ws://console/api{rest}"]):
        target = target.replace("{p}", LIST).replace("{rest}", LIST.removeprefix("/console/api"))
        yield case(f"target-{number}", "host", target, "Astro puts the whole target behind the host: the target's own host is then the first segment of the path")


REAL_HOSTS = ["console.example", "console.example:8443", "CONSOLE.Example", "my-host", "console.example.", "localhost:3000", "127.0.0.1:80", "my_host", "[::1]", "[::1]:8080", "[2001:db8::1]:443", "xn--bcher-kva.example", "a--b.c-d.example:65535", "1", "a" * 63 + ".example", "console.example:0080"]


def real_hosts():
    why = "a host as clients write it"
    for number, host in enumerate(REAL_HOSTS):
        yield case(str(number), "real-host", LIST, why, headers=[("Host", host)], expect="masked")
        yield case(f"{number}-elsewhere", "real-host", "/health", why, headers=[("Host", host)], expect="pass")
        yield over_http2(str(number), "real-host", why, LIST, expect="masked", authority=host)
        if number < 7:  # Not every framework takes the others.
            yield case(f"{number}-create", "real-host", LIST, why, "POST", [("Host", host)], "{}", "pass")
            yield over_http2(f"{number}-alone", "real-host", why, LIST, [("host", host)], expect="masked", authority=None)


def spelt(text, path):
    return text.replace("{p}", path).replace("{b}", path.replace("/", "\\"))


# And of what a proxy in front says of the host.

FORWARDED = {
    "X-Forwarded-Host": ["x:80{p}?", "x{p}?", "x{p}#", "{p}?", "x:80{p}?, y", "y, x:80{p}?", "u@x:80{p}?", "x:80\\{p}?", "[::1]:80{p}?", "x:80/..{p}?"],
    "X-Forwarded-Port": ["80{p}?", "80{p}#", "{p}?", "80\\{p}?", "80{p}?, 80", "80, 80{p}?", "80@x{p}?", "8e1{p}?", "80/..{p}?"],
    "X-Forwarded-Proto": ["http://x{p}?", "http://x:80{p}?x=", "http://x{p}#", "http:{p}?", "x{p}?", "https, http://x{p}?", "http://x{p}?, https", "http%3A%2F%2Fx{p}?", "http://x{p}%3f", "http:\\\\x{p}?"],
    "X-Forwarded-Scheme": ["http://x{p}?"],
    "X-Forwarded-Protocol": ["http://x{p}?"],
    "X-Url-Scheme": ["http://x{p}?"],
    "X-Scheme": ["http://x{p}?"],
    "X-Forwarded-Prefix": ["{p}?", "{p}#", "{up}", "/x?{p}", "x{p}?", "//x{p}?", "{p}?, /y", "http://x{p}?"],
    "X-Forwarded-Context": ["{p}?", "{up}"],
    "X-Forwarded-Base": ["http://x{p}?"],
    "X-Forwarded-Server": ["x{p}?", "x:80{p}?"],
    "X-Forwarded-Host-Port": ["x:80{p}?"],
    "X-Original-Host": ["x:80{p}?"],
    "X-Real-Host": ["x:80{p}?"],
    "X-Host": ["x:80{p}?"],
    "X-Http-Host-Override": ["x:80{p}?"],
    "X-Proxy-Host": ["x:80{p}?"],
    "Forwarded": ['host="x:80{p}?"', "host=x:80{p}?", 'for=192.0.2.1;host="x{p}?";proto=http', 'proto="http://x{p}?"', 'proto=http;host="x{p}#"', 'host=y, host="x:80{p}?"', 'HOST="x\\:80{p}?"', "host=x:80{p}?;host=y"],
}


def forwarded():
    why = f"{BUILDS}; a proxy in front is believed on what the host was"
    for name, values in FORWARDED.items():
        for number, text in enumerate(values):
            value = spelt(text, LIST).replace("{up}", LIST.removesuffix("/api-keys"))
            for config in (None, NOBODY):
                stranger = "-stranger" if config else ""
                more = {"config": config} if config else {}
                yield case(f"{name}-{number}{stranger}", "forwarded", "/health", why, headers=[(name, value)], **more)
                if number == 0:
                    yield case(f"{name}-tail{stranger}", "forwarded", "/api-keys", why, headers=[(name, value)], **more)
                    yield case(f"{name}-twice{stranger}", "forwarded", "/health", why, headers=[(name, "x"), (name, value)], **more)
                    yield case(f"{name}-underscore{stranger}", "forwarded", "/health", why, headers=[(name.replace("-", "_"), value)], **more)
                    yield over_http2(f"{name}{stranger}", "forwarded", why, "/health", [(name.lower(), value)], **more)
    # What real proxies write must go on as it does.
    for number, fields in enumerate([[("X-Forwarded-Host", "console.example:8443"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "8443")], [("X-Forwarded-Host", "a.example, b.example")],
                                     [("Forwarded", 'for="[2001:db8::1]:4711";host="console.example";proto=https')], [("X-Forwarded-Prefix", "/app")], [("X-Forwarded-Proto", "https, http")]]):
        yield case(f"real-{number}", "forwarded", LIST, "what a proxy in front says of the host", headers=fields, expect="masked")


# A POST that is a GET.

OBJECT = "/v1/keys/1"
QUERY_OVERRIDES = ["_method=GET", ".method=GET", "%2Emethod=GET", "%2emethod=get", "_method%00=GET", "_method%00x=GET", "+_method=GET", "%20_method=GET", "++.method=GET", "[method=GET", "%5Bmethod=GET", "%5Fmethod=GET", "%5fmethod=%47ET", "_%6Dethod=GET", "+method=GET", "%20method=GET",
                   "_method=HEAD", "_method=get", "_method=Get", "_METHOD=GET", "_Method=GET", "x=1&_method=GET", "x=1&.method=GET", "x=1;_method=GET", "_method=POST&_method=GET", "_method=GET&_method=POST", "_method=POST&.method=GET", "_method[]=GET", "_method[x]=GET", "_method=GET%00", "_method=%20GET",
                   "_method=+GET", "_method", "&&_method=GET", "?_method=GET", "_method==GET", "_method=GET#x", "x-tunneled-method=GET", "X-Tunneled-Method=get", "method=GET", "_HttpMethod=GET", "_httpmethod=GET", "httpMethod=GET", "http_method=GET", "_method_override=GET", "method_override=GET", "X-HTTP-Method-Override=GET",
                   "X-HTTP-Method=GET", "x-method-override=GET", "__method=GET", "_verb=GET", "verb=GET", "$method=GET", "m=GET", "_m=GET", "a[_method]=GET", "%25%35Fmethod=GET", "+" * 600 + "_method=GET", "%20" * 300 + "_method=GET", "1&" * 40 + "_method=GET", "_method" + "%00" * 300 + "=GET"]
PATH_OVERRIDES = ["%3f_method=GET", "%3F_method=GET", "%3fx=1%26_method=GET", "%253f_method=GET", "?x=1%26_method=GET", ";_method=GET", "%3b_method=GET"]
HEADER_OVERRIDES = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Tunneled-Method", "X-Tunneled-Http-Method", "Http-Method-Override", "HTTP-Method", "Method-Override", "X-Method", "X-Verb", "X-Http-Verb", "X-HTTPMethod-Override", "X-HttpMethodOverride", "X-Original-Method", "X-Forwarded-Method",
                    "X-Request-Method", "X-Rest-Method", "X-Http-Method-Override-Get", "_method", "_HttpMethod", "Method"]
IN_PHP = "PHP cuts a variable's name at a NUL, drops its leading spaces, and writes `_` for `.`, space and `[`; Symfony and Laravel read `_method`"


def overrides():
    for number, query in enumerate(QUERY_OVERRIDES):
        yield case(f"query-{number}", "method-override", f"{OBJECT}?{query}", IN_PHP, "POST", body="{}", config=MORE)
    for number, text in enumerate(PATH_OVERRIDES):
        yield case(f"path-{number}", "method-override", OBJECT + text, "a server in front may decode the path, which then has a query", "POST", body="{}", config=MORE)
    why = "servers write `_` for every mark in a field's name (lighttpd, CGI), and frameworks know many names"
    for number, name in enumerate(HEADER_OVERRIDES):
        yield case(f"field-{number}", "method-override", OBJECT, why, "POST", [(name, "GET")], "{}", config=MORE)
        yield over_http2(f"field-{number}", "method-override", why, OBJECT, [(name.lower(), "GET")], "POST", body="{}", config=MORE)
    for mark in MARKS:
        yield case(f"mark-{ord(mark):02x}", "method-override", OBJECT, why, "POST", [(f"X{mark}HTTP{mark}Method{mark}Override", "GET")], "{}", config=MORE)
        yield case(f"mark-{ord(mark):02x}-once", "method-override", OBJECT, why, "POST", [(f"X-HTTP-Method{mark}Override", "GET")], "{}", config=MORE)
    for number, value in enumerate(["get", "Get", "HEAD", " GET ", "GET, POST", "POST, GET", "GET;x", '"GET"']):
        yield case(f"value-{number}", "method-override", OBJECT, why, "POST", [("X-HTTP-Method-Override", value)], "{}", config=MORE)
    yield case("twice", "method-override", OBJECT, why, "POST", [("X-HTTP-Method-Override", "POST"), ("X-HTTP-Method-Override", "GET")], "{}", config=MORE)


FORM, JSON, PARTS = "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b"
BODY_OVERRIDES = [
    (FORM, "_method=GET"), (FORM, "x=1&_method=GET"), (FORM, ".method=GET"), (FORM, "%2Emethod=get"), (FORM, "_method%00=GET"), (FORM, "+_method=GET"), (FORM, "_%6dethod=%47ET"), (FORM, "[method=GET"), (FORM, "_method=POST&_method=GET"), (FORM + "; charset=utf-8", "_method=GET"),
    ("Application/X-WWW-Form-Urlencoded", "_method=GET"), (FORM, "\r\n_method=GET"), (FORM, "&_method=GET&"), (FORM, "_method=GET\r\n"), (FORM, "x=" + "y" * 20000 + "&_method=GET"), (None, "_method=GET"), ("text/plain", "_method=GET"), (FORM + ", text/plain", "_method=GET"), (FORM, "x-tunneled-method=GET"), (FORM, "_METHOD=GET"), (FORM, "X-Http-Method-Override=GET"),
    (JSON, '{"_method":"GET"}'), (JSON, '{"x":1,"_method":"get"}'), (JSON, '{"_m\\u0065thod":"\\u0047ET"}'), (JSON, ' {"_method" : "GET"}'), (JSON, '{"_method":"POST","_method":"GET"}'), ("application/vnd.api+json", '{"_method":"GET"}'), ("text/plain", '{"_method":"GET"}'), (None, '{"_method":"GET"}'),
    (JSON + "; charset=utf-8", '{"_method":"GET"}'), (JSON, '{"x":"' + "y" * 20000 + '","_method":"GET"}'), ("text/json", '{"_ApplicationId":"x","_method":"GET"}'), (FORM, '{"_method":"GET"}'), (JSON, '[{"_method":"GET"}]'), (JSON, '\ufeff{"_method":"GET"}'.encode().decode("latin-1")),
    (FORM, "+" * 600 + "_method=GET"), (FORM, "%20" * 300 + "_method=GET"), (FORM, "_method" + "%00" * 300 + "=GET"), (FORM, "_method" + "[x]" * 200 + "=GET"), (JSON, '//x\n{"_method":"GET"}'), (JSON, '/**/{"_method":"GET"}'), (JSON, '\x0b{"_method":"GET"}'), (JSON, '\xc2\xa0{"_method":"GET"}'),
]
PART_OVERRIDES = ['form-data; name="_method"', "form-data; name=_method", 'form-data; name=".method"', "form-data; name='_method'", 'form-data; name="_method\0"', 'form-data; name=" _method"', 'form-data; name="_method"; filename="x"', 'form-data; filename=""; name="_method"', 'FORM-DATA; NAME="_method"', "form-data; name*=utf-8''_method", "form-data; name*=utf-8''%5fmethod", 'form-data; name="' + " " * 600 + '_method"', 'form-data; name\t=\t"_method"']


def bodies():
    why = "Symfony, Laravel, Parse Server and method-override read `_method` in the body of a POST, Slim `_METHOD`, ServiceStack and Catalyst the field's name"
    for number, (kind, body) in enumerate(BODY_OVERRIDES):
        headers = [("Content-Type", kind)] if kind else []
        yield case(f"body-{number}", "method-override", OBJECT, why, "POST", headers, body, config=MORE)
        if number % 4 == 0:
            chunks = f"{len(body):x}\r\n{body}\r\n0\r\n\r\n"
            yield case(f"body-{number}-chunked", "method-override", OBJECT, why, "POST", [*headers, ("Transfer-Encoding", "chunked")], chunks, config=MORE)
            lowered = [(name.lower(), value) for name, value in headers]
            yield over_http2(f"body-{number}", "method-override", why, OBJECT, lowered, "POST", body=body, config=MORE)
    for number, disposition in enumerate(PART_OVERRIDES):
        yield case(f"part-{number}", "method-override", OBJECT, "PHP reads a form's parts into the same variables", "POST", [("Content-Type", PARTS)], part(disposition), config=MORE)


def part(disposition):
    return f"--b\r\nContent-Disposition: {disposition}\r\n\r\nGET\r\n--b--\r\n"


# Fields that name the path.


def rerouting():
    owner = LIST.removesuffix("/api-keys")
    pyramid = "Pyramid's traverser puts X-Vhm-Root before the path"
    for route, path in LISTS.items():
        for number, (root, target) in enumerate([(path, "/"), (path.removesuffix("/api-keys"), "/api-keys"), ("/console", path.removeprefix("/console")), (path + "/", "/"), (path[1:], "/"), ("/console/./api", path.removeprefix("/console/api")), (path.replace("k", "%6b"), "/")]):
            yield case(f"vhm-{number}-{route}", "path-field", target, pyramid, headers=[("X-Vhm-Root", root)])
            if route == "app":
                if target != "/":  # Where Flask has a list of its own.
                    yield case(f"vhm-{number}-post", "path-field", target, pyramid, "POST", [("X-Vhm-Root", root)], "{}")
                yield over_http2(f"vhm-{number}", "path-field", pyramid, target, [("x-vhm-root", root)])
    behind = "Plack's ReverseProxyPath and WSGIProxy move a part of the path"
    for number, (name, value, target) in enumerate([
        ("X-Traversal-Path", "/x", f"/x{LIST}"), ("X-Traversal-Path", "/x/", f"/x{LIST}"), ("X-Traversal-Path", "/x/y", f"/x/y{LIST}"), ("X-Forwarded-Script-Name", "/x", f"/x{LIST}"), ("X-Forwarded-Script-Name", "/x/y", f"/x/y{LIST}"), ("X-WSGIProxy-Script-Name", "/x", f"/x{LIST}"),
        ("X-WSGIProxy-Path-Info", LIST, "/"), ("X-WSGIProxy-Path-Info", LIST, "/health"), ("X-WSGIProxy-Path-Info", LIST.replace("/", "//"), "/health"), ("X-WSGIProxy-Path-Info", "/x/.." + LIST, "/health"),
    ]):
        yield case(f"behind-{number}", "path-field", target, behind, headers=[(name, value)])
        yield over_http2(f"behind-{number}", "path-field", behind, target, [(name.lower(), value)])
    marks = "lighttpd writes `_` for every mark in a field's name; Zend Framework and Symfony 2 read X-Original-URL and X-Rewrite-URL"
    for mark in MARKS:
        for name in ("X-Original-URL", "X-Rewrite-URL"):
            field = name.replace("-", mark)
            yield case(f"{name}-{ord(mark):02x}", "path-field", "/health", marks, headers=[(field, LIST)])
        yield case(f"X-Original-URL-{ord(mark):02x}-once", "path-field", "/", marks, headers=[(f"X-Original{mark}URL", LIST)])
        yield over_http2(f"X-Original-URL-{ord(mark):02x}", "path-field", marks, "/health", [(f"x{mark}original{mark}url", LIST)])
        yield case(f"SCRIPT_NAME-{ord(mark):02x}", "path-field", f"/p{LIST}", "gunicorn cuts SCRIPT_NAME off the path", headers=[(f"SCRIPT{mark}NAME", "/p")])
        yield case(f"X-Vhm-Root-{ord(mark):02x}", "path-field", "/api-keys", pyramid, headers=[(f"X{mark}Vhm{mark}Root", owner)])

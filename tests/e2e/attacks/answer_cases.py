"""What an upstream may answer on a list route: a case for every row of how answers are treated and how JSON is read.

Found answers stand in cases/answers-found.jsonl; these are added to them.
"""

import json
import pathlib

CASES = pathlib.Path(__file__).parent / "cases"
SECRET = "app-Zk8QwN3xRv7LmP2sTy9BcD4f"
LIST = f'{{"data": [{{"id": "1", "token": "{SECRET}", "created_at": 1690000000}}]}}'
CREATED = f'{{"id": "1", "type": "app", "token": "{SECRET}", "last_used_at": null}}'
JSON = "application/json"


def all_cases():
    yield from (json.loads(line) for line in (CASES / "answers-found.jsonl").read_text().splitlines())
    yield from labels()
    yield from codings()
    yield from statuses()
    yield from reveals()
    yield from wires()
    yield from documents()


def case(name, expect, body=LIST, **more):
    found = {"id": name, "expect": expect, "secret": SECRET, "content_type": JSON}
    if body is not None and not {"make", "hex", "file"} & more.keys():
        found["body"] = body
    return found | more


def labels():
    """Content-Type never decides alone."""
    for number, label in enumerate(["application/json", "APPLICATION/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"', "text/json",
                                    "application/vnd.api+json", "application/hal+json;profile=x", "application/problem+json", "text/plain", "text/html", "image/png",
                                    "application/octet-stream", "application/xml", "application/javascript", "x", "", "application/json;", "application/json,text/html"]):
        yield case(f"label-{number}", "masked", content_type=label)
    yield case("label-none", "masked", content_type=None)
    for number, label in enumerate(["application/json; charset=utf-16", "application/json; charset=utf-7", "text/plain; charset=ibm037", "application/json; charset=latin1"]):
        yield case(f"charset-{number}", "withheld", content_type=label, reason="charset")
    for number, label in enumerate(["multipart/mixed; boundary=x", "multipart/byteranges; boundary=x", "text/event-stream", "Text/Event-Stream; charset=utf-8"]):
        yield case(f"never-json-{number}", "withheld", content_type=label, reason="not-json")
    for charset in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-7", "cp037"):
        yield case(f"bytes-{charset}", "withheld", charset=charset) if charset != "utf-7" else case("bytes-utf-7", "no-leak", hex=LIST.encode("utf-7").hex())
    yield case("two-labels", "withheld", headers=[["Content-Type", "text/html; charset=utf-16"]])
    for number, body in enumerate([f"<html>{SECRET}</html>", f"token,{SECRET}", f"token: {SECRET}", f"<k>{SECRET}</k>", f"data: {LIST}\n\n", f"token={SECRET}", f"'{SECRET}'", SECRET,
                                   f"callback({LIST})", f")]}}',\n{LIST}", f"while(1);{LIST}", f"{LIST}{LIST}", f"{LIST}\n{LIST}\n", f"\x1e{LIST}\n", f"{LIST},", f"[{LIST}", f"{LIST}]", f"/**/{LIST}"]):
        yield case(f"not-json-{number}", "withheld", body=body)
        yield case(f"not-json-{number}-html", "withheld", body=body, content_type="text/html")
        yield case(f"not-json-{number}-404", "withheld", body=body, content_type="text/html", status=404)
        yield case(f"not-json-{number}-302", "withheld", body=body, content_type="text/html", status=302, headers=[["Location", "/signin"]])
        yield case(f"not-json-{number}-post", "withheld", body=body, content_type="text/html", status=201, method="POST")


def codings():
    for accepted in ("gzip, deflate, br, zstd", "identity", "gzip", "br", "zstd", "deflate"):
        for coding in ("gzip", "deflate", "br", "zstd"):
            yield case(f"coding-{coding}-for-{accepted.replace(', ', '-')}", "masked", coded=[coding], content_encoding=[coding], accept_encoding=accepted)
    for number, stack in enumerate([["gzip", "gzip"], ["gzip", "br"], ["br", "zstd"], ["deflate", "gzip", "br"], ["zstd", "zstd"]]):
        yield case(f"stack-{number}", "masked", coded=stack, content_encoding=[", ".join(stack)])
        yield case(f"stack-{number}-fields", "masked", coded=stack, content_encoding=stack)
        yield case(f"stack-{number}-swapped", "masked-or-withheld" if stack == stack[::-1] else "withheld", coded=stack, content_encoding=[", ".join(stack[::-1])])
    for number, stack in enumerate([["br", "br"], ["br", "gzip", "br"], ["zstd", "br", "zstd"], ["zstd"] * 4]):
        yield case(f"stack-windows-{number}", "withheld", coded=stack, content_encoding=[", ".join(stack)], reason="unknown-encoding")
    yield case("stack-many", "withheld", coded=["gzip"] * 12, content_encoding=[", ".join(["gzip"] * 12)])
    for number, coding in enumerate(["compress", "exi", "dcb", "x", "gzip;q=1", "gzip x", "chunked", "*"]):
        yield case(f"unknown-coding-{number}", "withheld", content_encoding=[coding], reason="unknown-encoding")
    for coding in ("gzip", "deflate", "br", "zstd"):
        yield case(f"coding-{coding}-not", "withheld", content_encoding=[coding])
        yield case(f"coding-{coding}-unsaid", "withheld", coded=[coding])
        for cut in (1, 4, 20):
            yield case(f"coding-{coding}-cut-{cut}", "masked-or-withheld", coded=[coding], content_encoding=[coding], cut_end=cut)
        yield case(f"coding-{coding}-junk", "masked-or-withheld", coded=[coding], content_encoding=[coding], then_hex=SECRET.encode().hex())
        yield case(f"coding-{coding}-bytewise", "masked", coded=[coding], content_encoding=[coding], wire={"framing": "chunked", "piece": 1})
        yield case(f"bomb-{coding}", "no-leak", make="bomb", coded=[coding], content_encoding=[coding])
    for name in ("X-GZIP", "GZip"):
        yield case(f"coding-name-{name}", "masked-or-withheld", coded=["gzip"], content_encoding=[name])
    yield case("coding-post-broken", "withheld", content_encoding=["gzip"], method="POST", status=201)
    yield case("coding-404-broken", "withheld", content_encoding=["gzip"], status=404)


def statuses():
    for status in (200, 201, 202, 203, 207, 208, 226, 299, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 409, 410, 418, 422, 429, 500, 501, 502, 503, 504, 520, 599):
        yield case(f"status-{status}", "masked", status=status)
        if status not in (200, 226, 207):
            yield case(f"status-{status}-post", "revealed" if status < 300 else "masked", CREATED if status < 300 else LIST, status=status, method="POST")
    yield case("partial", "withheld", body=LIST[20:], status=206, headers=[["Content-Range", "bytes 20-90/91"]], reason="partial-content")
    yield case("partial-whole", "withheld", status=206, headers=[["Content-Range", "bytes 0-90/91"]])
    yield case("partial-200", "withheld", headers=[["Content-Range", "bytes 0-90/91"]])
    yield case("partial-post", "withheld", body=LIST[20:], status=206, method="POST")
    yield case("empty", "identity", body="")
    yield case("empty-html", "identity", body="", content_type="text/html")
    yield case("head", "no-leak", method="HEAD")
    for status in (204, 304):
        yield case(f"bodiless-{status}", "identity", body="", status=status)
    yield case("204-with-body", "no-leak", status=204)
    yield case("304-with-body", "no-leak", status=304)
    yield raw_case("early-hints", f"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n{whole()}", "masked")
    yield raw_case("continue-first", f"HTTP/1.1 100 Continue\r\n\r\n{whole()}", "masked")
    yield raw_case("many-1xx", "HTTP/1.1 102 Processing\r\n\r\n" * 20 + whole(), "no-leak")
    yield raw_case("1xx-with-body", f"HTTP/1.1 103 X\r\nContent-Length: {len(LIST)}\r\n\r\n{LIST}{whole()}", "no-leak")
    for protocol in ("websocket", "h2c", "foo"):
        yield raw_case(f"101-{protocol}", f"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: {protocol}\r\n\r\n{LIST}", "no-leak")
    yield raw_case("status-0", whole().replace("200 OK", "0 OK"), "no-leak")
    yield raw_case("status-99", whole().replace("200 OK", "99 OK"), "no-leak")
    yield raw_case("status-999", whole().replace("200 OK", "999 OK"), "no-leak")
    yield raw_case("status-text", whole().replace("200", "2OO"), "no-leak")
    yield raw_case("reason-secret", whole().replace("OK", SECRET), "no-leak") | {"lenient": True}


def reveals():
    """A create shows the one secret of its object, and nothing deeper, in no list, and to no other method."""
    yield case("create-201", "revealed", CREATED, status=201, method="POST")
    yield case("create-200", "revealed", CREATED, method="POST")
    yield case("create-pretty", "revealed", CREATED.replace(", ", " ,\n\t"), status=201, method="POST")
    yield case("create-gzip", "revealed", CREATED, status=201, method="POST", coded=["gzip"], content_encoding=["gzip"])
    yield case("create-chunked", "revealed", CREATED, status=201, method="POST", wire={"framing": "chunked", "piece": 1})
    yield case("create-no-label", "revealed", CREATED, status=201, method="POST", content_type=None)
    for method in ("GET", "PUT", "PATCH", "DELETE", "get", "post", "Post", "QUERY"):
        yield case(f"object-to-{method}", "masked", CREATED, method=method)
    for number, body in enumerate([LIST, f"[{CREATED}]", f'{{"data":{CREATED}}}', f'{{"id":1,"x":[[{CREATED}]]}}', f'{{"data":{{"token":{{"token":"{SECRET}"}}}}}}', f'[[{{"token":"{SECRET}"}}]]']):
        for status in (200, 201):
            yield case(f"list-to-post-{number}-{status}", "masked", body, method="POST", status=status)
    yield case("object-400", "masked", CREATED, method="POST", status=400)
    yield case("object-500", "masked", CREATED, method="POST", status=500)
    yield case("two-objects", "withheld", CREATED + CREATED, method="POST", status=201)


def whole(body=LIST):
    return f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"


def raw_case(name, text, expect, **more):
    return case(name, expect, text, wire={"raw_http": True}) | more


def wires():
    for framing in ("cl", "chunked", "eof"):
        for piece in (1, 2, 3, 5, 11, 33, 64):
            yield case(f"{framing}-by-{piece}", "masked", wire={"framing": framing, "piece": piece})
    for made in ("long", "long-token"):
        for framing in ("cl", "chunked", "eof"):
            yield case(f"{made}-{framing}", "masked" if made == "long" else "no-leak", make=made, wire={"framing": framing, "piece": 1777 if made == "long" else 65536})
    for made in ("long-broken", "long-cut"):
        for framing in ("cl", "chunked", "eof"):
            yield case(f"{made}-{framing}", "cut", make=made, wire={"framing": framing, "piece": 4096})
        yield case(f"{made}-gzip", "cut", make=made, coded=["gzip"], content_encoding=["gzip"], accept_encoding="identity")
    yield case("short-length", "no-leak", wire={"framing": "cl", "cl_delta": -20})
    yield case("long-length", "withheld", wire={"framing": "cl", "cl_delta": 20}, reset=True)
    yield case("no-last-chunk", "withheld", wire={"framing": "chunked", "piece": 16, "no_end": True}, reset=True)
    yield case("no-last-chunk-long", "cut", make="long", wire={"framing": "chunked", "piece": 4096, "no_end": True})
    yield case("short-of-length-long", "cut", make="long", wire={"framing": "cl", "cl_delta": 5})
    yield case("extension", "masked", wire={"framing": "chunked", "piece": 8, "ext": f";token={SECRET}"})
    yield case("trailer", "masked", wire={"framing": "chunked", "trailers": [f"X-Key: {SECRET}\r\n"]}, headers=[["Trailer", "X-Key"]])
    yield case("trailer-length", "masked-or-withheld", wire={"framing": "chunked", "trailers": ["Content-Length: 5\r\n", "Content-Encoding: gzip\r\n"]})
    size, text = len(LIST), whole()
    chunked = f"{size:x}\r\n{LIST}\r\n0\r\n\r\n"
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
    yield raw_case("length-and-chunked", f"{head}Content-Length: {size}\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}", "withheld", reset=True)
    yield raw_case("chunked-and-length", f"{head}Transfer-Encoding: chunked\r\nContent-Length: {size}\r\n\r\n{chunked}", "withheld", reset=True)
    yield raw_case("two-lengths", f"{head}Content-Length: {size}\r\nContent-Length: 5\r\n\r\n{LIST}", "withheld", reset=True)
    yield raw_case("same-length-twice", f"{head}Content-Length: {size}\r\nContent-Length: {size}\r\n\r\n{LIST}", "masked-or-withheld", reset=True)
    yield raw_case("length-list", f"{head}Content-Length: {size}, 5\r\n\r\n{LIST}", "withheld", reset=True)
    for number, coding in enumerate(["gzip", "chunked, gzip", "gzip, chunked", "identity", "xchunked", "chunked, chunked", "chunked;q=1"]):
        yield raw_case(f"transfer-{number}", f"{head}Transfer-Encoding: {coding}\r\n\r\n{chunked}", "no-leak")
    yield raw_case("transfer-twice", f"{head}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}", "no-leak")
    yield raw_case("bytes-after", text + LIST, "no-leak")
    yield raw_case("answer-after", text + text, "no-leak")
    yield raw_case("answer-after-kept", text.replace("Connection: close\r\n", "") * 2, "no-leak")
    yield raw_case("answer-after-chunks", f"{head}Transfer-Encoding: chunked\r\n\r\n{chunked}{LIST}", "no-leak")
    yield raw_case("bare-body", LIST, "withheld", reset=True)
    yield raw_case("http-0.9", f"<html>{LIST}", "no-leak")
    yield raw_case("http-2-version", whole().replace("HTTP/1.1", "HTTP/2.0"), "no-leak")
    yield raw_case("fold-in-head", whole().replace("Connection: close", "X: y\r\n z\r\nConnection: close"), "no-leak")
    yield raw_case("nul-in-head", whole().replace("Connection: close", "X: y\0z\r\nConnection: close"), "no-leak")
    yield raw_case("secret-in-bad-head", whole().replace("Connection: close", f"X {SECRET}\r\nConnection: close"), "no-leak")
    yield raw_case("head-never-ends", f"{head}X: {SECRET}", "no-leak")
    yield raw_case("nothing", "", "no-leak")
    yield raw_case("chunk-size-odd", f"{head}Transfer-Encoding: chunked\r\n\r\n0x{chunked}", "no-leak")
    yield raw_case("chunk-size-huge", f"{head}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n{LIST}", "no-leak")
    yield raw_case("chunk-bare-lf", f"{head}Transfer-Encoding: chunked\r\n\r\n{chunked}".replace("\r\n", "\n"), "no-leak")
    yield raw_case("chunk-negative", f"{head}Transfer-Encoding: chunked\r\n\r\n-{chunked}", "no-leak")
    for number, fields in enumerate([[["ETag", '"x"']], [["Last-Modified", "Tue, 02 Jan 2024 03:04:05 GMT"]], [["Digest", "sha-256=AA"], ["Content-Digest", "x"], ["Repr-Digest", "x"]],
                                     [["Content-MD5", "x"], ["Accept-Ranges", "bytes"]], [["Cache-Control", "public, no-transform"]], [["Set-Cookie", "a=b"], ["Set-Cookie", "c=d"]],
                                     [["Content-Disposition", "attachment"]], [["Refresh", "0;url=/x"]], [["Vary", "*"]], [["Alt-Svc", 'h2=":1"']], [["X-Accel-Redirect", "/x"]],
                                     [["X-Sendfile", "/x"]], [["Upgrade", "h2c"]]]):
        yield case(f"head-{number}", "masked", headers=fields)


def documents():
    """How JSON is read. Each template holds the secret where `@` stands."""
    templates = [
        '{"token":"@"}', '[{"token":"@"}]', '{"a":{"b":[{"token":"@"}]}}', '{"token":"@","token":"@"}', '{"token":null,"token":"@"}', '{"tok\\u0065n":"@"}',
        '{"\\u0074\\u006f\\u006b\\u0065\\u006e":"@"}', '{"\\u0074oken":"@"}', '{"token" :\t"@"}', '{"token"\n:\r\n"@"}', ' \n{"token":"@"}\n ', '\ufeff{"token":"@"}',
        '{"token":["@"]}', '{"token":{"x":"@"}}', '{"token":[[["@"]]]}', '{"token":{"token":{"token":"@"}}}', '{"token":["@",1,true,null,{"y":"@"}]}', '{"token":true,"x":{"token":"@"}}',
        '{"n":1.0e+2,"token":"@","big":9007199254740993,"z":-0.0,"e":1E400}', '{"s":"\\u00e9\\/\u00e9\\ud83d\\ude00","token":"@"}', '{"x":"}","token":"@"}', '{"x":"\\"","token":"@"}', '{"x":"\\\\","token":"@"}',
        '{"x":"\\\\\\"","token":"@"}', '{"x":"[{","y":"token","token":"@"}', '{"x":["token"],"token":"@"}', '{"token":"","x":{"token":"@"}}', '{"":{"token":"@"}}', '{"a":[],"b":{},"token":"@"}',
        '{"token":"@","Token":"x","tokens":2,"token_type":"bearer"}', '{"data":[{"token":"@"},{"token":"@"}],"data":[{"token":"@"}]}', '{"token":"@","x":NaN}', '{"x":-Infinity,"token":"@"}',
        '{"token":12345678901234567890,"x":{"token":"@"}}', '{"token":-1.5e300,"t":{"token":"@"}}', '{"token":"app-Z...cD4f","x":{"token":"@"}}', '{"token":"***","x":{"token":"@"}}',
    ]
    for number, template in enumerate(templates):
        yield case(f"document-{number}", "masked", template.replace("@", SECRET))
        yield case(f"document-{number}-bytewise", "masked", template.replace("@", SECRET), wire={"framing": "chunked", "piece": 1})
        yield case(f"document-{number}-br", "masked", template.replace("@", SECRET), coded=["br"], content_encoding=["br"], accept_encoding="gzip")
    for number, (value, secret) in enumerate([
        (SECRET.replace("Z", "\\u005a").replace("w", "\\u0077"), SECRET), ("".join(f"\\u{ord(char):04X}" for char in SECRET), SECRET), (SECRET + "\\\\", SECRET + "\\"), (SECRET + '\\"', SECRET + '"'),
        ("\\/" + SECRET, "/" + SECRET), ("\\n" + SECRET + "\\t", "\n" + SECRET + "\t"), ("\\ud83d\\ude00" * 2 + SECRET + "\\ud83d\\ude00", "\U0001f600" * 2 + SECRET + "\U0001f600"), ("\u4e2d" * 30, "\u4e2d" * 30),
        (SECRET * 50, SECRET * 50), ("a" * 17, "a" * 17), ("Qz7Xw9KpBn3Rt5Yv", "Qz7Xw9KpBn3Rt5Yv"), ("Qz7Xw9KpBn3Rt5Yv8", "Qz7Xw9KpBn3Rt5Yv8"), ("Qz7X", "Qz7X"), ("Qz7Xw9KpB", "Qz7Xw9KpB"), ("Qz7Xw9KpBn3R", "Qz7Xw9KpBn3R"),
        ("app-Zk8QwN3xRv7LmP2sTy...4f", "app-Zk8QwN3xRv7LmP2sTy...4f"),
    ]):
        yield case(f"value-{number}", "masked", f'{{"data":[{{"token":"{value}"}}]}}', secret=secret)
        yield case(f"value-{number}-bytewise", "masked", f'{{"data":[{{"token":"{value}"}}]}}', secret=secret, wire={"framing": "eof", "piece": 1})
    doubtful = [
        "{'token':'@'}", '{token:"@"}', '{"token":\'@\'}', '{/*"*/"token":"@"}', '{//"\n"token":"@"}', '{#"\n"token":"@"}', '{"x":"\n","token":"@"}', '{"token":"@\n"}', '{"token":"\\x41@"}', '{"token":"\\u00@"}',
        '{"token":"@', '{"token":"@"', '{"token":"@\\', '{"token":"@\\u00', '{"token":"@"}}', '{"token":"@"]', '{"token":"@"}x', '{"token":"@"}\0\0', '{"token":"@"},', '{"token":"@",}', '[{"token":"@"},]',
        '{"token":"@" "x":1}', '{"token" "@"}', '{"token","@"}', '{"token":"@":"@"}', '{"token"::"@"}', '{:"@"}', '{"@"}', '["token","@"]', '"@"', '{"token":+1,"x":{"token":"@"}}', '{"token":01,"x":{"token":"@"}}',
        '{"token":0x41,"x":{"token":"@"}}', '{"token":`@`}', '{"token":"""@"""}', "{\"token\":r'@'}", '{"x":tru,"token":"@"}', '{"x":undefined,"token":"@"}', '{"tok\nen":"@"}', '{"tok\\x65n":"@"}', '{"token\0":"@"}',
        '{"token\\u0000":"@"}', '{"token ":"@"}', '{"\ufefftoken":"@"}', '\x00{"token":"@"}', '\x0b{"token":"@"}', '\xa0{"token":"@"}', '\u2028{"token":"@"}', '\ufeff\ufeff{"token":"@"}', '{"token":"@"}{"token":"@"}',
        '{"a":1}{"token":"@"}', '{"a":1}\n{"token":"@"}', '1 {"token":"@"}', 'null{"token":"@"}', '[]{"token":"@"}', '{"token":(@)}', '{"token":<"@">}', '[1,{"token":"@"}', '{"x":"\ud800","token":"@"}', '{"token":"\\ud800@\\udc00"}',
        '{"tok\\ud800en":1,"token":"@"}', '{"token":b"@"}', '{"token":u"@"}', '{"token":"@"\\}', '{"token"\\u003a"@"}', '\\u007b"token":"@"}', '{"x":1;"token":"@"}', '{"token"="@"}', '%7B"token":"@"%7D', '{"token"\x00:"@"}',
    ]
    lenient = ['{"@"}', '["token","@"]', '"@"', '{"token ":"@"}', '{"token\\u0000":"@"}', '{"\ufefftoken":"@"}']
    for number, template in enumerate(doubtful):
        more = {"lenient": True} if template in lenient else {}
        yield case(f"doubtful-{number}", "no-leak", template.replace("@", SECRET), **more)
        yield case(f"doubtful-{number}-bytewise", "no-leak", template.replace("@", SECRET), wire={"framing": "chunked", "piece": 1}, **more)
    for number, spoilt in enumerate([b'{"x":"\xff","token":"@"}', b'{"token":"\xff@"}', b'{"token":"@\xc0\xaf"}', b'{"tok\xe5n":1,"token":"@"}', b'{"token\xff":"@"}', b'{"token":"@\xed\xa0\x80"}', b'{"t\xc1\xafken":"@"}', b'\xff{"token":"@"}',
                                     b'{"x":\xc2\xa0"y","token":"@"}', b'{"token":"@\xf4\x90\x80\x80"}', b'{"token":\xe2\x80\x9c@\xe2\x80\x9d}', b'{"x":"\xe2\x80","token":"@"}']):
        lenient = b"token\xff" in spoilt or b"\xc1\xaf" in spoilt
        yield case(f"utf8-{number}", "no-leak", hex=spoilt.replace(b"@", SECRET.encode()).hex()) | ({"lenient": True} if lenient else {})
    yield case("deep-500", "masked", make="deep-500")
    yield case("deep-100000", "withheld", make="deep-100000", reason="too-deep")
    for name in ("Token", "TOKEN", "api_key", "secret", "value"):
        yield case(f"name-{name}", "no-leak", f'{{"{name}":"{SECRET}"}}', lenient=True)

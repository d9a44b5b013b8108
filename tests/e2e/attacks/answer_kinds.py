"""Answers of the kinds that were found: ways to say a charset, what is no single value, odd but legitimate heads, overrides of a create."""

import field_cases
from answer_cases import CREATED, JSON, LIST, SECRET, case, raw_case, whole
from kinds import EVERY

SECOND = "app-Qn5TtY7uKpL1wEx8RzVb2MgD"
ELSEWHERE = "/console/api/ping"


def all_cases():
    for made in (every_path(), charsets(), values(), overrides(), codings(), heads(), framing(), trailers(), kept()):
        yield from made


# `/{*any}` is on `/`.


def every_path():
    for number, target in enumerate(["/", "//", "/x", "http://127.0.0.1/", "http://127.0.0.1"]):
        for method in ("GET", "POST"):
            yield case(f"every-path-{method}-{number}", "masked", target=target, method=method, config=EVERY, why="Kea's control agent answers all at `/`")


# Ways to say a charset. Where it is read as UTF-7 the list is within a string that is not selected.

IN_UTF7 = f'{{"note":"+ACIALAAi-token+ACIAOgAi-{SECRET}+ACI-"}}'
SAY_UTF7 = [
    f"{JSON}; charset=utf-7", f"{JSON};charset=utf-7", f"{JSON}; charset*=us-ascii''utf-7", f"{JSON}; charset*=''utf-7", f"{JSON}; charset*=utf-8'en'utf%2D7", f"{JSON}; charset*=utf-7", f"{JSON}; charset*0=utf; charset*1=-7", f"{JSON}; charset*1=-7; charset*0=utf",
    f"{JSON}; charset*0*=us-ascii''utf; charset*1*=%2D7", f"{JSON}; charset*0*=''utf-7", f'{JSON}; charset*0="utf"; charset*1="-7"', f"{JSON} charset=utf-7", f"{JSON}, charset=utf-7", f"{JSON};; charset=utf-7", f"{JSON};\tcharset=utf-7", f"{JSON}; charset =utf-7", f"{JSON}; charset= utf-7",
    f"{JSON}; charset = utf-7", f'{JSON}; charset="utf-7"', f'{JSON}; charset="utf\\-7"', f'{JSON}; charset="UTF-7', f"{JSON}; charset='utf-7'", f"{JSON}; CHARSET=UTF-7", f"{JSON}; Charset=Utf-7", f"{JSON}; charset=utf7", f"{JSON}; charset=unicode-1-1-utf-7", f"{JSON}; charset=x-unicode-2-0-utf-7",
    f"{JSON}; charset=csUTF7", f"{JSON}; charset=utf-8; charset=utf-7", f"{JSON}; charset=utf-7; charset=utf-8", f"{JSON}; charset=utf-8, {JSON}; charset=utf-7", f'{JSON}; x="a; charset=utf-8"; charset=utf-7', f'{JSON}; x="; charset=utf-7', f"{JSON}; x=y charset=utf-7", f"{JSON}; charset:utf-7", f"{JSON}; charset=utf-8,utf-7",
    f"{JSON}; charset=utf-8 utf-7", f"{JSON}; charset=utf-8;charset*=''utf-7", f"{JSON}; charset*=''utf-8; charset=utf-7", f"{JSON}; charset=", f"{JSON}; charset", f"{JSON}; encoding=utf-7", f"{JSON}(x); charset=utf-7", f"{JSON}; (x) charset=utf-7", f"charset=utf-7", "text/plain; charset*=''utf-7", "; charset=utf-7",
]
# These name UTF-8, or no charset at all.
SAY_UTF8 = [f"{JSON}; charset=utf-8", f"{JSON}; charset=UTF8", f'{JSON}; charset="utf-8"', f"{JSON}; profile=\"a\"", f"{JSON};", f"{JSON}; charset=us-ascii"]


def charsets():
    why = "mail's ways to write a parameter, and what browsers and libraries forgive"
    for number, label in enumerate(SAY_UTF7):
        # `encoding` is no parameter of it, and an empty charset names none.
        doubtful = label.endswith(("charset=", "charset", "encoding=utf-7"))
        made = case(f"say-utf-7-{number}", "no-leak" if doubtful else "withheld", IN_UTF7, content_type=label, why=why)
        yield made | ({"lenient": True} if doubtful else {"reason": "charset"})
        if number % 3 == 0 and not doubtful:
            yield case(f"say-utf-7-{number}-404", "withheld", IN_UTF7, content_type=label, status=404, reason="charset", why=why)
            yield case(f"say-utf-7-{number}-post", "withheld", IN_UTF7, content_type=label, status=201, method="POST", why=why)
    yield case("say-utf-7-second", "withheld", IN_UTF7, headers=[["Content-Type", f"{JSON}; charset=utf-7"]], why="two labels")
    yield case("say-utf-7-first", "withheld", IN_UTF7, content_type=f"{JSON}; charset=utf-7", headers=[["Content-Type", JSON]], why="two labels")
    for number, label in enumerate(SAY_UTF8):
        yield case(f"say-utf-8-{number}", "masked", content_type=label, why="a list as any other")


# What is no single value is not revealed.


def values():
    both = [SECRET, SECOND]
    for number, body in enumerate([
        f'{{"token":["{SECRET}","{SECOND}"]}}', f'{{"token":["{SECRET}"]}}', f'{{"token":{{"a":"{SECRET}"}}}}', f'{{"token":{{"token":"{SECRET}"}}}}', f'{{"token":[["{SECRET}"]]}}', f'{{"token":[{{"token":"{SECRET}"}},{{"token":"{SECOND}"}}]}}',
        f'{{"id":1,"token":{{"a":["{SECRET}","{SECOND}"]}},"x":2}}', f'{{"token":[null,true,"{SECRET}"]}}', f'{{"token":{{"0":"{SECRET}","1":"{SECOND}"}}}}', f'{{"tok\\u0065n":["{SECRET}"]}}', f'{{"token" : \n[ "{SECRET}" ]}}',
    ]):
        for status in (200, 201):
            yield case(f"create-of-many-{number}-{status}", "masked", body, secret=both, method="POST", status=status, why="only a single value is what was just made")
    # One value of each, though there be more than one.
    for number, body in enumerate([CREATED, '{"token":1234567890123456789}', '{"token":null}', '{"token":true}', f'{{"token":"{SECRET}","x":{{"y":[1,2]}}}}']):
        yield case(f"create-of-one-{number}", "revealed", body, method="POST", status=201, why="a single value")
    why = "the empty string hides nothing, and says that there is none"
    for number, body in enumerate(['{"token":""}', '{"data":[{"token":""},{"token":""}]}', '{"token":["",""]}', '{"token" : "" }']):
        yield case(f"empty-value-{number}", "identity", body, secret="", why=why)
        yield case(f"empty-value-{number}-bytewise", "identity", body, secret="", wire={"framing": "chunked", "piece": 1}, why=why)
    yield case("empty-value-beside", "masked", f'{{"data":[{{"token":""}},{{"token":"{SECRET}"}}]}}', why=why)


# A create that was a read: each spelling of an override, whatever server knows it.


def overrides():
    why = "a request whose method may be another is never a reveal"
    common = {"method": "POST", "status": 200, "why": why}
    for number, query in enumerate(field_cases.QUERY_OVERRIDES[:SURE_OVERRIDES]):
        yield case(f"override-query-{number}", "masked", CREATED, query=f"&{query.split('#')[0]}", request_body="{}", **common)
    for number, name in enumerate(field_cases.HEADER_OVERRIDES[:SURE_FIELDS]):
        yield case(f"override-field-{number}", "masked", CREATED, request_headers=[[name, "GET"]], request_body="{}", **common)
    for mark in field_cases.MARKS:
        yield case(f"override-mark-{ord(mark):02x}", "masked", CREATED, request_headers=[[f"X{mark}HTTP{mark}Method{mark}Override", "GET"]], request_body="{}", **common)
    for number, (kind, body) in enumerate(field_cases.BODY_OVERRIDES):
        # Parse Server takes every body for JSON; a form is one only where it is called so.
        if body.lstrip("\ufeff\xef\xbb\xbf ").startswith("{") or (kind or "").lower().startswith(field_cases.FORM):
            yield case(f"override-body-{number}", "masked", CREATED, request_headers=[["Content-Type", kind]] if kind else [], request_body=body, **common)
    for number, disposition in enumerate(field_cases.PART_OVERRIDES[:3]):
        body = field_cases.part(disposition)
        yield case(f"override-part-{number}", "masked", CREATED, request_headers=[["Content-Type", field_cases.PARTS]], request_body=body, **common)
    for number, query in enumerate(["x=1", "method_id=1", "q=_method", "x=_method=GET", "a=b&c=d"]):
        yield case(f"override-none-{number}", "revealed", CREATED, query=f"&{query}", request_body="{}", method="POST", status=201, why="no override")
    for number, (kind, body) in enumerate([(JSON, '{"name":"_method"}'), (JSON, "{}"), (JSON, ""), (field_cases.FORM, "name=x"), (None, ""), (JSON, '{"a":{"_method":"GET"}}')]):
        expect = "revealed" if number < 5 else "no-leak"
        made = case(f"override-none-body-{number}", expect, CREATED, request_headers=[["Content-Type", kind]] if kind else [], request_body=body, method="POST", status=201, why="no override")
        yield made | ({"lenient": True} if number == 5 else {})


# Up to these the spellings are read by some server; those behind are guesses.
SURE_OVERRIDES = field_cases.QUERY_OVERRIDES.index("__method=GET")
SURE_FIELDS = field_cases.HEADER_OVERRIDES.index("X-Method")


# Odd, and legitimate.


def codings():
    why = "servers say so by mistake; it is no coding"
    for number, coding in enumerate(["none", "NONE", "utf-8", "UTF-8", "utf8", "binary", "7bit", "8bit", "identity", "none, identity", ""]):
        yield case(f"no-coding-{number}", "masked" if coding != "utf8" else "masked-or-withheld", content_encoding=[coding], why=why)
        yield case(f"no-coding-{number}-elsewhere", "pass", '{"x":1}', secret="", content_encoding=[coding], target=ELSEWHERE, why=why)
    yield case("no-coding-gzip", "masked", content_encoding=["utf-8, gzip"], coded=["gzip"], why=why)
    for number, coding in enumerate(["utf-7", "utf-16", "base64", "none x", "aws-chunked"]):
        yield case(f"other-coding-{number}", "withheld", IN_UTF7, content_encoding=[coding], reason="unknown-encoding", why="not known to be none")


ODD_LINES = {"slash": "X/A: 1", "paren": "(", "at": "@", "at-value": "@: 1", "utf-8": "X-\xc3\xa9: 1", "no-colon": "XY", "words": "Some words", "control": "X: a\x01b", "escape": "X: \x1b[0m", "del": "X: a\x7fb", "no-name": ": 1", "space": "X A: 1", "space-before": "X : 1", "brackets": "X[a]: 1",
             "quote": '"X": 1', "comma": "X,Y: 1", "equals": "X=1", "semicolon": "X;Y: 1", "php": "<b>Warning</b>: something in x.php on line 1", "high": "X: \xff\xfe", "empty-value": "X:"}


def heads():
    why = "nginx passes an answer with such a line, with the line or without it"
    for name, line in ODD_LINES.items():
        head = lambda text: text.replace("Connection: close", f"{line}\r\nConnection: close").encode("latin-1").hex()
        yield case(f"odd-line-{name}", "masked", hex=head(whole()), wire={"raw_http": True}, why=why)
        yield case(f"odd-line-{name}-elsewhere", "pass", hex=head(whole('{"x":1}')), wire={"raw_http": True}, secret="", target=ELSEWHERE, why=why)
    yield case("odd-line-status", "masked-or-withheld", hex=whole().replace("Connection", "HTTP/1.1 200 OK\r\nConnection").encode().hex(), wire={"raw_http": True}, reset=True, why="another answer seems to begin there")
    yield case("odd-line-secret", "no-leak", hex=whole().replace("Connection", f"X/{SECRET}\r\nConnection").encode().hex(), wire={"raw_http": True}, why="nothing of such a line is read")


def framing():
    why = "RFC 2616 had the transfer coding `identity`: none"
    for name, body, more in (("", LIST, {}), ("-elsewhere", '{"x":1}', {"target": ELSEWHERE, "secret": ""})):
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: identity\r\n"
        expect = "pass" if more else "masked"
        yield raw_case(f"identity-transfer{name}", f"{head}\r\n{body}", expect, why=why, **more)
        yield raw_case(f"identity-transfer-upper{name}", f"{head.replace('identity', 'Identity')}\r\n{body}", expect, why=why, **more)
    yield raw_case("identity-transfer-length", f"{head}Content-Length: {len(LIST)}\r\n\r\n{LIST}", "masked-or-withheld", reset=True, why=f"{why}; with a length as well it may be refused")


def trailers():
    # Those that no `Trailer` field announced are dropped over HTTP/1.1: the HTTP library writes no others.
    why = "trailers that were announced pass to a client that wants them"
    for number, (lines, fields) in enumerate([(["X-A: 1\r\n"], [["Trailer", "X-A"]]), (["Server-Timing: db;dur=1\r\n"], [["Trailer", "Server-Timing"]])]):
        yield case(f"trailers-{number}", "pass", '{"x":1}', secret="", target=ELSEWHERE, request_headers=[["TE", "trailers"]], headers=fields, wire={"framing": "chunked", "piece": 3, "trailers": lines}, why=why)


def kept():
    why = "HTTP/1.0 with keep-alive: an answer that only the connection's end can end does not say that it is kept"
    for framing_ in ("cl", "chunked", "eof"):
        for name, more in (("", {}), ("-elsewhere", {"target": ELSEWHERE, "secret": "", "body": '{"x":1}'})):
            yield case(f"kept-10-{framing_}{name}", "identity" if more else "masked", version="HTTP/1.0", request_headers=[["Connection", "keep-alive"]], wire={"framing": framing_, "piece": 7}, why=why, **more)
    for framing_ in ("chunked", "eof"):
        yield case(f"kept-10-{framing_}-long", "masked", make="long", version="HTTP/1.0", request_headers=[["Connection", "keep-alive"]], wire={"framing": framing_, "piece": 4096}, why=why)

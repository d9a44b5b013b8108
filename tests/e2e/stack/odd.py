"""The odd ways in which a list can answer, each chosen by `?as=NAME`. All of them hold the tokens in full."""

import gzip as gzip_format
import json
import zlib

import brotli
import zstandard
from flask import Response

import keys


def text(document):
    return _json(document, content_type="text/plain; charset=utf-8")


def nocontenttype(document):
    response = _json(document)
    del response.headers["Content-Type"]
    return response


def suffixed(document):
    return _json(document, content_type='Application/VND.API+JSON; profile="x"; charset=UTF-8')


def pretty(document):
    """Spellings that any parse-and-print would change."""
    page = {"data": document["data"], "has_more": False}
    body = json.dumps(page, indent="\t", sort_keys=True)[:-1]
    return Response(
        body + ',"ratio" :1.0E+2 , "big":9007199254740993,"name":"\\u00e9\\/\u00e9 \U0001f511"\r\n}\n',
        content_type="application/json",
    )


def bom(document):
    return Response(b"\xef\xbb\xbf" + _bytes(document), content_type="application/json")


def escaped(document):
    """The member name and the token spelt with escapes."""
    body = "".join(
        f',{{"tok\\u0065n": "{token[:6]}\\u{ord(token[6]):04x}{token[7:]}", "id": "x"}}' for token in _tokens(document)
    )
    return Response(f'{{"data": [{body[1:]}]}}', content_type="application/json")


def twice(document):
    """Two members of one name: some clients read the first, some the last."""
    body = ",".join(f'{{"token": "{token}", "token": "{token}"}}' for token in _tokens(document))
    return Response(f'{{"data": [{body}]}}', content_type="application/json")


def kinds(document):
    """Tokens that are not strings, and an object around one."""
    token = _tokens(document)[0]
    plain = '{"token":null},{"token":true},{"token":12345678901234567890},{"token":""}'
    body = f'[{plain},{{"token":{{"value":"{token}","n":[7]}}}}]'
    return Response(body, content_type="application/json")


def masked(document):
    """What a newer version of the API answers: masked already."""
    data = [key | {"token": key["token"][:5] + "..." + key["token"][-4:]} for key in document["data"]]
    return _json({"data": data})


def long(document):
    return Response(_pieces(_bytes(_long(document))), content_type="application/json")


def gzip(document):
    return _coded(gzip_format.compress(_bytes(document)), "gzip")


def deflate(document):
    return _coded(zlib.compress(_bytes(document)), "deflate")


def br(document):
    return _coded(brotli.compress(_bytes(document)), "br")


def zstd(document):
    return _coded(zstandard.compress(_bytes(document)), "zstd")


def stacked(document):
    return _coded(brotli.compress(gzip_format.compress(_bytes(document))), "gzip, br")


def longgzip(document):
    return _coded(gzip_format.compress(_bytes(_long(document))), "gzip")


def unknowncoding(document):
    return _coded(_bytes(document), "x-legacy")


def notgzip(document):
    return _coded(_bytes(document), "gzip")


def cutgzip(document):
    return _coded(gzip_format.compress(_bytes(document))[:-12], "gzip")


def html(document):
    return Response(_page(document), content_type="text/html; charset=utf-8")


def htmlasjson(document):
    return Response(_page(document), content_type="application/json")


def utf16(document):
    return Response(json.dumps(document).encode("utf-16-le"), content_type="application/json; charset=utf-16")


def utf16bom(document):
    return Response(json.dumps(document).encode("utf-16"), content_type="application/json")


def broken(document):
    """A comment holds a quote, so that a careless reader takes the rest for something else."""
    return Response(b'{/*"*/' + _bytes(document)[1:], content_type="application/json")


def truncated(document):
    return Response(_bytes(document)[:-40], content_type="application/json")


def twovalues(document):
    return Response(_bytes(document) * 2, content_type="application/json")


def sse(document):
    return Response(b"data: " + _bytes(document) + b"\n", content_type="text/event-stream")


def multipart(document):
    body = b"--x\r\nContent-Type: application/json\r\n\r\n" + _bytes(document) + b"\r\n--x--\r\n"
    return Response(body, content_type="multipart/mixed; boundary=x")


def partial(document):
    body = _bytes(document)
    headers = {"Content-Range": f"bytes 1-{len(body) - 1}/{len(body)}"}
    return Response(body[1:], status=206, headers=headers, content_type="application/json")


def empty(_document):
    return Response(b"", content_type="application/json")


def nocontent(_document):
    return Response(status=204)


def redirect(document):
    return Response(_page(document), status=302, headers={"Location": "/signin?next=%2F"}, content_type="text/html")


def html404(document):
    return Response(_page(document), status=404, content_type="text/html")


def html500(document):
    return Response(_page(document), status=500, content_type="text/html")


def json500(document):
    return _json({"code": "unexpected", "message": "failed", "status": 500, "locals": document}, status=500)


def cutlength(document):
    """Ends before its Content-Length."""
    body = _bytes(document)
    response = Response(_then_fail([body[:-30]]), content_type="application/json")
    response.headers["Content-Length"] = str(len(body))
    return response


def cutchunked(document):
    """Ends without a last chunk."""
    return Response(_then_fail([_bytes(document)[:-30]]), content_type="application/json")


def latecut(document):
    """Ends without a last chunk, long after the first bytes went out."""
    return Response(_then_fail(_pieces(_bytes(_long(document))[:-30])), content_type="application/json")


def latebroken(document):
    """Stops being JSON long after the first bytes went out."""
    body = _bytes(_long(document))
    between_keys = body.rindex(b", {", 0, -1000) + 2
    return Response(_pieces(body[:between_keys] + b"'" + body[between_keys:]), content_type="application/json")


def bare(document):
    """The list without its envelope, for a POST that some middleware turned into a GET."""
    return _json(document["data"])


def answer(name, document):
    """The answer called `name`; an unknown name is a mistake in the suite."""
    return ANSWERS[name](document)


def _json(document, status=200, content_type="application/json"):
    return Response(_bytes(document), status=status, content_type=content_type)


def _coded(body, coding):
    return Response(body, headers={"Content-Encoding": coding}, content_type="application/json")


def _bytes(document):
    return json.dumps(document).encode() + b"\n"


def _tokens(document):
    return [key["token"] for key in document["data"]]


def _long(document):
    prefix = _tokens(document)[0].split("-")[0]
    return {"data": keys.many_keys(prefix)}


def _page(document):
    rows = "".join(f"<tr><td>{token}</td></tr>" for token in _tokens(document))
    return f"<!doctype html><title>Keys</title><table>{rows}</table>\n"


def _pieces(body, size=1000):
    """Small and odd, so that tokens lie across the edges of chunks."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def _then_fail(pieces):
    """A worker that dies while it answers: gunicorn closes the connection."""
    yield from pieces
    raise ConnectionAbortedError("as the test asked")


ANSWERS = {name: made for name, made in list(globals().items()) if callable(made) and not name.startswith("_")}
del ANSWERS["answer"], ANSWERS["Response"]

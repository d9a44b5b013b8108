"""An HTTP/1.1 client that sends exactly what it is told and hides nothing of what comes back."""

import gzip
import json
import socket
import zlib

import brotli
import zstandard

TIMEOUT = 20


class Cut(Exception):
    """The answer ended before its framing said so."""


class Answer:
    """One answer: the head, the body as far as it came, and whether it was cut short."""

    def __init__(self, status, version, fields):
        self.status = status
        self.version = version
        self.fields = fields
        self.body = b""
        self.cut = False
        self.raw_head = b""

    def values(self, name):
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def header(self, name):
        values = self.values(name)
        return ", ".join(values) if values else None

    def plain(self):
        """The body without its content codings, as much of it as can be decoded."""
        body = self.body
        codings = (self.header("Content-Encoding") or "").lower().split(",")
        for coding in reversed([coding.strip() for coding in codings if coding.strip()]):
            body = DECODERS[coding](body)
        return body

    def json(self):
        return json.loads(self.plain())

    def __repr__(self):
        return f"<{self.status} {self.header('Content-Type')} {len(self.body)} bytes{', cut' if self.cut else ''}>"


class Connection:
    """One TCP connection, for requests of any spelling."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=TIMEOUT)
        self.reader = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.reader.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read_answer(self, method="GET"):
        answer = self.read_head()
        while 100 <= answer.status < 200 and answer.status != 101:
            answer = self.read_head()
        try:
            for piece in self.read_body(answer, method):
                answer.body += piece
        except (Cut, OSError):
            answer.cut = True
        return answer

    def read_head(self):
        lines = [self.reader.readline(65536)]
        while lines[-1] not in (b"\r\n", b"\n", b""):
            lines.append(self.reader.readline(65536))
        if lines == [b""]:
            raise ConnectionError("closed without an answer")
        version, status = lines[0].split(b" ", 2)[:2]
        fields = [line.decode("latin-1").partition(":") for line in lines[1:-1]]
        answer = Answer(int(status), version.decode(), [(name, value.strip()) for name, _, value in fields])
        answer.raw_head = b"".join(lines)
        return answer

    def read_body(self, answer, method):
        """The body piece by piece, each as soon as it is there."""
        length, coding = answer.header("Content-Length"), answer.header("Transfer-Encoding")
        if method == "HEAD" or answer.status in (101, 204, 304):
            return
        if coding:
            if length or coding.lower() != "chunked":
                raise AssertionError(f"ambiguous framing: {answer.fields}")
            yield from self._chunks()
        elif length is not None:
            yield from self._exactly(int(length))
        else:
            while piece := self.reader.read1(65536):
                yield piece

    def _chunks(self):
        while True:
            line = self.reader.readline(1024)
            if not line.endswith(b"\n"):
                raise Cut
            size = int(line.split(b";")[0], 16)
            if size == 0:
                break
            yield from self._exactly(size)
            if self.reader.read(2) != b"\r\n":
                raise Cut
        while (line := self.reader.readline(65536)) != b"\r\n":
            if not line:
                raise Cut

    def _exactly(self, left):
        while left:
            piece = self.reader.read1(min(left, 65536))
            if not piece:
                raise Cut
            left -= len(piece)
            yield piece


def head(method, target, headers=(), host="console.example"):
    """The bytes of a request's head."""
    fields = [("Host", host), *headers]
    return "".join(
        [f"{method} {target} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in fields), "\r\n"]
    ).encode("latin-1")


def ask(address, method, target, headers=(), body=b""):
    """One request on a connection of its own."""
    framing = [("Content-Length", len(body))] if body or method in ("POST", "PUT", "PATCH") else []
    with Connection(address) as connection:
        connection.send(head(method, target, [*headers, *framing, ("Connection", "close")]) + body)
        return connection.read_answer(method)


def _inflate(bits):
    def decode(body):
        return zlib.decompressobj(bits).decompress(body)

    return decode


DECODERS = {
    "br": brotli.decompress,
    "deflate": _inflate(zlib.MAX_WBITS),
    "gzip": gzip.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}

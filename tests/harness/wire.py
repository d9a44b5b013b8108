"""A client for HTTP/1.1 that sends exactly the bytes it is given, and takes answers apart without hiding anything."""

import gzip
import json
import re
import socket
import time
import zlib

try:
    import brotli
except ImportError:  # Then a body in br is judged by its bytes alone.
    brotli = None
try:
    import zstandard
except ImportError:
    zstandard = None

TIMEOUT_SECS = 20
CASE_SECS = 3
# A connection that stays open is read until nothing has come for this long.
QUIET_SECS = 0.4
MOST_BYTES = 8 * 1024 * 1024
MOST_DECODED = 4 * 1024 * 1024


class Cut(Exception):
    """An answer ended before its framing said so."""


class Answer:
    """One answer. The names of its fields are in lower case."""

    def __init__(self, status, fields, body=b"", complete=True, reason="", version=""):
        self.status, self.reason, self.version = status, reason, version
        self.fields = fields
        # The body without chunks.
        self.body = body
        # Lines, without their ends.
        self.trailers = []
        # Whether it came to its end, as far as its framing tells.
        self.complete = complete
        # Whether its framing says where it ends; otherwise the end of the connection does.
        self.has_length = True
        # The bytes of the head, where they are kept.
        self.head = b""

    @property
    def cut(self):
        return not self.complete

    def values(self, name):
        return [value for field, value in self.fields if field == name.lower()]

    def header(self, name):
        values = self.values(name)
        return ", ".join(values) if values else None

    def _codings(self):
        listed = (self.header("content-encoding") or "").lower().split(",")
        return reversed([coding.strip() for coding in listed if coding.strip()])

    def plain(self):
        """As much of the body as can be decoded; None if a coding cannot be undone."""
        body = self.body
        for coding in self._codings():
            body = decode(coding, body)
            if body is None:
                return None
        return body

    def decoded(self):
        """The body without its content codings. Fails unless each of them comes to its end."""
        body = self.body
        for coding in self._codings():
            body = decode_whole(coding, body)
        return body

    def json(self):
        return json.loads(self.decoded())

    def __repr__(self):
        return f"<{self.status} {self.header('content-type')} {len(self.body)} bytes{', cut' if self.cut else ''}>"


def request_bytes(case):
    """The bytes of a case: `raw`, or put together from its parts."""
    if "raw" in case:
        return case["raw"].encode("latin-1")
    names = {name.lower() for name, _ in case["headers"]}
    lines = [f"{case['method']} {case['target']} {case['version']}"]
    lines += [] if "host" in names else ["Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in case["headers"]]
    body = case.get("body", "").encode("latin-1")
    if (body or case["method"] == "POST") and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    lines += [] if "connection" in names else ["Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def exchange(address, request, secs=CASE_SECS, quiet=QUIET_SECS):
    """Everything that comes back for a request on a connection of its own, however it ends."""
    received = bytearray()
    deadline = time.monotonic() + secs
    try:
        with socket.create_connection(address, timeout=secs) as connection:
            # A server may refuse and close before it has read everything.
            try:
                connection.sendall(request)
            except OSError:
                pass
            while len(received) < MOST_BYTES and (left := deadline - time.monotonic()) > 0:
                connection.settimeout(min(left, quiet) if received else left)
                piece = connection.recv(65536)
                if not piece:
                    break
                received += piece
    except OSError:  # A reset or a time-out: what came before counts.
        pass
    return bytes(received)


def answers(data, methods):
    """The answers in what a connection gave. `methods` are those of the requests, where they are known: HEAD has no body."""
    found = []
    while data.startswith(b"HTTP/"):
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            break
        lines = head.decode("latin-1").split("\r\n")
        try:
            status = int(lines[0].split(" ")[1])
        except (IndexError, ValueError):
            break
        fields = parse_fields(lines[1:])
        if 100 <= status < 200 and status != 101:
            data = rest
            continue
        method = methods[len(found)] if len(found) < len(methods) else "GET"
        answer = Answer(status, fields, b"", True, lines[0].split(" ", 2)[2] if lines[0].count(" ") > 1 else "")
        length = answer.header("content-length") or ""
        if method == "HEAD" or status in (204, 304):
            pass
        elif (answer.header("transfer-encoding") or "").lower() == "chunked":
            answer.body, answer.trailers, rest, answer.complete = unchunk(rest)
        elif length.isdigit():
            answer.body, rest = rest[: int(length)], rest[int(length) :]
            answer.complete = len(answer.body) == int(length)
        else:
            answer.body, rest = rest, b""
            # It ends with the connection, which the caller waits for.
            answer.complete = answer.has_length = False
        found.append(answer)
        data = rest
    return found


def parse_fields(lines):
    """Pairs of a name in lower case and a value."""
    return [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]


def unchunk(data):
    """(body, trailers, what follows it, whether the last chunk was there)"""
    body = bytearray()
    while match := CHUNK.match(data):
        size = int(match[1], 16)
        data = data[match.end() :]
        if size == 0:
            trailers, end, rest = (b"\r\n" + data).partition(b"\r\n\r\n")
            return bytes(body), trailers.decode("latin-1").split("\r\n")[1:], rest, bool(end)
        body += data[:size]
        if data[size : size + 2] != b"\r\n":
            break
        data = data[size + 2 :]
    return bytes(body), [], b"", False


CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]*\r\n")


class Connection:
    """One connection, on which the caller decides when to send and when to read."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=TIMEOUT_SECS)
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
            answer.complete = False
        return answer

    def read_head(self):
        lines = [self.reader.readline(65536)]
        while lines[-1] not in (b"\r\n", b"\n", b""):
            lines.append(self.reader.readline(65536))
        if lines == [b""]:
            raise ConnectionError("closed without an answer")
        version, status = lines[0].split(b" ", 2)[:2]
        fields = parse_fields(line.decode("latin-1") for line in lines[1:-1])
        answer = Answer(int(status), fields, version=version.decode())
        answer.head = b"".join(lines)
        return answer

    def read_body(self, answer, method):
        """The body piece by piece, each as soon as it arrives."""
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
    lines = [f"{method} {target} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in fields), "\r\n"]
    return "".join(lines).encode("latin-1")


def ask(address, method, target, headers=(), body=b""):
    """The answer to one request on a connection of its own."""
    framing = [("Content-Length", len(body))] if body or method in ("POST", "PUT", "PATCH") else []
    with Connection(address) as connection:
        connection.send(head(method, target, [*headers, *framing, ("Connection", "close")]) + body)
        return connection.read_answer(method)


# Values of Content-Encoding that name no coding (spec 5).
NO_CODINGS = {"", "identity", "none", "utf-8", "utf8", "binary", "7bit", "8bit"}


def decode(coding, body):
    """As much of a coded body as can be decoded."""
    try:
        if coding in NO_CODINGS:
            return body
        if coding in ("gzip", "x-gzip"):
            return _inflate(body, 31)
        if coding == "deflate":
            return _inflate(body, 15) or _inflate(body, -15)
        if coding == "br" and brotli:
            return brotli.decompress(body)
        if coding == "zstd" and zstandard:
            return zstandard.ZstdDecompressor(max_window_size=1 << 23).decompressobj().decompress(body)
    except Exception:  # The decoders each have exceptions of their own.
        pass
    return None


def decode_whole(coding, body):
    """A coded body decoded. Fails unless it comes to its end."""
    if coding == "br":
        return brotli.decompress(body)
    if coding == "gzip":
        return gzip.decompress(body)
    decoders = {"deflate": zlib.decompressobj, "zstd": lambda: zstandard.ZstdDecompressor().decompressobj()}
    decoder = decoders[coding]()
    plain = decoder.decompress(body)
    if not decoder.eof or decoder.unused_data:
        raise ValueError(f"the body does not end as {coding} does")
    return plain


def encode(coding, body):
    if coding == "gzip":
        return gzip.compress(body, 1, mtime=0)
    if coding == "deflate":
        return zlib.compress(body, 1)
    if coding == "br":
        return brotli.compress(body, quality=1)
    if coding == "zstd":
        return zstandard.compress(body)
    return body


def _inflate(body, bits):
    out = b""
    while body and len(out) < MOST_DECODED:
        member = zlib.decompressobj(bits)
        try:
            out += member.decompress(body, MOST_DECODED)
        except zlib.error:
            return out or None
        body = member.unused_data
    return out

"""Sends exact bytes and reads whatever comes back, and takes answers apart as a client would."""

import gzip
import re
import socket
import time
import zlib

try:
    import brotli
except ImportError:  # Then what is coded in br is judged by its bytes alone.
    brotli = None
try:
    import zstandard
except ImportError:
    zstandard = None

CASE_SECS = 3
# A connection that stays open is read until nothing has come for this long.
QUIET_SECS = 0.4
MOST_BYTES = 8 * 1024 * 1024
MOST_DECODED = 4 * 1024 * 1024


class Answer:
    """One answer: its head, its body without chunks, the lines of its trailers, and whether it came to its end."""

    def __init__(self, status, fields, body, complete, reason=""):
        self.status = status
        self.reason = reason
        self.fields = fields
        self.body = body
        self.trailers = []
        self.complete = complete
        # Whether it says where it ends, other than by the connection's end.
        self.has_length = True

    def header(self, name):
        values = [value for field, value in self.fields if field == name]
        return ", ".join(values) if values else None

    def plain(self):
        """The body without its content codings; None where they cannot be undone."""
        body = self.body
        for coding in reversed((self.header("content-encoding") or "").lower().split(",")):
            body = decode(coding.strip(), body)
            if body is None:
                return None
        return body


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


def exchange(address, request, secs=CASE_SECS):
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
                connection.settimeout(min(left, QUIET_SECS) if received else left)
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
        fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
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


# What is no coding, or is said by mistake (spec 5).
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

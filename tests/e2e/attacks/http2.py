"""Sends requests over HTTP/2 by prior knowledge, field by field as a case says, and writes what comes back as HTTP/1.1 would."""

import socket
import struct
import time

import hpack

from harness import wire
from harness.http2 import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    frame,
    literal,
)

INITIAL_WINDOW_SIZE, LARGEST_WINDOW = 4, (1 << 31) - 1
# What stands for a stream, or its connection, that was ended without an answer.
RESET = b"reset\r\n"


def requests(case, respelt):
    """The frames of a case; `respelt` gives the bytes of a field."""
    block = b"".join(literal(respelt(name), respelt(value)) for name, value in case["fields"])
    body, trailers = case.get("body"), case.get("trailers")
    ends = END_STREAM if body is None and trailers is None else 0
    # A block may be cut anywhere.
    size = case.get("pieces_of") or max(len(block), 1)
    pieces = [block[at : at + size] for at in range(0, len(block), size)] or [b""]
    out = PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, LARGEST_WINDOW))
    out += frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", LARGEST_WINDOW - 65535))
    for number, piece in enumerate(pieces):
        flags = ends if number == 0 else 0
        flags |= END_HEADERS if number == len(pieces) - 1 else 0
        out += frame(CONTINUATION if number else HEADERS, flags, 1, piece)
    if body is not None:
        out += frame(DATA, END_STREAM if trailers is None else 0, 1, body.encode("latin-1"))
    if trailers is not None:
        block = b"".join(literal(respelt(name), respelt(value)) for name, value in trailers)
        out += frame(HEADERS, END_HEADERS | END_STREAM, 1, block)
    return out


def exchange(address, sent, secs=wire.CASE_SECS):
    """The answer as HTTP/1.1 would spell it, or `RESET`; nothing where none came in time."""
    answer, received, deadline = Stream(), b"", time.monotonic() + secs
    try:
        with socket.create_connection(address, timeout=secs) as connection:
            connection.sendall(sent)
            while not answer.over and (left := deadline - time.monotonic()) > 0:
                connection.settimeout(left)
                piece = connection.recv(65536)
                if not piece:
                    answer.take_end()
                received += piece
                received = answer.take(received, connection)
    except ConnectionError:
        answer.take_end()
    except OSError:  # A time-out: what came before counts.
        pass
    return answer.as_http1()


class Stream:
    """The one stream of a connection."""

    def __init__(self):
        self.decoder = hpack.Decoder()
        self.heads, self.block, self.body = [], b"", b""
        self.over = self.complete = self.reset = False

    def take_end(self):
        self.over = True
        self.reset = self.reset or not self.complete

    def take(self, data, connection):
        """Takes whole frames; gives what is left."""
        while len(data) >= 9 and len(data) >= 9 + (size := int.from_bytes(data[:3], "big")):
            kind, flags = data[3], data[4]
            self._take_frame(kind, flags, data[9 : 9 + size], connection)
            data = data[9 + size :]
        return data

    def _take_frame(self, kind, flags, payload, connection):
        if kind == SETTINGS and not flags & ACK:
            connection.sendall(frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            connection.sendall(frame(PING, ACK, 0, payload))
        elif kind in (HEADERS, CONTINUATION):
            self.block += payload
            if flags & END_HEADERS:
                self.heads.append(self.decoder.decode(self.block, raw=True))
                self.block = b""
        elif kind == DATA:
            self.body += payload
        elif kind == RST_STREAM or (kind == GOAWAY and payload[4:8] != b"\0\0\0\0"):
            # After a whole answer it only says that the rest of the request is not wanted.
            self.take_end()
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.over = self.complete = True

    def as_http1(self):
        finals = [head for head in self.heads if not dict(head)[b":status"].startswith(b"1")] if self.heads else []
        if not finals:
            return RESET if self.reset else b""
        status = dict(finals[0])[b":status"]
        fields = [field for field in finals[0] if field[0] not in (b":status", b"content-length")]
        lines = [b"HTTP/1.1 %s -" % status, *(b"%s: %s" % field for field in fields)]
        # Without a length the answer counts as cut.
        lines += [b"content-length: %d" % len(self.body)] if self.complete else []
        trailers = b"".join(b"%s: %s\r\n" % field for head in finals[1:] for field in head)
        return b"\r\n".join([*lines, b"", b""]) + self.body + trailers


def in_http1(case):
    """The case as HTTP/1.1 would have it, for a backend that knows no other."""
    named, body = dict(case["fields"]), case.get("body", "")
    headers = [["Host", named.get(":authority", "127.0.0.1")]]
    headers += [[name, value] for name, value in case["fields"] if not name.startswith(":") and name not in ("host", "te")]
    if body and "content-length" not in named:
        # Not all backends read a body of unknown length.
        headers.append(["Transfer-Encoding", "chunked"])
        body = f"{len(body):x}\r\n{body}\r\n0\r\n\r\n"
    told = {"method": named.get(":method", ""), "target": named.get(":path", ""), "version": "HTTP/1.1"}
    return told | {"headers": headers, "body": body}

"""Clients that check every answer: it belongs to its request, and shows no secret."""

import asyncio
import collections
import itertools
import random
import time

from harness.http2 import ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS, block, frame
from harness.leaks import verbatim

SECRET = b"app-Zk8QwN3xRv7LmP2sTy9BcD4f"
HIDDEN = verbatim(SECRET.decode())
PATIENCE_SECS = 20
# A connection is left for a new one after so many requests, so that new ones are always being made.
REQUESTS_EACH = 20
THINK_SECS = 0.25

# `:status: 200` in HPACK's static table.
STATUS_200 = 0x88

numbers = itertools.count()


class Tally:
    """What became of the requests."""

    def __init__(self):
        self.answers = collections.Counter()
        self.connections = 0
        self.failures = []
        self.secrets = 0
        # Seconds that the slowest right answer took.
        self.slowest = 0.0
        # While true, some requests may get a 502.
        self.upstream_is_down = False
        self.bad_gateways = 0
        # When the last of them came.
        self.last_bad_gateway = None

    def judge(self, protocol, number, target, status, body, took):
        self.secrets += bool(HIDDEN.search(body))
        if status == 200 and b"%d" % number in body and (b"/api-keys" not in target or b"app-Z...cD4f" in body):
            self.answers[protocol] += 1
            self.slowest = max(self.slowest, took)
        elif status == 502 and self.upstream_is_down:
            self.bad_gateways += 1
            self.last_bad_gateway = time.monotonic()
        else:
            self.fail(f"{protocol} {target}: {status} {body[:200]}")

    def fail(self, what):
        self.failures.append(what)


def request():
    """A request's number, which its answer must show, and its target: on a masked route, or off."""
    number = next(numbers) * 7 + 1_000_000_000
    target = b"/console/api/apps/%d/api-keys" % number if number % 2 else b"/echo/%d" % number
    return number, target


async def keep_asking(connect, port, tally, stop):
    """One client: asks, reads, thinks; on a new connection whenever it is told to, or has had enough of the old one."""
    await asyncio.sleep(random.random() * THINK_SECS)
    while not stop.is_set():
        number, target = request()
        try:
            connection = await asyncio.wait_for(connect.to(port), PATIENCE_SECS)
            tally.connections += 1
            for _ in range(REQUESTS_EACH):
                number, target = request()
                began = time.monotonic()
                status, body = await asyncio.wait_for(connection.ask(target), PATIENCE_SECS)
                tally.judge(connect.__name__, number, target, status, body, time.monotonic() - began)
                if connection.must_close or stop.is_set():
                    break
                await asyncio.sleep(random.random() * THINK_SECS)
            connection.close()
        except Exception as error:  # Whatever goes wrong for a client is a failed request.
            tally.fail(f"{connect.__name__} {target}: {error!r}")
            await asyncio.sleep(0.1)


class Http1:
    @classmethod
    async def to(cls, port):
        self = cls()
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.must_close = False
        return self

    async def ask(self, target):
        self.writer.write(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % target)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        self.must_close = b"connection: close" in head
        return int(head.split(b" ")[1]), await self.reader.readexactly(length)

    def close(self):
        self.writer.close()


class Http2:
    @classmethod
    async def to(cls, port):
        self = cls()
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.writer.write(PREFACE + frame(SETTINGS, 0, 0, b""))
        self.must_close, self.stream = False, -1
        return self

    async def ask(self, target):
        self.stream += 2
        fields = [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"a"), (b":path", target)]
        self.writer.write(frame(HEADERS, END_STREAM | END_HEADERS, self.stream, block(fields)))
        status, body = 0, b""
        while True:
            head = await self.reader.readexactly(9)
            payload = await self.reader.readexactly(int.from_bytes(head[:3], "big"))
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
            if kind in (SETTINGS, PING) and not flags & ACK:
                self.writer.write(frame(kind, ACK, 0, payload if kind == PING else b""))
            elif kind == GOAWAY:
                self.must_close = True
                if int.from_bytes(payload[:4], "big") < self.stream:
                    raise ConnectionError("GOAWAY before an answer")
            elif kind == RST_STREAM and stream == self.stream:
                raise ConnectionError("reset")
            elif kind == HEADERS:
                # The other statuses that are expected are written out: 502 in a problem document's own words.
                status = 200 if payload[0] == STATUS_200 else 502
            elif kind == DATA:
                body += payload
            if kind in (HEADERS, DATA) and flags & END_STREAM:
                return (502 if b'"status":502' in body else status), body

    def close(self):
        self.writer.close()

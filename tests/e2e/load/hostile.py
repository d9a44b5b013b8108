"""Clients and answers that must end as documented, beside ordinary requests that must not notice."""

import asyncio
import itertools

from harness.http2 import CONTINUATION, GOAWAY, HEADERS, PREFACE, SETTINGS, frame

IDLE_CONNECTIONS = 5_000

# A head over HTTP/2 that goes on for ever: fields of 16,000 bytes, each in a frame of its own.
FIELD = b"\0\x01x\x7f\x81\x7c" + b"x" * 16_000
ENDLESS_HEAD = PREFACE + frame(SETTINGS, 0, 0, b"") + frame(HEADERS, 0, 1, FIELD) + 64 * frame(CONTINUATION, 0, 1, FIELD)


async def ask(port, raw, secs=20):
    """Everything that comes back for these bytes until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    try:
        return await asyncio.wait_for(reader.read(), secs)
    except ConnectionError:
        return b"reset"
    finally:
        writer.close()


def get(target):
    return b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % target


async def slow(port, opening, piece, times=None):
    """Sends a piece every tenth of a second so many times, or for ever; gives what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(opening)

    async def drip():
        for _ in itertools.repeat(None) if times is None else range(times):
            await asyncio.sleep(0.1)
            writer.write(piece)

    dripping = asyncio.create_task(drip())
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return b"reset"
    finally:
        dripping.cancel()
        writer.close()


async def idle(port, count):
    """Connections that say nothing: how many were served a place, and how many of them were closed in time."""
    connections = []
    for _ in range(count):
        connections.append(await asyncio.open_connection("127.0.0.1", port))
    async def ends(reader):
        try:
            return await asyncio.wait_for(reader.read(), 30) == b""
        except ConnectionError:
            return False
    closed = await asyncio.gather(*(ends(reader) for reader, _ in connections))
    for _, writer in connections:
        writer.close()
    return sum(closed)


async def goaway(port, raw):
    """Sends these bytes over HTTP/2. Returns whether GOAWAY came before the end of the connection, as text."""
    answer = await ask(port, raw)
    while len(answer) >= 9:
        if answer[3] == GOAWAY:
            return b"HTTP/2   GOAWAY"
        answer = answer[9 + int.from_bytes(answer[:3], "big") :]
    return b"HTTP/2   " + answer


async def check(port):
    """What did not end as documented."""
    # Longer than the silence that is allowed, but never silent for so long.
    slow_body = slow(port, b"POST /echo/slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 50\r\n\r\n", b"x", 50)
    slow_head = slow(port, b"GET /x HTTP/1.1\r\nHost: a\r\nX: ", b"x")
    silent_body = ask(port, b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    wanted = [
        ("slow head", slow_head, b"408", b"header-timeout"),
        ("slow body", slow_body, b"200", b"slow"),
        ("head without an end over HTTP/2", goaway(port, ENDLESS_HEAD), b"GOA", b"GOAWAY"),
        ("silent body", silent_body, b"408", b"body-timeout"),
        ("upstream that never answers", ask(port, get(b"/never")), b"504", b"upstream-timeout"),
        ("upstream that resets", ask(port, get(b"/reset")), b"200", b"half"),
        ("upstream with a head of 1 MiB", ask(port, get(b"/headers")), b"502", b"upstream-protocol"),
        ("head of 1 MiB", ask(port, b"GET /x HTTP/1.1\r\nX: " + b"x" * (1 << 20)), b"431", b"content-length: 0"),
    ]
    idle_closed, *answers = await asyncio.gather(idle(port, IDLE_CONNECTIONS), *(asked for _, asked, *_ in wanted))
    wrong = [] if idle_closed == IDLE_CONNECTIONS else [f"{IDLE_CONNECTIONS - idle_closed} idle connections were not closed"]
    for (name, _, status, holds), answer in zip(wanted, answers):
        # A head that is refused while it is still being sent may be reset before the answer is read.
        if answer[9:12] != status or holds not in answer:
            wrong.append(f"{name}: {answer[:300]}")
        print(f"  {name}: {answer[9:12].decode()} {holds.decode()}")
    print(f"  idle connections closed in time: {idle_closed} of {IDLE_CONNECTIONS}")
    return wrong

#!/usr/bin/env python3
"""Passes bodies far larger than memory should be through the program and looks at its peak resident memory.

    run.py [LIST_MIB [BODY_MIB]]     default: a list of 1024 MiB, an upload and a download of 2048 MiB

PROGRAM names the program (default: target/release/last4). Every byte that comes out is compared with what it should
be. Exits 1 if a byte is wrong, the peak is over the bound, or the program's log or its operator's pages show the secret.

Then bombs, a few kilobytes to a few hundred that unfold to 256 MiB: each must end in a 502 or cut, within the same bound.
Those in bombs/ hold what `bomb` gives, coded by the crate's own libraries with the largest window that HTTP allows.

Then stacks of codings of which every decoder fills the largest window that it may have, within a bound of their own.
"""

import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import threading
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from harness.last4 import Last4
from harness.processes import PROGRAM, end_on_signals, peak_mib

BOUND_MIB = 40
# A stack of codings has a window for each: 16 MiB for Brotli and 8 for Zstandard, beside what the program takes and the pieces between.
STACK_BOUND_MIB = 52
SECRET = b"app-Zk8QwN3xRv7LmP2sTy9BcD4f"
SHOWN = b"app-Z...cD4f"
KEYS = "/console/api/apps/7f3c1a52-9d1e-4b6a-8c2f-0a1b2c3d4e5f/api-keys"
BOMB_MIB = 256
# More than any window, and less than the program takes.
STACKED_MIB = 40


def item(number):
    return b'{"id":"%08d","type":"app","token":"%s","last_used_at":null,"created_at":1690000000},\n' % (number, SECRET)


BLOCK = b"".join(item(number) for number in range(10_000))
MASKED = BLOCK.replace(SECRET, SHOWN)
PLAIN = bytes(range(256)) * 4096


class Pieces:
    """A body made of an opening, a block many times over, and an end."""

    def __init__(self, opening, block, times, end):
        self.opening, self.block, self.times, self.end = opening, block, times, end

    def __iter__(self):
        yield self.opening
        for _ in range(self.times):
            yield self.block
        yield self.end

    def __len__(self):
        return len(self.opening) + self.times * len(self.block) + len(self.end)


class Coded:
    """A body in a content coding."""

    def __init__(self, coding, body):
        self.coding, self.body = coding, body

    def __iter__(self):
        yield self.body

    def __len__(self):
        return len(self.body)


class Comparison:
    """Checks a stream against the pieces that it should consist of, without keeping it."""

    def __init__(self, pieces):
        self.pieces, self.piece, self.right, self.length = iter(pieces), b"", True, 0

    def take(self, data):
        view = memoryview(data)
        self.length += len(view)
        while view and self.right:
            while not self.piece:
                self.piece = memoryview(next(self.pieces, b"\0"))
            size = min(len(view), len(self.piece))
            self.right = view[:size] == self.piece[:size]
            view, self.piece = view[size:], self.piece[size:]

    def is_whole(self, pieces):
        return self.right and self.length == len(pieces)


def read_head(connection):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            raise ConnectionError("closed within a head")
        head += byte
    return head.decode("latin-1")


def serve_upstream(listener, bodies):
    def serve(connection):
        with connection:
            try:
                head = read_head(connection)
            except ConnectionError:  # last4 asked whether it can be reached
                return
            if head.startswith("POST"):
                left = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
                comparison = Comparison(bodies["/upload"])
                while left:
                    data = connection.recv(min(left, 1 << 20))
                    comparison.take(data)
                    left -= len(data)
                answer = b"right" if comparison.is_whole(bodies["/upload"]) else b"wrong"
                connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n" + answer)
            else:
                body = bodies[head.split(" ")[1]]
                kind = "application/json" if "/api-keys " in head else "application/octet-stream"
                coding = f"Content-Encoding: {body.coding}\r\n" if isinstance(body, Coded) else ""
                connection.sendall(
                    f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {kind}\r\n{coding}Content-Length: {len(body)}\r\n\r\n".encode()
                )
                with contextlib.suppress(ConnectionError):  # it is right to hang up on a bomb
                    for piece in body:
                        connection.sendall(piece)

    with contextlib.suppress(OSError):  # until the listener is closed
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


def body_of(connection):
    """The pieces of an answer's body; fails unless it ends as its head says."""
    head = read_head(connection).lower()
    if not head.startswith("http/1.1 200"):
        raise ConnectionError(head.split("\r\n")[0])
    if "transfer-encoding: chunked" not in head:
        left = int(head.split("content-length: ")[1].split("\r\n")[0])
        while left:
            data = connection.recv(min(left, 1 << 20))
            if not data:
                raise ConnectionError("cut")
            left -= len(data)
            yield data
        return
    stream = connection.makefile("rb", buffering=1 << 20)
    while size := int(stream.readline(), 16):
        yield stream.read(size)
        stream.readline()
    stream.readline()


def ask(port, method, target, expected=None, body=None):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: a\r\n{length}\r\n".encode())
        for piece in body or ():
            connection.sendall(piece)
        if body:
            return b"".join(body_of(connection)) == b"right"
        comparison = Comparison(expected)
        for data in body_of(connection):
            comparison.take(data)
        return comparison.is_whole(expected)


@contextlib.contextmanager
def serving(bodies, **settings):
    """The program before an upstream with these bodies: its port and its process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve_upstream, args=(listener, bodies), daemon=True).start()
        arguments = ["--preset", "dify", "--upstream", f"http://127.0.0.1:{listener.getsockname()[1]}"]
        with Last4(arguments=arguments, settings=settings) as last4:
            yield last4.port, last4.process
            leaks = last4.leaks([SECRET.decode()])
            assert not leaks, leaks


def through_serve(raw, shown, plain):
    bodies = {KEYS: raw, "/download": plain, "/upload": plain}
    # The default bound of a masked body would rightly refuse this one.
    with serving(bodies, LAST4_MASKING__MAX_BODY_BYTES="0") as (port, process):
        yield "serve, list", lambda: ask(port, "GET", KEYS, shown), process, len(raw)
        yield "serve, download", lambda: ask(port, "GET", "/download", plain), process, len(plain)
        yield "serve, upload", lambda: ask(port, "POST", "/upload", body=plain), process, len(plain)


def bomb():
    """One secret, of which nothing is given out before its end."""
    return Pieces(b'{"data":[{"token":"', b"a" * (1 << 20), BOMB_MIB, b'"}]}')


def blanks():
    """What is given out while it comes."""
    return Pieces(b'{"data":[', b" " * (1 << 20), BOMB_MIB, b"null]}")


def deflated(pieces, bits):
    coder = zlib.compressobj(9, zlib.DEFLATED, bits)
    return b"".join([coder.compress(piece) for piece in pieces] + [coder.flush()])


def bombs():
    """By target: the coding, the body, and whether the answer has begun by the time its size is known."""
    gzip, zlib_wrapped = 31, 15
    secret = deflated(bomb(), gzip)
    given_out = deflated(blanks(), gzip)
    made = {name: (HERE / "bombs" / name).read_bytes() for name in ("br", "zstd")}
    return {
        "/console/api/datasets/gzip/api-keys": ("gzip", secret, False),
        "/console/api/datasets/deflate/api-keys": ("deflate", deflated(bomb(), zlib_wrapped), False),
        "/console/api/datasets/br/api-keys": ("br", made["br"], False),
        "/console/api/datasets/zstd/api-keys": ("zstd", made["zstd"], False),
        "/console/api/datasets/twice/api-keys": ("gzip, gzip", deflated([secret], gzip), False),
        "/console/api/datasets/blanks/api-keys": ("gzip", given_out, True),
        "/console/api/datasets/blanks-twice/api-keys": ("gzip, gzip", deflated([given_out], gzip), True),
    }


def is_defused(port, target, begun):
    """Whether the answer is a 502 with the reason, or is cut if its head was already sent."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        head = read_head(connection)
        if not begun:
            length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
            problem = json.loads(connection.makefile("rb").read(length))
            return head.startswith("HTTP/1.1 502 ") and problem["reason"] == "too-large"
        last = b""
        with contextlib.suppress(ConnectionResetError):
            while data := connection.recv(1 << 20):
                last = (last + data)[-5:]
        return "transfer-encoding: chunked" in head.lower() and last != b"0\r\n\r\n"


def through_bombs():
    for target, (coding, body, begun) in bombs().items():
        # One process for each, because the peak is that of the whole process.
        with serving({target: Coded(coding, body)}) as (port, process):
            name = f"serve, bomb of {len(body)} bytes in {coding}{', begun' if begun else ''}"
            yield name, lambda: is_defused(port, target, begun), process, BOMB_MIB << 20


def stored(coding, plain):
    """Returns a stream in this coding with its bytes uncompressed, and with the largest window declared."""
    if coding in ("gzip", "deflate"):
        coder = zlib.compressobj(0, zlib.DEFLATED, 31 if coding == "gzip" else 15)
        return coder.compress(plain) + coder.flush()
    size = 1 << 16
    pieces = [plain[at : at + size] for at in range(0, len(plain), size)]
    if coding == "zstd":
        # RFC 8878 3.1.1: a frame of raw blocks, with a window of 8 MiB.
        blocks = [(len(piece) << 3).to_bytes(3, "little") + piece for piece in pieces]
        return b"\x28\xb5\x2f\xfd\x00" + bytes([(23 - 10) << 3]) + b"".join(blocks) + b"\x01\0\0"
    # RFC 7932 9.1, 9.2: a window of 16 MiB in four bits, an empty metadata block to get to a byte's end, blocks that are not
    # compressed, and an empty last one.
    blocks = [((len(piece) - 1) << 3 | 1 << 19).to_bytes(3, "little") + piece for piece in pieces]
    return bytes([0b1111 | 0b0110 << 4, 0]) + b"".join(blocks) + b"\x03"


def stacks():
    """By target: the codings, the body, and whether it is too many codings rather than a list."""
    plain = b'{"x":"' + b"a" * (STACKED_MIB << 20) + b'"}'
    for number, (codings, refused) in enumerate(STACKS):
        body = plain
        for coding in codings.split(", "):
            body = stored(coding, body)
        yield f"/console/api/datasets/stack-{number}/api-keys", codings, body, refused


STACKS = [
    ("br, deflate, gzip, zstd", False),
    ("gzip, br, gzip, gzip", False),
    ("zstd, zstd, zstd", False),
    ("br, br", True),
    ("br, zstd, zstd", True),
    ("zstd, zstd, zstd, zstd", True),
]


def is_whole_or_refused(port, target, codings, refused):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: {codings}\r\n\r\n".encode())
        if not refused:
            return sum(map(len, body_of(connection))) > 0
        head = read_head(connection)
        length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        problem = json.loads(connection.makefile("rb").read(length))
        return head.startswith("HTTP/1.1 502 ") and problem["reason"] == "unknown-encoding"


def through_stacks():
    for target, codings, body, refused in stacks():
        with serving({target: Coded(codings, body)}) as (port, process):
            name = f"serve, {codings}{', refused' if refused else ''}"
            yield name, lambda: is_whole_or_refused(port, target, codings, refused), process, STACKED_MIB << 20


def through_mask(raw, shown):
    process = subprocess.Popen([PROGRAM, "mask"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    # The input is held open until the peak has been read: a program that has ended has none.
    measured = threading.Event()

    def feed():
        for piece in raw:
            process.stdin.write(piece)
        process.stdin.flush()
        measured.wait()
        process.stdin.close()

    def run():
        threading.Thread(target=feed, daemon=True).start()
        comparison = Comparison(shown)
        while data := process.stdout.read1(1 << 20):
            comparison.take(data)
            if comparison.length == len(shown):
                run.peak = peak_mib(process.pid)
                measured.set()
        return process.wait(10) == 0 and comparison.is_whole(shown)

    yield "mask, list", run, process, len(raw)


def main():
    end_on_signals()
    list_mib = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    body_mib = int(sys.argv[2]) if len(sys.argv) > 2 else 2048
    times = (list_mib << 20) // len(BLOCK) + 1
    raw = Pieces(b'{"data":[', BLOCK, times, b"null]}")
    shown = Pieces(b'{"data":[', MASKED, times, b"null]}")
    plain = Pieces(b"", PLAIN, (body_mib << 20) // len(PLAIN), b"")
    failed = 0
    parts = (
        (through_serve(raw, shown, plain), BOUND_MIB),
        (through_mask(raw, shown), BOUND_MIB),
        (through_bombs(), BOUND_MIB),
        (through_stacks(), STACK_BOUND_MIB),
    )
    for cases, bound in parts:
        for name, run, process, size in cases:
            start = time.monotonic()
            right = run()
            seconds = time.monotonic() - start
            peak = getattr(run, "peak", None) or peak_mib(process.pid)
            good = right and peak < bound
            failed += not good
            verdict = "ok" if good else "FAILED"
            state = "right" if right else "wrong"
            took = f"{size >> 20} MiB in {seconds:.1f} s"
            print(f"{verdict}: {name}: {took}, bytes {state}, peak {peak:.1f} MiB (bound {bound})", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

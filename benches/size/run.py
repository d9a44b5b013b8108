#!/usr/bin/env python3
"""Measures what the sizing page says: the start, CPU time of a request, and memory of a connection, a request in flight and a large body.

Exits with 1 where the start takes too long, memory grows with the number of requests, or a connection costs more than the page says at most.
`--requests N` is how many must leave no trace (1,000,000). Takes about two minutes.
"""

import argparse
import contextlib
import os
import pathlib
import resource
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# The proxies' benchmark has the API, the client and their processes; the harness of the tests has frames of HTTP/2.
sys.path[:0] = [str(HERE.parent / "proxy"), str(ROOT / "tests")]
import load  # noqa: E402
from cells import CELLS  # noqa: E402
from harness.http2 import CONTINUATION, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, block, frame  # noqa: E402
from install import build  # noqa: E402
from processes import OTHER_CORE, PROXY_CORE, end_on_signals, free_port, server  # noqa: E402

KIB = 1024
FEW = 10_000
IDLE = 10_000
IN_FLIGHT = 5_000
HEADS = 1_000
LARGE = 64
LIST = "/console/api/apps/343000/api-keys"
PAGE = (ROOT / "src/manual/sizing.md").read_text()
# KiB. Memory that was used goes back to the system with the requests that follow.
NOISE = 2 * KIB
RETURNS = 64 * KIB


def at_most(what):
    """Returns the column "At most" of the page, in milliseconds or KiB."""
    [row] = [line for line in PAGE.splitlines() if line.startswith("| ") and what in line]
    number, unit = row.split(" | ")[2].rstrip(" |").split()
    return float(number) * {"ms": 1, "KiB": 1, "MiB": KIB}[unit]


class Proxy:
    """last4 with one worker on a core of its own."""

    def __init__(self, program, upstream, **settings):
        self.program, self.upstream, self.settings = program, upstream, settings

    def __enter__(self):
        self.port = free_port()
        command = [self.program, "serve", "--preset", "dify", "--listen", f"127.0.0.1:{self.port}"]
        command += ["--upstream", f"http://127.0.0.1:{self.upstream}"]
        settings = {"LAST4_WORKERS": "1", "LAST4_ADMIN__LISTEN": "", "LAST4_LOG__LEVEL": "warn", **self.settings}
        self.server = server(command, self.port, PROXY_CORE, settings)
        self.pid = self.server.__enter__().pid
        return self

    def __exit__(self, *how):
        return self.server.__exit__(*how)

    def kib(self):
        """Resident memory, once it has come to rest."""
        time.sleep(1)
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def connections(self, count, ask=b""):
        """Opens `count` connections and sends this on each, if anything."""
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", self.port))
            connection.sendall(ask)
            yield connection


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def large(ending=b""):
    """A request's head of just less than the limit's 64 KiB, whole with its ending."""
    return b"GET /never HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 65_400 + ending


def large_by_http2():
    """The beginning of a head over HTTP/2 of just less than the limit's 64 KiB."""
    field = b"\0\1x\x7f\x99\x76x" + b"x" * 15_255
    first = frame(HEADERS, END_STREAM, 1, field[:16_000])
    return PREFACE + frame(SETTINGS, 0, 0, b"") + first + 3 * frame(CONTINUATION, 0, 1, field)


def get_by_http2(path):
    fields = [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"a"), (b":path", path.encode())]
    return PREFACE + frame(SETTINGS, 0, 0, b"") + frame(HEADERS, END_STREAM | END_HEADERS, 1, block(fields))


def cost_of_connections(proxy, connections, answered=False):
    """KiB and descriptors of each of these connections."""
    memory, files = proxy.kib(), proxy.files()
    with contextlib.ExitStack() as stack:
        count = 0
        for connection in connections:
            stack.enter_context(connection)
            if answered:
                assert (answer := connection.recv(65536)).startswith(b"HTTP/1.1 200") or answer[3] == SETTINGS
            count += 1
        return (proxy.kib() - memory) / count, (proxy.files() - files) / count


def start(program, upstream, say):
    """How long it takes from the start of the program until it is ready, in ten starts."""
    took = []
    for _ in range(10):
        admin = free_port()
        settings = {"LAST4_LISTEN": f"127.0.0.1:{free_port()}", "LAST4_ADMIN__LISTEN": f"127.0.0.1:{admin}"}
        command = [program, "serve", "--preset", "dify", "--upstream", f"http://127.0.0.1:{upstream}"]
        began = time.monotonic()
        with subprocess.Popen(command, env={**os.environ, **settings}, stderr=subprocess.DEVNULL) as process:
            while not is_ready(admin):
                assert time.monotonic() < began + 10, "it does not get ready"
            took.append(1000 * (time.monotonic() - began))
            process.kill()
    say(f"from start to ready: {statistics.median(took):.1f} ms, {max(took):.1f} at most, in {len(took)} starts")
    return statistics.median(took) <= at_most("From the start")


def is_ready(admin):
    try:
        with socket.create_connection(("127.0.0.1", admin)) as connection:
            connection.sendall(get("/readyz"))
            return connection.recv(65536).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        time.sleep(0.0005)
        return False


def cpu(programs, program, upstream, say):
    for name, settings in [("", {}), (", a line in the log for each", {"LAST4_LOG__LEVEL": "info"})]:
        for cell in ("n10", "n500", "1k") if not name else ("n10",):
            with Proxy(program, upstream, **settings) as proxy:
                ran = [load.run(programs, proxy.port, CELLS[cell], ("seconds", 1), proxy.pid) for _ in range(5)]
            # The least: what disturbs a run only ever adds to it.
            say(f"CPU of 1,000 requests, {cell}{name}: {min(each.cpu_us for each in ran):.1f} ms")


def many(programs, program, upstream, requests, say):
    """Memory after few requests and after many."""
    with Proxy(program, upstream) as proxy:
        say(f"memory at rest: {proxy.kib() / KIB:.1f} MiB")
        load.run(programs, proxy.port, CELLS["n10"], ("requests", FEW))
        before = proxy.kib()
        load.run(programs, proxy.port, CELLS["n10"], ("requests", requests - FEW))
        after = proxy.kib()
        say(f"memory after {FEW:,} requests: {before / KIB:.1f} MiB; after {requests:,}: {after / KIB:.1f} MiB")
        return after - before <= NOISE


def connections(programs, program, upstream, say):
    well = True

    def row(what, bound, found):
        nonlocal well
        kib, files = found
        say(f"{what}: {kib:.1f} KiB, {files:.1f} descriptors each")
        well &= kib <= at_most(bound)

    with Proxy(program, upstream) as proxy:
        row(f"{IDLE:,} connections without a request", "without a request yet", cost_of_connections(proxy, proxy.connections(IDLE)))
    with Proxy(program, upstream) as proxy:
        asked = proxy.connections(IDLE, get("/plain/100"))
        row(f"{IDLE:,} connections kept after a request", "request, HTTP/1.1", cost_of_connections(proxy, asked, answered=True))
        closed = proxy.kib()
        load.run(programs, proxy.port, CELLS["n10"], ("requests", 2 * FEW))
        later = proxy.kib()
        say(f"memory once they are closed: {closed / KIB:.1f} MiB; {2 * FEW:,} requests later: {later / KIB:.1f} MiB")
        well &= later <= RETURNS
    with Proxy(program, upstream) as proxy:
        asked = proxy.connections(IDLE, get_by_http2("/plain/100"))
        row(f"{IDLE:,} connections of HTTP/2 kept after a request", "request, HTTP/2", cost_of_connections(proxy, asked, answered=True))
    # The list does not end and the client takes nothing more: all that may wait, waits.
    for what, bound, path in [
        (f"{LARGE} clients that stopped reading a masked list of 50 MB", "large masked answer", LIST),
        (f"{LARGE} clients that stopped reading 50 MB", "off the masked routes that", "/plain/50000000"),
    ]:
        with Proxy(program, upstream, LAST4_MASKING__MAX_BODY_BYTES="0") as proxy:
            row(what, bound, cost_of_connections(proxy, proxy.connections(LARGE, get(path)), answered=True))
    return well


def in_flight(program, say):
    port = free_port()
    command = [sys.executable, ROOT / "tests/e2e/load/upstream.py", port]
    well = True
    with server(command, port, OTHER_CORE):
        for what, bound, count, asked in [
            ("requests that wait for the API", "| request that waits", IN_FLIGHT, get("/never")),
            ("requests with a head of 64 KiB that wait for the API", "head of 64 KiB that waits", HEADS, large(b"\r\n\r\n")),
            ("incomplete heads of 64 KiB", "incomplete head of 64 KiB, HTTP/1.1", HEADS, large()),
            ("incomplete heads of 64 KiB, HTTP/2", "incomplete head of 64 KiB, HTTP/2", HEADS, large_by_http2()),
        ]:
            with Proxy(program, port) as proxy:
                kib, files = cost_of_connections(proxy, proxy.connections(count, asked))
            say(f"{count:,} {what}: {kib:.1f} KiB, {files:.1f} descriptors each")
            well &= kib <= at_most(bound)
    return well


def main():
    end_on_signals()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, help="the last4 to measure; built if left out")
    parser.add_argument("--requests", type=int, default=1_000_000)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    programs = build(HERE.parent, "-p", "load")
    program = options.program.resolve() if options.program else build(ROOT) / "last4"

    def say(line):
        print(line, flush=True)

    with load.backend(programs) as upstream:
        well = start(program, upstream, say)
        cpu(programs, program, upstream, say)
        well &= many(programs, program, upstream, options.requests, say)
        well &= connections(programs, program, upstream, say)
    well &= in_flight(program, say)
    print("As the sizing page says." if well else "More than the sizing page says.")
    return not well


if __name__ == "__main__":
    sys.exit(main())

"""Connections that begin and say no more: what they cost while nothing happens."""

import asyncio
import os
import resource
import time

CONNECTIONS = 10_000
SECS = 5
# Percent of a core, of which the machine's own noise is the most. A look every few milliseconds at each took all of it.
MOST = 10

BEGINNINGS = {
    "the first byte of HTTP/2's preface": b"P",
    "the preface but for its last byte": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r",
    "the first byte of another method": b"G",
}


def cpu_secs(process):
    with open(f"/proc/{process}/stat") as stat:
        user, system = stat.read().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def opened(port, count, begun):
    writers = []
    for _ in range(count):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        writers.append(writer)
    return writers


async def check(port, process):
    """What costs too much."""
    count = min(CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 500)
    wrong = []
    for name, begun in BEGINNINGS.items():
        writers = await opened(port, count, begun)
        await asyncio.sleep(0.5)
        before, began = cpu_secs(process), time.monotonic()
        # Not by an event loop, whose own work is not to be waited for.
        time.sleep(SECS)
        percent = 100 * (cpu_secs(process) - before) / (time.monotonic() - began)
        for writer in writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)
        print(f"  {count} connections that sent {name}: {percent:.1f} % of a core")
        wrong += [] if percent < MOST else [f"{count} connections that sent {name} took {percent:.1f} % of a core"]
    return wrong

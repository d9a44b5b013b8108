#!/usr/bin/env python3
"""Steady load while the proxy is reloaded, restarted and ill-treated: no request may fail, no secret may show.

    run.py [SECS [RELOADS [RESTARTS]]]     default: 30 seconds, 8 reloads, 2 restarts

PROGRAM names the program (default: target/release/last4). 200 connections, half of them HTTP/2, ask without a break, half of
the requests on a masked route; every answer is checked to be its own request's. Meanwhile the configuration is reloaded, by signal
and by changed file in turn, every fourth time with a bad one, each time with another upstream; and a new process takes
the port over. Then connections that begin and say no more, hostile clients and upstreams beside ordinary load; and then the upstream
dies and comes back. After each of these, nothing may be left in flight. At last 100,000 requests go through a process whose log
nobody reads, which is then told to stop.
"""

import asyncio
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import beginnings
import clients
import hostile
from harness import leaks
from harness.last4 import Last4
from harness.processes import PROGRAM, end_on_signals, free_port

CONNECTIONS = 200
# The file says where to listen, and the log is as short as an operator has it.
OF_FILE = {"LAST4_LISTEN": None, "LAST4_ADMIN__LISTEN": None, "LAST4_LOG__LEVEL": None}


class Proxy:
    """The proxy, one process after another on one port."""

    def __init__(self, folder, port):
        self.folder, self.port, self.admin = pathlib.Path(folder), port, free_port()
        self.file = self.folder / "last4.toml"
        self.running = []

    def configure(self, upstream, bad=False, header_timeout=8):
        text = f"""
            listen = "127.0.0.1:{self.port}"
            take_over = true
            workers = 2
            admin.listen = "127.0.0.1:{self.admin}"
            presets = ["dify"]
            upstream.url = "http://127.0.0.1:{upstream}"
            upstream.response_timeout_secs = 3
            limits.header_timeout_secs = {header_timeout}
            limits.body_timeout_secs = 3
            {"nonsense = 1" if bad else ""}
        """
        # In one step, because last4 watches the file and may read it at any time.
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.rename(self.file)

    async def start(self):
        self.running.append(Last4(self.file, settings=OF_FILE))
        self.running[-1].start()
        await self.until(self.running[-1].is_listening, "it listens")

    async def restart(self):
        """Starts the next process beside the one that runs, and then stops that. Gives how long it took to end."""
        old = self.process
        await self.start()
        old.send_signal(signal.SIGTERM)
        began = time.monotonic()
        await self.until(lambda: old.poll() is not None, "the old process ends")
        assert old.returncode == 0, old.returncode
        return time.monotonic() - began

    async def reload(self, upstream, bad, by_signal):
        said = "stays in force" if bad else "configuration reloaded"
        before = self.log().count(said)
        self.configure(upstream, bad)
        if by_signal:
            self.process.send_signal(signal.SIGHUP)
        await self.until(lambda: self.log().count(said) > before, said)

    async def is_idle(self):
        """Whether no request is in flight and no connection open."""
        page = await hostile.ask(self.admin, hostile.get(b"/metrics"))
        return b"\nlast4_requests_in_flight 0\n" in page and b"\nlast4_connections_open 0\n" in page

    async def left_over(self):
        """What is stuck, two seconds after the last client has gone."""
        for _ in range(20):
            if await self.is_idle():
                return []
            await asyncio.sleep(0.1)
        return ["requests or connections are left over"]

    @property
    def process(self):
        return self.running[-1].process

    def log(self):
        return self.running[-1].told()

    async def until(self, done, what, secs=40):
        deadline = time.monotonic() + secs
        while not done():
            assert time.monotonic() < deadline, f"waited in vain until {what}: {self.log()[-2000:]}"
            await asyncio.sleep(0.05)

    def kill(self):
        for last4 in self.running:
            last4.process.kill()
            last4.process.wait()


def start_upstream(ports):
    process = subprocess.Popen([sys.executable, str(HERE / "upstream.py"), *map(str, ports)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    return process


def start_load(proxy, tally):
    stop = asyncio.Event()
    kinds = [clients.Http1, clients.Http2]
    load = [clients.keep_asking(kinds[n % 2], proxy.port, tally, stop) for n in range(CONNECTIONS)]
    tasks = asyncio.gather(*load)

    async def end():
        stop.set()
        await tasks

    return end


async def reloads_and_restarts(proxy, ports, secs, reloads, restarts):
    tally = clients.Tally()
    end = start_load(proxy, tally)
    began = time.monotonic()
    events = [(secs * (n + 0.5) / reloads, "reload", n) for n in range(reloads)]
    events += [(secs * (n + 0.9) / restarts, "restart", n) for n in range(restarts)]
    for at, event, number in sorted(events):
        await asyncio.sleep(max(0, began + at - time.monotonic()))
        if event == "reload":
            await proxy.reload(ports[number % 2], bad=number % 4 == 3, by_signal=number % 2 == 0)
        else:
            # A bad file is what the next process could not start with.
            proxy.configure(ports[0])
            print(f"  restarted; the old process ended within {await proxy.restart():.1f} s")
    await asyncio.sleep(max(0, began + secs - time.monotonic()))
    await end()
    stuck = await proxy.left_over()
    print(f"  {reloads} reloads, {reloads // 4} of them bad, and {restarts} restarts in {time.monotonic() - began:.0f} s")
    return report(tally) + stuck


async def half_open(folder, upstream):
    proxy = Proxy(tempfile.mkdtemp(dir=folder), free_port())
    try:
        # Longer than a measurement.
        proxy.configure(upstream, header_timeout=120)
        await proxy.start()
        return await beginnings.check(proxy.port, proxy.process.pid) + await proxy.left_over()
    finally:
        proxy.kill()


async def ill_treatment(proxy):
    tally = clients.Tally()
    end = start_load(proxy, tally)
    wrong = await hostile.check(proxy.port)
    await end()
    return wrong + report(tally) + await proxy.left_over()


async def outage(proxy, ports, upstream):
    """Gives the new upstream and what went wrong."""
    tally = clients.Tally()
    end = start_load(proxy, tally)
    await asyncio.sleep(2)
    tally.upstream_is_down = True
    upstream.kill()
    upstream.wait()
    await asyncio.sleep(3)
    upstream = start_upstream(ports)
    back = time.monotonic()
    await asyncio.sleep(1)
    # From now on every request must succeed again.
    tally.upstream_is_down = False
    await asyncio.sleep(3)
    await end()
    late = max(0, (tally.last_bad_gateway or back) - back)
    print(f"  {tally.bad_gateways} answers of 502 while the upstream was down, the last {late * 1000:.0f} ms after it was back")
    wrong = report(tally) + await proxy.left_over()
    return upstream, wrong if tally.bad_gateways else [*wrong, "nobody noticed that the upstream was down"]


async def unread_log(folder, ports, requests=100_000):
    """Requests through a process whose standard error is a pipe that nobody reads, and then SIGTERM."""
    proxy = Proxy(folder, free_port())
    proxy.configure(ports[0])
    unread, log = os.pipe()
    process = subprocess.Popen([PROGRAM, "serve", "--config", str(proxy.file)], stderr=log)
    os.close(log)
    try:
        # The first lines fit into the pipe.
        said = b""
        while b"listening" not in said:
            said += os.read(unread, 4096)
        tally = clients.Tally()
        end = start_load(proxy, tally)
        began = time.monotonic()
        while sum(tally.answers.values()) < requests and time.monotonic() - began < 300:
            await asyncio.sleep(0.2)
        await end()
        page = (await hostile.ask(proxy.admin, hostile.get(b"/metrics"))).decode()
        dropped = next(line.split()[1] for line in page.splitlines() if line.startswith("last4_log_lines_dropped_total"))
        print(f"  {dropped} lines of the log were dropped")
        process.send_signal(signal.SIGTERM)
        told = time.monotonic()
        while process.poll() is None and time.monotonic() - told < 30:
            await asyncio.sleep(0.05)
        print(f"  told to stop, it ended within {time.monotonic() - told:.1f} s with {process.poll()}")
        wrong = report(tally)
        wrong += [] if sum(tally.answers.values()) >= requests else ["requests stopped while nobody read the log"]
        wrong += [] if int(dropped) else ["no line was dropped: the log was read after all"]
        return wrong + ([] if process.poll() == 0 else ["it did not end while nobody read the log"])
    finally:
        process.kill()
        process.wait()
        os.close(unread)


def report(tally):
    total = sum(tally.answers.values())
    counts = ", ".join(f"{count} over {name}" for name, count in sorted(tally.answers.items()))
    print(f"  {total} requests ({counts}) on {tally.connections} connections; {len(tally.failures)} failed, {tally.secrets} secrets shown")
    print(f"  the slowest answer took {tally.slowest:.2f} s")
    wrong = [f"{len(tally.failures)} requests failed, such as: {failure}" for failure in tally.failures[:5]]
    return wrong + ([f"{tally.secrets} secrets shown"] if tally.secrets else []) + ([] if total else ["no request succeeded"])


async def main():
    end_on_signals()
    secs, reloads, restarts = (int(given) for given in (sys.argv[1:] + ["30", "8", "2"][len(sys.argv) - 1 :]))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    ports = [free_port(), free_port()]
    upstream = start_upstream(ports)
    with tempfile.TemporaryDirectory() as folder:
        proxy = Proxy(folder, free_port())
        try:
            proxy.configure(ports[0])
            await proxy.start()
            print(f"{CONNECTIONS} connections, {secs} seconds of reloads and restarts:")
            wrong = await reloads_and_restarts(proxy, ports, secs, reloads, restarts)
            print("While nothing happens:")
            wrong += await half_open(folder, ports[0])
            print("Ill-treated:")
            wrong += await ill_treatment(proxy)
            print("Without an upstream for three seconds:")
            upstream, more = await outage(proxy, ports, upstream)
            wrong += more
            print("With a log that nobody reads:")
            wrong += await unread_log(folder, ports)
            wrong += [leak for last4 in proxy.running for leak in leaks.in_log(last4.log, [clients.SECRET.decode()])]
        finally:
            proxy.kill()
            upstream.kill()
    print("\n".join(wrong) or "No request failed, no secret was shown.")
    return bool(wrong)


sys.exit(asyncio.run(main()))

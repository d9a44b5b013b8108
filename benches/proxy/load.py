"""The API behind the proxies and the client before them: programs of this workspace."""

import contextlib
import json
import subprocess
from dataclasses import dataclass

from processes import OTHER_CORE, cpu_seconds, free_port, server

# No measurement takes longer than this, so that a proxy that hangs is found out.
TIMEOUT = 120


@dataclass
class Run:
    """What a client saw, and what the proxy spent on it."""

    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    cpu_us: float


@contextlib.contextmanager
def backend(programs, core=OTHER_CORE):
    port = free_port()
    with server([programs / "backend", f"127.0.0.1:{port}"], port, core):
        yield port


def run(programs, port, cell, plan, proxy=None, core=OTHER_CORE):
    """Sends requests for a cell by a plan of the client's, and reads the proxy's clock before and after."""
    command = ["taskset", "-c", core, programs / "client", f"127.0.0.1:{port}", cell.path, cell.connections, *plan]
    with subprocess.Popen(
        list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        try:
            if client.stdout.readline() != "ready\n":
                raise ChildProcessError("the client could not begin")
            before = cpu_seconds(proxy) if proxy else 0
            report, _ = client.communicate("go\n", timeout=TIMEOUT)
            after = cpu_seconds(proxy) if proxy else 0
        finally:
            client.kill()
    if client.returncode != 0:
        raise ChildProcessError("the client failed")
    report = json.loads(report)
    return Run(**report, cpu_us=(after - before) / report["requests"] * 1e6)

"""Servers and clients as processes: on which core they run, what they cost, and that they end."""

import contextlib
import os
import pathlib
import subprocess
import sys

# The harness of the tests starts programs, finds ports and measures memory.
sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tests"))
from harness import processes as harness  # noqa: E402
from harness.processes import accepts, end_on_signals, free_port, until  # noqa: E402, F401

# The proxy has a core of its own; what stands before and behind it share the other.
PROXY_CORE = "0"
OTHER_CORE = "1"
BOTH_CORES = "0,1"


@contextlib.contextmanager
def server(command, port, core, environment=None, log=subprocess.DEVNULL):
    """A server that listens when the block begins, and ends with it."""
    pinned = ["taskset", "-c", core, *map(str, command)]
    environment = {**os.environ, **(environment or {})}
    process = subprocess.Popen(pinned, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        until(lambda: accepts(("127.0.0.1", port)), f"{process.args[3]} listens", 30, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tree(pid):
    """A process and all that it started."""
    yield pid
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from tree(int(child))


def cpu_seconds(pid):
    """User and system time of a process tree. The scheduler's own count is finer than the ticks in `stat`, and the same time."""
    tasks = (task for process in tree(pid) for task in pathlib.Path(f"/proc/{process}/task").iterdir())
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def peak_mib(pid):
    """The most memory that a process tree has been resident with, each process at its own peak."""
    return sum(harness.peak_mib(process) for process in tree(pid))

"""Servers and clients as processes: on which core they run, what they cost, and that they end."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

# The proxy has a core of its own; what stands before and behind it share the other.
PROXY_CORE = "0"
OTHER_CORE = "1"
BOTH_CORES = "0,1"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for(port, process):
    for _ in range(600):
        if process.poll() is not None:
            raise ChildProcessError(f"{process.args[3]} ended with {process.returncode}")
        with contextlib.suppress(OSError):
            return socket.create_connection(("127.0.0.1", port)).close()
        time.sleep(0.05)
    raise TimeoutError(f"{process.args[3]} does not listen")


@contextlib.contextmanager
def server(command, port, core, environment=None, log=subprocess.DEVNULL):
    """A server that listens by the time it is given out, and ends with the block."""
    pinned = ["taskset", "-c", core, *map(str, command)]
    environment = {**os.environ, **(environment or {})}
    process = subprocess.Popen(pinned, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_for(port, process)
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
    statuses = (pathlib.Path(f"/proc/{process}/status").read_text() for process in tree(pid))
    return sum(int(status.split("VmHWM:")[1].split()[0]) for status in statuses) / 1024


def end_on_signals():
    """Ends by an exception when told to stop, so that every block's end is reached."""

    def stop(number, _):
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)

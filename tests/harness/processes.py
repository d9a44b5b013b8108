"""Starts programs, waits for them, and stops them."""

import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PROGRAM") or str(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/last4")


def free_port():
    """A port of the loopback address that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def until(done, what, secs=20, process=None):
    """Waits until `done()` is true. Fails after `secs`, or when `process` has ended. `what` may be a function."""
    deadline = time.monotonic() + secs
    while not done():
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain until {what() if callable(what) else what}")
        time.sleep(0.02)


def accepts(address):
    """Whether a server accepts connections at `address`, which is a host and a port."""
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True


def stop(process, secs=5):
    """Stops a process; kills it and what it started if it takes longer than `secs`. Returns its exit status."""
    process.terminate()
    try:
        return process.wait(secs)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait(secs)


def end_on_signals():
    """Ends by an exception on SIGTERM and SIGHUP, so that every context manager cleans up."""

    def end(number, _):
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)


def peak_mib(pid):
    """The peak resident memory of a process."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


class Processes:
    """Programs with a folder for their files. Stops them in reverse order, so that none loses its upstream while it serves."""

    def __enter__(self):
        self.work = tempfile.TemporaryDirectory(prefix="last4-")
        self.running = []
        self._adopted = []
        return self

    def __exit__(self, *_):
        for process, _ in reversed(self.running):
            stop(process)
        self.work.cleanup()

    def start(self, name, command, env=None, cwd=None):
        """Runs a command in a process group of its own. Returns the file that takes its output."""
        log = pathlib.Path(self.work.name, f"{name}.log")
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [str(part) for part in command],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )
        self.running.append((process, log))
        return log

    def adopt(self, last4):
        """Starts a `Last4`, waits for it, and stops it with the others."""
        # Its folder lives as long as the object.
        self._adopted.append(last4)
        last4.start()
        self.running.append((last4.process, last4.log))
        last4.wait()
        return last4

    def log_end(self):
        """The ends of all logs, for a message."""
        return "\n".join(log.read_text(errors="replace")[-1500:] for _, log in self.running)

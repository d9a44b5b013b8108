"""Starts what a run needs, last4 among it, and stops it."""

import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

import outputs
from backends import start

HERE = pathlib.Path(__file__).resolve().parent
THREADS = 8
START_SECS = 30


class Processes:
    """What was started, stopped by process id when it is no longer needed."""

    def __enter__(self):
        self.work = tempfile.TemporaryDirectory(prefix="attacks-")
        self.running = []
        return self

    def __exit__(self, *_):
        for process, _ in reversed(self.running):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(5)
        self.work.cleanup()

    def start(self, name, command, env=None, cwd=None):
        """Runs a command in a process group of its own; its output goes to a file."""
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


def start_last4(running, program, upstream_address, config=None):
    address = ("127.0.0.1", start.free_port())
    url, listen = ("{}:{}".format(*one) for one in (upstream_address, address))
    command = [program, "serve", "--preset", "dify", "--upstream", f"http://{url}", "--listen", listen]
    command += ["--config", HERE / "configs" / config] if config else []
    admin = start.free_port()
    log = running.start(f"last4-{config}" if config else "last4", command, env=outputs.settings(admin))
    deadline = time.monotonic() + START_SECS
    while time.monotonic() < deadline and running.running[-1][0].poll() is None:
        try:
            socket.create_connection(address, timeout=1).close()
            front = start.Backend(running, address)
            front.speaks_http2, front.log, front.admin = True, log, admin
            return front
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"last4 does not start:\n{log.read_text()}")


class Fronts(dict):
    """What stands before the backend, by the configuration in configs/ that a case names; most name none."""

    def __init__(self, start):
        super().__init__()
        self._start = start
        self.start([{}])

    def start(self, cases):
        for config in {case.get("config") for case in cases} - self.keys():
            self[config] = self._start(config)

    def of(self, case):
        return self.get(case.get("config"), self[None])


def told(front, secrets):
    """The verdict on what last4 told its operator of the secrets that were handed out in front of it."""
    leaks = outputs.leaks(front.log, front.admin, secrets)
    return {"id": "told-the-operator"}, "LEAK" if leaks else None, ", ".join(leaks[:5])

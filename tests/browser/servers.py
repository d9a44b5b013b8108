"""The program, as the legacy API of its demo and as the proxy before one."""

import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import outputs

PROGRAM = os.environ["PROGRAM"]


class Legacy:
    """The legacy API with its console."""

    def __enter__(self):
        command = [PROGRAM, "demo", "--api-only", "--listen", "127.0.0.1:0"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = re.search(r"http://[\d.:]+", self._process.stdout.readline())[0]
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()


class Last4:
    """last4 with a file, its log at trace."""

    def __init__(self, upstream, page):
        self._directory = tempfile.TemporaryDirectory()
        here = pathlib.Path(self._directory.name)
        self._log = here / "log"
        self._config = here / "last4.toml"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._admin = free.getsockname()[1]
        self._config.write_text(
            f'listen = "127.0.0.1:0"\npresets = ["dify"]\n[upstream]\nurl = "{upstream}"\n'
            f'[admin]\nlisten = "127.0.0.1:{self._admin}"\n[log]\nlevel = "trace"\n{page}'
        )

    def __enter__(self):
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([PROGRAM, "serve", "--config", str(self._config)], stderr=log)
        for _ in range(200):
            listening = re.search(r"listening .*?address=([\d.:]+)", self.log())
            if listening:
                self.url = f"http://{listening[1]}"
                return self
            time.sleep(0.05)
        raise SystemExit(f"last4 does not listen: {self.log()}")

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._directory.cleanup()

    def log(self):
        return self._log.read_text(errors="replace")

    def leaks(self, secrets):
        """Where its log or its operator's pages tell a secret."""
        return outputs.leaks(self._log, self._admin, secrets)

    def metric(self, name):
        page = outputs.page_of(self._admin, "/metrics").decode()
        return next((float(line.split()[-1]) for line in page.splitlines() if line.startswith(f"{name} ")), None)

    def peak_mib(self):
        """Its peak resident memory."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

"""Starts `last4 serve` and finds the ports that it listens on."""

import os
import pathlib
import re
import subprocess
import tempfile

from . import leaks, wire
from .processes import PROGRAM, peak_mib, stop, until

# Any free port for both listeners, and the log at its most talkative. Environment variables override a configuration file.
DEFAULTS = {"LAST4_LISTEN": "127.0.0.1:0", "LAST4_ADMIN__LISTEN": "127.0.0.1:0", "LAST4_LOG__LEVEL": "trace"}
LISTENERS = re.compile(r"(listening|operator's listener) address=(\S+)")


class Last4:
    """A running `last4 serve`. As a context manager: starts the program, waits until it listens, stops it.

    `config` is the text of a configuration file or the path of one. `settings` are environment variables; None removes one of
    `DEFAULTS`, so that the configuration file decides. `within` is a command that runs the program, such as `strace`.
    """

    def __init__(self, config=None, arguments=(), settings=None, within=(), program=PROGRAM):
        # Removed with this object, so that the log can be read after the program has ended.
        self._folder = tempfile.TemporaryDirectory(prefix="last4-")
        folder = pathlib.Path(self._folder.name)
        self.log = folder / "log"
        self.file = config if isinstance(config, pathlib.Path) else folder / "last4.toml"
        if isinstance(config, str):
            self.file.write_text(config)
        given = [] if config is None else ["--config", self.file]
        self._command = [str(part) for part in (*within, program, "serve", *given, *arguments)]
        chosen = {**os.environ, **DEFAULTS, **(settings or {})}
        self._environment = {name: value for name, value in chosen.items() if value is not None}
        self.port = self.admin = None

    def __enter__(self):
        self.start()
        try:
            self.wait()
        except BaseException:
            stop(self.process)
            raise
        return self

    def __exit__(self, kind, *_):
        status = stop(self.process, 40)
        # An error inside the block says more than the exit status.
        assert kind or status == 0, f"last4 ended with {status}: {self.told()[-2000:]}"

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self._environment, start_new_session=True
            )

    def is_listening(self):
        """Whether both listeners are there. Reads their ports from the log."""
        found = dict(LISTENERS.findall(self.told()))
        if len(found) < 2:
            return False
        listen, admin = found["listening"], found["operator's listener"]
        self.port = None if listen.startswith("unix:") else int(listen.rsplit(":", 1)[1])
        self.admin = int(admin.rsplit(":", 1)[1])
        return True

    def wait(self):
        until(self.is_listening, lambda: f"last4 listens: {self.told()[-2000:]}", 30, self.process)

    @property
    def address(self):
        return "127.0.0.1", self.port

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def told(self):
        """The log so far."""
        return self.log.read_text(errors="replace")

    def wait_for_log(self, text, times=1):
        until(lambda: self.told().count(text) >= times, lambda: f"{text!r} is in the log: {self.told()[-2000:]}", 20, self.process)

    def page(self, path):
        """The body of a page of the operator's listener."""
        return wire.answers(leaks.operator_page(self.admin, path), [])[0].body.decode()

    def metric(self, sample):
        """The value of a sample of the metrics, which is a name with its labels; None if there is no such sample."""
        lines = (line.rpartition(" ") for line in self.page("/metrics").splitlines())
        return next((float(value) for name, _, value in lines if name == sample), None)

    def wait_for_metric(self, sample, value):
        """A client may have its answer before the proxy has counted it."""
        until(lambda: self.metric(sample) == value, lambda: f"{sample} is {value}: {self.page('/metrics')}", 5)

    def leaks(self, secrets):
        """Where the log or the operator's pages show a secret."""
        return leaks.told_operator(self.log, self.admin, secrets)

    def peak_mib(self):
        return peak_mib(self.process.pid)

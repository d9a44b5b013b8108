"""What stands before a backend: last4, by the configuration that a case names."""

import pathlib

from harness.last4 import Last4

HERE = pathlib.Path(__file__).resolve().parent
THREADS = 8


class Front:
    """An address that cases are sent to: a running last4, or a backend without one."""

    def __init__(self, address, last4=None):
        self.address, self.last4 = address, last4

    @property
    def speaks_http2(self):
        """last4 does, without TLS, if the client begins with it; the backends do not."""
        return self.last4 is not None

    def verdict_on_log(self, secrets):
        """The verdict on what last4 tells its operator of the secrets that were handed out through it."""
        leaks = self.last4.leaks(secrets)
        return {"id": "told-the-operator"}, "LEAK" if leaks else None, ", ".join(leaks[:5])


def start_last4(running, upstream, config=None):
    arguments = ["--preset", "dify", "--upstream", "http://{}:{}".format(*upstream)]
    last4 = running.adopt(Last4(HERE / "configs" / config if config else None, arguments))
    return Front(last4.address, last4)


class Fronts(dict):
    """The fronts by the configuration in configs/ that a case names; most name none."""

    def __init__(self, start):
        super().__init__()
        self._start = start
        self.start([{}])

    def start(self, cases):
        for config in {case.get("config") for case in cases} - self.keys():
            self[config] = self._start(config)

    def of(self, case):
        return self.get(case.get("config"), self[None])

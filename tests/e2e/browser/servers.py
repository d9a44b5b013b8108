"""The program, as the legacy API of its demo and as the proxy before one."""

import re
import subprocess

from harness import last4
from harness.processes import PROGRAM, stop


class Legacy:
    """The legacy API with its console."""

    def __enter__(self):
        command = [PROGRAM, "demo", "--api-only", "--listen", "127.0.0.1:0"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.url = re.search(r"http://[\d.:]+", self._process.stdout.readline())[0]
        return self

    def __exit__(self, *_):
        stop(self._process)


class Last4(last4.Last4):
    """last4 with the preset `dify` before an upstream, and more of a configuration."""

    def __init__(self, upstream, more):
        super().__init__(f'presets = ["dify"]\n[upstream]\nurl = "{upstream}"\n{more}')

"""The program under test, and what its configurations mean to it."""

import os
import pathlib
import socket
import subprocess
import tempfile
import time
import tomllib
import urllib.error
import urllib.request

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "examples"
PROGRAM = os.environ["PROGRAM"]


def check_configuration(text, environment=()):
    """What a configuration says, after `last4 check` had nothing against it."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**dict(environment), "LAST4_CONFIG": f"{folder}/last4.toml"}
        pathlib.Path(environment["LAST4_CONFIG"]).write_text(text)
        checked = subprocess.run([PROGRAM, "check"], env=environment, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    return tomllib.loads(text)


def check_memory(config, mib):
    """That so much is enough for what the limits allow, by the manual's page on sizing, before large answers."""
    limits = config.get("limits", {})
    connections, requests = limits.get("max_connections", 20_000), limits.get("max_requests", 10_000)
    needed = 16 + (16 * connections + 40 * requests) / 1024
    assert needed <= mib, f"{mib} MiB are not enough for {connections} connections and {requests} requests: {needed:.0f}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url, method="GET", headers=(), data=None):
    """The status and body of the answer."""
    request = urllib.request.Request(url, method=method, headers=dict(headers), data=data)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def until(done, what, secs=10):
    deadline = time.monotonic() + secs
    while not done():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


def answers(url):
    def asked():
        try:
            return ask(url)[0] == 200
        except OSError:
            return False

    return asked

"""The program under test, and its verdict on a configuration."""

import pathlib
import subprocess
import sys
import tempfile
import tomllib
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from harness.processes import PROGRAM, ROOT

EXAMPLES = ROOT / "examples"


def check_configuration(text, environment=()):
    """The values of a configuration, after `last4 check` has accepted it."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**dict(environment), "LAST4_CONFIG": f"{folder}/last4.toml"}
        pathlib.Path(environment["LAST4_CONFIG"]).write_text(text)
        checked = subprocess.run([PROGRAM, "check"], env=environment, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    return tomllib.loads(text)


def check_memory(config, mib):
    """Checks by the manual's page on sizing that `mib` is enough for what the limits allow, before large answers."""
    limits = config.get("limits", {})
    connections, requests = limits.get("max_connections", 20_000), limits.get("max_requests", 10_000)
    needed = 16 + (16 * connections + 40 * requests) / 1024
    assert needed <= mib, f"{mib} MiB are not enough for {connections} connections and {requests} requests: {needed:.0f}"


def ask(url, method="GET", headers=(), data=None):
    """The status and body of the answer."""
    request = urllib.request.Request(url, method=method, headers=dict(headers), data=data)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()

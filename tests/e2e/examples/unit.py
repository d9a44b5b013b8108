"""The systemd unit: its configuration, its times, and that its filter lets the program make the system calls that it makes."""

import configparser
import os
import re
import signal
import subprocess
import tempfile

from program import EXAMPLES, ask, check_configuration, check_memory
from harness.last4 import Last4
from harness.processes import until


class Unit(configparser.RawConfigParser):
    """Keeps the case of keys, and of a key that stands twice all values."""

    def __init__(self):
        super().__init__(strict=False, dict_type=Lists)
        self.optionxform = str
        self.read(EXAMPLES / "systemd/last4.service")


class Lists(dict):
    def __setitem__(self, key, value):
        if isinstance(value, list) and isinstance(self.get(key), list):
            self[key].extend(value)
        else:
            super().__setitem__(key, value)


def allowed_calls(filters):
    """The names of the calls that are allowed, as systemd resolves the groups."""
    allowed = set()
    for group in filters:
        told = subprocess.run(["systemd-analyze", "syscall-filter", group.lstrip("~")], capture_output=True, text=True, check=True)
        lines = [line.strip() for line in told.stdout.splitlines()[1:]]
        names = {line for line in lines if line and line[0] not in "#@"}
        for inner in (line for line in lines if line.startswith("@")):
            names |= allowed_calls([inner])
        allowed = allowed - names if group.startswith("~") else allowed | names
    return allowed


def calls_of_a_life(config):
    """The calls that the program makes from its start, through requests and a reload, to its end."""
    with tempfile.TemporaryDirectory() as folder:
        within = ["strace", "-f", "-qq", "-o", f"{folder}/calls"]
        with Last4(settings={"LAST4_CONFIG": str(config)}, within=within) as last4:
            assert ask(f"{last4.url}/x")[0] == 502
            with open(f"{folder}/calls") as calls:
                program = int(calls.readline().split()[0])
            os.kill(program, signal.SIGHUP)
            until(lambda: 'result="applied"} 1' in last4.page("/metrics"), "it has reloaded")
            os.kill(program, signal.SIGTERM)
            assert last4.process.wait(30) == 0
        with open(f"{folder}/calls") as calls:
            return {made[1] for line in calls if (made := re.match(r"\d+ +(\w+)\(", line))}


service = Unit()["Service"]
config = check_configuration((EXAMPLES / "systemd/last4.toml").read_text())
check_memory(config, 1024 * int(service["MemoryMax"].removesuffix("G")))
limits = config["limits"]
assert int(service["TimeoutStopSec"].split()[0]) > limits["drain_secs"] + limits.get("settle_secs", 0)

filters = [group for line in service["SystemCallFilter"].splitlines() for group in line.split()]
made, allowed = calls_of_a_life(EXAMPLES / "systemd/last4.toml"), allowed_calls(filters)
assert "accept4" in made and "accept4" in allowed and "reboot" not in allowed, "looked in the wrong place"
forbidden = made - allowed
assert not forbidden, f"the unit's filter does not allow {forbidden}"
print("  every system call of a start, a request, a reload and a stop is allowed")

"""Starts the stack and runs the suite against each front of it. See run.sh."""

import argparse
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from harness import wire
from harness.last4 import Last4
from harness.processes import PROGRAM, Processes, end_on_signals, free_port, until

SUITE_SECS = int(os.environ.get("SUITE_SECS", "300"))
BIN = pathlib.Path(sys.prefix) / "bin"


def main():
    end_on_signals()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--direct", action="store_true", help="the bare stack: exits 1 if leaks are seen there, 2 if the suite is blind")
    parser.add_argument("names", nargs="*", help="run only the checks whose names hold one of these")
    arguments = parser.parse_args()
    with Processes() as running:
        origin = gunicorn(running)
        behind_nginx = nginx(running, origin)
        if arguments.direct:
            fronts = [("bare gunicorn", origin, ["--direct"]), ("bare nginx, gunicorn", behind_nginx, ["--direct"])]
        else:
            fronts = [last4(running, "last4, gunicorn", origin), last4(running, "last4, nginx, gunicorn", behind_nginx)]
        worst = 0
        for label, address, more in fronts:
            print(f"== {label}", flush=True)
            status = suite(address, origin, [*more, *arguments.names])
            if status and not arguments.direct:
                print(running.log_end(), file=sys.stderr)
            worst = max(worst, status)
    return worst


def gunicorn(running):
    """One worker, since the keys are in its memory; threads, since event streams stay open while lists are read."""
    address = "127.0.0.1", free_port()
    options = ["--worker-class", "gthread", "--workers", "1", "--threads", "16", "--timeout", "60", "--graceful-timeout", "2"]
    command = [BIN / "gunicorn", "--chdir", HERE, "--bind", "{}:{}".format(*address), *options, "--no-control-socket", "app:app"]
    running.start("gunicorn", command)
    return answering(running, address)


def nginx(running, origin):
    address, config = ("127.0.0.1", free_port()), pathlib.Path(running.work.name, "nginx.conf")
    text = (HERE / "nginx.conf.in").read_text()
    for name, value in (("@WORK@", running.work.name), ("@PORT@", address[1]), ("@ORIGIN@", origin[1])):
        text = text.replace(name, str(value))
    config.write_text(text)
    running.start("nginx", ["nginx", "-p", running.work.name, "-c", config])
    return answering(running, address)


def last4(running, label, upstream):
    front = running.adopt(Last4(arguments=["--preset", "dify", "--upstream", "http://{}:{}".format(*upstream)]))
    return label, answering(running, front.address), ["--log", front.log, "--admin", front.admin]


def answering(running, address):
    """The address, as soon as the API answers there."""

    def answers():
        try:
            return wire.ask(address, "GET", "/console/api/ping").status == 200
        except OSError:
            return False

    until(answers, lambda: f"the API answers on port {address[1]}: {running.log_end()}", process=running.running[-1][0])
    return address


def suite(front, origin, more):
    """The exit status of the checks against a front."""
    command = [sys.executable, HERE / "suite.py", "--front", "{}:{}".format(*front), "--origin", "{}:{}".format(*origin), *more]
    return subprocess.run([str(part) for part in command], timeout=SUITE_SECS).returncode


if __name__ == "__main__":
    if not os.access(PROGRAM, os.X_OK):
        sys.exit(f"{PROGRAM} is missing; build it with: cargo build --release")
    sys.exit(main())

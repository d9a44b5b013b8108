#!/usr/bin/env python3
"""Counts instructions and compares them with limits.toml: a check of speed that does not depend on the clock.

Valgrind counts user-space instructions of last4 while it serves requests one after another, and of the engine alone. Everything runs
twice, with few repetitions and with many, and the difference counts: what comes before and after is in both.
Valgrind offers no AVX-512, so the engine works as it does on a machine without.

Exits with 1 when a count is above its limit. Where that is meant to be, set new limits with --set and say why in the commit.
"""

import argparse
import dataclasses
import os
import pathlib
import subprocess
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIMITS = HERE / "limits.toml"

# The proxies' benchmark has the API, the client and their processes.
sys.path.insert(0, str(HERE.parent / "proxy"))
import load  # noqa: E402
from cells import CELLS  # noqa: E402
from install import build, package  # noqa: E402
from peers import PEERS, Place  # noqa: E402
from processes import BOTH_CORES, end_on_signals, free_port, server  # noqa: E402

HEAD = """\
# Instructions counted by run.py beside this file, when the limits were last set (`run.py --set`).
# More than the margin above one of them fails, so that what makes last4 slower is seen where it is made.
"""
MARGIN = 0.10

# Repetitions that the second run has more than the first. The engine's counts are the same in every run; a proxy's requests differ
# by how bytes happen to arrive, so there are many of them.
TIMES = {"dense": 10, "sparse": 10, "nested": 10, "pretty": 10, "small": 1000}
REQUESTS = 2000
FEW = 50


def valgrind(folder):
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder / 'counted'}"]


def counted(folder):
    """What valgrind wrote when the program ended."""
    file = folder / "counted"
    line = next(line for line in file.read_text().splitlines() if line.startswith("totals:"))
    file.unlink()
    return int(line.split()[1])


def engine(folder, programs, body, times):
    """Instructions of so many times through the body, and its bytes."""
    command = [*valgrind(folder), programs / "count", body, str(times)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{body}: {done.stderr}")
    return counted(folder), int(done.stdout)


def proxy(folder, programs, program, cell, requests):
    """Instructions of last4 from its start to its end with so many requests between."""
    with load.backend(programs, BOTH_CORES) as upstream:
        port = free_port()
        place = Place(f"127.0.0.1:{port}", f"127.0.0.1:{upstream}", folder, program, None)
        command, environment = PEERS["last4"].start(place)
        with server([*valgrind(folder), *command], port, BOTH_CORES, environment):
            load.run(programs, port, cell, ("requests", requests), core=BOTH_CORES)
    return counted(folder)


def measured(programs, program):
    """By name: instructions for a request, a body or a byte."""
    with tempfile.TemporaryDirectory(prefix="count-") as folder:
        folder = pathlib.Path(folder)
        for name, what in (("n10", "masked list of 10 keys"), ("1k", "unmasked 1 kB")):
            # One connection: with more, how many answers a wake-up finds would be chance.
            cell = dataclasses.replace(CELLS[name], connections=1)
            few, many = (proxy(folder, programs, program, cell, FEW + more) for more in (0, REQUESTS))
            yield f"proxy, {what}, per request", (many - few) / REQUESTS
        for body, times in TIMES.items():
            (few, size), (many, _) = (engine(folder, programs, body, 1 + more) for more in (0, times))
            one = (many - few) / times
            yield (f"engine, {body}, per body", one) if body == "small" else (f"engine, {body}, per byte", one / size)


def write(counts):
    lines = [HEAD, f"margin = {MARGIN}\n", "[counts]"]
    lines += [f'"{name}" = {count:.{3 if count < 100 else 0}f}' for name, count in counts.items()]
    LIMITS.write_text("\n".join(lines) + "\n")


def compare(counts):
    """How many counts are above their limits."""
    limits = tomllib.loads(LIMITS.read_text())
    above, margin = 0, limits["margin"]
    for name, count in counts.items():
        expected = limits["counts"].get(name)
        if expected is None:
            verdict = "NO LIMIT"
        elif count > expected * (1 + margin):
            verdict = "ABOVE"
        else:
            verdict = "far below" if count < expected * (1 - margin) else "ok"
        above += verdict.isupper()
        change = f" ({count / expected - 1:+.1%} of {expected:,})" if expected else ""
        print(f"{verdict:9}  {name}: {count:,.{3 if count < 100 else 0}f}{change}")
        if verdict == "far below":
            print("           Set the limits anew, so that what was won is kept: benches/count/run.py --set")
    if above:
        print(f"{above} above the limits in {LIMITS.relative_to(ROOT)}. Where that is meant: benches/count/run.py --set")
    return above


def main():
    end_on_signals()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, help="the last4 to look at; built if left out")
    parser.add_argument("--set", action="store_true", help="write what is counted to limits.toml")
    options = parser.parse_args()
    if not package("valgrind", "/usr/bin/valgrind"):
        sys.exit("valgrind is missing; please install it")
    programs = build(HERE.parent, "-p", "load", "-p", "count")
    program = options.program.resolve() if options.program else build(ROOT) / "last4"
    counts = dict(measured(programs, program))
    if options.set:
        write(counts)
    return 1 if compare(counts) else 0


if __name__ == "__main__":
    sys.exit(main())

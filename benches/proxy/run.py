#!/usr/bin/env python3
"""Measures last4 beside other proxies: what they cost before the same API, in the same run.

Installs what is missing where it may (Debian, root), checks what each row answers, and prints CPU time per request, requests a
second, latency at a fixed rate and peak memory, with ratios to nginx merely forwarding in parentheses, and which goals hold. Each
proxy has one worker on core 0; the API and the client share core 1; everything listens on the loopback address. The full table
takes about eight minutes, after seven in which last4 is built as its image has it.
"""

import argparse
import os
import pathlib
import platform
import sys
from dataclasses import dataclass, field

import install
import load
import report
from cells import CELLS
from check import check
from measure import RATE, Bench
from peers import OURS, PEERS, PLAIN, UNPROFILED
from processes import end_on_signals

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@dataclass
class Figures:
    peers: list
    rate: int = RATE
    costs: dict = field(default_factory=dict)
    latencies: dict = field(default_factory=dict)
    peaks: dict = field(default_factory=dict)
    growth: dict = field(default_factory=dict)
    workers: dict = field(default_factory=dict)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)

    def some(known):
        def read(text):
            chosen = text.split(",")
            if unknown := set(chosen) - set(known):
                raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
            return [name for name in known if name in chosen]

        return read

    parser.add_argument("--rows", type=some(PEERS), help=f"of {','.join(PEERS)}")
    parser.add_argument("--cells", type=some(CELLS), default=list(CELLS), help=f"of {','.join(CELLS)}")
    parser.add_argument("--rounds", type=int, default=15, help="default 15")
    parser.add_argument("--seconds", type=float, default=0.4, help="of load for each row, cell and round (default 0.4)")
    parser.add_argument("--quick", action="store_true", help="nginx and last4 only: about three minutes")
    parser.add_argument("--program", type=pathlib.Path, help="the last4 to measure; built as its image has it if left out")
    parser.add_argument("--markdown", type=pathlib.Path, help="write the tables to this file too")
    options = parser.parse_args()
    options.rows = options.rows or ([PLAIN, OURS] if options.quick else list(PEERS))
    return options


def measured(bench, peers, options, say):
    figures = Figures(peers)
    cells = [CELLS[name] for name in options.cells]
    with load.backend(bench.programs) as upstream:
        for peer in peers:
            with bench.started(peer, upstream) as (port, _):
                say(f"{peer.name}: {check(peer, port, upstream, cells)}")
        say("")
        for cell in cells:
            progress(cell.name)
            figures.costs[cell.name] = bench.cost(peers, upstream, cell, options.rounds, options.seconds)
        if CELLS["n10"] in cells:
            progress("latency")
            figures.latencies = bench.latency(peers, upstream, options.rounds, options.seconds)
        if CELLS["n100k"] in cells:
            progress("memory")
            figures.peaks = {peer.name: bench.peak(peer, upstream, CELLS["n100k"], 4) for peer in peers}
            figures.growth = {
                peer.name: bench.growth(peer, upstream) for peer in peers if peer.name in (PLAIN, OURS)
            }
    if CELLS["n10"] in cells and any(peer.name == OURS for peer in peers):
        progress("workers")
        # Where all float over both cores, it takes a moment until each has found its place, and more depends on chance: so these
        # rounds are longer, and more.
        figures.workers = bench.workers(2 * options.rounds, 2.5 * options.seconds)
    return figures


def progress(what):
    print(f"measuring: {what}", file=sys.stderr)


def main():
    end_on_signals()
    options = arguments()
    lines = []

    def say(line):
        print(line, flush=True)
        lines.append(line)

    peers, envoy = install.available([PEERS[name] for name in options.rows], HERE / ".envoy")
    programs = install.build(HERE.parent, "-p", "load")
    ours = {OURS: options.program.resolve() if options.program else install.profiled(ROOT)}
    if UNPROFILED in options.rows:
        ours[UNPROFILED] = install.build(ROOT) / "last4"
    load_average = os.getloadavg()[0]
    say(f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, load average {load_average:.1f} before the run")
    say(f"{options.rounds} rounds of {options.seconds:g} s, medians; in parentheses the ratio to nginx forwarding")
    say("")
    figures = measured(Bench(programs, ours, envoy), peers, options, say)
    for part in (report.costs(figures), report.speeds(figures), report.others(figures), report.verdicts(figures)):
        for line in part:
            say(line)
        say("")
    if options.markdown:
        options.markdown.write_text("\n".join(lines))


if __name__ == "__main__":
    main()

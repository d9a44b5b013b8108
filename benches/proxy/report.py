"""Tables and verdicts, in Markdown."""

import statistics

from measure import median
from peers import OURS, PLAIN

# Memory that comes and goes with the allocator, in MiB: less is no growth.
GROWTH = 1.0


def table(head, rows):
    widths = [max(len(line[column]) for line in [head, *rows]) for column in range(len(head))]

    def line(cells):
        first, *others = zip(cells, widths)
        return "| " + " | ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]) + " |"

    rule = "| " + " | ".join(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]) + " |"
    return [line(head), rule, *map(line, rows)]


def against(value, base, digits=1):
    return f"{value:,.{digits}f} ({value / base:.2f})" if base else f"{value:,.{digits}f}"


def costs(figures):
    """CPU microseconds a request, and against nginx."""
    head = ["CPU us/request", *figures.costs]
    rows = []
    for peer in figures.peers:
        row = [peer.name]
        for runs in figures.costs.values():
            base = median(runs[PLAIN], "cpu_us") if PLAIN in runs else None
            row.append(against(median(runs[peer.name], "cpu_us"), base))
        rows.append(row)
    return table(head, rows)


def speeds(figures):
    """What a client got, which is less than a proxy could do where the client's own core was the limit."""
    head = ["requests/s", *figures.costs]
    rows = []
    for peer in figures.peers:
        rates = [statistics.median(run.requests / run.seconds for run in runs[peer.name]) for runs in figures.costs.values()]
        rows.append([peer.name, *(f"{rate:,.{0 if rate >= 100 else 1}f}" for rate in rates)])
    return table(head, rows)


def others(figures):
    head = ["row", "masks", f"p50 us at {figures.rate}/s", "p99 us", "peak MiB, two of 14.6 MB", "5 MB", "50 MB"]
    rows = []
    for peer in figures.peers:
        cells = []
        for what in ("p50_us", "p99_us"):
            if figures.latencies:
                base = median(figures.latencies[PLAIN], what) if PLAIN in figures.latencies else None
                cells.append(against(median(figures.latencies[peer.name], what), base, 0))
            else:
                cells.append("")
        growth = [f"{peak:.1f}" for peak in figures.growth.get(peer.name, [])] or ["", ""]
        peak = figures.peaks.get(peer.name)
        rows.append([peer.name, "yes" if peer.masks else "-", *cells, f"{peak:.1f}" if peak else "", *growth])
    return table(head, rows)


def verdict(number, what, must, goal, measured, unit=""):
    said = "goal reached" if measured <= goal else "must holds" if measured <= must else "MUST MISSED"
    return f"{said:12}  {number}. {what}: {measured:.2f}{unit} (must {must}{unit}, goal {goal}{unit})"


def verdicts(figures):
    """A line for each goal that was measured."""
    names = {peer.name for peer in figures.peers}
    if OURS not in names:
        return []
    lines = []

    def ratio(runs, what):
        return median(runs[OURS], what) / median(runs[PLAIN], what)

    if PLAIN in names:
        for number, cell, must, goal in ((1, "n10", 1.4, 1.1), (2, "n500", 2.0, 1.4), (3, "n100k", 1.7, 1.2)):
            if cell in figures.costs:
                lines.append(verdict(number, f"{cell}, CPU against nginx", must, goal, ratio(figures.costs[cell], "cpu_us")))
        for cell in ("1k", "64k"):
            if cell in figures.costs:
                what = f"unmasked {cell}, CPU against nginx"
                lines.append(verdict(4, what, 1.25, 1.05, ratio(figures.costs[cell], "cpu_us")))
    if OURS in figures.peaks:
        lines.append(verdict(5, "peak memory, two lists of 14.6 MB", 24, 12, figures.peaks[OURS], " MiB"))
    if OURS in figures.growth:
        small, large = figures.growth[OURS]
        lines.append(verdict(5, "growth of memory from 5 to 50 MB", GROWTH, GROWTH, large - small, " MiB"))
    if PLAIN in figures.latencies and OURS in figures.latencies:
        what = f"n10, p50 at {figures.rate}/s against nginx"
        lines.append(verdict(10, what, 1.25, 1.05, ratio(figures.latencies, "p50_us")))
    if figures.workers:
        one, two = (median(runs, "cpu_us") for runs in figures.workers.values())
        what = f"n10, CPU of two workers ({two:.1f} us) against one ({one:.1f} us)"
        lines.append(verdict(11, what, 1.1, 1.02, two / one))
    return lines

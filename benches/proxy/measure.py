"""The rounds: many and short, each with another first row, so that other load on the machine affects all rows alike."""

import contextlib
import pathlib
import statistics
import tempfile

import load
from cells import CELLS, FIFTY_MB, FIVE_MB
from peers import OURS, Peer, Place, last4
from processes import BOTH_CORES, PROXY_CORE, free_port, peak_mib, server

# Requests a second for the latencies: far below what any row can do.
RATE = 2000

# So often a proxy is started to see how much memory it takes.
STARTS = 5


class Bench:
    def __init__(self, programs, ours, envoy):
        """`ours` are the programs of last4 by their row."""
        self.programs, self.ours, self.envoy = programs, ours, envoy

    @contextlib.contextmanager
    def started(self, peer, upstream, core=PROXY_CORE):
        """A proxy's port and process."""
        with tempfile.TemporaryDirectory(prefix=f"bench-{peer.name}-") as folder:
            port = free_port()
            addresses = f"127.0.0.1:{port}", f"127.0.0.1:{upstream}"
            program = self.ours.get(peer.name, self.ours[OURS])
            place = Place(*addresses, pathlib.Path(folder), program, self.envoy)
            command, environment = peer.start(place)
            with server(command, port, core, environment) as process:
                yield port, process.pid

    def in_rounds(self, peers, upstream, rounds, measure, core=PROXY_CORE):
        """What `measure(port, pid)` gave, by row, for each round."""
        with contextlib.ExitStack() as stack:
            running = [(peer, *stack.enter_context(self.started(peer, upstream, core))) for peer in peers]
            found = {peer.name: [] for peer in peers}
            for number in range(rounds):
                first = number % len(running)
                for peer, port, pid in running[first:] + running[:first]:
                    found[peer.name].append(measure(port, pid))
            return found

    def cost(self, peers, upstream, cell, rounds, seconds):
        plan = ("seconds", seconds)
        return self.in_rounds(
            peers, upstream, rounds, lambda port, pid: load.run(self.programs, port, cell, plan, pid)
        )

    def latency(self, peers, upstream, rounds, seconds):
        plan = ("rate", RATE, seconds)
        return self.in_rounds(
            peers, upstream, rounds, lambda port, pid: load.run(self.programs, port, CELLS["n10"], plan, pid)
        )

    def peak(self, peer, upstream, cell, requests):
        """The memory of a proxy that has done nothing else before: the median of a few, for it depends on how bytes happen to arrive."""

        def once():
            with self.started(peer, upstream) as (port, pid):
                load.run(self.programs, port, cell, ("requests", requests))
                return peak_mib(pid)

        return statistics.median(once() for _ in range(STARTS))

    def growth(self, peer, upstream):
        """Returns the memory for short and for long lists, after as many bytes of each: peaks grow with the running time."""
        return [self.peak(peer, upstream, cell, requests) for cell, requests in ((FIVE_MB, 20), (FIFTY_MB, 2))]

    def workers(self, rounds, seconds):
        """Measures last4 with one worker and with two. With two no core is left, so here all processes may use both."""
        peers = [Peer(f"{count} workers", True, last4(count)) for count in (1, 2)]
        with load.backend(self.programs, BOTH_CORES) as upstream:
            return self.in_rounds(
                peers, upstream, rounds,
                lambda port, pid: load.run(
                    self.programs, port, CELLS["n10"], ("seconds", seconds), pid, BOTH_CORES
                ),
                BOTH_CORES,
            )


def median(runs, what):
    return statistics.median(getattr(run, what) for run in runs)

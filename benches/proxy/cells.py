"""What is asked for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    name: str
    path: str
    connections: int
    masked: bool


def keys(name, count, connections):
    return Cell(name, f"/console/api/apps/{count}/api-keys", connections, masked=True)


def plain(name, size, connections):
    return Cell(name, f"/plain/{size}", connections, masked=False)


CELLS = {
    cell.name: cell
    for cell in (
        keys("n10", 10, 32),
        keys("n500", 500, 16),
        keys("n100k", 100_000, 2),
        plain("1k", 1024, 32),
        plain("64k", 65_536, 16),
    )
}

# One list in flight at a time, to see whether memory grows with it.
FIVE_MB = keys("5 MB", 34_300, 1)
FIFTY_MB = keys("50 MB", 343_000, 1)

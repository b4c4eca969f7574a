"""Reads from the kernel what a process that goes on has cost so far."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAUSE = 1.0  # seconds between two readings


@dataclass(frozen=True)
class Reading:
    """What a process has cost until a moment.

    moment:  on the monotonic clock, in seconds.   cpu: seconds of user and system time.
    rss:     resident memory now, in bytes.        written: bytes that went to the file system.
    """

    moment: float
    cpu: float
    rss: int
    written: int


def read(pid: int) -> Reading:
    """A reading of a running process."""
    folder = Path("/proc") / str(pid)
    # the name of the command, in brackets, may hold spaces
    counters = (folder / "stat").read_text().rpartition(")")[2].split()
    return Reading(
        time.monotonic(),
        (int(counters[11]) + int(counters[12])) / _TICKS,
        _entry(folder / "status", "VmRSS") * 1024,
        _entry(folder / "io", "write_bytes"),
    )


@dataclass
class Readings:
    """Those of a process while it was watched, in the order of time."""

    all: list[Reading] = field(default_factory=list)

    @property
    def peak(self) -> int:
        """The greatest resident memory, in bytes."""
        return max(reading.rss for reading in self.all)

    def at(self, moment: float) -> Reading:
        """The first reading at or after a moment, or the last of all."""
        return next((found for found in self.all if found.moment >= moment), self.all[-1])


@contextmanager
def watching(pid: int) -> Iterator[Readings]:
    """Read every second what a process costs, until the block is left."""
    readings = Readings([read(pid)])
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_PAUSE):
            readings.all.append(read(pid))

    thread = threading.Thread(target=watch, name="gauge", daemon=True)
    thread.start()
    try:
        yield readings
        readings.all.append(read(pid))
    finally:
        done.set()
        thread.join()


def _entry(path: Path, name: str) -> int:
    for line in path.read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise ValueError(f"{path} has no {name}")

"""Runs a command to its end and reads from the kernel what it cost."""

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """What a process and its children cost, from their start to their end.

    cpu:     seconds of user and system time.     wall: seconds.
    rss:     peak resident memory, in bytes.
    written: bytes that went to the file system's pages (write_bytes).
    wchar:   bytes handed to write calls, pipes included.
    output:  what it printed on standard output.
    """

    cpu: float
    wall: float
    rss: int
    written: int
    wchar: int
    output: str


class CommandFailed(Exception):
    """A command that is measured did not end with 0: its cost would mean nothing."""


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> Usage:
    """Run a command in a folder and measure it. Raises CommandFailed."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.monotonic()
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        # the counters of a process vanish when it is reaped: wait for its end, read them, reap it
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        wall = time.monotonic() - started
        counters = _counters(process.pid)
        _, status, resources = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            shown = " ".join(str(word) for word in command)
            raise CommandFailed(
                f"{shown}: exit code {process.returncode}\n{output.read()}{errors.read()}"
            )
        return Usage(
            cpu=resources.ru_utime + resources.ru_stime,
            wall=wall,
            rss=resources.ru_maxrss * 1024,
            written=counters["write_bytes"],
            wchar=counters["wchar"],
            output=output.read(),
        )


def in_turn(repeat: int, sides: Mapping[str, Callable[[], Usage]]) -> dict[str, list[Usage]]:
    """Measure several things by turns, so that a change of the machine's pace meets them all."""
    measured: dict[str, list[Usage]] = {name: [] for name in sides}
    for _ in range(repeat):
        for name, side in sides.items():
            measured[name].append(side())
    return measured


def median(usages: Sequence[Usage], figure: str) -> float:
    """The median of one figure (cpu, wall, rss, written, wchar) over several runs."""
    return float(statistics.median(getattr(usage, figure) for usage in usages))


def _counters(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return {name: int(number) for name, _, number in (line.partition(": ") for line in lines)}

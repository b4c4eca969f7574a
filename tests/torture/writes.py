"""`hub land` and `hub run`, disturbed when DuckDB writes: in the middle of a commit or checkpoint.

strace stops the process before its k-th write to the database or its log, and kills it there, or
has this and all later writes fail as on a full disk.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from .deliveries import Delivery, expected, loads_of, set_up
from .playground import LAND, RUN, Playground
from .verdicts import Examination, Verdict, complaints_about, noted

_CALLS = "write,pwrite64"
_HOW = {"killed": "signal=KILL:when={}", "failing": "error=ENOSPC:when={}+"}


@dataclass(frozen=True)
class Written:
    """A command whose `write`-th write to the database kills it, or fails as do all later ones.

    how: killed or failing.
    """

    delivery: Delivery
    command: Sequence[str]
    how: str
    write: int
    incremental: bool = False

    @property
    def trial(self) -> str:
        return f"`hub {self.command[0]}` {self.how} at a write of DuckDB"

    def carry_out(self, ground: Playground) -> Verdict:
        strace = shutil.which("strace")
        if strace is None or not _works(strace):
            return Verdict(self.trial, skipped="strace is missing or not allowed to trace")
        set_up(ground, self.delivery, self.incremental)
        database = str(ground.bench.database)
        trace = ground.folder / "trace"
        under = [
            *(strace, "-f", "-qq", "-o", str(trace)),
            *("-P", database, "-P", f"{database}.wal"),
            *("-e", f"trace={_CALLS}"),
            *("-e", f"inject={_CALLS}:{_HOW[self.how].format(self.write)}"),
        ]
        ended = ground.start(self.command, under=under).wait()
        complaints = []
        if self.how == "failing" and ended.code != 0:
            complaints = complaints_about(ended)
        glimpse = ground.glimpse(loads_of(self.delivery, self.incremental))
        account = expected(self.delivery, self.incremental, built=True)
        # a command may have fewer writes than that
        times = int(ended.was_killed or "(INJECTED)" in trace.read_text())
        verdict = Examination(account, glimpses=[glimpse], complaints=complaints).of(
            ground, self.trial, times
        )
        return noted(verdict, f"write {self.write}: {ended.err[-500:]} {ended.out[-500:]}")


def _works(strace: str) -> bool:
    tried = [strace, "-qq", "-o", "/dev/null", "-e", "inject=write:error=ENOSPC:when=99", "true"]
    return subprocess.run(tried, capture_output=True).returncode == 0


def writes(delivery: Delivery, seed: int) -> list[Written]:
    """The first six writes, with which a warehouse begins, and then every so many-th."""
    trials = []
    for command, incremental, last, stride in (
        (LAND, False, 340, 16),
        (LAND, True, 120, 16),
        (RUN, False, 900, 90),
        (RUN, True, 500, 60),
    ):
        chosen = [*range(1, 7), *range(7 + seed % stride, last, stride)]
        for how in _HOW:
            trials += [Written(delivery, command, how, write, incremental) for write in chosen]
    return trials

"""`hub land` and `hub run`, disturbed when DuckDB writes: in the middle of a commit or checkpoint.

strace stops the process before its k-th write to the database or its log, and kills it there, or
has this and all later writes fail as on a full disk.
"""

import shutil
import subprocess
from dataclasses import dataclass, replace

from .deliveries import Delivery, Task
from .playground import LAND, RUN, Playground
from .verdicts import Examination, Verdict, complaints_about, noted

_CALLS = "write,pwrite64"
_HOW = {"killed": "signal=KILL:when={}", "failing": "error=ENOSPC:when={}+"}


@dataclass(frozen=True)
class Written:
    """A command whose `write`-th write to the database kills it, or fails as do all later ones.

    how: killed or failing.
    """

    task: Task
    how: str
    write: int

    @property
    def trial(self) -> str:
        return f"{self.task.name} {self.how} at a write of DuckDB"

    def carry_out(self, ground: Playground) -> Verdict:
        strace = shutil.which("strace")
        if strace is None or not _works(strace):
            return Verdict(self.trial, skipped="strace is missing or not allowed to trace")
        self.task.set_up(ground)
        database = str(ground.bench.database)
        trace = ground.folder / "trace"
        under = [
            *(strace, "-f", "-qq", "-o", str(trace)),
            *("-P", database, "-P", f"{database}.wal"),
            *("-e", f"trace={_CALLS}"),
            *("-e", f"inject={_CALLS}:{_HOW[self.how].format(self.write)}"),
        ]
        ended = ground.start(self.task.command, under=under).wait()
        complaints = []
        if self.how == "failing" and ended.code != 0:
            complaints = complaints_about(ended)
        # a command may have fewer writes than that
        times = int(ended.was_killed or "(INJECTED)" in trace.read_text())
        examination = Examination(self.task, RUN, [self.task.glimpse(ground)], complaints)
        verdict = replace(examination.of(ground, self.trial, times), moments=())
        return noted(verdict, f"write {self.write}: {ended.err[-500:]} {ended.out[-500:]}")


def _works(strace: str) -> bool:
    tried = [strace, "-qq", "-o", "/dev/null", "-e", "inject=write:error=ENOSPC:when=99", "true"]
    return subprocess.run(tried, capture_output=True).returncode == 0


def writes(delivery: Delivery, seed: int) -> list[Written]:
    """The first six writes, with which a warehouse begins, and then every so many-th."""
    trials = []
    for task, last, stride in (
        (Task(delivery, LAND), 340, 16),
        (Task(delivery, LAND, incremental=True), 120, 16),
        (Task(delivery, RUN), 900, 90),
        (Task(delivery, RUN, incremental=True), 500, 60),
    ):
        chosen = [*range(1, 7), *range(7 + seed % stride, last, stride)]
        trials += [Written(task, how, write) for how in _HOW for write in chosen]
    return trials

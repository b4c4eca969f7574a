"""`hub land` and `hub run`, disturbed when DuckDB writes: in the middle of a commit or checkpoint.

strace stops the process before its k-th write to the database or its log, and kills it there, or
has this and all later writes fail as on a full disk.
"""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tests.torture.deliveries import Delivery, Task
from tests.torture.playground import LAND, RUN, Ended, Playground
from tests.torture.pool import Pool
from tests.torture.verdicts import Examination, Verdict, complaints_about, noted

_CALLS = "write,pwrite64"
_WRITE = re.compile(r"^(\d+) +p?write(?:64)?\(", re.MULTILINE)
_FIRST = 3
_SPREAD = 7
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
        strace = _strace()
        if strace is None:
            return Verdict(self.trial, skipped="strace is missing or not allowed to trace")
        trace = ground.folder / "trace"
        inject = f"inject={_CALLS}:{_HOW[self.how].format(self.write)}"
        ended = _traced(ground, self.task, [strace, "-e", inject], trace)
        complaints = []
        if self.how == "failing" and ended.code != 0:
            complaints = complaints_about(ended)
        # a command may have some writes fewer than when they were counted
        times = int(ended.was_killed or "(INJECTED)" in trace.read_text())
        examination = Examination(self.task, RUN, [self.task.glimpse(ground)], complaints)
        verdict = replace(examination.of(ground, self.trial, times), moments=())
        return noted(verdict, f"write {self.write}: {ended.err[-500:]} {ended.out[-500:]}")


def _strace() -> str | None:
    """The path of strace, if it can do here what is needed."""
    strace = shutil.which("strace")
    inject = "inject=write:error=ENOSPC:when=99"
    tried = [strace or "", "-f", "-qq", "-o", "/dev/null", "-e", inject, "true"]
    works = strace and subprocess.run(tried, capture_output=True).returncode == 0
    return strace if works else None


def _traced(ground: Playground, task: Task, strace: Sequence[str], trace: Path) -> Ended:
    """Carry the task out from its beginning; its writes to the database are told in `trace`."""
    task.set_up(ground)
    database = str(ground.bench.database)
    under = [
        *(*strace, "-f", "-qq", "-o", str(trace)),
        *("-P", database, "-P", f"{database}.wal", "-e", f"trace={_CALLS}"),
    ]
    return ground.start(task.command, under=under).wait()


def count_writes(ground: Playground, task: Task) -> int:
    """How many writes to the database the busiest thread of a command makes when nothing disturbs
    it, for strace counts each thread's; 0 where they cannot be counted."""
    strace = _strace()
    if strace is None:
        return 0
    trace = ground.folder / "trace"
    ended = _traced(ground, task, [strace], trace)
    if ended.code != 0:
        raise RuntimeError(f"an undisturbed command failed: {ended}")
    return writes_of_busiest(trace.read_text())


def writes_of_busiest(trace: str) -> int:
    """How many writes the busiest thread began; each line begins with its thread's number."""
    threads = Counter(_WRITE.findall(trace))
    return max(threads.values(), default=0)


def writes(pool: Pool, delivery: Delivery, seed: int) -> list[Written]:
    """The first writes of each command, and some that are spread over all of them."""
    tasks = [
        Task(delivery, command, incremental, first_day=not incremental)
        for command in (LAND, RUN)
        for incremental in (False, True)
    ]
    counts = pool.ask_each([partial(count_writes, task=task) for task in tasks])
    trials = []
    for task, count in zip(tasks, counts, strict=True):
        # threads share them out anew each time: what one has had may be a fifth less
        last = count * 4 // 5
        stride = max((last - _FIRST) // _SPREAD, 1)
        chosen = [*range(1, _FIRST + 1), *range(_FIRST + 1 + seed % stride, last + 1, stride)]
        trials += [Written(task, how, write) for how in _HOW for write in chosen]
    return trials

"""Two commands on one warehouse at once: each waits its turn, or says who has the warehouse."""

import os
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from tests.torture.contents import account_of, compare
from tests.torture.deliveries import Delivery, Task
from tests.torture.faults import Step, Watch, watch_steps
from tests.torture.playground import HUB, LAND, RUN, RUN_BY_DBT, Ended, Playground
from tests.torture.verdicts import Examination, Verdict, noted

_WHO = re.compile(r"\b(process|PID) \d+")


@dataclass(frozen=True)
class AtOnce:
    """A command, and a second one that is started beside it a random time later."""

    task: Task
    beside: Sequence[str]
    seed: int

    @property
    def trial(self) -> str:
        return f"{self.task.program} and `hub {self.beside[0]}` at once"

    def carry_out(self, ground: Playground) -> Verdict:
        self.task.set_up(ground)
        delay = random.Random(self.seed).uniform(0, self.task.seconds())
        child = ground.start(self.task.command)
        time.sleep(delay)
        beside = ground.start(self.beside, name="beside")
        ends = [(self.task.command, child.wait()), (self.beside, beside.wait())]
        verdict = _examined(ground, self.task, self.trial, ends)
        return noted(verdict, f"the second one {delay:.3f} s later")


@dataclass(frozen=True)
class AtAnOpening:
    """A run, and a second command that comes when the run is about to open the warehouse for this
    time: after it has created it, or, for dbt, while it holds it."""

    task: Task
    beside: Sequence[str]
    time: int

    @property
    def trial(self) -> str:
        return f"`hub {self.beside[0]}` whenever {self.task.program} opens the warehouse"

    def carry_out(self, ground: Playground) -> Verdict:
        self.task.set_up(ground)
        trace = ground.folder / "came"
        trace.unlink(missing_ok=True)
        watch = _start_at_connect(self.time, self.beside, trace)
        ended = ground.hub(self.task.command, prepare=partial(watch_steps, watch))
        unheard = [] if trace.exists() else [f"it is opened fewer than {self.time} times"]
        verdict = _examined(ground, self.task, self.trial, [(self.task.command, ended)], unheard)
        return noted(verdict, f"before it is opened for the {self.time}. time")


def _start_at_connect(time: int, command: Sequence[str], trace: Path) -> Watch:
    """Carry a command out before this process connects to the database for that time, and leave
    a file as a trace of it."""
    connects: list[Step] = []

    def watch(step: Step) -> None:
        if step.kind != "connect":
            return
        connects.append(step)
        if len(connects) == time:
            pid = os.posix_spawn(str(HUB), [str(HUB), *command], os.environ)
            os.waitpid(pid, 0)
            trace.touch()

    return watch


def _examined(
    ground: Playground,
    task: Task,
    trial: str,
    ends: Sequence[tuple[Sequence[str], Ended]],
    unheard: Sequence[str] = (),
) -> Verdict:
    """What the commands say, whether it is so, and what a normal run makes of it.

    unheard: what is amiss before anything is said.
    """
    complaints = [
        *unheard,
        *(
            f"`hub {command[0]}` {complaint}"
            for command, ended in ends
            for complaint in _complaints(ended)
        ),
    ]
    if any(command[0] == RUN[0] and ended.code == 0 for command, ended in ends):
        complaints += [
            f"`hub run` succeeded, it says, but {note}" for note in _not_done(ground, task)
        ]
    return Examination(task, RUN, complaints=complaints).of(ground, trial)


def _not_done(ground: Playground, task: Task) -> Sequence[str]:
    """What is missing after a run that says it succeeded."""
    try:
        return compare(task.expected(), account_of(ground.bench.database)).notes
    except duckdb.Error as error:
        return [str(error)]


def _complaints(ended: Ended) -> list[str]:
    if ended.code == 0:
        return []
    wrong = [] if ended.code == 1 else [f"ended with {ended.code}"]
    if "Traceback" in ended.err:
        wrong.append(f"shows a traceback, ending in {ended.err.strip().splitlines()[-1]}")
    if not _WHO.search(ended.err + ended.out):
        wrong.append(f"does not say who has it: {ended.err[-500:]!r} {ended.out[-1500:]!r}")
    return wrong


def at_once(deliveries: Sequence[Delivery], seed: int, count: int) -> list[AtOnce]:
    """So many of each pair of commands."""
    return [
        AtOnce(
            Task(deliveries[number % len(deliveries)], command, incremental=number % 2 == 1),
            beside,
            seed * 1_000_000 + number,
        )
        for command, beside in ((LAND, LAND), (RUN, LAND), (RUN, RUN))
        for number in range(count)
    ]


def at_openings(delivery: Delivery) -> list[AtAnOpening]:
    """One for each time that a run opens the warehouse and each command that can come there."""
    return [
        AtAnOpening(
            Task(delivery, RUN_BY_DBT, incremental, first_day=not incremental), beside, time
        )
        # a new warehouse is created aside, and then opened by the hub and by dbt
        for incremental, time in ((False, 2), (False, 3), (True, 2))
        for beside in (LAND, RUN)
    ]

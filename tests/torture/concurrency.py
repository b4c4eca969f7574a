"""Two commands on one warehouse at once: each waits its turn, or says who has the file."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from .deliveries import Delivery, Task
from .playground import LAND, RUN, Ended, Playground
from .verdicts import Examination, Verdict, noted

_WHO = ("has it open", "Conflicting lock is held in")


@dataclass(frozen=True)
class AtOnce:
    """A command, and a second one that is started beside it a random time later."""

    task: Task
    beside: Sequence[str]
    seed: int

    @property
    def trial(self) -> str:
        return f"`hub {self.task.command[0]}` beside `hub {self.beside[0]}`"

    def carry_out(self, ground: Playground) -> Verdict:
        self.task.set_up(ground)
        delay = random.Random(self.seed).uniform(0, self.task.seconds())
        child = ground.start(self.task.command)
        time.sleep(delay)
        beside = ground.start(self.beside, name="beside")
        ends = {"first": child.wait(), "second": beside.wait()}
        complaints = [
            f"the {which} one {complaint}"
            for which, ended in ends.items()
            for complaint in _complaints(ended)
        ]
        examination = Examination(self.task, RUN, complaints=complaints)
        return noted(examination.of(ground, self.trial), f"the second one {delay:.3f} s later")


def _complaints(ended: Ended) -> list[str]:
    if ended.code == 0:
        return []
    wrong = [] if ended.code == 1 else [f"ended with {ended.code}"]
    if "Traceback" in ended.err:
        wrong.append(f"shows a traceback, ending in {ended.err.strip().splitlines()[-1]}")
    if not any(words in ended.err + ended.out for words in _WHO):
        wrong.append(f"does not say who has the file: {ended.err[-500:]!r} {ended.out[-1500:]!r}")
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

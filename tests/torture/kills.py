"""Commands, killed at moments that are spread over their whole life."""

import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.torture.deliveries import Delivery, Task
from tests.torture.playground import (
    BUILD,
    DISCARD,
    LAND,
    REDRIVE,
    REFRESH,
    REPROCESS,
    RUN,
    Glimpse,
    Playground,
)
from tests.torture.verdicts import Examination, Verdict

_MOST_ATTEMPTS = 20


@dataclass(frozen=True)
class Kill:
    """One command or several, each killed with SIGKILL, then a normal one.

    seed:  of the moments.   kills: how many commands in a row are killed.
    real:  processes of their own instead of forks.
    then:  the normal command.
    """

    task: Task
    seed: int
    kills: int = 1
    real: bool = False
    then: Sequence[str] = RUN

    @property
    def trial(self) -> str:
        return f"{self.task.program} killed at random moments"

    def carry_out(self, ground: Playground) -> Verdict:
        rng = random.Random(self.seed)
        life = self.task.seconds(self.real)
        glimpses: list[Glimpse] = []
        self.task.set_up(ground)
        for _ in range(_MOST_ATTEMPTS):
            child = ground.start(self.task.command, real=self.real)
            time.sleep(rng.uniform(0, life))
            child.send(signal.SIGKILL)
            if child.wait().was_killed:
                glimpses.append(self.task.glimpse(ground))
            else:
                # it was faster than usual: once more, and sooner
                life *= 0.8
                self.task.set_up(ground)
                glimpses.clear()
            if len(glimpses) == self.kills:
                break
        examination = Examination(self.task, self.then, glimpses)
        return examination.of(ground, self.trial, len(glimpses))


def kills(
    deliveries: Sequence[Delivery], seed: int, *, land: int, run: int, other: int, real: int
) -> list[Kill]:
    """So many kills of `hub land` and `hub run`, and of each `other` command; of `real` of the
    former it is a process of its own. Every third of them is a second one, on a warehouse that has
    built half, and every sixth finds none; every fifth trial is two or three kills in a row."""
    found = []
    counts = {
        LAND: land,
        RUN: run,
        **dict.fromkeys((BUILD, REFRESH, REDRIVE, REPROCESS, DISCARD), other),
    }
    for command, count in counts.items():
        for number in range(count):
            delivery = deliveries[number % len(deliveries)]
            lands = command in (LAND, RUN)
            found.append(
                Kill(
                    Task(
                        delivery,
                        command,
                        incremental=number % 3 == 2 and lands,
                        first_day=number % 6 == 0 and lands,
                    ),
                    seed * 1_000_000 + number,
                    kills=2 + number % 2 if number % 5 == 4 and lands else 1,
                    real=number < real and lands,
                    # a build after every fourth landing; the others are landed to the end
                    then=LAND if command == LAND and number % 4 else RUN,
                )
            )
    return found

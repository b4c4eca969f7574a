"""`hub land` and `hub run`, killed at moments that are spread over their whole life."""

import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass

from .deliveries import Delivery, expected, life_of, loads_of, set_up
from .playground import LAND, RUN, Playground
from .verdicts import Examination, Verdict

_MOST_ATTEMPTS = 20


@dataclass(frozen=True)
class Kill:
    """One command or several, each killed with SIGKILL, then a normal one.

    seed:        of the moments.   kills: how many commands in a row are killed.
    real:        processes of their own instead of forks.
    incremental: the killed run is the second one, on a warehouse that holds the first half.
    then:        the normal command; after LAND only what landed can be compared.
    """

    delivery: Delivery
    command: Sequence[str]
    seed: int
    kills: int = 1
    real: bool = False
    incremental: bool = False
    then: Sequence[str] = RUN

    @property
    def trial(self) -> str:
        return f"`hub {self.command[0]}` killed at random moments"

    def carry_out(self, ground: Playground) -> Verdict:
        rng = random.Random(self.seed)
        set_up(ground, self.delivery, self.incremental)
        loads = loads_of(self.delivery, self.incremental)
        life = life_of(self.delivery, self.command[0], self.real)
        glimpses = []
        for _ in range(_MOST_ATTEMPTS):
            child = ground.start(self.command, real=self.real)
            time.sleep(rng.uniform(0, life))
            child.send(signal.SIGKILL)
            if child.wait().was_killed:
                glimpses.append(ground.glimpse(loads))
            else:
                # it was faster than usual: once more, and sooner
                life *= 0.8
                set_up(ground, self.delivery, self.incremental)
                glimpses.clear()
            if len(glimpses) == self.kills:
                break
        built = self.then == RUN
        account = expected(self.delivery, self.incremental, built)
        examination = Examination(account, self.then, built, glimpses)
        return examination.of(ground, self.trial, len(glimpses))


def kills(deliveries: Sequence[Delivery], seed: int, land: int, run: int, real: int) -> list[Kill]:
    """So many kills of `hub land` and `hub run`; of `real` of either the hub is a process of its
    own. Every third run is a second one; every fifth disturbance is two or three kills in a row."""
    found = []
    for command, count in ((LAND, land), (RUN, run)):
        for number in range(count):
            found.append(
                Kill(
                    deliveries[number % len(deliveries)],
                    command,
                    seed * 1_000_000 + number,
                    kills=2 + number % 2 if number % 5 == 4 else 1,
                    real=number < real,
                    incremental=number % 3 == 2,
                    # a build after every fourth landing; the others are landed to the end
                    then=RUN if command == RUN or number % 4 == 0 else LAND,
                )
            )
    return found

"""Two commands on one warehouse at once: each waits its turn, or says who has the file."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from .deliveries import Delivery, expected, life_of, set_up
from .playground import LAND, RUN, Ended, Playground
from .verdicts import Examination, Verdict, noted

_WHO = ("has it open", "Conflicting lock is held in")


@dataclass(frozen=True)
class AtOnce:
    """Two commands that find the same files, the second one started a random time later."""

    delivery: Delivery
    commands: tuple[Sequence[str], Sequence[str]]
    seed: int
    incremental: bool

    @property
    def trial(self) -> str:
        return " beside ".join(f"`hub {command[0]}`" for command in self.commands)

    def carry_out(self, ground: Playground) -> Verdict:
        first, second = self.commands
        set_up(ground, self.delivery, self.incremental)
        delay = random.Random(self.seed).uniform(0, life_of(self.delivery, first[0], real=False))
        child = ground.start(first)
        time.sleep(delay)
        beside = ground.start(second, name="beside")
        ends = [child.wait(), beside.wait()]
        complaints = [
            f"`hub {command[0]}` {complaint}"
            for command, ended in zip(self.commands, ends, strict=True)
            for complaint in _complaints(ended)
        ]
        account = expected(self.delivery, self.incremental, built=True)
        verdict = Examination(account, complaints=complaints).of(ground, self.trial)
        return noted(verdict, f"the second one {delay:.3f} s later")


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
            deliveries[number % len(deliveries)],
            commands,
            seed * 1_000_000 + number,
            incremental=number % 2 == 1,
        )
        for commands in ((LAND, LAND), (RUN, LAND), (RUN, RUN))
        for number in range(count)
    ]

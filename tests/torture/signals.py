"""`hub land` and `hub run`, asked to stop by Ctrl-C or SIGTERM at random moments."""

import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.torture.deliveries import Delivery, Task
from tests.torture.playground import LAND, RUN, Playground
from tests.torture.verdicts import Examination, Verdict, noted

# Of its own work: beside others it may wait for a core, but not for ever.
_MOST_CPU_SECONDS = 2.0
_MOST_SECONDS = 20.0
_MOST_ATTEMPTS = 20


@dataclass(frozen=True)
class Interrupted:
    """A command that is asked to stop: it ends soon, and leaves a closed run."""

    task: Task
    number: signal.Signals
    seed: int

    @property
    def trial(self) -> str:
        return f"{self.task.program} stopped by {self.number.name}"

    def carry_out(self, ground: Playground) -> Verdict:
        rng = random.Random(self.seed)
        life = self.task.seconds()
        for _ in range(_MOST_ATTEMPTS):
            self.task.set_up(ground)
            child = ground.start(self.task.command)
            # what happens before the command has installed its handlers is Python's affair
            time.sleep(0.03 + rng.uniform(0, life))
            asked, worked = time.monotonic(), child.worked()
            child.send(self.number)
            ended = child.wait()
            seconds, cpu = time.monotonic() - asked, ended.cpu - worked
            if ended.code != 0:
                break
            life *= 0.8
        glimpse = self.task.glimpse(ground)
        complaints = []
        if ended.code != 1:
            complaints.append(f"exit code {ended.code} instead of 1")
        if "Traceback" in ended.err or not ended.err.endswith("what this one began\n"):
            complaints.append(f"it says {ended.err[-1000:]!r}")
        if cpu > _MOST_CPU_SECONDS or seconds > _MOST_SECONDS:
            complaints.append(f"it took {seconds:.1f} s, {cpu:.1f} s of CPU")
        if "running" in glimpse.statuses:
            complaints.append(f"its run is left open {glimpse.moment}")
        examination = Examination(self.task, self.task.command, [glimpse], complaints)
        verdict = examination.of(ground, self.trial)
        # that its run is closed says nothing of when that was
        return noted(
            replace(verdict, moments=()), f"it ended after {seconds:.2f} s, {cpu:.2f} s of CPU"
        )


def interruptions(deliveries: Sequence[Delivery], seed: int, count: int) -> list[Interrupted]:
    """So many, of which every fourth stops a landing and every second a warehouse's second run."""
    return [
        Interrupted(
            Task(
                deliveries[number % len(deliveries)],
                LAND if number % 4 == 3 else RUN,
                incremental=number % 2 == 0,
            ),
            (signal.SIGINT, signal.SIGTERM)[number // 2 % 2],
            seed * 1_000_000 + number,
        )
        for number in range(count)
    ]

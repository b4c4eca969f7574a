"""`hub land` and `hub run`, disturbed at each of their steps in turn.

A SIGKILL leaves on the disk what the process had written, no more and no less. So instead of
killing a process a thousand times, one process copies what a kill would leave before each of its
steps, and each copy that differs from the others is tried. Some kills are real, to check that.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .deliveries import Delivery, expected, loads_of, set_up
from .faults import MODES, ImageTaker, Watch, count_into, fail_at, kill_at, watch_steps
from .playground import LAND, RUN, Ended, Playground
from .verdicts import Examination, Verdict, complaints_about, noted, together


@dataclass(frozen=True)
class Disturbed:
    """A command that finds a delivery: all of it, or incremental, its second half."""

    delivery: Delivery
    command: Sequence[str]
    incremental: bool

    @property
    def name(self) -> str:
        return f"{'a second ' if self.incremental else ''}`hub {self.command[0]}`"

    def start(self, ground: Playground, watch: Watch) -> Ended:
        set_up(ground, self.delivery, self.incremental)
        return ground.hub(self.command, prepare=partial(watch_steps, watch))

    def examination(
        self, ground: Playground, then: Sequence[str], complaints: Sequence[str] = ()
    ) -> Examination:
        glimpse = ground.glimpse(loads_of(self.delivery, self.incremental))
        account = expected(self.delivery, self.incremental, built=then == RUN)
        return Examination(account, then, [glimpse], complaints)


def count_steps(ground: Playground, disturbed: Disturbed) -> int:
    """How many steps the command takes when nothing disturbs it."""
    path = ground.folder / "count"
    ended = disturbed.start(ground, count_into(path))
    if ended.code != 0:
        raise RuntimeError(f"an undisturbed command failed: {ended}")
    return int(path.read_text())


@dataclass(frozen=True)
class KilledBefore:
    """The states of the disk that kills before the steps leave: every `parts`-th of them."""

    disturbed: Disturbed
    part: int
    parts: int

    @property
    def trial(self) -> str:
        return f"{self.disturbed.name} killed before each step"

    def carry_out(self, ground: Playground) -> Verdict:
        folder = ground.folder / "images"
        shutil.rmtree(folder, ignore_errors=True)
        taker = ImageTaker(ground.root, folder, self.part, self.parts)
        ended = self.disturbed.start(ground, taker)
        if ended.code != 0:
            raise RuntimeError(f"an undisturbed command failed: {ended}")
        images = sorted(folder.iterdir(), key=lambda image: int(image.name))
        verdicts = [
            self._recovered(ground, image, number % 5 == 0) for number, image in enumerate(images)
        ]
        return together(self.trial, verdicts)

    def _recovered(self, ground: Playground, image: Path, is_fifth: bool) -> Verdict:
        ground.restore(image)
        steps = (image / "steps").read_text().splitlines()
        shutil.rmtree(image)
        # most landings are completed by `hub land`, which is as good and takes less time
        then = RUN if self.disturbed.command == RUN or is_fifth else LAND
        verdict = self.disturbed.examination(ground, then).of(ground, self.trial, len(steps))
        return noted(verdict, f"killed before step {steps[0]}")


@dataclass(frozen=True)
class Killed:
    """A command that kills itself before a step."""

    disturbed: Disturbed
    step: int

    @property
    def trial(self) -> str:
        return f"{self.disturbed.name} killing itself before a step"

    def carry_out(self, ground: Playground) -> Verdict:
        self.disturbed.start(ground, kill_at(self.step))
        return self.disturbed.examination(ground, RUN).of(ground, self.trial)


@dataclass(frozen=True)
class Failed:
    """A command of which a step fails: once, or until the database is opened anew, or for good."""

    disturbed: Disturbed
    step: int
    mode: str

    @property
    def trial(self) -> str:
        return f"{self.disturbed.name}: a step fails"

    def carry_out(self, ground: Playground) -> Verdict:
        marker = ground.folder / "marker"
        marker.unlink(missing_ok=True)
        ended = self.disturbed.start(ground, fail_at(self.step, self.mode, marker))
        complaints = complaints_about(ended) if marker.exists() else []
        then = RUN if self.disturbed.command == RUN or self.step % 20 == 0 else LAND
        verdict = self.disturbed.examination(ground, then, complaints).of(ground, self.trial)
        what = marker.read_text() if marker.exists() else "nothing failed"
        return noted(verdict, f"step {self.step} fails {self.mode}: {what}")


def images(disturbed: Disturbed, parts: int, chosen: int) -> list[KilledBefore]:
    """All states of the disk in so many trials, of which the first `chosen` are carried out."""
    return [KilledBefore(disturbed, part, parts) for part in range(chosen)]


def killed(disturbed: Disturbed, steps: int, every: int, offset: int) -> list[Killed]:
    """Every so many-th of the steps kills the process."""
    return [Killed(disturbed, step) for step in range(1 + offset % every, steps + 1, every)]


def failed(disturbed: Disturbed, steps: int, every: int, offset: int, mode: str) -> list[Failed]:
    """Every so many-th of the steps fails, the modes taking turns where no mode is given."""
    return [
        Failed(disturbed, step, mode or MODES[number % len(MODES)])
        for number, step in enumerate(range(1 + offset % every, steps + 1, every))
    ]

"""`hub land` and `hub run`, disturbed at each of their steps in turn.

A SIGKILL leaves on the disk what the process had written, no more and no less. So instead of
killing a process a thousand times, one process copies what a kill would leave before each of its
steps, and each copy that differs from the others is tried. Some kills are real, to check that.
"""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .deliveries import Delivery, expected, loads_of, set_up
from .faults import ImageTaker, Watch, count_into, fail_at, kill_at, watch_steps
from .playground import LAND, RUN, Ended, Glimpse, Playground
from .verdicts import Examination, Verdict, complaints_about, noted, together

_LEFT_OUT = re.compile(r"\b(held|refused)\b")


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

    def glimpse(self, ground: Playground) -> Glimpse:
        return ground.glimpse(loads_of(self.delivery, self.incremental))

    def examination(
        self,
        glimpse: Glimpse,
        then: Sequence[str],
        *,
        is_reordered: bool = False,
        complaints: Sequence[str] = (),
    ) -> Examination:
        """is_reordered: a file will land after others; its records may then win over theirs."""
        built = then == RUN and not is_reordered
        account = expected(self.delivery, self.incremental, built)
        return Examination(account, then, built, [glimpse], complaints)


def count_steps(ground: Playground, disturbed: Disturbed) -> int:
    """How many steps the command takes when nothing disturbs it."""
    path = ground.folder / "count"
    ended = disturbed.start(ground, count_into(path))
    if ended.code != 0:
        raise RuntimeError(f"an undisturbed command failed: {ended}")
    return int(path.read_text())


@dataclass(frozen=True)
class KilledBefore:
    """The states of the disk that kills before the steps leave: every `parts`-th of them, and of a
    run, whose landing is that of `hub land`, a fifth of those from before its build."""

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
        glimpse = self.disturbed.glimpse(ground)
        then: Sequence[str] = RUN
        if not is_fifth and glimpse.moment != "while building":
            # most landings are completed by `hub land`, which is as good and takes less time;
            # those of a run are the same ones
            if self.disturbed.command == RUN:
                return Verdict(self.trial, 0)
            then = LAND
        examination = self.disturbed.examination(glimpse, then)
        return noted(
            examination.of(ground, self.trial, len(steps)), f"killed before step {steps[0]}"
        )


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
        return self.disturbed.examination(self.disturbed.glimpse(ground), RUN).of(
            ground, self.trial
        )


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
        # one file that cannot be read is told of, and does not keep the others from landing
        is_left_out = ended.code == 0 and _LEFT_OUT.search(ended.out) is not None
        complaints = complaints_about(ended) if marker.exists() and not is_left_out else []
        examination = self.disturbed.examination(
            self.disturbed.glimpse(ground),
            RUN if self.disturbed.command == RUN or self.step % 20 == 0 else LAND,
            is_reordered=is_left_out,
            complaints=complaints,
        )
        verdict = examination.of(ground, self.trial)
        what = marker.read_text() if marker.exists() else "nothing failed"
        return noted(verdict, f"step {self.step} fails {self.mode}: {what}")


def images(disturbed: Disturbed, parts: int, chosen: int) -> list[KilledBefore]:
    """All states of the disk in so many trials, of which the first `chosen` are carried out."""
    return [KilledBefore(disturbed, part, parts) for part in range(chosen)]

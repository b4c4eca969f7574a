"""`hub land` and `hub run`, disturbed at each of their steps in turn.

A SIGKILL leaves on the disk what the process had written, no more and no less. So instead of
killing a process a thousand times, one process copies what a kill would leave before each of its
steps, and each copy that differs from the others is tried. Some kills are real, to check that.
"""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tests.torture.deliveries import Task
from tests.torture.faults import (
    ImageTaker,
    Watch,
    fail_at,
    fail_in,
    kill_at,
    watch_steps,
    write_down,
)
from tests.torture.playground import LAND, RUN, Ended, Playground
from tests.torture.verdicts import Examination, Verdict, complaints_about, noted, together

_NODE = re.compile(r'"node_id": "([^"]+)"')
_LEFT_OUT = re.compile(r"\b(held|refused)\b")
_AFTERWARDS = re.compile(
    r"not published|alerts? (were|\S+ was) not (judged|settled)|plan was not kept"
)
# the receipt's warning of a step that dbt did again
_DONE_BY_DBT = re.compile(r"failed in the plan; dbt built it")
# what a command does without, so that there is nothing to tell: a setting of a connection that is
# closed next, and the id of the machine's start, for which the time of the start stands in
_DISPENSABLE = re.compile(r"reset memory_limit|/boot_id")


def start(ground: Playground, task: Task, watch: Watch) -> Ended:
    """Carry the task out from its beginning, with a watch on its steps."""
    task.set_up(ground)
    return ground.hub(task.command, prepare=partial(watch_steps, watch))


def steps_of(ground: Playground, task: Task) -> list[str]:
    """What is done, step by step, when nothing disturbs it."""
    path = ground.folder / "steps"
    ended = start(ground, task, write_down(path))
    if ended.code != 0:
        raise RuntimeError(f"an undisturbed command failed: {ended}")
    return path.read_text().splitlines()


def nodes_among(steps: Sequence[str]) -> list[str]:
    """The dbt nodes whose statements are among the steps."""
    return list(dict.fromkeys(node for step in steps for node in _NODE.findall(step)))


@dataclass(frozen=True)
class KilledBefore:
    """The states of the disk that kills before the steps leave: every `parts`-th of them, and of a
    run, whose landing is that of `hub land`, a fifth of those from before its build."""

    task: Task
    part: int
    parts: int

    @property
    def trial(self) -> str:
        return f"{self.task.name} killed before each step"

    def carry_out(self, ground: Playground) -> Verdict:
        folder = ground.folder / "images"
        shutil.rmtree(folder, ignore_errors=True)
        taker = ImageTaker(ground.root, folder, self.part, self.parts)
        ended = start(ground, self.task, taker)
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
        glimpse = self.task.glimpse(ground)
        then: Sequence[str] = RUN
        if not is_fifth and glimpse.moment != "while building":
            # most landings are completed by `hub land`, which is as good and takes less time;
            # those of a run are the same ones
            if self.task.command == RUN:
                return Verdict(self.trial, 0)
            then = LAND
        examination = Examination(self.task, then, [glimpse])
        return noted(
            examination.of(ground, self.trial, len(steps)), f"killed before step {steps[0]}"
        )


@dataclass(frozen=True)
class Killed:
    """A command that kills itself before a step."""

    task: Task
    step: int

    @property
    def trial(self) -> str:
        return f"{self.task.name} killing itself before a step"

    def carry_out(self, ground: Playground) -> Verdict:
        start(ground, self.task, kill_at(self.step))
        examination = Examination(self.task, RUN, [self.task.glimpse(ground)])
        return examination.of(ground, self.trial)


@dataclass(frozen=True)
class Failed:
    """A command of which a step fails, and then a normal one.

    mode: how it fails, of MODES.
    """

    task: Task
    step: int
    mode: str
    then: Sequence[str]

    @property
    def trial(self) -> str:
        return f"{self.task.name}: a step fails"

    def carry_out(self, ground: Playground) -> Verdict:
        marker = ground.folder / "marker"
        marker.unlink(missing_ok=True)
        ended = start(ground, self.task, fail_at(self.step, self.mode, marker))
        # one file that cannot be read is told of, and does not keep the others from landing
        is_left_out = ended.code == 0 and _LEFT_OUT.search(ended.out) is not None
        what = marker.read_text() if marker.exists() else "nothing failed"
        # a snapshot that cannot be published fails no command, nor does an alert or a plan
        is_told = is_left_out or (
            ended.code == 0
            and bool(
                _AFTERWARDS.search(ended.err)
                or _DONE_BY_DBT.search(ended.out)
                or _DISPENSABLE.search(what)
            )
        )
        complaints = complaints_about(ended) if marker.exists() and not is_told else []
        glimpses = [self.task.glimpse(ground)]
        examination = Examination(self.task, self.then, glimpses, complaints, is_left_out)
        verdict = replace(examination.of(ground, self.trial), moments=())
        return noted(verdict, f"step {self.step} fails {self.mode}: {what}")


@dataclass(frozen=True)
class FailedNodes:
    """A run in which these dbt nodes fail with all they do."""

    task: Task
    nodes: tuple[str, ...]

    @property
    def trial(self) -> str:
        return f"{self.task.name}: a dbt node fails"

    def carry_out(self, ground: Playground) -> Verdict:
        ended = start(ground, self.task, fail_in(self.nodes))
        complaints = [] if ended.code == 1 else [f"exit code {ended.code} instead of 1"]
        complaints += complaints_about(ended)
        examination = Examination(self.task, RUN, [self.task.glimpse(ground)], complaints)
        verdict = replace(examination.of(ground, self.trial), moments=())
        return noted(verdict, f"{', '.join(self.nodes)} failed")


def images(task: Task, parts: int, chosen: int) -> list[KilledBefore]:
    """All states of the disk in so many trials, of which the first `chosen` are carried out."""
    return [KilledBefore(task, part, parts) for part in range(chosen)]

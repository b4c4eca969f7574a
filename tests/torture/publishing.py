"""Published snapshots: publishing is killed at every step, and read beside builds."""

import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import duckdb

from loader.warehouse.snapshots import newest_snapshot
from loader.warehouse.whole import what_is_half
from tests.support.published import is_published
from tests.support.workbench import PROJECT
from tests.torture.deliveries import Delivery
from tests.torture.faults import fail_at, kill_at, watch_steps
from tests.torture.playground import BUILD, LAND, REDRIVE, RUN, Playground
from tests.torture.verdicts import Verdict, noted, together

_PUBLISH = ("publish",)
_BUILDS = ((RUN,), (RUN,), (LAND, BUILD, _PUBLISH), (RUN, REDRIVE))
_READERS = 4
_READ = """
import sys, time
from pathlib import Path
from loader.warehouse.snapshots import newest_snapshot
from tests.support.published import mixed_state
import duckdb
database, stop, counts = Path(sys.argv[1]), Path(sys.argv[2]), {"reads": 0}
wrong = []
while not stop.exists():
    try:
        if found := mixed_state(newest_snapshot(database)):
            wrong.append(found)
    except (duckdb.Error, OSError) as error:
        wrong.append(repr(error))
    counts["reads"] += 1
    time.sleep(0.02)
print(counts["reads"], *wrong[:5], len(wrong), sep="\\n")
"""


@dataclass(frozen=True)
class Interrupted:
    """`hub publish`, stopped at every `stride`-th step from `first` on, the database changed before
    each; then published again.

    is_failure: let the step fail, and all after it, as on a full disk, instead of a kill.
    """

    delivery: Delivery
    first: int
    stride: int
    is_failure: bool

    @property
    def trial(self) -> str:
        how = "a step fails, and all after it" if self.is_failure else "killed at every step"
        return f"`hub publish`: {how}"

    def carry_out(self, ground: Playground) -> Verdict:
        ground.clear()
        ground.restore(self.delivery.complete)
        ground.hub(_PUBLISH)
        verdicts = []
        step = self.first
        while (verdict := self._stopped_at(ground, step)) is not None:
            verdicts.append(verdict)
            step += self.stride
        return together(self.trial, verdicts)

    def _stopped_at(self, ground: Playground, step: int) -> Verdict | None:
        """None where it was over before that step."""
        _change(ground, step)
        marker = ground.folder / "marker"
        marker.unlink(missing_ok=True)
        stop = fail_at(step, "for good", marker) if self.is_failure else kill_at(step)
        ended = ground.hub(_PUBLISH, prepare=partial(watch_steps, stop))
        if not (marker.exists() if self.is_failure else ended.was_killed):
            return None
        wrong = _wrong_with_newest(ground)
        again = ground.hub(_PUBLISH)
        if again.code or not is_published(ground.bench.database):
            wrong.append(f"published again, it is not the warehouse: {again.err[-500:]}")
        return noted(Verdict(self.trial, different=len(wrong), notes=tuple(wrong)), f"step {step}")


@dataclass(frozen=True)
class ReadBeside:
    """So many builds, each of them a run, a landing with a plain `dbt build`, or a redrive, while
    processes read the newest snapshot again and again."""

    delivery: Delivery
    seed: int
    builds: int

    @property
    def trial(self) -> str:
        return f"{_READERS} processes read snapshots beside builds"

    def carry_out(self, ground: Playground) -> Verdict:
        rng = random.Random(self.seed)
        ground.clear()
        ground.restore(self.delivery.complete)
        ground.hub(_PUBLISH)
        wrong: list[str] = []
        with _reading(ground, wrong):
            for number in range(self.builds):
                ground.drop_event(f"build-{number}")
                for command in rng.choice(
                    [(RUN,), (RUN,), (LAND, BUILD, _PUBLISH), (RUN, REDRIVE)]
                ):
                    ended = ground.hub(command)
                    if ended.code:
                        wrong.append(f"{command[0]} ended with {ended.code}: {ended.err[-500:]}")
        if not is_published(ground.bench.database):
            wrong.append("in the end the newest snapshot is not the warehouse")
        return Verdict(self.trial, self.builds, different=len(wrong), notes=tuple(wrong))


@contextmanager
def _reading(ground: Playground, wrong: list[str]) -> Iterator[None]:
    stop = ground.folder / "stop"
    stop.unlink(missing_ok=True)
    command = [sys.executable, "-c", _READ, str(ground.bench.database), str(stop)]
    readers = [
        subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        for _ in range(_READERS)
    ]
    try:
        yield
    finally:
        stop.touch()
        for reader in readers:
            reads, *found, count = reader.communicate()[0].split("\n")[:-1] or ["0", "1"]
            if reads == "0" or count != "0":
                wrong.append(f"of {reads} reads {count} were wrong: {found}")


def _change(ground: Playground, number: int) -> None:
    """Change the warehouse: some blocks of it, and its size."""
    with duckdb.connect(str(ground.bench.database)) as connection:
        connection.execute("create table if not exists ops.torture (number bigint, text varchar)")
        connection.execute(
            "insert into ops.torture select ? + range, md5(range::varchar) from range(20000)",
            [number],
        )
        if number % 3 == 0:
            connection.execute("delete from ops.torture")


def _wrong_with_newest(ground: Playground) -> list[str]:
    """What is wrong with what readers find after publishing was stopped."""
    snapshot = newest_snapshot(ground.bench.database)
    if snapshot is None:
        return ["there is no snapshot any more"]
    try:
        half = what_is_half(snapshot)
    except duckdb.Error as error:
        return [f"the newest snapshot cannot be read: {error}"]
    return [half] if half else []


def publications(
    delivery: Delivery, seed: int, stride: int, *, parts: int, builds: int
) -> Sequence[Interrupted | ReadBeside]:
    """Publishing stopped at every `stride`-th step, in so many trials that begin with another one,
    killed and failing; and so many builds that are read beside."""
    return [
        *(
            Interrupted(delivery, 1 + (seed + part) % stride, stride, is_failure)
            for is_failure in (False, True)
            for part in range(parts)
        ),
        ReadBeside(delivery, seed, builds),
    ]

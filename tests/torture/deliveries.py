"""What is delivered to a hub in a trial, and what an undisturbed hub makes of it."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tests.support.oracle import File
from tests.support.record_strategies import Shape, renamed, write_files
from tests.torture.contents import Account, account_of
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

Lives = dict[tuple[str, bool], float]
_RECORDS = (1200, 300, 2500)
# What they find is a warehouse that has built all. Killed, the two latter have done all they do or
# nothing; the others are completed by the next run.
_ON_COMPLETE = (REFRESH, REDRIVE, REPROCESS, DISCARD)
_ALL_OR_NOTHING = (REDRIVE, DISCARD)


@dataclass(frozen=True)
class Delivery:
    """Files of all entities: good and bad records, repeats, ties, late ones; two to four files a
    source, as NDJSON, JSON array and CSV. The second half comes when the first is built.

    reference: the folder with what an undisturbed hub made of it.
    """

    seed: int
    records: int
    reference: Path

    @property
    def files(self) -> list[File]:
        return renamed(write_files(Shape(self.seed, self.records, 30, 12, 20, 25)))

    @property
    def base(self) -> Path:
        """The warehouse with the first half in it."""
        return self.reference / "base"

    @property
    def landed(self) -> Path:
        """The warehouse with all of it landed and nothing built."""
        return self.reference / "landed"

    @property
    def complete(self) -> Path:
        """The warehouse with all of it."""
        return self.reference / "complete"

    def halves(self) -> tuple[list[File], list[File]]:
        files = self.files
        return files[: len(files) // 2], files[len(files) // 2 :]


def deliveries(folder: Path, seed: int, count: int) -> list[Delivery]:
    """So many deliveries, their references to be written below `folder`."""
    return [
        Delivery(seed + number, _RECORDS[number % len(_RECORDS)], folder / f"reference-{number}")
        for number in range(count)
    ]


@dataclass(frozen=True)
class Task:
    """A command, and what it finds: a delivery, and a warehouse without records; or, incremental,
    the second half of one on a warehouse that has built the first; or, on the first day, no
    warehouse; or, if it lands nothing, a warehouse that has landed all, and has built it unless the
    command is BUILD."""

    delivery: Delivery
    command: Sequence[str]
    incremental: bool = False
    first_day: bool = False

    @property
    def program(self) -> str:
        plain = {BUILD: "`dbt build`", REFRESH: "`dbt build --full-refresh`"}
        return plain.get(tuple(self.command), f"`hub {self.command[0]}`")

    @property
    def name(self) -> str:
        before = "a second " if self.incremental else "the first " if self.first_day else ""
        return f"{before}{self.program}"

    def set_up(self, ground: Playground) -> None:
        ground.clear()
        if self.command == BUILD:
            ground.restore(self.delivery.landed)
        elif self.command in _ON_COMPLETE:
            ground.restore(self.delivery.complete)
        elif self.incremental:
            ground.restore(self.delivery.base)
            ground.drop(self.delivery.halves()[1])
        else:
            if not self.first_day:
                ground.restore(ground.without_records)
            ground.drop(self.delivery.files)

    def expected(self, built: bool = True) -> Account:
        """What an undisturbed hub says after a whole run, or, not built, after `hub land`."""
        return _read(_path(self.delivery, self.incremental, built))

    def accounts(self, built: bool = True) -> list[Account]:
        """What the hub may say when the command was killed and a normal one has followed."""
        accounts = [self.expected(built)]
        if self.command in _ALL_OR_NOTHING:
            accounts.append(_read(self.delivery.reference / self.command[0]))
        return accounts

    def glimpse(self, ground: Playground) -> Glimpse:
        """How far a disturbed command has come."""
        landed = self.expected(built=False)
        return ground.glimpse(sum(thing[0] == "ledger" for thing in landed))

    def seconds(self, real: bool = False) -> float:
        """How long it takes undisturbed; `real` as a process of its own."""
        return _lives(self.delivery)[self.name, real]


def write_reference(ground: Playground, delivery: Delivery) -> None:
    """Let an undisturbed hub take the delivery up, whole and in halves, and keep its accounts."""
    delivery.reference.mkdir()
    ground.clear()
    ground.restore(ground.without_records)
    ground.drop(delivery.halves()[0])
    _undisturbed(ground, RUN)
    ground.save(delivery.base)
    lives: Lives = {}
    for incremental in (False, True):
        Task(delivery, RUN, incremental).set_up(ground)
        seconds = 0.0
        for arguments, built in ((LAND, False), (RUN, True)):
            seconds += _undisturbed(ground, arguments)
            lives[Task(delivery, arguments, incremental).name, False] = seconds
            account = account_of(ground.bench.database, built=built)
            if arguments == LAND and not incremental:
                ground.save(delivery.landed)
            _path(delivery, incremental, built).write_bytes(pickle.dumps(account))
        if not incremental:
            ground.save(delivery.complete)
    _keep_lives(delivery, lives)


def measure_other_lives(ground: Playground, delivery: Delivery) -> None:
    """See how long the commands take as processes of their own, and those that land nothing; and
    what these make of a warehouse that has built all."""
    lives = _lives(delivery)
    # the first one parses
    for command in (BUILD, BUILD, REFRESH, REDRIVE, REPROCESS, DISCARD):
        task = Task(delivery, command)
        task.set_up(ground)
        lives[task.name, False] = _undisturbed(ground, command)
        if command in _ALL_OR_NOTHING:
            account = account_of(ground.bench.database)
            (delivery.reference / command[0]).write_bytes(pickle.dumps(account))
    for command in (LAND, RUN):
        for task in (
            Task(delivery, command),
            Task(delivery, command, incremental=True),
            Task(delivery, command, first_day=True),
        ):
            task.set_up(ground)
            lives[task.name, True] = _undisturbed(ground, command, real=True)
            # forks and processes take the same time then: it is dbt's
            if task.first_day:
                lives[task.name, False] = lives[task.name, True]
    _keep_lives(delivery, lives)


def _lives(delivery: Delivery) -> Lives:
    lives: Lives = pickle.loads((delivery.reference / "lives").read_bytes())
    return lives


def _keep_lives(delivery: Delivery, lives: Lives) -> None:
    (delivery.reference / "lives").write_bytes(pickle.dumps(lives))


@lru_cache(maxsize=32)
def _read(path: Path) -> Account:
    account: Account = pickle.loads(path.read_bytes())
    return account


def _undisturbed(ground: Playground, arguments: Sequence[str], real: bool = False) -> float:
    ended = ground.start(arguments, real=real).wait()
    if ended.code != 0:
        raise RuntimeError(f"an undisturbed hub {' '.join(arguments)} failed: {ended}")
    return ended.seconds


def _path(delivery: Delivery, incremental: bool, built: bool) -> Path:
    parts = "incremental" if incremental else "whole"
    return delivery.reference / f"{parts}-{'built' if built else 'landed'}"

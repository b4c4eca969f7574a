"""Carries out trials on all cores, each core with a playground of its own."""

import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar

from tests.torture.playground import Playground
from tests.torture.verdicts import Verdict


class Trial(Protocol):
    """Something to be tried."""

    @property
    def trial(self) -> str:
        """The line of the table that it counts for."""

    def carry_out(self, ground: Playground) -> Verdict:
        """Disturb a hub, and see what it makes of that."""


Answer = TypeVar("Answer")

_GROUNDS: list[Playground] = []


class Pool:
    """Processes that carry out trials below a folder."""

    def __init__(self, folder: Path, jobs: int) -> None:
        # spawned, so that what a trial forks is the child of a process with one thread
        self._executor = ProcessPoolExecutor(
            jobs, get_context("spawn"), initializer=_move_in, initargs=(folder,)
        )

    def __enter__(self) -> "Pool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)

    def ask_each(self, questions: Sequence[Callable[[Playground], Answer]]) -> list[Answer]:
        """Put each question to a playground; returns the answers in the same order."""
        futures = [self._executor.submit(_ask, question) for question in questions]
        return [future.result() for future in futures]

    def carry_out(self, trials: Sequence[Trial]) -> Iterator[tuple[int, Verdict, float]]:
        """The number of each trial, its verdict and its seconds, in the order in which they end."""
        futures = {
            self._executor.submit(_carry_out, trial): number for number, trial in enumerate(trials)
        }
        for future in as_completed(futures):
            yield (futures[future], *future.result())


def _move_in(folder: Path) -> None:
    _GROUNDS.append(Playground(Path(tempfile.mkdtemp(dir=folder))))


def _ask(question: Callable[[Playground], Answer]) -> Answer:
    return question(_GROUNDS[0])


def _carry_out(trial: Trial) -> tuple[Verdict, float]:
    start = time.monotonic()
    try:
        verdict = trial.carry_out(_GROUNDS[0])
    except Exception:
        # the harness itself is at fault; the others go on
        verdict = Verdict(trial.trial, different=1, notes=(traceback.format_exc(),))
    return verdict, time.monotonic() - start

"""Work that is tried again until it succeeds, less and less often."""

import logging
import random
import time
from collections.abc import Callable

import duckdb

from loader import interrupts
from loader.config.kafka import Persistence
from loader.errors import HubError, WrongUse, error_of_the_machine

log = logging.getLogger(__name__)


class Attempts:
    """Counts failures, waits after each, and tells what happens.

    tell: is called with an event (failed, circuit open, recovered) and its detail.
    hold: is called with True when work has failed, and with False when it succeeds again.
    in_vain:  kinds of errors that no other attempt helps; WrongUse always is one.
    gives_up: raise the first failure, as somebody waits for the end.
    """

    def __init__(
        self,
        persistence: Persistence,
        tell: Callable[[str, str], None],
        hold: Callable[[bool], None],
        *,
        in_vain: tuple[type[HubError], ...] = (),
        gives_up: bool = False,
    ) -> None:
        self.failures = 0
        self._persistence = persistence
        self._tell = tell
        self._hold = hold
        self._in_vain: tuple[type[HubError], ...] = (WrongUse, *in_vain)
        self._gives_up = gives_up
        self._in_row = 0

    def until_done(self, work: Callable[[], None]) -> None:
        """Do the work; where it fails, wait and try again. Raises KeyboardInterrupt, and errors of
        the kinds that are in vain."""
        while (failure := self._failure_of(work)) is not None:
            self.failures += 1
            self._in_row += 1
            if self._gives_up:
                raise failure
            self._hold(True)
            log.error("attempt %s failed: %s", self._in_row, failure)
            self._tell("failed", f"attempt {self._in_row}: {failure}")
            if self._in_row == self._persistence.failures_to_open:
                pause = self._persistence.longest_pause
                self._tell("circuit open", f"tried again at least every {pause:.0f} s")
            pause = self._persistence.pause(self._in_row)
            time.sleep(pause * random.uniform(0.8, 1.0))  # nosec B311
        if self._in_row:
            self._tell("recovered", f"after {self._in_row} failed attempts")
            self._in_row = 0
            self._hold(False)

    def _failure_of(self, work: Callable[[], None]) -> HubError | None:
        try:
            work()
        except self._in_vain:
            raise
        except (HubError, duckdb.Error, OSError, MemoryError) as error:
            if interrupts.requested():
                raise
            return error if isinstance(error, HubError) else error_of_the_machine(error)
        return None

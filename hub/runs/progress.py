"""Shows how far a build is: its step, how long that takes, and how much it works on."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from loader.progress import duration, kept_up_to_date, show

log = logging.getLogger(__name__)


class BuildProgress:
    """The steps of a build, logged as they start, and shown on one line of a terminal.

    records: how many records the run has landed for it.
    """

    def __init__(self, records: int) -> None:
        self._records = records
        self._began = self._step_began = time.monotonic()
        self._step = "building"

    def start(self, number: int, total: int, what: str) -> None:
        """Note that a step starts: its number, how many there are, and its name."""
        log.debug("%s of %s: %s", number, total, what)
        self._step_began = time.monotonic()
        self._step = f"building {number}/{total} {what}"
        show(self._line())

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Keep the line up to date while the block builds."""
        with kept_up_to_date(self._line):
            yield

    def _line(self) -> str:
        now = time.monotonic()
        line = self._step
        if (here := now - self._step_began) >= 1:
            line += f", {duration(here)}"
        if self._records and (so_far := now - self._began) >= 1:
            line += f"; {self._records:,} new records, {duration(so_far)} so far"
        return line

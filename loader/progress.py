"""Shows how far long work is: on a terminal, one line that is written over."""

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# More often, nobody could read it.
_SECONDS_BETWEEN = 0.2
# What has run for less says little about the rest.
_SECONDS_BEFORE_FORECAST = 2.0
_TO_START_OF_LINE = "\r\x1b[K"


def is_shown() -> bool:
    """Whether anybody sees the line: standard error is a terminal."""
    return sys.stderr.isatty()


def show(text: str) -> None:
    """Write the text over the line, cut to the width of the terminal."""
    if is_shown():
        width = shutil.get_terminal_size().columns
        sys.stderr.write(f"{_TO_START_OF_LINE}{text[: width - 1]}")
        sys.stderr.flush()


def clear() -> None:
    """Leave the line empty."""
    show("")


@contextmanager
def kept_up_to_date(text: Callable[[], str]) -> Iterator[None]:
    """Show a text anew every second until the block is left, as time goes by; then clear it.

    text: says what to show now; it is called by a thread of its own.
    """
    if not is_shown():
        yield
        return
    is_left = threading.Event()

    def keep_showing() -> None:
        while not is_left.wait(1.0):
            show(text())

    thread = threading.Thread(target=keep_showing, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_left.set()
        thread.join()
        clear()


class Meter:
    """Counts records that are taken in, and shows the share that is done, the rate, and the rest.

    what: what is taken in, for the line.   size: its size, in whatever unit `advance` is told; 0
    where nobody can tell how much is behind.
    """

    def __init__(self, what: str, size: int) -> None:
        self._what = what
        self._size = size
        self._started = self._shown = time.monotonic()
        self._records = 0

    def advance(self, records: int, done: int) -> None:
        """Count records more. done: how much of the size is behind."""
        self._records += records
        now = time.monotonic()
        if is_shown() and now - self._shown >= _SECONDS_BETWEEN:
            self._shown = now
            show(self._line(now - self._started, done))

    def _line(self, seconds: float, done: int) -> str:
        line = f"{self._what}: {self._records:,} records, {round(self._records / seconds):,}/s"
        if self._size and done:
            # a file may grow while it is read
            share = min(done / self._size, 1.0)
            line += f", {share:.0%}"
            if seconds >= _SECONDS_BEFORE_FORECAST:
                line += f", {duration(seconds / share - seconds)} left"
        return line


class ByteMeter:
    """Counts bytes that are read or written, and shows their share of all.

    what: what is done with them, for the line.   size: how many there are.
    """

    def __init__(self, what: str, size: int) -> None:
        self._what = what
        self._size = size
        self._done = 0
        self._shown = time.monotonic()

    def advance(self, count: int) -> None:
        """Count bytes more; behind the last one, the line is cleared."""
        self._done += count
        now = time.monotonic()
        if self._done >= self._size:
            clear()
        elif is_shown() and now - self._shown >= _SECONDS_BETWEEN:
            self._shown = now
            show(f"{self._what}: {self._done / self._size:.0%} of {self._size / 1e6:,.0f} MB")


def duration(seconds: float) -> str:
    """A duration as people say it: 8 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

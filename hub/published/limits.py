"""Limits on what a read may take."""

import contextlib
import threading
from collections.abc import Iterator

import duckdb

from loader.errors import HubError

# An interrupt stops the statement that is at work just then: one that comes between two is lost.
_SECONDS_BETWEEN_INTERRUPTS = 0.01


class TookTooLong(HubError):
    """A read was broken off. seconds: after how many."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            "the read",
            f"it was broken off after {seconds:g} s",
            "Ask for less, such as a smaller limit or fewer filters on columns without order.",
        )


@contextlib.contextmanager
def interrupted_after(
    seconds: float, cursor: duckdb.DuckDBPyConnection
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The cursor, until the block is left, which closes it. Raises TookTooLong where the block
    takes longer."""
    is_left = threading.Event()
    is_broken_off = threading.Event()

    def break_off() -> None:
        if not is_left.wait(seconds):
            is_broken_off.set()
            while not is_left.is_set():
                cursor.interrupt()
                is_left.wait(_SECONDS_BETWEEN_INTERRUPTS)

    clock = threading.Thread(target=break_off, name="time limit", daemon=True)
    clock.start()
    try:
        yield cursor
    except duckdb.InterruptException as error:
        if not is_broken_off.is_set():
            raise
        raise TookTooLong(seconds) from error
    finally:
        is_left.set()
        clock.join()
        cursor.close()
    if is_broken_off.is_set():
        raise TookTooLong(seconds)

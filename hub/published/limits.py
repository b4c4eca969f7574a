"""Limits on what a read may take."""

import contextlib
import threading
from collections.abc import Iterator

import duckdb

from loader.errors import HubError


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
    broken_off = threading.Event()

    def break_off() -> None:
        broken_off.set()
        cursor.interrupt()

    timer = threading.Timer(seconds, break_off)
    timer.daemon = True
    timer.start()
    try:
        yield cursor
    except duckdb.InterruptException as error:
        if not broken_off.is_set():
            raise
        raise TookTooLong(seconds) from error
    finally:
        timer.cancel()
        cursor.close()

"""Caps the memory that DuckDB may take, so that it grows neither with a file that lands nor, while
little is new, with the history."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb

from loader.config.environment import read_environment

# With what Python takes besides, a file of any size lands within one GiB.
LANDING_BYTES = 512 << 20
# Without a limit DuckDB keeps all that it reads of a history, and memory that is new to a process
# may cost more CPU than what is read into it.
BUILD_BYTES = 512 << 20


@contextmanager
def memory_cap(connection: duckdb.DuckDBPyConnection, limit: int) -> Iterator[None]:
    """Let DuckDB have no more than `limit` bytes until the block is left.

    HUB_MEMORY_LIMIT is kept: who sets it knows what the machine has.
    """
    ((has_more,),) = connection.execute(
        "select parse_formatted_bytes(current_setting('memory_limit')) > ?", [limit]
    ).fetchall()
    if not has_more or read_environment().memory_limit:
        yield
        return
    connection.execute(f"set memory_limit = '{limit}B'")
    try:
        yield
    finally:
        # a database that was given up, on a full disk, has no settings any more
        with suppress(duckdb.Error):
            connection.execute("reset memory_limit")

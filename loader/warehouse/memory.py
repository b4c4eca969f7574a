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
SMALL_BUILD_BYTES = 512 << 20
# What a build of more takes stays below two GiB, with what Python takes besides. DuckDB writes to
# disk for a while what does not fit.
LARGE_BUILD_BYTES = 1344 << 20
# What DuckDB takes for its limit unless it is told one, and what a build may take: of the machine.
_SHARE_OF_DUCKDB, _SHARE_OF_BUILD = 0.8, 0.25


def build_bytes(connection: duckdb.DuckDBPyConnection, *, is_small: bool) -> int:
    """How many bytes a build may have: a quarter of the machine at most.

    is_small: whether it has little to do, whatever the history.
    """
    if is_small:
        return SMALL_BUILD_BYTES
    ((limit,),) = connection.execute(
        "select parse_formatted_bytes(current_setting('memory_limit'))"
    ).fetchall()
    machine = int(limit) / _SHARE_OF_DUCKDB
    return min(LARGE_BUILD_BYTES, round(machine * _SHARE_OF_BUILD))


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

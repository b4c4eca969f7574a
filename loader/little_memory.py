"""Lands in little memory: what DuckDB may take while a file lands does not grow with the file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

# With what Python takes besides, a file of any size lands within one GiB.
LANDING_BYTES = 512 << 20


@contextmanager
def little_memory(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let DuckDB have no more than LANDING_BYTES until the block is left.

    HUB_MEMORY_LIMIT is kept: who sets it knows what the machine has.
    """
    ((has_more,),) = connection.execute(
        "select parse_formatted_bytes(current_setting('memory_limit')) > ?", [LANDING_BYTES]
    ).fetchall()
    if not has_more or os.environ.get("HUB_MEMORY_LIMIT"):
        yield
        return
    connection.execute(f"set memory_limit = '{LANDING_BYTES}B'")
    try:
        yield
    finally:
        connection.execute("reset memory_limit")

"""All or nothing: a block of statements that is committed whole, or leaves no trace."""

import contextlib
from collections.abc import Iterator

import duckdb


@contextlib.contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what is done in the block, or leave nothing of it."""
    connection.execute("begin")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        # where DuckDB has given the database up, there is nothing to roll back
        with contextlib.suppress(duckdb.Error):
            connection.execute("rollback")
        raise

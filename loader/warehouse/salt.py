"""The salt of a warehouse, which makes the digests of sensitive values its own."""

import secrets

import duckdb

_BYTES = 32


def draw_salt(connection: duckdb.DuckDBPyConnection) -> None:
    """Draw the salt by chance, where the warehouse has none. Whoever knew it could try out which
    value a digest is of."""
    if not connection.execute("select 1 from raw.salt").fetchall():
        connection.execute("insert into raw.salt (salt) values (?)", [secrets.token_hex(_BYTES)])

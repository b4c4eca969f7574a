"""Lays the tables of a warehouse down as tables of Delta Lake, as other engines write them."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import write_deltalake


def lay_tables(database: Path, place: Path, is_laid: Callable[[str, Path], bool]) -> None:
    """Write tables of a warehouse to a place, over those that are there.

    is_laid: whether a table is written, by its schema and its folder at the place.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = current_database()"
        ).fetchall():
            folder = place / schema / table
            if is_laid(schema, folder):
                rows = connection.sql(f"select * from {schema}.{table}").to_arrow_table()
                write_deltalake(str(folder), _in_utc(rows), mode="overwrite")


def _in_utc(table: pa.Table) -> pa.Table:
    """The same with timestamps as moments, which is what they are on Delta Lake."""
    fields = [
        each.with_type(pa.timestamp("us", tz="UTC")) if pa.types.is_timestamp(each.type) else each
        for each in table.schema
    ]
    return table.cast(pa.schema(fields))

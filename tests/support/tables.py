"""What stands in the tables of a warehouse, for a comparison of two."""

from pathlib import Path
from typing import Any

import duckdb

# what differs from one run to the next by its nature
PASSING = ("last_word_by_source",)
PASSING += ("run_id", "decided_at", "landed_at", "ingested_at", "applied_at", "reconciled_at")
PASSING += (
    "dbt_valid_to",
    "requested_at",
    "completed_at",
    "modified_at",
    "started_at",
    "ended_at",
    "dbt_valid_from",
    "dbt_updated_at",
    "dbt_scd_id",
)
PASSING += ("file_state", "freshness", "entry", "created_at", "recorded_at", "first_used_at")


def contents(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table but the log of runs and its steps, without what passes."""
    with duckdb.connect(str(database)) as connection:
        columns = connection.execute(
            "select schema_name || '.' || table_name, "
            "string_agg(column_name, ', ' order by column_index) "
            "from duckdb_columns() where schema_name in ('raw', 'intermediate', 'marts', 'ops') "
            "and not list_contains(?::varchar[], column_name) "
            "and table_name in (select table_name from duckdb_tables()) "
            "and table_name not in ('runs', 'run_steps') group by all",
            [list(PASSING)],
        ).fetchall()
        return {
            table: connection.execute(f"select {listed} from {table} order by all").fetchall()
            for table, listed in columns
        }


def differences(
    one: dict[str, list[tuple[Any, ...]]], other: dict[str, list[tuple[Any, ...]]]
) -> dict[str, list[str]]:
    """The rows of each table that only one of the two has."""
    found = {
        table: sorted({*map(repr, one.get(table, []))} ^ {*map(repr, other.get(table, []))})
        for table in one.keys() | other.keys()
    }
    return {table: rows for table, rows in found.items() if rows}

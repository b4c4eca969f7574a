"""Reads what was built, on either engine, so that it can be compared."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from tests.spark.cluster import SparkCluster

# Of the moment, the run and the extent of a build: not the same in two of them.
CLOCKED = frozenset(
    {
        *("run_id", "decided_at", "reconciled_at", "applied_at", "recorded_at", "first_seen_at"),
        *("last_seen_at", "dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"),
        *("completed_at", "first_used_at", "started_at", "ended_at", "duration_ms", "run_clock"),
        *("entry", "landed_at", "file_state", "requested_at", "discarded_at"),
        *("ingested_at", "last_word_by_source"),
    }
)
# the log of runs, random numbers, how a warehouse is stored, and what runs by the plan tell
OF_THE_MACHINE = frozenset(
    {"ops.runs", "ops.run_steps", "ops.warehouse_format", "raw.salt", "ops.run_changes"}
)


def compared_tables(database: Path) -> list[str]:
    """The tables, and the histories, that two builds have in common: all but those about the runs
    themselves and what a build drops."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where database_name = current_database() and (schema_name in ('raw', 'marts', 'ops') "
            "or table_name like 'int_%__ended') "
            "union all select schema_name || '.' || view_name from duckdb_views() "
            "where schema_name = 'marts' order by all"
        ).fetchall()
    return [table for (table,) in rows if table not in OF_THE_MACHINE]


def differences(database: Path, cluster: SparkCluster, tables: dict[str, str]) -> list[str]:
    """For each table that differs, its query, and rows that only one engine has.

    tables: by name, which of their rows are compared: a condition, or nothing.
    """
    differing = []
    for table, condition in tables.items():
        query = f"{_compared_query(database, table)} {condition}"
        expected, found = _on_duckdb(database, query), _on_spark(cluster, query)
        if expected != found:
            only_one = [f"DuckDB only: {row}" for row in expected if row not in found]
            only_one += [f"Spark only: {row}" for row in found if row not in expected]
            differing.append("\n  ".join([query, *only_one[:6]]))
    return differing


def _on_duckdb(database: Path, query: str) -> list[tuple[Any, ...]]:
    """All rows of a query on DuckDB, sorted."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return _sorted(connection.execute(query).fetchall())


def _on_spark(cluster: SparkCluster, query: str) -> list[tuple[Any, ...]]:
    """All rows of a query on Spark, sorted."""
    return _sorted(tuple(row) for row in cluster.session().sql(query).collect())


def _compared_query(database: Path, table: str) -> str:
    """A query for the columns of a table that two builds have in common, timestamps as text:
    clients of Spark show them in a zone of their own."""
    with duckdb.connect(str(database), read_only=True) as connection:
        columns = connection.execute(
            f"select column_name, column_type from (describe {table})"
        ).fetchall()
    wanted = [
        f"cast({name} as string)" if kind.startswith("TIMESTAMP") else name
        for name, kind in columns
        if name not in CLOCKED
    ]
    # of a state in a history: whether it stands
    wanted += [f"{name} is null" for name, _ in columns if name == "dbt_valid_to"]
    return f"select {', '.join(wanted)} from {table}"


def _sorted(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted((tuple(map(_plain, row)) for row in rows), key=repr)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return value.tolist() if hasattr(value, "tolist") else value

"""The warehouse as Delta tables: lays what has landed in DuckDB there, and reads what was built."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from tests.spark.cluster import SparkCluster
from tests.support.delta_tables import lay_tables

# Of the moment, the run and the extent of a build: not the same in two of them.
CLOCKED = frozenset(
    {
        *("run_id", "decided_at", "reconciled_at", "applied_at", "recorded_at", "first_seen_at"),
        *("last_seen_at", "dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"),
        *("completed_at", "first_used_at", "started_at", "ended_at", "duration_ms", "run_clock"),
        "entry",
    }
)


def lay_landed(database: Path, warehouse: Path) -> None:
    """Copy what has landed, and the tables that the loader keeps empty until a build fills them,
    as the loader would write them without Spark."""
    lay_tables(
        database,
        warehouse,
        lambda schema, folder: schema == "raw" or (schema == "ops" and not folder.exists()),
    )


def on_duckdb(database: Path, query: str) -> list[tuple[Any, ...]]:
    """All rows of a query on DuckDB, sorted."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return _sorted(connection.execute(query).fetchall())


def on_spark(cluster: SparkCluster, query: str) -> list[tuple[Any, ...]]:
    """All rows of a query on Spark, sorted."""
    return _sorted(tuple(row) for row in cluster.session().sql(query).collect())


def compared_query(database: Path, table: str) -> str:
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

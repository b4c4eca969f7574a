"""Reads a lakehouse without an engine of its own: DuckDB asks its tables where they lie."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from loader.config.project import SCHEMAS
from loader.delta.tables import ASKED_AT_ONCE, DeltaTables
from loader.errors import HubError
from loader.warehouse.connection import open_in_memory
from loader.warehouse.shared_views import create_views
from loader.warehouse.tables import expected_tables, require_format

if TYPE_CHECKING:
    from pyarrow.dataset import Dataset  # type: ignore[import-untyped]

    from loader.config.project import Project
    from loader.delta.place import Place


@contextmanager
def read_lakehouse(project: Project, place: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a database in memory that has each table of a lakehouse as a view, and the
    views that all entities share. A question reads the columns and, by their statistics, the row
    groups that it needs, as the tables were when this was called.

    Raises HubError where the place cannot be reached, has no tables, those of another format, or
    lacks what the block asks for.
    """
    where = f"lakehouse {place.root}"
    with open_in_memory() as connection:
        try:
            for schema in SCHEMAS:
                connection.execute(f"create schema {schema}")
            found = _datasets(DeltaTables(place, expected_tables(project)), _read_tables(project))
            if "raw.loads" not in found:
                raise HubError(
                    where,
                    "nothing has landed there",
                    f"`hub land --to {place.root}` lands, and then `dbt build --target spark`.",
                )
            for table, dataset in found.items():
                _create_view(connection, table, dataset)
            stored = connection.execute(
                "select format, hub_version from ops.warehouse_format"
            ).fetchall()
            require_format(stored, where, "name another place")
            create_views(connection, project, "ops")
            yield connection
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise HubError(
                where,
                f"its tables are not those of this project ({str(error).partition(chr(10))[0]})",
                "`dbt build --target spark` brings them up to date.",
            ) from error


def _read_tables(project: Project) -> set[str]:
    """The tables that the shared views and the questions read."""
    return {
        *expected_tables(project),
        *(f"ops.{seed.stem}" for seed in (project.root / "seeds").glob("*.csv")),
        *(f"marts.{entity}" for entity in project.entities),
    }


def _datasets(tables: DeltaTables, names: set[str]) -> dict[str, Dataset]:
    """Those of the tables that are there."""
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        opened = zip(sorted(names), pool.map(tables.dataset, sorted(names)), strict=True)
        return {name: dataset for name, dataset in opened if dataset is not None}


def _create_view(connection: duckdb.DuckDBPyConnection, table: str, dataset: Dataset) -> None:
    """A view with the columns as the warehouse has them: a moment has no zone there."""
    scan = f"main.{table.replace('.', '__')}"
    connection.from_arrow(dataset).create_view(scan.removeprefix("main."))
    columns = connection.execute(f"select column_name, column_type from (describe {scan})")
    values = ", ".join(
        f"{name}::timestamp as {name}" if kind == "TIMESTAMP WITH TIME ZONE" else name
        for name, kind in columns.fetchall()
    )
    connection.execute(f"create view {table} as select {values} from {scan}")

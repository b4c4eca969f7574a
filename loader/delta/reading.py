"""Reads a lakehouse without an engine of its own: DuckDB asks its tables where they lie."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import duckdb

from loader.config.project import SCHEMAS
from loader.delta.tables import ASKED_AT_ONCE, DeltaTables, Query
from loader.errors import HubError
from loader.warehouse.connection import open_in_memory
from loader.warehouse.shared_views import create_views
from loader.warehouse.tables import expected_tables, require_format

if TYPE_CHECKING:
    from pyarrow.dataset import Dataset  # type: ignore[import-untyped]

    from loader.config.project import Project
    from loader.delta.place import Place


@dataclass(frozen=True)
class LakehouseReading:
    """A connection to a database in memory that has each table of a lakehouse as a view, and the
    views that all entities share. A question reads the columns and, by their statistics, the row
    groups that it needs, as the tables were when they were looked at.

    copied: tables that are there as copies, to which rows can be added.
    """

    connection: duckdb.DuckDBPyConnection
    project: Project
    tables: DeltaTables
    copied: Collection[str] = ()

    def look(self) -> None:
        """See the tables as they are now.

        Raises HubError where nothing has landed, or the tables are those of another format.
        """
        where = f"lakehouse {self.tables.place.root}"
        for schema in SCHEMAS:
            self.connection.execute(f"drop schema if exists {schema} cascade")
            self.connection.execute(f"create schema {schema}")
        found = _datasets(self.tables, _read_tables(self.project))
        if "raw.loads" not in found:
            raise HubError(
                where,
                "nothing has landed there",
                f"`hub land --to {self.tables.place.root}` lands, and then "
                "`hub run --target spark` builds.",
            )
        for table, dataset in found.items():
            self._create(table, dataset)
        stored = self.connection.execute(
            "select format, hub_version from ops.warehouse_format"
        ).fetchall()
        require_format(stored, where, "name another place")
        create_views(self.connection, self.project, "ops")

    def _create(self, table: str, dataset: Dataset) -> None:
        """A view, or the copy, with the columns as the warehouse has them: a moment has no zone
        there."""
        self.connection.from_arrow(dataset).create_view(_scan_of(table))
        kind = "table" if table in self.copied else "view"
        self.connection.execute(f"create {kind} {table} as {self._scanned(table)}")

    def _scanned(self, table: str) -> str:
        scan = f"main.{_scan_of(table)}"
        columns = self.connection.execute(
            f"select column_name, column_type from (describe {scan})"
        ).fetchall()
        values = ", ".join(
            f"{name}::timestamp as {name}" if kind == "TIMESTAMP WITH TIME ZONE" else name
            for name, kind in columns
        )
        return f"select {values} from {scan}"

    def keep_added(self) -> None:
        """Add to the lakehouse the rows that were added to copies."""
        for table in self.copied:
            added = f"from {table} except all ({self._scanned(table)})"
            ((has_any,),) = self.connection.execute(
                f"select count(*) > 0 from ({added})"
            ).fetchall()
            if has_any:
                self.tables.until_committed(partial(self._append, table, Query(added)))

    def _append(self, table: str, added: Query) -> None:
        self.tables.write(self.connection, self.tables.open(table), table, [added])


@contextmanager
def read_lakehouse(
    project: Project, place: Place, copied: Collection[str] = ()
) -> Iterator[LakehouseReading]:
    """A lakehouse as it is now, to be read as long as the block lasts.

    Raises HubError where the place cannot be reached, has no tables, those of another format, or
    lacks what the block asks for.
    """
    with open_in_memory() as connection:
        reading = LakehouseReading(
            connection, project, DeltaTables(place, expected_tables(project)), copied
        )
        try:
            reading.look()
            yield reading
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise HubError(
                f"lakehouse {place.root}",
                f"its tables are not those of this project ({str(error).partition(chr(10))[0]})",
                "`hub run --target spark` brings them up to date.",
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


def _scan_of(table: str) -> str:
    """The view in the schema main that reads the table where it lies."""
    return table.replace(".", "__")

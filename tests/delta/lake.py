"""Reads the tables of a lakehouse, by code that the hub does not use for it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import duckdb
from deltalake import DeltaTable


@dataclass(frozen=True)
class Lake:
    """The tables at a place."""

    root: str

    def table(self, name: str) -> DeltaTable:
        """A table as it is now, by its schema and name."""
        return DeltaTable(f"{self.root}/{name.replace('.', '/')}")

    def sql(self, query: str, *tables: str) -> list[tuple[Any, ...]]:
        """The rows of a query in DuckDB on tables of a local lakehouse, by their names."""
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            for name in tables:
                schema, _, _ = name.partition(".")
                connection.execute(f"create schema if not exists {schema}")
                files = [unquote(urlsplit(path).path) for path in self.table(name).file_uris()]
                if files:
                    source = f"read_parquet({files})"
                else:  # a table without a row has no file
                    fields = self.table(name).schema().fields
                    source = ", ".join(f"null as {field.name}" for field in fields)
                    source = f"(select {source} where false)"
                connection.execute(f"create view {name} as from {source}")
            return connection.execute(query).fetchall()

    def files(self, name: str) -> list[Path]:
        """The data files in the folder of a table, also those of no version."""
        return sorted(Path(self.root, *name.split(".")).glob("*.parquet"))

"""Opens the warehouse, a DuckDB file, and creates the tables that the loader keeps in it."""

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb

from loader.errors import HubError, WrongUse
from loader.leftovers import aside_of
from loader.project import SCHEMAS, Project
from loader.shared_views import create_shared_views
from loader.transactions import transaction
from loader.yaml_files import read_yaml

log = logging.getLogger(__name__)

_RAW_COLUMNS = (
    ("load_id", "bigint", "The load that brought the row: raw.loads has its file."),
    ("row_number", "bigint", "Number of the record in its file, from 1."),
    # smaller and written faster than by the compression that DuckDB would choose
    ("record", "varchar using compression zstd", "The record's text as it stood in the file."),
    ("problem", "varchar", "Why the record could not be read; NULL where it could."),
    ("position", "varchar", "What else places the record, as JSON."),
)


@contextmanager
def open_warehouse(project: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse, with all tables that dbt expects to find; closed at the end.

    Raises HubError where another process holds the file or it is no DuckDB file.
    """
    connection = _connect(project.database)
    try:
        connection.execute("set TimeZone = 'UTC'")
        if limit := os.environ.get("HUB_MEMORY_LIMIT"):
            _limit_memory(connection, limit)
        _create_tables(connection, project)
        yield connection
    finally:
        connection.close()


def is_usable(connection: duckdb.DuckDBPyConnection) -> bool:
    """False where DuckDB has given the database up, as on a full disk, until it is opened anew."""
    try:
        connection.execute("select 1").fetchall()
    except duckdb.Error:
        return False
    return True


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        if not path.exists():
            _create(path)
        return duckdb.connect(str(path))
    except duckdb.Error as error:
        holder = re.search(r"lock is held in (.+?) \(PID (\d+)\)", str(error))
        if holder:
            raise HubError(
                f"database {path}",
                f"the process {holder[2]} ({holder[1]}) has it open",
                "DuckDB allows one process at a time: wait for it or end it.",
            ) from error
        first_line = str(error).splitlines()[0]
        raise HubError(
            f"database {path}", f"DuckDB cannot open it ({first_line})", "Check the file."
        ) from error


def _create(path: Path) -> None:
    """Create an empty database, aside and then under its name.

    A file that DuckDB could not begin to the end, on a full disk or when killed, is no database
    to it ever after.
    """
    aside = aside_of(path)
    try:
        duckdb.connect(str(aside)).close()
        try:
            # unlike a rename, a link leaves alone what another process has created meanwhile
            path.hardlink_to(aside)
        except OSError:
            # there are file systems without links; hub commands, at least, take turns
            if not path.exists():
                aside.rename(path)
    finally:
        aside.unlink(missing_ok=True)


def _limit_memory(connection: duckdb.DuckDBPyConnection, limit: str) -> None:
    try:
        connection.execute("set memory_limit = ?", [limit])
    except duckdb.Error as error:
        raise WrongUse(
            "HUB_MEMORY_LIMIT", f"{limit!r} is no amount of memory", "Write 2GB, 500MB or 50%."
        ) from error


def _create_tables(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    # each commit of its own would be written to the disk, and there are hundreds of comments
    with transaction(connection):
        for schema in SCHEMAS:
            connection.execute(f"create schema if not exists {schema}")
        existing = {
            f"{schema}.{name}"
            for schema, name in connection.execute(
                "select schema_name, table_name from duckdb_tables()"
            ).fetchall()
        }
        wanted = dict(_declared_tables(project))
        # dbt builds the adapters of sources that are switched off, too
        for name in project.declared_sources:
            wanted[f"raw.{name}"] = (
                f"The records of the source {name}, one row each, verbatim.",
                list(_RAW_COLUMNS),
            )
        for table, (description, columns) in wanted.items():
            if table not in existing:
                _create_table(connection, table, description, columns)
        create_shared_views(connection, project)
        _store_settings(connection, project)


def _declared_tables(
    project: Project,
) -> Iterator[tuple[str, tuple[str, list[tuple[str, str, str]]]]]:
    """The loader's own tables and the decisions, as their YAML under models/ops declares them."""
    folder = project.root / "models" / "ops"
    for group in read_yaml(folder / "_loader_tables.yml", "models/ops/_loader_tables.yml")[
        "sources"
    ]:
        for table in group["tables"]:
            yield f"{group['schema']}.{table['name']}", _described(table)
    for model in read_yaml(folder / "_decisions.yml", "models/ops/_decisions.yml")["models"]:
        yield f"ops.{model['name']}", _described(model)


def _described(table: dict[str, Any]) -> tuple[str, list[tuple[str, str, str]]]:
    columns = [
        (column["name"], column["data_type"], column["description"]) for column in table["columns"]
    ]
    return table["description"], columns


def _create_table(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    description: str,
    columns: list[tuple[str, str, str]],
) -> None:
    listed = ", ".join(f"{name} {data_type}" for name, data_type, _ in columns)
    connection.execute(
        ";".join(
            [
                f"create table {table} ({listed})",
                f"comment on table {table} is {_literal(description)}",
                *(
                    f"comment on column {table}.{name} is {_literal(meaning)}"
                    for name, _, meaning in columns
                ),
            ]
        )
    )
    log.debug("created table %s", table)


def _store_settings(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Write the sources' settings to raw.sources and raw.source_fields, where they changed."""
    settings = [
        (
            source.name,
            source.entity,
            source.late,
            source.allowed_lateness,
            source.timezone,
            hashlib.sha256(source.adapter.read_bytes()).hexdigest(),
        )
        for source in project.sources.values()
    ]
    fields = [
        (source.name, name, field.type, field.optional)
        for source in project.sources.values()
        for name, field in source.fields.items()
    ]
    for table, rows in (("raw.sources", settings), ("raw.source_fields", fields)):
        stored = connection.execute(f"select * from {table}").fetchall()
        if sorted(stored) == sorted(rows):
            continue
        connection.execute(f"delete from {table}")
        if rows:
            row = f"({', '.join('?' for _ in rows[0])})"
            connection.execute(
                f"insert into {table} values {', '.join([row] * len(rows))}",
                list(chain.from_iterable(rows)),
            )


def _literal(text: str) -> str:
    return "'" + " ".join(text.split()).replace("'", "''") + "'"

"""Creates the tables that dbt expects to find: of the loader, of each source, of decisions."""

import logging
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb

from loader import __version__
from loader.config.adapter_digest import AdapterDigests
from loader.config.project import SCHEMAS, Project
from loader.config.reading import read_yaml
from loader.config.sources import Source
from loader.errors import HubError
from loader.warehouse.salt import draw_salt
from loader.warehouse.shared_views import create_shared_views
from loader.warehouse.transactions import transaction

log = logging.getLogger(__name__)

# The number of the form in which a warehouse is stored. It is raised with every change after which
# this version cannot work on the warehouses of the one before, or that one not on those of this.
WAREHOUSE_FORMAT = 3

# Text of which no two rows have the same: written faster than by the compression that DuckDB would
# choose.
_UNIQUE_TEXT = "varchar using compression zstd"

# Of a table: what it is, and name, type in DuckDB and meaning of each column.
Described = tuple[str, list[tuple[str, str, str]]]

_RAW_COLUMNS = (
    ("load_id", "bigint", "The load that brought the row: raw.loads has its file."),
    ("row_number", "bigint", "Number of the record in its file, from 1."),
    ("record", _UNIQUE_TEXT, "The record's text as it stood in the file."),
    ("problem", "varchar", "Why the record could not be read; NULL where it could."),
    ("position", "varchar", "What else places the record, as JSON."),
)


def create_tables(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Create what is missing of them, and write the settings of the sources where they changed;
    nothing where the project has problems, as it is then only read.

    Raises HubError where the warehouse is of another format.
    """
    is_new = check_format(connection, project.database)
    if project.problems:
        return
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
        for table, (description, columns) in expected_tables(project).items():
            if table not in existing:
                _create_table(connection, table, description, columns)
        if is_new:
            store_format(connection)
        draw_salt(connection)
        create_shared_views(connection, project)
        store_settings(connection, project)


def check_format(connection: duckdb.DuckDBPyConnection, database: Path) -> bool:
    """Whether the database holds no warehouse yet. Raises HubError where it holds one that this
    version cannot work on."""
    # the table of the loads has always been there, that of the format since there are formats
    known = {
        name
        for (name,) in connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where database_name = current_database()"
        ).fetchall()
    }
    if "ops.warehouse_format" not in known and "raw.loads" not in known:
        return True
    stored = (
        connection.execute("select format, hub_version from ops.warehouse_format").fetchall()
        if "ops.warehouse_format" in known
        else []
    )
    require_format(stored, f"database {database}", "name another database with --database")
    return False


def require_format(stored: Sequence[tuple[int, str]], where: str, otherwise: str) -> None:
    """Raise HubError where what is stored is not of the format that this version works on.

    stored: number and version, as ops.warehouse_format has them; otherwise: what else one can do.
    """
    if stored and stored[0][0] == WAREHOUSE_FORMAT:
        return
    number, maker = stored[0] if stored else (None, None)
    found = f"it has format {number}, of version {maker}" if stored else "it has no format number"
    is_newer = number is not None and number > WAREHOUSE_FORMAT
    raise HubError(
        where,
        f"{found}: it was made by {'a newer' if is_newer else 'an older'} version of the hub, and "
        f"this one, {__version__}, works on format {WAREHOUSE_FORMAT}",
        f"Use that version for it, or {otherwise}"
        f"{'' if is_newer else ' and land the files again'}.",
    )


def store_format(connection: duckdb.DuckDBPyConnection) -> None:
    """Write down that the warehouse is of this version's format."""
    connection.execute(
        "insert into ops.warehouse_format (format, hub_version, created_at) "
        "values (?, ?, current_timestamp at time zone 'UTC')",
        [WAREHOUSE_FORMAT, __version__],
    )


def expected_tables(project: Project) -> dict[str, Described]:
    """The tables that dbt expects to find, by schema and name."""
    expected = dict(_declared_tables(project))
    # dbt builds the adapters of sources that are switched off, too
    for name in project.declared_sources:
        expected[f"raw.{name}"] = (
            f"The records of the source {name}, one row each, verbatim.",
            list(_RAW_COLUMNS),
        )
    return expected


def _declared_tables(project: Project) -> Iterator[tuple[str, Described]]:
    """The loader's own tables and the decisions, as their YAML under models/ops declares them."""
    folder = project.root / "models" / "ops"
    for group in read_yaml(folder / "_loader_tables.yml", "models/ops/_loader_tables.yml")[
        "sources"
    ]:
        for table in group["tables"]:
            yield f"{group['schema']}.{table['name']}", _described(table, {})
    for path in sorted(folder.glob("*_decisions.yml")):
        for model in read_yaml(path, f"models/ops/{path.name}")["models"]:
            yield f"ops.{model['name']}", _described(model, {"record_key": _UNIQUE_TEXT})


def _described(table: dict[str, Any], stored_as: dict[str, str]) -> Described:
    """stored_as: column -> its type in DuckDB, where that says more than the declared one."""
    columns = [
        (
            column["name"],
            stored_as.get(column["name"], column["data_type"]),
            column["description"],
        )
        for column in table["columns"]
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


def store_settings(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Write the sources' settings to raw.sources and raw.source_fields, where they changed."""
    digests = AdapterDigests(project.root)
    settings = [tuple(settings_of(source, digests).values()) for source in project.sources.values()]
    fields = [
        (source.name, name, field.type, field.optional)
        for source in project.sources.values()
        for name, field in source.declared_fields().items()
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


def settings_of(source: Source, digests: AdapterDigests) -> dict[str, str | int | None]:
    """A source's row of raw.sources, as its files are now."""
    return {
        "source": source.name,
        "entity": source.entity,
        "late": source.late,
        "allowed_lateness": source.allowed_lateness,
        "timezone": source.timezone,
        "nulls": "\n".join(source.nulls) if source.nulls else None,
        "adapter_hash": digests.of(source.adapter),
        "delivery": source.delivery,
        "key_from": source.kafka.key_from if source.kafka else None,
        "stale_after": source.stale_after,
    }


def _literal(text: str) -> str:
    return "'" + " ".join(text.split()).replace("'", "''") + "'"

"""Targets and reconciliations as a snapshot has them: their columns, rows by key, pages of rows."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import duckdb

from hub.published.snapshots import Snapshot
from hub.queries.exported import as_text, quoted
from hub.queries.rows import rows
from loader.config.macros import Macros
from loader.config.project import Project
from loader.errors import WrongUse
from loader.warehouse.run_log import parse_clock

# a record_id is load and row in one number: a hundred million loads are below it, and doubles
# hold it exactly
GREATEST_ID = 10**18


class NoSuchEntity(WrongUse):
    """An entity was asked for that there is none of."""


class NoSuchColumn(WrongUse):
    """A column was named that a table does not have, or that no filter can be on."""


class NoSuchValue(WrongUse):
    """A filter has a value that its column cannot have."""


@dataclass(frozen=True)
class Column:
    """A column of a table. type: as DuckDB names it."""

    name: str
    type: str
    description: str | None

    @property
    def quoted(self) -> str:
        return quoted(self.name)

    @property
    def shown(self) -> str:
        """The SQL for its value as `reading.plain` makes it of a row, under its name."""
        return as_text(self.name, self.type)


@dataclass(frozen=True)
class Table:
    """A target or a reconciliation. key: the column of its key."""

    entity: str
    name: str
    key: str
    columns: tuple[Column, ...]

    @property
    def listed(self) -> str:
        """All columns as an export has them, to write after `select`."""
        return ", ".join(column.shown for column in self.columns)

    def behind_key(self, key_hash: int) -> str:
        """A SQL condition: the row stands behind a key, in the order of their digests. It has the
        key as a parameter."""
        key = self.column(self.key).quoted
        return f"(key_hash > {key_hash} or (key_hash = {key_hash} and {key} > ?))"

    def column(self, name: str) -> Column:
        """A column by its name. Raises NoSuchColumn."""
        for column in self.columns:
            if column.name == name:
                return column
        known = ", ".join(column.name for column in self.columns)
        raise NoSuchColumn(f"entity '{self.entity}'", f"no column {name!r}", f"It has {known}.")


class KeyHash:
    """The digest by which rows of a key are found, as the project's models make it."""

    def __init__(self, project: Project) -> None:
        self._sql = Macros(project.root, project.vars).call("hash_number", "?")

    def of(self, cursor: duckdb.DuckDBPyConnection, key: str) -> int:
        """The digest of a key."""
        ((digest,),) = cursor.execute(f"select {self._sql}", [key]).fetchall()
        return int(digest)


# looked up once for each snapshot, and forgotten with it
_known: WeakKeyDictionary[Snapshot, dict[str, Table]] = WeakKeyDictionary()


def tables(snapshot: Snapshot) -> dict[str, Table]:
    """The targets and reconciliations of a snapshot, by name."""
    known = _known.get(snapshot)
    if known is None:
        known = _known[snapshot] = _look_up(snapshot)
    return known


def _look_up(snapshot: Snapshot) -> dict[str, Table]:
    with closing(snapshot.cursor()) as cursor:
        keys = cursor.execute("select entity, key_column from ops.entity_orders").fetchall()
        columns = cursor.execute(
            "select table_name, column_name, data_type, comment from duckdb_columns() "
            "where schema_name = 'marts' order by table_name, column_index"
        ).fetchall()
    found: dict[str, list[Column]] = {}
    for table, *column in columns:
        found.setdefault(table, []).append(Column(*column))
    return {
        name: Table(entity, name, key, tuple(found[name]))
        for entity, key in keys
        for name in (entity, f"{entity}_reconciliation")
        if name in found
    }


def target(snapshot: Snapshot, entity: str) -> Table:
    """The target of an entity. Raises NoSuchEntity."""
    known = tables(snapshot)
    if entity in known and known[entity].entity == entity:
        return known[entity]
    names = sorted({table.entity for table in known.values()})
    raise NoSuchEntity(f"entity '{entity}'", "there is none", f"Known are {', '.join(names)}.")


def targets(snapshot: Snapshot, entity: str | None = None) -> list[Table]:
    """The target of an entity, or those of all. Raises NoSuchEntity."""
    if entity is not None:
        return [target(snapshot, entity)]
    return [table for table in tables(snapshot).values() if table.name == table.entity]


def describe(
    snapshot: Snapshot, cursor: duckdb.DuckDBPyConnection, sources: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """The entities that were built: key, rows, sources, is_reconciled, and the columns of their
    targets. sources: the registered ones of each entity."""
    numbers = _counts(cursor, [table.name for table in targets(snapshot)])
    return [
        {
            "entity": table.entity,
            "key": table.key,
            "rows": numbers[table.name],
            "sources": sources.get(table.entity, []),
            "is_reconciled": f"{table.name}_reconciliation" in tables(snapshot),
            "columns": [vars(column) for column in table.columns],
        }
        for table in targets(snapshot)
    ]


def rows_of_key(
    cursor: duckdb.DuckDBPyConnection, table: Table, key_hash: int, key: str
) -> list[dict[str, Any]]:
    """The rows of a key, which is one at most."""
    # with the number in the query, blocks that cannot have it are passed over; as text, a key takes
    # ten times as long to find
    found = rows(cursor, f"select * from marts.{table.name} where key_hash = {key_hash}")
    return [row for row in found if str(row[table.key]) == key]


def page(
    cursor: duckdb.DuckDBPyConnection,
    table: Table,
    filters: Mapping[str, str],
    beginning: tuple[str, Any] | None,
    order: str,
    limit: int,
    key_hash: int | None = None,
) -> list[dict[str, Any]]:
    """Rows of a table that have the given values, in an order, as far as the limit.

    beginning: a SQL condition on where the page begins, and its parameter.   key_hash: of the key,
    where one of the filters is on it.   Raises WrongUse for a column that there is none of, or a
    value that it cannot have.
    """
    conditions: list[str] = ["true"]
    parameters: list[Any] = []
    if beginning is not None:
        conditions.append(beginning[0])
        parameters.append(beginning[1])
    if key_hash is not None:
        conditions.append(f"key_hash = {key_hash}")
    for name, text in filters.items():
        column = table.column(name)
        if column.type.endswith("[]"):
            raise NoSuchColumn(f"column {name}", "it is a list", "Filter by another column.")
        conditions.append(f"{column.quoted} = cast(? as {column.type})")
        # DuckDB passes over an offset
        is_time = column.type == "TIMESTAMP"
        parameters.append(parse_clock(text, name) if is_time else text)
    try:
        return rows(
            cursor,
            f"select * from marts.{table.name} "
            f"where {' and '.join(conditions)} order by {order} limit {limit}",
            parameters,
        )
    except duckdb.ConversionException as error:
        types = ", ".join(f"{name} is {table.column(name).type}" for name in filters)
        raise NoSuchValue(
            f"entity '{table.entity}'", "a filter does not fit its column", f"{types}."
        ) from error


def _counts(cursor: duckdb.DuckDBPyConnection, names: Sequence[str]) -> dict[str, int]:
    """The number of rows of tables in marts; it stands in the database's catalog."""
    return {
        name: int(cursor.execute(f"select count(*) from marts.{name}").fetchall()[0][0])
        for name in names
    }

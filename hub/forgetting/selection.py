"""Chooses the records that belong to a key, and those that only mention it."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import duckdb

from hub.forgetting.key import Key, salted_digest
from loader.config.macros import Macros
from loader.config.project import Project

# temporary tables of the connection that chose
TO_FORGET = "records_to_forget"
MENTIONING = "records_that_mention"
_PLACES_SHOWN = 10
_SALT = "(select salt from raw.salt)"


@dataclass(frozen=True)
class Chosen:
    """How many records of an entity belong to a key.

    by_key:  their key is it, or was it.
    by_text: they have no key that could be read, and their text names it.
    implied: deletions of it that full deliveries implied; they have no record.
    """

    entity: str
    by_key: int
    by_text: int
    implied: int


@dataclass(frozen=True)
class Selection:
    """What belongs to a key, in the order of the entities; only those that know it.

    places:   where the records by text came from, the first few.
    mentions: how many records of other keys, or of entities that are not meant, name it; they stay.
    mentioning: where they came from, the first few.
    """

    entities: tuple[Chosen, ...]
    places: tuple[str, ...]
    mentions: int
    mentioning: tuple[str, ...]


class KeySql:
    """The SQL by which the project's models make keys and digests."""

    def __init__(self, project: Project) -> None:
        macros = Macros(
            project.root,
            project.vars,
            dbt=SimpleNamespace(type_string=lambda: "varchar"),
            source=lambda schema, table: f"{schema}.{table}",
        )
        tombstones = [
            name
            for name, source in project.sources.items()
            if source.kafka and source.kafka.key_from == "key"
        ]
        macros.replace(
            "tombstone_sources",
            lambda entity: [name for name in project.vars.sources[entity] if name in tombstones],
        )
        macros.replace("warehouse_salt", lambda: _SALT)
        self._macros = macros
        self.rows_per_load = macros.call("rows_per_load")
        self.settings = (
            f"(select source, {macros.call('null_texts', 'settings_now')} as null_texts "
            "from raw.sources as settings_now)"
        )

    def contract(self, entity: str) -> dict[str, Any]:
        """The contract of an entity."""
        contract: dict[str, Any] = self._macros.call("contract", entity)
        return contract

    def key_of_staged(self, entity: str) -> str:
        """The key of a row of `unioned`, with `settings` joined."""
        return str(self._macros.call("key_of_staged", entity, "unioned"))

    def is_blank(self, text: str) -> str:
        """Whether a text is NULL or blank."""
        return str(self._macros.call("is_blank", text))

    def is_accepted(self, outcome: str) -> str:
        """Whether this is the outcome of an accepted record."""
        return str(self._macros.call("is_accepted", outcome))

    def stored(
        self, connection: duckdb.DuckDBPyConnection, entity: str, key: Key
    ) -> tuple[str, int]:
        """A key as the tables of an entity have it, and the digest by which its rows are found."""
        contract = self.contract(entity)
        is_sensitive = bool(contract["columns"][contract["key"]].get("sensitive"))
        text = salted_digest(connection, key) if is_sensitive else key.text
        sql = self._macros.call("hash_number", "?")
        ((digest,),) = connection.execute(f"select {sql}", [text]).fetchall()
        return text, int(digest)

    def forgotten_content(self, entity: str) -> str:
        """The digest of the content of a forgotten record, as a build would make it."""
        contract = self.contract(entity)
        values = [_SALT] if self._macros.call("sensitive_columns", contract) else []
        values += ["source", "cast(record_id as varchar)"]
        values += ["cast(null as varchar)"] * len(contract["columns"])
        return str(self._macros.call("record_digest", values))

    def forgotten_text(self, entity: str, source: str) -> str:
        """The digest of source and text of all forgotten records of a source."""
        return str(self._macros.call("forgotten_text_hash", entity, source))


def choose(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    sql: KeySql,
    key: Key,
    *,
    entity: str | None,
    blocked: set[str],
) -> Selection:
    """What belongs to a key, put into TO_FORGET and MENTIONING.

    entity:  the one that is meant; None for all that know the key.
    blocked: those that have forgotten it before.
    Records without a key are taken for those of an entity only if it is meant or knows the key.
    """
    connection.execute(
        f"create or replace temporary table {TO_FORGET} (entity varchar, source varchar, "
        "record_id bigint, load_id bigint, row_number bigint, by_text boolean)"
    )
    chosen = []
    for each in (entity,) if entity else project.entities:
        by_key = _by_key(connection, sql, each, key)
        implied = _implied(connection, each, *sql.stored(connection, each, key))
        is_meant = bool(by_key or implied or entity or each in blocked)
        by_text = _by_text(connection, sql, each, key) if is_meant else 0
        if by_key or by_text or implied or each in blocked:
            chosen.append(Chosen(each, by_key, by_text, implied))
    _note_mentions(connection, sql, key)
    ((mentions,),) = connection.execute(f"select count(*) from {MENTIONING}").fetchall()
    return Selection(
        tuple(chosen),
        _places(connection, f"{TO_FORGET} where by_text"),
        mentions,
        _places(connection, MENTIONING),
    )


def _by_key(connection: duckdb.DuckDBPyConnection, sql: KeySql, entity: str, key: Key) -> int:
    """By any decision on them, and by what the present rules read; returns how many."""
    stored, digest = sql.stored(connection, entity, key)
    parts = [
        f"select record_id, source, load_id, row_number from ops.{entity}_decisions "
        f"where key_hash = {digest} and record_key = $stored and row_number is not null"
    ]
    parameters = {"stored": stored}
    if _was_built(connection, entity):
        parts.append(
            "select unioned.record_id, unioned.source, unioned.load_id, unioned.row_number "
            f"from intermediate.int_{entity}__unioned as unioned "
            f"left join {sql.settings} as settings on settings.source = unioned.source "
            f"where {sql.key_of_staged(entity)} = $key"
        )
        parameters["key"] = key.text
    return _insert(connection, entity, " union ".join(parts), parameters, by_text=False)


def _implied(connection: duckdb.DuckDBPyConnection, entity: str, stored: str, digest: int) -> int:
    ((count,),) = connection.execute(
        f"select count(*) from ops.{entity}_decisions "
        f"where key_hash = {digest} and record_key = ? and row_number is null",
        [stored],
    ).fetchall()
    return int(count)


def _by_text(connection: duckdb.DuckDBPyConnection, sql: KeySql, entity: str, key: Key) -> int:
    """Records that could not be read, or have no key, by their raw text; returns how many."""
    if not _was_built(connection, entity):
        return 0
    keyless = f"""
        from intermediate.int_{entity}__unioned as unioned
        left join {sql.settings} as settings on settings.source = unioned.source
        where (
                coalesce(unioned.problem not in ('tombstone', 'forgotten'), false)
                or {sql.is_blank(sql.key_of_staged(entity))}
            )
            and unioned.problem is distinct from 'forgotten'
            and unioned.record_id not in (select record_id from {TO_FORGET})
    """
    encoded = [
        record_id
        for record_id, record in connection.execute(
            f"select unioned.record_id, unioned.record {keyless} "
            "and contains(unioned.position, 'base64')"
        ).fetchall()
        if key.is_in_base64(record)
    ]
    found = f"""
        select unioned.record_id, unioned.source, unioned.load_id, unioned.row_number {keyless}
            and (
                regexp_matches(concat_ws(' ', unioned.record, unioned.position), $pattern)
                or list_contains($encoded::bigint[], unioned.record_id)
            )
    """
    parameters = {"pattern": key.pattern, "encoded": encoded}
    return _insert(connection, entity, found, parameters, by_text=True)


def _insert(
    connection: duckdb.DuckDBPyConnection,
    entity: str,
    query: str,
    parameters: dict[str, Any],
    *,
    by_text: bool,
) -> int:
    ((count,),) = connection.execute(
        f"insert into {TO_FORGET} select '{entity}', source, record_id, load_id, row_number, "
        f"{by_text} from ({query})",
        parameters,
    ).fetchall()
    return int(count)


def _was_built(connection: duckdb.DuckDBPyConnection, entity: str) -> bool:
    return bool(
        connection.execute(
            "select 1 from duckdb_views() where database_name = current_database() "
            "and schema_name = 'intermediate' and view_name = ?",
            [f"int_{entity}__unioned"],
        ).fetchall()
    )


def _note_mentions(connection: duckdb.DuckDBPyConnection, sql: KeySql, key: Key) -> None:
    connection.execute(
        f"create or replace temporary table {MENTIONING} "
        "(source varchar, record_id bigint, load_id bigint, row_number bigint)"
    )
    for table in raw_tables(connection):
        record_id = f"load_id * {sql.rows_per_load} + row_number"
        connection.execute(
            f"insert into {MENTIONING} select '{table}', {record_id}, load_id, row_number "
            f"from raw.\"{table}\" where regexp_matches(concat_ws(' ', record, position), ?) "
            f"and {record_id} not in (select record_id from {TO_FORGET})",
            [key.pattern],
        )


def raw_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables of landed records, also of sources that are registered no more."""
    return [
        name
        for (name,) in connection.execute(
            "select table_name from duckdb_columns() where schema_name = 'raw' "
            "and database_name = current_database() "
            "and column_name in ('load_id', 'row_number', 'record', 'problem', 'position') "
            "group by table_name having count(*) = 5 order by table_name"
        ).fetchall()
    ]


def _places(connection: duckdb.DuckDBPyConnection, records: str) -> tuple[str, ...]:
    return tuple(
        f"{file}:{number}"
        for file, number in connection.execute(
            "select loads.file, records.row_number from "
            f"(select load_id, row_number, record_id from {records}) as records "
            "inner join raw.loads as loads on loads.load_id = records.load_id "
            f"order by records.record_id limit {_PLACES_SHOWN}"
        ).fetchall()
    )

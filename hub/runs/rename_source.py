"""Gives a source another name in the warehouse, after the project has renamed it."""

from dataclasses import dataclass
from types import SimpleNamespace

import duckdb

from hub.queries.reprocess import ReprocessChoice, request_reprocess
from loader.config.macros import Macros
from loader.config.project import Project
from loader.config.sources import Source, is_name
from loader.errors import WrongUse
from loader.warehouse.transactions import transaction

# Settings of the registered sources are written anew whenever the warehouse is opened; and the
# number of a rule set is made of its source, among others.
_NOT_RENAMED = ("raw.sources", "raw.source_fields", "ops.rule_sets")
# what a source has once only: that of the new name, which brought nothing, goes
_ONE_PER_SOURCE = ("ops.pulls", "ops.pull_windows", "ops.stream_offsets")


@dataclass(frozen=True)
class RenamedSource:
    """What was renamed.

    loads, records, dead_letters: how many it had.
    request_id: of the request to decide its records again; None where it had none.
    notes:      what is left to do, in sentences.
    """

    old: str
    new: str
    entity: str
    loads: int
    records: int
    dead_letters: int
    request_id: int | None
    notes: tuple[str, ...]


def check_names(project: Project, old: str, new: str) -> None:
    """Raise WrongUse where the project does not say that `old` is called `new` now."""
    if old in project.sources:
        raise WrongUse(
            f"source '{old}'",
            "it is still registered",
            f"Rename models/staging/{old}, its files, landing/{old} and the name in vars: sources; "
            "then run the same command again.",
        )
    if new not in project.sources:
        raise WrongUse(
            f"source '{new}'",
            "it is not registered",
            f"Write it in vars: sources, where {old} stood; registered are "
            f"{', '.join(project.sources)}.",
        )


def check_sources(
    connection: duckdb.DuckDBPyConnection, project: Project, old: str, new: str
) -> None:
    """Raise WrongUse where the warehouse says that one of the two cannot be meant."""
    _check_old(connection, old, project.sources[new])
    _check_new(connection, old, project.sources[new])


def rename_source(
    connection: duckdb.DuckDBPyConnection, project: Project, old: str, new: str
) -> RenamedSource:
    """Give all that the warehouse has of `old` the name `new`, and ask that its records be decided
    again: what they are known by is made of the source's name, too. All or nothing.

    Both names must have been checked.
    """
    source = project.sources[new]
    with transaction(connection):
        records = _rename_records(connection, project, old, source)
        _rename_files(connection, old, new)
        renamed = _rename_in_tables(connection, old, new)
        _rename_in_orders(connection, old, source)
        name_texts_anew(connection, project, new, renamed)
        request_id = (
            request_reprocess(connection, ReprocessChoice(source.entity, source=new))
            if records
            else None
        )
    ((loads,),) = connection.execute(
        "select count(*) from raw.loads where source = ? and status = 'landed'", [new]
    ).fetchall()
    ((dead_letters,),) = connection.execute(
        "select count(*) from ops.dead_letter_log where source = ?", [new]
    ).fetchall()
    notes = [
        f"landing/{old} still holds files, which no registered source claims: move them to "
        f"landing/{new}"
    ]
    return RenamedSource(
        old,
        new,
        source.entity,
        loads,
        records,
        dead_letters,
        request_id,
        tuple(notes if _has_files(project, old) else ()),
    )


def _check_old(connection: duckdb.DuckDBPyConnection, old: str, new: Source) -> None:
    known = [
        name
        for (name,) in connection.execute(
            "select source from raw.loads union select source from ops.pulls "
            "union select source from ops.stream_offsets order by source"
        ).fetchall()
    ]
    if old not in known or not is_name(old):
        raise WrongUse(
            f"source '{old}'",
            "the warehouse has nothing of it",
            f"It has something of {', '.join(known) or 'none yet'}.",
        )
    entities = [
        entity
        for (entity,) in connection.execute(
            "select entity from ops.rule_sets where source = $source union "
            "select completed.entity from ops.completed_loads as completed "
            "inner join raw.loads as loads on loads.load_id = completed.load_id "
            "where loads.source = $source order by entity",
            {"source": old},
        ).fetchall()
    ]
    if entities and new.entity not in entities:
        raise WrongUse(
            f"source '{old}'",
            f"it fed {', '.join(entities)}, and {new.name} is registered under {new.entity}",
            f"Register {new.name} under {entities[0]}, or begin with it as a new source.",
        )


def _check_new(connection: duckdb.DuckDBPyConnection, old: str, new: Source) -> None:
    ((loads,),) = connection.execute(
        "select count(*) from raw.loads where source = ? and status = 'landed'", [new.name]
    ).fetchall()
    ((rows,),) = connection.execute(f"select count(*) from raw.{new.name}").fetchall()
    if loads or rows:
        raise WrongUse(
            f"source '{new.name}'",
            f"it has {loads:,} loads of its own, and two sources cannot become one",
            f"Where they are the files of {old}, landed again, `hub reprocess --entity "
            f"{new.entity}` takes out what {old} brought.",
        )


def _rename_records(
    connection: duckdb.DuckDBPyConnection, project: Project, old: str, new: Source
) -> int:
    """Let raw.<old> be raw.<new>; returns how many records it has."""
    tables = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'raw'"
    ).fetchall()
    if (old,) in tables:
        connection.execute(f"drop table raw.{new.name}")
        connection.execute(f"alter table raw.{old} rename to {new.name}")
        connection.execute(
            f"comment on table raw.{new.name} is "
            f"'The records of the source {new.name}, one row each, verbatim.'"
        )
    # dbt makes another, and leaves this one without its table
    connection.execute(f"drop view if exists staging.stg_{old}__{new.entity}")
    ((records,),) = connection.execute(f"select count(*) from raw.{new.name}").fetchall()
    return int(records)


def _rename_files(connection: duckdb.DuckDBPyConnection, old: str, new: str) -> None:
    """Let the ledger name files as they lie in the folder of the new name: so it knows them."""
    connection.execute(
        "update raw.loads set file = $new || substr(file, length($old) + 1) "
        "where source = $old and starts_with(file, $old || '/')",
        {"old": old, "new": new},
    )


def _rename_in_tables(connection: duckdb.DuckDBPyConnection, old: str, new: str) -> list[str]:
    """Rename the source in each table that names it; returns those with digests of texts."""
    for table in _ONE_PER_SOURCE:
        connection.execute(
            f"delete from {table} where source = $new "
            f"and exists (select 1 from {table} where source = $old)",
            {"old": old, "new": new},
        )
    columns = connection.execute(
        "select concat(columns.schema_name, '.', columns.table_name), columns.column_name "
        "from duckdb_columns() as columns inner join duckdb_tables() as tables "
        "on tables.table_oid = columns.table_oid and tables.schema_name = columns.schema_name "
        "where columns.schema_name in ('raw', 'ops') "
        "and columns.column_name in ('source', 'text_hash') order by all"
    ).fetchall()
    for table, column in columns:
        if column == "source" and table not in _NOT_RENAMED:
            connection.execute(f"update {table} set source = ? where source = ?", [new, old])
    return [table for table, column in columns if column == "text_hash"]


def _rename_in_orders(connection: duckdb.DuckDBPyConnection, old: str, new: Source) -> None:
    """Rename the source in the order that its entity's decisions were made in."""
    for column in ("sources", "prefer"):
        connection.execute(
            f"update ops.entity_orders set {column} = array_to_string(list_transform("
            f"string_split({column}, ','), lambda name: case when name = $old then $new "
            "else name end), ',') where entity = $entity and $old <> 'newest'",
            {"old": old, "new": new.name, "entity": new.entity},
        )


def name_texts_anew(
    connection: duckdb.DuckDBPyConnection, project: Project, new: str, tables: list[str]
) -> None:
    """Compute the digests of source and raw text by which dead letters are known."""
    dbt = SimpleNamespace(type_string=lambda: "varchar")
    macros = Macros(project.root, project.vars, dbt=dbt)
    # as the check does of entities with sensitive columns
    salt = connection.execute(
        "select '(select salt from raw.salt)' from ops.sensitive_columns "
        "where entity = ? and columns <> ''",
        [project.sources[new].entity],
    ).fetchall()
    parts = [*(expression for (expression,) in salt), f"'{new}'", "record"]
    digest = macros.call("record_digest", parts)
    record_id = f"load_id * {macros.call('rows_per_load')} + row_number"
    for table in tables:
        connection.execute(
            f"""
            update {table} as named
            set text_hash = records.text_hash
            from (
                select {record_id} as record_id, {digest} as text_hash
                from raw.{new}
                where {record_id} in (
                    select record_id from {table}
                    where source = $new and text_hash is not null
                )
            ) as records
            where records.record_id = named.record_id
                and named.source = $new
                and named.text_hash is not null
            """,
            {"new": new},
        )


def _has_files(project: Project, name: str) -> bool:
    folder = project.landing / name
    try:
        return folder.is_dir() and any(folder.iterdir())
    except OSError:
        return False

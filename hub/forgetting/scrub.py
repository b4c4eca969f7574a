"""Removes what the warehouse holds of the chosen records, in one transaction.

Of each record, the row stays: without text, with the problem `forgotten`, and decided as a build
decides such a row. So nothing that counts records loses one.
"""

import json

import duckdb

from hub.forgetting.key import Key
from hub.forgetting.selection import TO_FORGET, Chosen, KeySql
from hub.queries.reprocess import ReprocessChoice, request_reprocess
from loader.config.project import Project
from loader.warehouse.run_log import utc_now
from loader.warehouse.transactions import transaction

# what stands in place of a text that named the key
REDACTED = "removed with a forgotten key"
# column -> whether it is a JSON list
_FREE_TEXTS = {
    "ops.runs.errors": True,
    "ops.runs.warnings": True,
    "ops.audit_log.asked_for": False,
    "ops.stream_events.detail": False,
    "ops.pull_outcomes.error": False,
    "ops.pulls.error": False,
    "ops.discards.reason": False,
    "raw.loads.reason": False,
}
_DECIDED = "decided_on_forgotten"


def scrub(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    sql: KeySql,
    key: Key,
    entities: tuple[Chosen, ...],
    run_id: str,
) -> None:
    """Remove all of TO_FORGET. Keys that another record was rightly outdone by are asked to be
    decided again: the next build does so."""
    with transaction(connection):
        for chosen in entities:
            _Scrubbing(connection, project, sql, key, chosen.entity, run_id).scrub()
        _scrub_raw(connection)
        for column, is_list in _FREE_TEXTS.items():
            _redact(connection, key, column, is_list=is_list)
        connection.execute("delete from raw.fields where regexp_matches(field, ?)", [key.pattern])


def _scrub_raw(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave the rows without text, and say in the ledger how many of a file's are so."""
    sources = connection.execute(f"select distinct source from {TO_FORGET}").fetchall()
    for (source,) in sources:
        chosen = f"select load_id, row_number from {TO_FORGET} where source = '{source}'"
        connection.execute(
            f"update raw.{source} set record = null, problem = 'forgotten', position = null "
            f"where (load_id, row_number) in ({chosen})"
        )
        connection.execute(
            "update raw.loads set reason = concat(forgotten.records, ' of its records forgotten') "
            f"from (select load_id, count(*) as records from raw.{source} "
            "where problem = 'forgotten' group by load_id) as forgotten "
            "where forgotten.load_id = loads.load_id "
            f"and loads.load_id in (select load_id from ({chosen}))"
        )


def _redact(connection: duckdb.DuckDBPyConnection, key: Key, column: str, *, is_list: bool) -> None:
    """Replace what names the key in a column of texts."""
    table, _, name = column.rpartition(".")
    found = connection.execute(
        f"select distinct {name} from {table} where regexp_matches({name}, ?)", [key.pattern]
    ).fetchall()
    for (text,) in found:
        redacted = (
            json.dumps([REDACTED if key.is_in(each) else each for each in json.loads(text)])
            if is_list
            else REDACTED
        )
        connection.execute(f"update {table} set {name} = ? where {name} = ?", [redacted, text])


class _Scrubbing:
    """The scrubbing of one entity."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        project: Project,
        sql: KeySql,
        key: Key,
        entity: str,
        run_id: str,
    ) -> None:
        self._connection = connection
        self._sql = sql
        self._entity = entity
        self._run_id = run_id
        self._sources = [
            name for name, source in project.sources.items() if source.entity == entity
        ]
        self._decisions = f"ops.{entity}_decisions"
        self._records = f"(select record_id from {TO_FORGET} where entity = '{entity}')"
        self._stored_key, self._key_hash = sql.stored(connection, entity, key)

    def scrub(self) -> None:
        """Remove the decisions, what was made of them, and decide the records as forgotten."""
        self._keep_decisions_aside()
        self._ask_for_other_keys()
        self._forget_decisions()
        self._forget_projections()
        self._forget_letters()
        self._decide()
        # recomputed by the build: the greatest event time may have been a forgotten one
        self._connection.execute(
            "delete from ops.watermark_log where list_contains(?::varchar[], source)",
            [self._sources],
        )

    def _keep_decisions_aside(self) -> None:
        self._connection.execute(
            f"create or replace temporary table {_DECIDED} as select * from {self._decisions} "
            f"where record_id in {self._records}"
        )

    def _ask_for_other_keys(self) -> None:
        """A record that had another name once may have outdone records of that name."""
        others = self._connection.execute(
            f"select distinct record_key from {_DECIDED} "
            f"where record_key <> ? and {self._sql.is_accepted('outcome')}",
            [self._stored_key],
        ).fetchall()
        for (other,) in others:
            request_reprocess(self._connection, ReprocessChoice(self._entity, key=other))

    def _forget_decisions(self) -> None:
        self._connection.execute(
            f"delete from {self._decisions} where record_id in {self._records} "
            f"or (row_number is null and key_hash = {self._key_hash} and record_key = ?)",
            [self._stored_key],
        )
        for table in ("ops.redrive_requests", "ops.reprocess_records"):
            self._connection.execute(
                f"delete from {table} where entity = ? and record_id in {self._records}",
                [self._entity],
            )
        self._connection.execute(
            "delete from ops.reprocess_requests where entity = ? and record_key = ?",
            [self._entity, self._stored_key],
        )

    def _forget_projections(self) -> None:
        """The rows of the key in the tables that follow from decisions, whichever there are."""
        key = self._sql.contract(self._entity)["key"]
        found = self._connection.execute(
            "select schema_name || '.' || table_name, list(column_name) from duckdb_columns() "
            "where database_name = current_database() and (schema_name, table_name) in "
            "(('marts', $entity), ('marts', $entity || '_reconciliation'), "
            "('intermediate', 'int_' || $entity || '__ended'), "
            "('intermediate', 'int_' || $entity || '__accepted')) "
            "and (schema_name, table_name) in "
            "(select schema_name, table_name from duckdb_tables()) group by all",
            {"entity": self._entity},
        ).fetchall()
        for table, columns in found:
            name = "record_key" if "record_key" in columns else key
            named = f'key_hash = {self._key_hash} and "{name}" = ?'
            if "record_id" in columns:
                named = f"({named}) or record_id in {self._records}"
            self._connection.execute(f"delete from {table} where {named}", [self._stored_key])
        self._connection.execute(
            f"delete from ops.kept_starts where entity = ? and key_hash = {self._key_hash}",
            [self._entity],
        )

    def _forget_letters(self) -> None:
        for table in ("ops.dead_letter_log", "ops.discards"):
            self._connection.execute(
                f"delete from {table} where entity = ? and (record_id in {self._records} "
                f"or text_hash in (select text_hash from {_DECIDED} where text_hash is not null))",
                [self._entity],
            )

    def _decide(self) -> None:
        """One decision on each record, as a build makes it of a row without text."""
        self._connection.execute(
            f"""
            insert into {self._decisions} (
                source, load_id, row_number, record_id, attempt, key_hash, content_hash, text_hash,
                rule_set, outcome, is_deletion, reasons, error, explanation, is_dead_letter,
                is_tie, is_ambiguous_time, is_validated, freshness, run_id, decided_at
            )
            select
                source,
                load_id,
                row_number,
                record_id,
                1,
                cast(content_hash % 9223372036854775807 as bigint),
                content_hash,
                {self._sql.forgotten_text(self._entity, "source")},
                rule_set,
                'rejected',
                false,
                ['forgotten'],
                'forgotten',
                'its key is forgotten, and its text was removed',
                true,
                false,
                false,
                is_validated,
                case when freshness is not null then 'unknown' end,
                run_id,
                decided_at
            from (
                select * replace (
                    {self._sql.forgotten_content(self._entity)} as content_hash,
                    min(run_id) over of_record as run_id,
                    min(decided_at) over of_record as decided_at
                )
                from {_DECIDED}
                window of_record as (partition by record_id)
                qualify row_number() over (partition by record_id order by attempt desc) = 1
            )
            """
        )
        self._connection.execute(
            "insert into ops.dead_letter_log "
            "(entity, source, text_hash, record_id, recorded_at, run_id) "
            f"select $entity, source, text_hash, min(record_id), $now, $run_id "
            f"from {self._decisions} where error = 'forgotten' and text_hash not in "
            "(select text_hash from ops.dead_letter_log where entity = $entity) "
            "group by source, text_hash",
            {"entity": self._entity, "now": utc_now(), "run_id": self._run_id},
        )
        discard_forgotten(self._connection, self._sql, self._entity, self._sources)


def discard_forgotten(
    connection: duckdb.DuckDBPyConnection, sql: KeySql, entity: str, sources: list[str]
) -> None:
    """Let the dead letters that forgotten records are wait for nobody."""
    connection.execute(
        f"""
        insert into ops.discards
            (entity, source, text_hash, reasons, discarded_at, discarded_by, reason)
        select $entity, source, text_hash, ['forgotten'], $now, 'hub forget', 'forgotten'
        from (
            select source, {sql.forgotten_text(entity, "source")} as text_hash
            from (select unnest($sources::varchar[]) as source)
        )
        where text_hash not in (select text_hash from ops.discards where entity = $entity)
        """,
        {"entity": entity, "now": utc_now(), "sources": sources},
    )

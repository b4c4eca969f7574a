"""Lists of what the overview counts, a page at a time: each begins after the last row of the one
before, so a page costs the same wherever it stands."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import duckdb

from hub.queries.dead_letters import DeadLetterChoice
from hub.queries.raw_text import RawText
from hub.queries.rows import Row, rows
from loader.warehouse.run_log import Run, runs

PAGE_ROWS = 50
# of a text in a list; its own page has the whole
_SHOWN_CHARS = 300
_RUN_ID = re.compile(r"\d{8}T\d{9}-[0-9a-f]{8}")


@dataclass(frozen=True)
class Listed:
    """A page of rows. after: what the next page is asked with, None on the last one."""

    rows: list[Row]
    after: Any = None


def list_letters(
    connection: duckdb.DuckDBPyConnection,
    choice: DeadLetterChoice,
    raw_text: RawText,
    status: str | None = None,
    after: int | None = None,
) -> Listed:
    """Dead letters in the order of their records, each with the beginning of its text.

    raw_text: which text may be shown.   status: open, resolved or discarded; None for all.
    """
    condition, parameters = choice.condition(status)
    listed = _page(
        connection,
        "select record_id, entity, source, file, load_id, row_number, record_key, "
        f"record[:{_SHOWN_CHARS}] as record, reasons, explanation, attempts, status, first_seen, "
        "last_seen from ops.dead_letters",
        [condition],
        parameters,
        "record_id",
        after,
    )
    shown = raw_text.within(connection)
    for letter in listed.rows:
        letter["record"] = (shown.of_letter(connection, letter) or "")[:_SHOWN_CHARS]
    return listed


def list_records(
    connection: duckdb.DuckDBPyConnection,
    selectors: Mapping[str, Sequence[str]],
    after: int | None = None,
) -> Listed:
    """Records in the order of their arrival, each with its last decision.

    selectors: the values that are wanted of the columns entity, source, outcome and run_id; none
    for any.
    """
    given = {column: values for column, values in selectors.items() if values}
    return _page(
        connection,
        "select record_id, entity, source, file, row_number, record_key, outcome, explanation, "
        "is_deletion, event_time, decided_at from ops.record_outcomes",
        [f"{column} in ({', '.join('?' * len(values))})" for column, values in given.items()],
        list(chain.from_iterable(given.values())),
        "record_id",
        after,
    )


def list_files(
    connection: duckdb.DuckDBPyConnection, source: str, before: int | None = None
) -> Listed:
    """The files of a source, the latest first."""
    return _page(
        connection,
        "select load_id, file, status, reason, rows, size, landed_at, run_id from raw.loads",
        ["source = ?"],
        [source],
        "load_id",
        before,
        descending=True,
    )


def list_keys(
    connection: duckdb.DuckDBPyConnection,
    entity: str,
    status: str | None = None,
    after: int | None = None,
) -> Listed:
    """The compared keys of an entity, by the digest of the key. entity: a registered one that is
    compared. A row has key, status, differing_columns, last_words (when each source last spoke of
    the key) and compared (what each says, by column)."""
    found = _page(
        connection,
        f"select * from marts.{entity}_reconciliation",
        ["status = ?"] if status else [],
        [status] if status else [],
        "key_hash",
        after,
    )
    return Listed([_compared(row) for row in found.rows], found.after)


def _compared(row: Row) -> Row:
    said_at = (word.rpartition("=") for word in row["last_word_by_source"] or [])
    return {
        # the key is the first column, whatever its name
        "key": next(iter(row.values())),
        "status": row["status"],
        "differing_columns": row["differing_columns"] or [],
        "last_words": {source: moment.partition(".")[0] for source, _, moment in said_at},
        "compared": {
            name.removesuffix("_by_source"): said or []
            for name, said in row.items()
            if name.endswith("_by_source") and name != "last_word_by_source"
        },
    }


def compared_entities(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The entities whose sources are compared."""
    found = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'marts' "
        "and table_name like '%\\_reconciliation' escape '\\' order by table_name"
    ).fetchall()
    return [name.removesuffix("_reconciliation") for (name,) in found]


def list_runs(
    connection: duckdb.DuckDBPyConnection, before: str | None = None
) -> tuple[list[Run], str | None]:
    """The runs, the latest first, and what the next page is asked with."""
    condition = f"run_id < '{before}'" if before and _RUN_ID.fullmatch(before) else "true"
    found = runs(connection, condition, PAGE_ROWS + 1)
    more = len(found) > PAGE_ROWS
    return found[:PAGE_ROWS], found[PAGE_ROWS - 1].run_id if more else None


def run_line(run: Run) -> Row:
    """A line of the log of runs, as programs get it."""
    return {
        "run_id": run.run_id,
        "command": run.command,
        "status": run.status,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "duration_ms": run.duration_ms,
        "errors": run.errors,
    }


def letter_of(
    connection: duckdb.DuckDBPyConnection, record_id: int, raw_text: RawText
) -> Row | None:
    """A dead letter as it stands, with its whole text, as far as it may be shown; what each of its
    reasons means, as `meanings`; and the discard that it has, as `discard`."""
    found = rows(connection, "select * from ops.dead_letters where record_id = ?", [record_id])
    if not found:
        return None
    letter = found[0]
    letter["record"] = raw_text.within(connection).of_letter(connection, letter)
    letter["meanings"] = _meanings(connection, letter["entity"], letter["reasons"])
    letter["discard"] = _discard(connection, letter) if letter["status"] == "discarded" else None
    return letter


def _meanings(connection: duckdb.DuckDBPyConnection, entity: str, reasons: list[str]) -> list[Row]:
    """Per reason: meaning, and what_to_do where it is none of the contract's."""
    known = {
        row["reason"]: row
        for row in rows(
            connection,
            "select reason, meaning, what_to_do from ops.reasons union all "
            "select reason, rejected_because, null from ops.contract_rules where entity = ?",
            [entity],
        )
    }
    nothing = {"meaning": "a rule that the contract has no more", "what_to_do": None}
    return [{**nothing, **known.get(reason, {}), "reason": reason} for reason in reasons]


def _discard(connection: duckdb.DuckDBPyConnection, letter: Row) -> Row | None:
    found = rows(
        connection,
        "select discarded_at, discarded_by, reason from ops.discards "
        "where source = ? and text_hash = ? order by discarded_at desc limit 1",
        [letter["source"], letter["text_hash"]],
    )
    return found[0] if found else None


def _page(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    conditions: list[str],
    parameters: list[Any],
    order: str,
    after: int | None,
    *,
    descending: bool = False,
) -> Listed:
    if after is not None:
        conditions = [*conditions, f"{order} {'<' if descending else '>'} ?"]
        parameters = [*parameters, after]
    where = f" where {' and '.join(conditions)}" if conditions else ""
    direction = "desc" if descending else "asc"
    found = rows(
        connection,
        f"{query}{where} order by {order} {direction} limit {PAGE_ROWS + 1}",
        parameters,
    )
    more = len(found) > PAGE_ROWS
    return Listed(found[:PAGE_ROWS], found[PAGE_ROWS - 1][order] if more else None)

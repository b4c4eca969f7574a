"""Dead letters: chooses open ones, requests that they be decided again, or discards them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import duckdb

from hub.queries.raw_text import RawText
from hub.queries.rows import rows
from loader.errors import WrongUse
from loader.landing.names import written_out
from loader.warehouse.audit import note_request
from loader.warehouse.run_log import utc_now
from loader.warehouse.transactions import transaction

_COLUMNS = (
    "record_id",
    "entity",
    "file",
    "row_number",
    "record_key",
    "error",
    "explanation",
    "attempts",
    "status",
    "resolved_by",
    "last_outcome",
)
# what is told of a letter that is looked at by itself
_TOLD = (*_COLUMNS, "source", "record", "reasons", "contract_version", "first_seen", "last_seen")


@dataclass(frozen=True)
class DeadLetterChoice:
    """Which open letters: those that fit everything given. reason: any of a letter's reasons."""

    entity: str | None = None
    source: str | None = None
    reason: str | None = None
    record_id: int | None = None

    def condition(self, status: str | None = "open") -> tuple[str, list[Any]]:
        """A SQL condition on ops.dead_letters and its parameters. status: None for any."""
        wanted = {
            "status = ?": status,
            "entity = ?": self.entity,
            "source = ?": self.source,
            "list_contains(reasons, ?)": self.reason and written_out(self.reason),
            "record_id = ?": self.record_id,
        }
        given = {part: value for part, value in wanted.items() if value is not None}
        return " and ".join(["true", *given]), list(given.values())


def letters(
    connection: duckdb.DuckDBPyConnection, choice: DeadLetterChoice
) -> list[dict[str, Any]]:
    """The open letters of a choice, oldest first."""
    condition, parameters = choice.condition()
    return _fetch(connection, condition, parameters)


def page_of_dead_letters(
    connection: duckdb.DuckDBPyConnection,
    choice: DeadLetterChoice,
    status: str | None,
    after: int,
    limit: int,
    raw_text: RawText,
) -> list[dict[str, Any]]:
    """Letters of a choice, with their text, oldest first, as far as the limit.

    status: open, resolved or discarded; None for all.   after: those with a greater record_id.
    raw_text: which text may be shown.
    """
    condition, parameters = choice.condition(status)
    found = rows(
        connection,
        f"select {', '.join(_TOLD)}, load_id from ops.dead_letters "
        f"where {condition} and record_id > ? order by record_id limit {int(limit)}",
        [*parameters, after],
    )
    shown = raw_text.within(connection)
    for letter in found:
        letter["record"] = shown.of_letter(connection, letter)
        del letter["load_id"]
    return found


def dead_letters_by_id(
    connection: duckdb.DuckDBPyConnection, record_ids: list[int]
) -> list[dict[str, Any]]:
    """Letters as they stand, whatever their status, oldest first."""
    return _fetch(connection, "record_id in (select unnest(?::bigint[]))", [record_ids])


def check_source(
    connection: duckdb.DuckDBPyConnection, choice: DeadLetterChoice, registered: Collection[str]
) -> None:
    """Raise WrongUse where the chosen source is neither registered nor has a dead letter."""
    if choice.source is None or choice.source in registered:
        return
    if not _sources_of(connection, "source = ?", [choice.source]):
        raise WrongUse(
            f"source '{choice.source}'", "there is none", f"Known are {', '.join(registered)}."
        )


def check_redrive(
    connection: duckdb.DuckDBPyConnection, choice: DeadLetterChoice, registered: Collection[str]
) -> None:
    """Raise WrongUse where the very letters that were asked for cannot be decided again."""
    check_source(connection, choice, registered)
    source, where = choice.source, f"source '{choice.source}'"
    if choice.record_id is not None:
        found = _sources_of(connection, "record_id = ?", [choice.record_id])
        source, where = found[0] if found else None, f"dead letter {choice.record_id}"
    if source is not None and source not in registered:
        raise WrongUse(
            where,
            f"no adapter reads what {source} sent, which is registered no more",
            f"Register it again or, if it has another name now, `hub rename-source {source} NAME`.",
        )


def left_out_of_redrive(
    connection: duckdb.DuckDBPyConnection, choice: DeadLetterChoice, registered: Collection[str]
) -> list[str]:
    """Of the open letters of a choice, what is to be said of those that cannot be decided again."""
    condition, parameters = choice.condition()
    left_out = connection.execute(
        f"select source, count(*) from ops.dead_letters where {condition} "
        "and not list_contains(?::varchar[], source) group by source order by source",
        [*parameters, list(registered)],
    ).fetchall()
    return [
        f"{source}: {count:,} open dead letters cannot be decided again, as the source is "
        f"registered no more: register it, or `hub rename-source {source} NAME`"
        for source, count in left_out
    ]


def request_redrive(
    connection: duckdb.DuckDBPyConnection, choice: DeadLetterChoice, registered: Collection[str]
) -> list[int]:
    """Ask for new decisions on all records that have the text of a chosen letter; returns the
    letters' ids, without those whose source is not registered.

    The next build carries the requests out; one that is pending already is not doubled.
    """
    condition, parameters = choice.condition()
    readable = f"{condition} and list_contains(?::varchar[], source)"
    chosen = [
        int(letter["record_id"])
        for letter in _fetch(connection, readable, [*parameters, list(registered)])
    ]
    connection.execute(
        """
        insert into ops.redrive_requests (entity, record_id, attempt, requested_at)
        select turned_away.entity, turned_away.record_id, turned_away.attempt + 1, $now
        from (
            select entity, record_id, max(attempt) as attempt
            from ops.decisions
            where text_hash in (
                select text_hash from ops.dead_letters
                where record_id in (select unnest($chosen::bigint[]))
            )
            group by entity, record_id
            having max_by(outcome, attempt) in ('rejected', 'late', 'duplicate')
        ) as turned_away
        -- a record that was accepted since has no digest of its text in its last decision
        anti join ops.decisions as accepted
            on accepted.record_id = turned_away.record_id
            and accepted.attempt > turned_away.attempt
        anti join ops.redrive_requests as pending
            on pending.record_id = turned_away.record_id
            and pending.completed_at is null
        """,
        {"now": utc_now(), "chosen": chosen},
    )
    return chosen


def discard_dead_letters(
    connection: duckdb.DuckDBPyConnection, choice: DeadLetterChoice, discarded_by: str, reason: str
) -> list[dict[str, Any]]:
    """Mark the chosen letters as discarded; returns them as they stand then."""
    chosen = [int(letter["record_id"]) for letter in letters(connection, choice)]
    now = utc_now()
    with transaction(connection):
        connection.execute(
            "insert into ops.discards (entity, source, text_hash, reasons, record_id, "
            "discarded_at, discarded_by, reason) "
            "select entity, source, text_hash, reasons, record_id, ?, ?, ? "
            "from ops.dead_letters where record_id in (select unnest(?::bigint[]))",
            [now, written_out(discarded_by), written_out(reason), chosen],
        )
        note_request(connection, "discard", now)
    return dead_letters_by_id(connection, chosen)


def _sources_of(
    connection: duckdb.DuckDBPyConnection, condition: str, parameters: list[Any]
) -> list[str]:
    found = connection.execute(
        f"select distinct source from ops.dead_letters where {condition}", parameters
    ).fetchall()
    return [source for (source,) in found]


def _fetch(
    connection: duckdb.DuckDBPyConnection, condition: str, parameters: list[Any]
) -> list[dict[str, Any]]:
    return rows(
        connection,
        f"select {', '.join(_COLUMNS)} from ops.dead_letters where {condition} order by record_id",
        parameters,
    )

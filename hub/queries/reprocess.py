"""Reprocessing: requests that keys be decided again, and tells what that changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from hub.queries.rows import Row, rows
from loader.config.project import Project
from loader.errors import WrongUse
from loader.landing.names import written_out
from loader.warehouse.run_log import utc_now

_SAMPLES = 10
# the temporary table of what a reprocessing may forget
_ASIDE = "decided_of_removed_sources"
# instead of an outcome, of a record whose source is registered no more
REMOVED = "removed"


@dataclass(frozen=True)
class ReprocessChoice:
    """Which keys of an entity: those of records that fit everything given.

    since, until: when such a record landed (UTC); since counts, until does not.
    Without any of them: all keys that the present rules may decide otherwise, which are those of
    records decided under an older rule set or too late, or all if the order of records has changed.
    """

    entity: str
    source: str | None = None
    key: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def check_choice(
    connection: duckdb.DuckDBPyConnection, project: Project, choice: ReprocessChoice
) -> None:
    """Raise WrongUse for a source that never fed the entity. One that is registered no more may be
    chosen: its rows are what reprocessing takes out."""
    known = _sources_of(project, choice.entity)
    known += [
        name
        for (name,) in connection.execute(
            "select distinct source from ops.rule_sets where entity = ? order by source",
            [choice.entity],
        ).fetchall()
        if name not in known
    ]
    if choice.source is not None and choice.source not in known:
        raise WrongUse(
            f"source '{choice.source}'",
            f"there is none of {choice.entity}",
            f"Known are {', '.join(known)}.",
        )


def request_reprocess(connection: duckdb.DuckDBPyConnection, choice: ReprocessChoice) -> int:
    """Ask that the chosen keys be decided again; returns the number of the request. The next build
    carries it out."""
    ((number,),) = connection.execute(
        "insert into ops.reprocess_requests "
        "(request_id, entity, source, record_key, since, until, requested_at) "
        "select coalesce(max(request_id), 0) + 1, ?, ?, ?, "
        "?::timestamp, ?::timestamp, ?::timestamp from ops.reprocess_requests returning request_id",
        [
            choice.entity,
            choice.source,
            None if choice.key is None else written_out(choice.key),
            choice.since,
            choice.until,
            utc_now(),
        ],
    ).fetchall()
    return int(number)


def remember_removed(connection: duckdb.DuckDBPyConnection, project: Project, entity: str) -> None:
    """Keep aside, for `changed_sides`, what was decided of records whose source is registered no
    more: reprocessing forgets it. The connection has it until it is closed."""
    connection.execute(
        f"""
        create or replace temporary table {_ASIDE} as
        select record_id, source, file, row_number, record_key, outcome
        from ops.record_outcomes
        where entity = ?
            and not list_contains(?::varchar[], source)
        """,
        [entity, _sources_of(project, entity)],
    )


def changed_sides(
    connection: duckdb.DuckDBPyConnection, entity: str, run_id: str
) -> list[dict[str, Any]]:
    """What a run that decided records again has changed: per outcome before and after, how many
    records, by which rules they are or were rejected, and the first ten.

    Records whose outcome stayed are counted last, without samples (before = after). after is
    "removed" for those that are decided no more, as their source is registered no more.
    """
    pairs = connection.execute(
        f"""
        select before.outcome, decided.outcome, count(*), min(decided.record_id, {_SAMPLES})
        {_decided_again(entity)}
        group by before.outcome, decided.outcome
        order by count(*) desc, before.outcome, decided.outcome
        """,
        [run_id, run_id],
    ).fetchall()
    changes = [
        {
            "before": before,
            "after": after,
            "total": total,
            "by_rule": _by_rule(connection, entity, run_id, before, after),
            "samples": _samples(connection, entity, first),
        }
        for before, after, total, first in pairs
        if before != after
    ]
    stayed = [
        {"before": before, "after": after, "total": total, "by_rule": {}, "samples": []}
        for before, after, total, _ in pairs
        if before == after
    ]
    return [*changes, *_removed(connection, entity), *stayed]


def _sources_of(project: Project, entity: str) -> list[str]:
    return [name for name, source in project.sources.items() if source.entity == entity]


def _decided_again(entity: str) -> str:
    """After `from`: the decisions of a run on records that had been decided, and those before."""
    return f"""
        from ops.{entity}_decisions as decided
        inner join ops.{entity}_decisions as before
            on before.record_id = decided.record_id
            and before.attempt = decided.attempt - 1
        where decided.run_id = ?
            and decided.decided_at >= (select started_at from ops.runs where run_id = ?)
            and decided.attempt > 1
    """


def _by_rule(
    connection: duckdb.DuckDBPyConnection, entity: str, run_id: str, before: str, after: str
) -> dict[str, int]:
    """By reason, how many records are rejected now, or were before."""
    if "rejected" not in (before, after):
        return {}
    side = "decided" if after == "rejected" else "before"
    counted = connection.execute(
        f"""
        select reason, count(*)
        from (
            select unnest({side}.reasons) as reason
            {_decided_again(entity)}
                and before.outcome = ?
                and decided.outcome = ?
        )
        group by reason
        order by count(*) desc, reason
        """,
        [run_id, run_id, before, after],
    ).fetchall()
    return dict(counted)


def _samples(
    connection: duckdb.DuckDBPyConnection, entity: str, record_ids: list[int]
) -> list[dict[str, Any]]:
    """The last decision on some records, in a sentence."""
    # their numbers stand in the query: of other records no more is read than a few blocks
    found = rows(
        connection,
        "select record_id, file, row_number, record_key, explanation from ops.record_explanations "
        f"where entity = ? and record_id in ({', '.join(map(str, record_ids))}) "
        "qualify row_number() over (partition by record_id order by attempt desc) = 1 "
        "order by record_id",
        [entity],
    )
    return [_sample(row, row["explanation"]) for row in found]


def _removed(connection: duckdb.DuckDBPyConnection, entity: str) -> list[dict[str, Any]]:
    """What was kept aside and is decided no more, by what it was."""
    try:
        gone = rows(
            connection,
            f"""
            select outcome, count(*) as total, min(record_id, {_SAMPLES}) as first
            from {_ASIDE}
            where record_id not in (select record_id from ops.{entity}_decisions)
            group by outcome
            order by total desc, outcome
            """,
        )
    except duckdb.CatalogException:  # a connection opened anew after a fault has no such table
        return []
    return [
        {
            "before": part["outcome"],
            "after": REMOVED,
            "total": part["total"],
            "by_rule": {},
            "samples": [
                _sample(row, f"its source, {row['source']}, is registered no more")
                for row in rows(
                    connection,
                    f"select * from {_ASIDE} where list_contains(?::bigint[], record_id) "
                    "order by record_id",
                    [part["first"]],
                )
            ],
        }
        for part in gone
    ]


def _sample(row: Row, explanation: str | None) -> dict[str, Any]:
    return {
        "place": f"{row['file']}:{row['row_number']}",
        "record_id": row["record_id"],
        "key": row["record_key"],
        "explanation": explanation,
    }

"""Judges the rules that a run can break and mend, on an open warehouse."""

import logging
from collections.abc import Iterable
from datetime import UTC, timedelta

import duckdb

from hub.alerts.conditions import Condition, Observation, chosen, condition, duration
from hub.alerts.rules import (
    AnyRule,
    CircuitOpen,
    LagOver,
    LettersGrowing,
    QualityUnder,
    RunFailed,
)
from hub.queries.receipt import recount_dead_letters
from hub.queries.rows import Row
from loader.config.project import Project
from loader.warehouse.run_log import BUILDS, first_run_id, moment_of, utc_now

log = logging.getLogger(__name__)

_ACCEPTED_OR_REJECTED = ("applied", "superseded", "outdated", "rejected")


def observe(
    connection: duckdb.DuckDBPyConnection, project: Project, rules: dict[str, AnyRule]
) -> Observation:
    """Judge the rules on an open warehouse or snapshot, which is only read."""
    found: list[Condition] = []
    unjudged: list[str] = []
    for name, rule in rules.items():
        try:
            found += _judged(connection, project, name, rule)
        except duckdb.Error as error:
            # an entity that is broken keeps nobody from the alert that the run has failed
            log.error("the alert %s was not judged: %s", name, type(error).__name__)
            log.debug("%s", error)
            unjudged.append(name)
    ((as_of,),) = connection.execute("select max(run_id) from ops.runs").fetchall()
    landed = connection.execute(
        "select source, max(landed_at) from raw.loads where status = 'landed' group by source"
    ).fetchall()
    return Observation(
        as_of or "",
        tuple(found),
        tuple(unjudged),
        {source: moment.replace(tzinfo=UTC) for source, moment in landed},
    )


def _judged(
    connection: duckdb.DuckDBPyConnection, project: Project, name: str, rule: AnyRule
) -> list[Condition]:
    match rule:
        case QualityUnder():
            return list(_quality(connection, project, name, rule))
        case LagOver():
            return list(_lag(connection, project, name, rule))
        case CircuitOpen():
            return list(_circuits(connection, project, name, rule))
        case LettersGrowing():
            return list(_letters(connection, project, name, rule))
        case RunFailed():
            return list(_failed_runs(connection, name, rule))
    return []


def _quality(
    connection: duckdb.DuckDBPyConnection, project: Project, name: str, rule: QualityUnder
) -> Iterable[Condition]:
    newest = connection.execute(
        "select source, max(run_id) from ops.run_counts "
        "where source is not null and list_contains(?::varchar[], measure) group by source",
        [_ACCEPTED_OR_REJECTED],
    ).fetchall()
    bounds = [
        (source, _first_that_counts(project, source, last, rule), last)
        for source, last in newest
        if source in chosen(rule, project)
    ]
    if not bounds:
        return
    # one query for all, and not of the view: planning it for each takes longer than all the rest
    for source, accepted, rejected in connection.execute(
        """
        select
            counts.source,
            coalesce(sum(counts.amount) filter (where counts.measure <> 'rejected'), 0)::bigint,
            coalesce(sum(counts.amount) filter (where counts.measure = 'rejected'), 0)::bigint
        from ops.run_counts as counts
        inner join (
            select
                unnest($sources::varchar[]) as source,
                unnest($firsts::varchar[]) as first_run,
                unnest($lasts::varchar[]) as last_run
        ) as bounds
            on bounds.source = counts.source
            and counts.run_id between bounds.first_run and bounds.last_run
        where list_contains($measures::varchar[], counts.measure)
            and counts.run_id >= $least
        group by counts.source
        order by counts.source
        """,
        {
            "sources": [source for source, _, _ in bounds],
            "firsts": [first for _, first, _ in bounds],
            "lasts": [last for _, _, last in bounds],
            "measures": _ACCEPTED_OR_REJECTED,
            # with a bound, of a long history no more is read than a few blocks
            "least": min(first for _, first, _ in bounds),
        },
    ).fetchall():
        quality = accepted / (accepted + rejected)
        if quality < rule.threshold:
            yield condition(
                name,
                rule,
                quality,
                f"{quality:.2%} of the latest records of {source} were accepted "
                f"({rejected:,} rejected), at least {rule.threshold:.2%} should be",
                source=source,
            )


def _first_that_counts(project: Project, source: str, last: str, rule: QualityUnder) -> str:
    """The first run whose records count together with those of the last."""
    if not project.sources[source].kafka:
        return last
    return first_run_id(moment_of(last) - timedelta(seconds=rule.stream_seconds))


def _lag(
    connection: duckdb.DuckDBPyConnection, project: Project, name: str, rule: LagOver
) -> Iterable[Condition]:
    found = connection.execute(
        "select source, sum(log_end - next_offset)::bigint from ops.stream_offsets group by source"
    ).fetchall()
    lags = dict(found)
    for source in chosen(rule, project):
        if (lag := lags.get(source, 0)) > rule.threshold:
            yield condition(
                name,
                rule,
                lag,
                f"the stream of {source} is {lag:,} records behind, more than {rule.threshold:,}",
                source=source,
            )


def _circuits(
    connection: duckdb.DuckDBPyConnection, project: Project, name: str, rule: CircuitOpen
) -> Iterable[Condition]:
    failures = dict(
        connection.execute(
            """
            select failed.source, count(*)
            from ops.pull_outcomes as failed
            where failed.status = 'failed'
                and failed.run_id > coalesce((
                    select max(complete.run_id)
                    from ops.pull_outcomes as complete
                    where complete.source = failed.source and complete.status = 'complete'
                ), '')
            group by failed.source
            """
        ).fetchall()
    )
    # what a stream that was ended could not say any more, its next batch does
    opened = dict(
        connection.execute(
            """
            select source, max(happened_at)
            from ops.stream_events
            where event in ('circuit open', 'recovered')
            group by source
            having max_by(event, happened_at) = 'circuit open'
                and max(happened_at) > coalesce((
                    select max(built_at)
                    from ops.stream_batches as batches
                    where batches.source = stream_events.source
                ), '-infinity')
            """
        ).fetchall()
    )
    for source in chosen(rule, project):
        if source in opened:
            summary = f"the stream of {source} fails again and again: its circuit is open"
            yield condition(name, rule, 1, summary, source=source)
        elif (failed := failures.get(source, 0)) >= rule.threshold:
            summary = f"{failed:,} pulls of {source} failed in a row"
            yield condition(name, rule, failed, summary, source=source)


def _letters(
    connection: duckdb.DuckDBPyConnection, project: Project, name: str, rule: LettersGrowing
) -> Iterable[Condition]:
    before = first_run_id(utc_now() - timedelta(seconds=rule.within))
    runs = {
        entity: (newest, earlier)
        for entity, newest, earlier in connection.execute(
            "select entity, max(run_id), max(run_id) filter (where run_id < ?) "
            "from ops.run_counts where source is null group by entity",
            [before],
        ).fetchall()
    }
    counted = {
        (entity, run_id): amount
        for entity, run_id, amount in connection.execute(
            "select entity, run_id, amount from ops.run_counts "
            "where measure = 'dead letters open' and list_contains(?::varchar[], run_id)",
            [sorted({run_id for both in runs.values() for run_id in both if run_id})],
        ).fetchall()
    }
    states: dict[str, Row] = {
        entity: {
            "dead_letters_open": counted.get((entity, newest), 0),
            "dead_letters_of_another_contract": 0,
        }
        for entity, (newest, _) in runs.items()
    }
    recount_dead_letters(connection, states)
    for entity in project.entities:
        if entity not in runs or (rule.entities is not None and entity not in rule.entities):
            continue
        now_open = states[entity]["dead_letters_open"]
        more = now_open - counted.get((entity, runs[entity][1]), 0)
        if more > rule.threshold:
            yield condition(
                name,
                rule,
                more,
                f"{entity} has {now_open:,} dead letters open, {more:,} more than "
                f"{duration(rule.within)} before",
                entity=entity,
            )


def _failed_runs(
    connection: duckdb.DuckDBPyConnection, name: str, rule: RunFailed
) -> Iterable[Condition]:
    failed, newest, command = connection.execute(
        f"""
        select count(*), max(run_id), max_by(command, run_id)
        from ops.runs
        where status = 'failed'
            and ({BUILDS} or command = 'land')
            and run_id > coalesce((
                select max(run_id) from ops.runs where status = 'succeeded' and {BUILDS}
            ), '')
        """
    ).fetchall()[0]
    if failed >= rule.threshold:
        times = "once" if failed == 1 else f"{failed:,} times"
        yield condition(
            name,
            rule,
            failed,
            f"`hub {command}` failed, {times} since the last build that succeeded: run {newest}",
        )

"""The receipt of a run: what came in, what became of it, and how things stand after it."""

from collections import defaultdict
from datetime import datetime
from typing import Any

import duckdb

from hub.queries.streams import stream_report
from loader.config.project import Project
from loader.errors import WrongUse
from loader.warehouse.run_log import BUILDS, Run

OUTCOMES = ("applied", "superseded", "outdated", "late", "rejected", "duplicate")
_ACCEPTED = ("applied", "superseded", "outdated")

Counts = dict[str, int]


def receipt(
    connection: duckdb.DuckDBPyConnection, project: Project, run: Run, *, is_now: bool = False
) -> dict[str, Any]:
    """The receipt of a run as plain data: what `hub report --json` prints.

    Counts are those of the run; what an entity holds is its state at the run's end.
    is_now: the run is the latest: of its dead letters tell those that are open now, as some may
    have been discarded since they were counted.
    """
    counted = _counts(connection, run.run_id)
    sources: dict[str, dict[str, Any]] = {}
    for name, source in project.sources.items():
        counts = counted[source.entity, name]
        sources[name] = {
            "entity": source.entity,
            "records": _total(counts, OUTCOMES),
            **{outcome: counts[outcome] for outcome in OUTCOMES},
            "stale": counts["stale"],
            "quality": _quality(counts),
        }
    entities = {
        entity: _entity_receipt(connection, project, run, entity, counted)
        for entity in project.entities
    }
    if is_now:
        _recount_dead_letters(connection, entities)
    records = sum(source["records"] for source in sources.values())
    skipped = {project.stages.named(word) for word in run.skip}
    return {
        "run_id": run.run_id,
        "command": run.command,
        "status": run.status,
        "started_at": _text(run.started_at),
        "ended_at": _text(run.ended_at),
        "duration_ms": run.duration_ms,
        "now": _text(run.run_clock),
        "files": _files(connection, run.run_id),
        "sources": sources,
        "outcomes": {
            outcome: sum(source[outcome] for source in sources.values()) for outcome in OUTCOMES
        },
        "stages": {
            stage: "off" if stage in skipped else "ran" if records else "no input"
            for stage in project.stages.reported_as
        },
        "quality": {name: source["quality"] for name, source in sources.items()},
        "rollout": _rollout(counted),
        "streams": stream_report(connection, run),
        "warnings": _warnings(connection, project, run, sources, entities),
        "errors": run.errors,
        "entities": entities,
    }


def entity_receipt(whole: dict[str, Any], entity: str) -> dict[str, Any]:
    """The part of a receipt that concerns one entity. Raises WrongUse for an unknown one."""
    if entity not in whole["entities"]:
        raise WrongUse(
            f"entity '{entity}'", "there is none", f"Known are {', '.join(whole['entities'])}."
        )
    shared = ("run_id", "status", "started_at", "ended_at", "now", "files", "stages", "warnings")
    return {
        **{key: whole[key] for key in shared},
        "entity": entity,
        "sources": {
            name: source for name, source in whole["sources"].items() if source["entity"] == entity
        },
        **whole["entities"][entity],
    }


def _counts(
    connection: duckdb.DuckDBPyConnection, run_id: str
) -> defaultdict[tuple[str, str | None], Counts]:
    """Amounts by measure, for each entity and source; the source None is the entity's state."""
    counted: defaultdict[tuple[str, str | None], Counts] = defaultdict(lambda: defaultdict(int))
    for entity, source, measure, amount in connection.execute(
        "select entity, source, measure, amount from ops.run_counts where run_id = ?", [run_id]
    ).fetchall():
        counted[entity, source][measure] = amount
    return counted


def _entity_receipt(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    run: Run,
    entity: str,
    counted: defaultdict[tuple[str, str | None], Counts],
) -> dict[str, Any]:
    names = [name for name, source in project.sources.items() if source.entity == entity]
    counts: Counts = defaultdict(int)
    for name in names:
        for measure, amount in counted[entity, name].items():
            counts[measure] += amount
    state = counted[entity, None] or _earlier_state(connection, run.run_id, entity)
    records = _total(counts, OUTCOMES)
    hits = counts["duplicate"]
    lineage = _with_prefix(state, "lineage ")
    reconciliation = _with_prefix(state, "reconciliation ")
    skipped = {project.stages.named(word) for word in run.skip}
    reconciles = len(names) > 1
    return {
        "outcomes": {outcome: counts[outcome] for outcome in OUTCOMES},
        "quality": _quality(counts),
        "input_records": records,
        "staged": _total(counts, _ACCEPTED),
        "loaded": counts["applied"] + counts["superseded"],
        "rejected": counts["rejected"],
        "dead_letters": state["dead letters open"],
        "dead_letters_of_another_contract": state["dead letters of another contract"],
        "lineage_entries": sum(lineage.values()),
        "lineage": lineage,
        "watermark": _watermark(connection, run.run_id, names),
        "target_rows": state["target_rows"],
        "duration_ms": run.duration_ms,
        "errors": run.errors,
        "records_in": records,
        "records_out": records - hits - counts["rejected"],
        "stages_run": [
            reported_as
            for stage, reported_as in project.stages.reported_as.items()
            if records and stage not in skipped and (stage != "reconcile" or reconciles)
        ],
        "cache": {
            "hits": hits,
            "misses": records - hits,
            "hit_rate": round(hits / records, 4) if records else 0.0,
        },
        "validation_errors": counts["rejected"],
        "stale_records": counts["stale"],
        "ties": counts["tie"],
        "unvalidated": counts["unvalidated"],
        "reconciliation": {
            status: reconciliation.get(status, 0)
            for status in ("matched", "mismatched", "single_source")
        },
        "reconciliation_skipped": _why_not_reconciled(names, "reconcile" in skipped),
        "null_keys": counts["null_key"],
    }


def _recount_dead_letters(
    connection: duckdb.DuckDBPyConnection, entities: dict[str, dict[str, Any]]
) -> None:
    """Put the dead letters that are open now in place of those counted at the end of a build.

    Between two builds nothing but a discard changes them: without one since, all are as counted.
    """
    ((was_discarded,),) = connection.execute(
        f"""
        select count(*) > 0 from ops.discards
        where discarded_at >= (
            select max(started_at) from ops.runs where {BUILDS} and had_work is not false
        )
        """
    ).fetchall()
    if not was_discarded:
        return
    opened = dict(
        connection.execute(
            "select entity, count(*) from ops.dead_letters where status = 'open' group by entity"
        ).fetchall()
    )
    for entity, part in entities.items():
        part["dead_letters"] = opened.get(entity, 0)
        part["dead_letters_of_another_contract"] = min(
            part["dead_letters_of_another_contract"], part["dead_letters"]
        )


def _why_not_reconciled(names: list[str], off: bool) -> str | None:
    if off:
        return "the stage is off"
    if len(names) < 2:
        return f"fewer than two sources: {', '.join(names) or 'none'}"
    return None


def _earlier_state(connection: duckdb.DuckDBPyConnection, run_id: str, entity: str) -> Counts:
    """What the entity held at the end of a run that did not build it: what it had held before."""
    state: Counts = defaultdict(int)
    rows = connection.execute(
        """
        select measure, amount
        from ops.run_counts
        where entity = $entity
            and source is null
            and run_id = (
                select max(run_id)
                from ops.run_counts
                where entity = $entity and source is null and run_id <= $run_id
            )
        """,
        {"entity": entity, "run_id": run_id},
    ).fetchall()
    state.update(dict(rows))
    return state


def _watermark(connection: duckdb.DuckDBPyConnection, run_id: str, names: list[str]) -> str | None:
    """The least of the sources' watermarks at the run's end."""
    rows = connection.execute(
        "select min(stored) from (select source, max_by(stored, entry) as stored "
        "from ops.watermark_log where run_id <= ? group by source) "
        "where list_contains(?::varchar[], source)",
        [run_id, names],
    ).fetchall()
    return str(rows[0][0]) if rows[0][0] else None


def _files(connection: duckdb.DuckDBPyConnection, run_id: str) -> Counts:
    rows = connection.execute(
        "select status, count(*) from raw.loads where run_id = ? group by status", [run_id]
    ).fetchall()
    return {"landed": 0, "held": 0, "quarantined": 0, **dict(rows)}


def _rollout(
    counted: dict[tuple[str, str | None], Counts],
) -> dict[str, dict[str, Counts]]:
    """Per stage that covers a share of the keys: outcomes of the covered and of the others."""
    compared: dict[str, dict[str, Counts]] = {}
    for counts in counted.values():
        for measure, amount in _with_prefix(counts, "rollout ").items():
            stage, group, outcome = measure.split()
            outcomes = compared.setdefault(stage, {"covered": {}, "control": {}})[group]
            outcomes[outcome] = outcomes.get(outcome, 0) + amount
    return compared


def _warnings(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    run: Run,
    sources: dict[str, dict[str, Any]],
    entities: dict[str, dict[str, Any]],
) -> list[str]:
    least = float(project.vars.get("min_quality", 0.99))
    warnings = list(run.warnings)
    for name, source in sources.items():
        if source["records"] and source["rejected"] == source["records"]:
            warnings.append(f"{name}: every record was rejected: see ops.dead_letters")
        elif (share := _accepted_share(source)) is not None and share < least:
            warnings.append(
                f"{name}: quality {share:.2%} is under {least:.0%}: see ops.dead_letters"
            )
    warnings += [
        f"{entity}: {part['dead_letters_of_another_contract']} open letters were decided under "
        f"another contract: `hub redrive --entity {entity}` decides them again"
        for entity, part in entities.items()
        if part["dead_letters_of_another_contract"]
    ]
    warnings += [
        f"{source}: watermark {action} (found {found!r}, now {stored})"
        for source, action, found, stored in connection.execute(
            "select source, action, found, stored from ops.watermark_log "
            "where run_id = ? and action <> 'kept' order by source",
            [run.run_id],
        ).fetchall()
    ]
    return warnings + _drift_warnings(connection, run)


def _drift_warnings(connection: duckdb.DuckDBPyConnection, run: Run) -> list[str]:
    """What is new of the fields of the loads that the run took up, whichever run landed them."""
    first, last = connection.execute(
        "select min(load_id), max(load_id) from ops.completed_loads "
        "where run_id = ? and part = 'target'",
        [run.run_id],
    ).fetchall()[0]
    if first is None:
        return []
    # with numbers for bounds, of the past no more is read than a few blocks
    drifts = connection.execute(
        f"""
        select distinct drift.file, drift.field, drift.drift
        from ops.schema_drift as drift
        inner join ops.completed_loads as finished
            on finished.load_id = drift.load_id
        where finished.run_id = ?
            and finished.part = 'target'
            and drift.load_id between {first} and {last}
        order by all
        limit 20
        """,
        [run.run_id],
    ).fetchall()
    return [
        f"{file}: field '{field}' is {drift}: see ops.schema_drift" for file, field, drift in drifts
    ]


def _quality(counts: Counts) -> float | None:
    """The accepted share to four places."""
    share = _accepted_share(counts)
    return None if share is None else round(share, 4)


def _accepted_share(counts: Counts) -> float | None:
    """Accepted / (accepted + rejected), None where there was neither."""
    accepted = _total(counts, _ACCEPTED)
    judged = accepted + counts["rejected"]
    return accepted / judged if judged else None


def _total(counts: Counts, measures: tuple[str, ...]) -> int:
    return sum(counts[measure] for measure in measures)


def _with_prefix(counts: Counts, prefix: str) -> Counts:
    return {
        measure.removeprefix(prefix): amount
        for measure, amount in counts.items()
        if measure.startswith(prefix)
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None

"""The receipt of a run: what came in, what became of it, and how things stand after it.

All figures come from the views in ops; here they are put together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from hub.queries.rows import Row, rows
from hub.queries.streams import stream_report
from loader.config.project import Project
from loader.errors import WrongUse
from loader.warehouse.run_log import BUILDS, Run

# as columns of ops.run_report, in the order in which they are shown
OUTCOMES = ("applied", "superseded", "outdated", "late", "rejected", "duplicate")
_LINEAGE_STEPS = (
    *("stage", "load", "delete", "guard", "reject", "late", "duplicate", "redrive", "reprocess"),
)
_RECONCILIATION = ("matched", "mismatched", "single_source")
_KEY_CHANGES = ("new_keys", "changed_keys", "unchanged_keys", "deleted_keys")
# the warnings about what an entity holds, by kind, and the figure that they tell: they stand until
# a run builds it again
_OF_STATES = {
    "contract": "dead_letters_of_another_contract",
    "rules": "rows_under_older_rules",
    "removed source": "rows_of_removed_sources",
}
# a broken file of many fields would say the same of each
_MOST_DRIFTS = 20


def receipt(
    connection: duckdb.DuckDBPyConnection, project: Project, run: Run, *, is_now: bool = False
) -> dict[str, Any]:
    """The receipt of a run as plain data: what `hub report --json` prints.

    Counts are those of the run; what an entity holds is its state at the run's end.
    is_now: the run is the latest: of its dead letters tell those that are open now, as some may
    have been discarded since they were counted.
    """
    views = _Views.read(connection, run)
    sources = {
        name: _source(source.entity, views.of_sources.get(name, {}))
        for name, source in project.sources.items()
    }
    if is_now:
        recount_dead_letters(connection, views.states)
    entities = {entity: _entity(run, entity, views) for entity in project.entities}
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
        "stages": _stages(views.stages),
        "quality": {name: source["quality"] for name, source in sources.items()},
        "rollout": _rollout(connection, run.run_id),
        "streams": stream_report(connection, run),
        "warnings": [*run.warnings, *_warnings(connection, project, run, views.states)],
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


@dataclass(frozen=True)
class _Views:
    """What the views say of a run.

    of_sources:  ops.run_report, by source.     of_entities: ops.run_entities, by entity.
    states:      ops.entity_states, by entity: of the latest run up to this one that built it.
    stages:      ops.run_stages, in the order of the stages.
    changes:     ops.run_changes, by entity.
    """

    of_sources: dict[str, Row]
    of_entities: dict[str, Row]
    states: dict[str, Row]
    stages: list[Row]
    changes: dict[str, Row]

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection, run: Run) -> "_Views":
        def of_run(view: str) -> list[Row]:
            return rows(connection, f"select * from ops.{view} where run_id = ?", [run.run_id])

        return cls(
            {row["source"]: row for row in of_run("run_report")},
            {row["entity"]: row for row in of_run("run_entities")},
            _states(connection, run.run_id),
            sorted(of_run("run_stages"), key=lambda row: int(row["stage_number"])),
            {row["entity"]: row for row in of_run("run_changes")},
        )


def _states(connection: duckdb.DuckDBPyConnection, run_id: str) -> dict[str, Row]:
    """What each entity held at the end of a run: what the last run that built it left."""
    latest = dict(
        connection.execute(
            "select entity, max(run_id) from ops.run_counts "
            "where source is null and run_id <= ? group by entity",
            [run_id],
        ).fetchall()
    )
    # one by one: then the states of a long history are not counted up
    found = [
        row
        for each in sorted(set(latest.values()))
        for row in rows(connection, "select * from ops.entity_states where run_id = ?", [each])
    ]
    return {row["entity"]: row for row in found if latest[row["entity"]] == row["run_id"]}


def _source(entity: str, counts: Row) -> dict[str, Any]:
    return {
        "entity": entity,
        "records": counts.get("records", 0),
        **{outcome: counts.get(outcome, 0) for outcome in OUTCOMES},
        "deleted": counts.get("deleted", 0),
        "stale": counts.get("stale", 0),
        "quality": _rounded(counts.get("quality")),
    }


def _entity(run: Run, entity: str, views: _Views) -> dict[str, Any]:
    counts = views.of_entities.get(entity, {})
    state = views.states.get(entity, {})
    stages = [row for row in views.stages if row["entity"] == entity]
    records, hits = counts.get("records", 0), counts.get("duplicate", 0)
    rejected = counts.get("rejected", 0)
    lineage = {step: state.get(f"lineage_{step}", 0) for step in _LINEAGE_STEPS}
    return {
        "outcomes": {outcome: counts.get(outcome, 0) for outcome in OUTCOMES},
        "quality": _rounded(counts.get("quality")),
        "input_records": records,
        "staged": counts.get("accepted", 0),
        # what a full delivery implies did not land, and is no outcome of a record
        "loaded": sum(counts.get(key, 0) for key in ("applied", "superseded", "implied_deletions")),
        "deleted": counts.get("deleted", 0),
        "rejected": rejected,
        "dead_letters": state.get("dead_letters_open", 0),
        "dead_letters_of_another_contract": state.get("dead_letters_of_another_contract", 0),
        "rows_under_older_rules": state.get("rows_under_older_rules", 0),
        "rows_of_removed_sources": state.get("rows_of_removed_sources", 0),
        "lineage_entries": state.get("lineage_entries", 0),
        "lineage": {step: amount for step, amount in lineage.items() if amount},
        "watermark": state.get("watermark"),
        "target_rows": state.get("target_rows", 0),
        "changes": _change_of_keys(views.changes.get(entity)),
        "duration_ms": run.duration_ms,
        "errors": run.errors,
        "records_in": records,
        "records_out": records - hits - rejected,
        "stages_run": [row["reported_as"] for row in stages if row["status"] == "ran"],
        "cache": {
            "hits": hits,
            "misses": records - hits,
            "hit_rate": round(hits / records, 4) if records else 0.0,
        },
        "validation_errors": rejected,
        "stale_records": counts.get("stale", 0),
        "ties": counts.get("ties", 0),
        "ambiguous_times": counts.get("ambiguous_times", 0),
        "unvalidated": counts.get("unvalidated", 0),
        "reconciliation": _reconciliation(state),
        "reconciliation_skipped": next(
            (row["reason"] for row in stages if row["stage"] == "reconcile"),
            "fewer than two sources: none",
        ),
        "null_keys": counts.get("null_keys", 0),
    }


def _change_of_keys(found: Row | None) -> dict[str, Any] | None:
    """How many keys a run changed, and which event times; None where there was nothing before."""
    if found is None:
        return None
    return {
        **{change: found[change] for change in _KEY_CHANGES},
        "first_event": _text(found["first_event"]),
        "last_event": _text(found["last_event"]),
    }


def _reconciliation(state: Row) -> dict[str, int]:
    """The keys by status; stale_source only where there is such a key."""
    counts = {status: state.get(status, 0) for status in _RECONCILIATION}
    stale = state.get("stale_source", 0)
    return {**counts, **({"stale_source": stale} if stale else {})}


def _stages(of_entities: list[Row]) -> dict[str, str]:
    """Per stage: off, ran where it did so for an entity, or no input."""
    found: dict[str, set[str]] = {}
    for row in of_entities:
        found.setdefault(row["stage"], set()).add(row["status"])
    return {
        stage: next((status for status in ("off", "ran") if status in statuses), "no input")
        for stage, statuses in found.items()
    }


def recount_dead_letters(connection: duckdb.DuckDBPyConnection, states: dict[str, Row]) -> None:
    """Replace the dead letters counted at the end of a build by those that are open now.

    states: per entity, a row of ops.entity_states of its latest build.

    Between two builds nothing but a discard changes them: without one since, all are as counted. A
    build that did not come to its end may have counted nothing.
    """
    ((may_differ,),) = connection.execute(
        f"""
        select
            max_by(status, run_id) is distinct from 'succeeded'
            or coalesce((select max(discarded_at) from ops.discards) >= max(started_at), false)
        from ops.runs
        where {BUILDS} and had_work is not false
        """
    ).fetchall()
    if not may_differ:
        return
    opened = dict(
        connection.execute(
            "select entity, count(*) from ops.dead_letters where status = 'open' group by entity"
        ).fetchall()
    )
    for entity, state in states.items():
        state["dead_letters_open"] = opened.get(entity, 0)
        state["dead_letters_of_another_contract"] = min(
            state["dead_letters_of_another_contract"], state["dead_letters_open"]
        )


def _files(connection: duckdb.DuckDBPyConnection, run_id: str) -> dict[str, int]:
    found = connection.execute(
        "select status, count(*) from raw.loads where run_id = ? and status <> 'known' "
        "group by status",
        [run_id],
    ).fetchall()
    return {"landed": 0, "held": 0, "quarantined": 0, **dict(found)}


def _rollout(
    connection: duckdb.DuckDBPyConnection, run_id: str
) -> dict[str, dict[str, dict[str, int]]]:
    """Per stage that covers a share of the keys: outcomes of the covered and of the others."""
    compared: dict[str, dict[str, dict[str, int]]] = {}
    for stage, group, outcome, records in connection.execute(
        "select stage, compared_group, outcome, sum(records)::bigint from ops.run_rollout "
        "where run_id = ? group by stage, compared_group, outcome",
        [run_id],
    ).fetchall():
        compared.setdefault(stage, {"covered": {}, "control": {}})[group][outcome] = records
    return compared


def _warnings(
    connection: duckdb.DuckDBPyConnection, project: Project, run: Run, states: dict[str, Row]
) -> list[str]:
    """What the run, and the state of the entities that it did not build, ask to look at."""
    found = rows(
        connection,
        "select * from ops.run_warnings "
        f"where run_id = ? and kind not in ('drift', {_listed(_OF_STATES)})",
        [run.run_id],
    )
    for state in states.values():
        kinds = [kind for kind, figure in _OF_STATES.items() if state[figure]]
        if kinds:
            found += rows(
                connection,
                "select * from ops.run_warnings "
                f"where run_id = ? and kind in ({_listed(kinds)}) and entity = ?",
                [state["run_id"], state["entity"]],
            )
    places = {name: place for place, name in enumerate([*project.entities, *project.sources])}
    found.sort(
        key=lambda row: (
            row["kind_number"],
            places.get(row["source"] or row["entity"], len(places)),
        )
    )
    return [row["warning"] for row in found] + _drift_warnings(connection, run)


def _listed(kinds: Iterable[str]) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds)


def _drift_warnings(connection: duckdb.DuckDBPyConnection, run: Run) -> list[str]:
    """What is new of the fields of the loads that the run took up."""
    first, last = connection.execute(
        "select min(load_id), max(load_id) from ops.completed_loads "
        "where run_id = ? and part = 'target'",
        [run.run_id],
    ).fetchall()[0]
    if first is None:
        return []
    # with bounds, of the drift of a long history no more is read than a few blocks
    return [
        str(warning)
        for (warning,) in connection.execute(
            "select warning from ops.run_warnings "
            "where run_id = ? and kind = 'drift' and load_id between ? and ? "
            "order by warning limit ?",
            [run.run_id, first, last, _MOST_DRIFTS],
        ).fetchall()
    ]


def _rounded(quality: float | None) -> float | None:
    return None if quality is None else round(quality, 4)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None

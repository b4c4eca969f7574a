"""Compares the contract as it is written now with the decisions that are stored."""

from collections import Counter
from typing import Any

import duckdb

from loader.config.project import Project
from loader.config.sources import Source

_SAMPLES = 10


def landed_sources(
    connection: duckdb.DuckDBPyConnection, project: Project, entity: str
) -> list[Source]:
    """The registered sources of an entity that have a table in raw: a new one has none yet."""
    tables = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'raw'"
    ).fetchall()
    return [
        source
        for source in project.sources.values()
        if source.entity == entity and (source.name,) in tables
    ]


def compare(
    connection: duckdb.DuckDBPyConnection, entity: str, version: str, check_sql: str
) -> dict[str, Any]:
    """Which stored decisions the working contract would turn round.

    version, check_sql: the working contract's version, and SQL that checks every landed record
    against it (columns record_id, reasons, explanation).

    Returns newly_rejected and newly_accepted, each with total, by_rule (records by reason; a
    record may have several) and up to ten samples; is_breaking, whether accepted records would
    be rejected; needs_major, whether that lacks a new major version.
    """
    turned = connection.execute(
        f"""
        select
            stored.outcome = 'rejected' as is_accepted_now,
            stored.file,
            stored.row_number,
            stored.record_id,
            case when stored.outcome = 'rejected' then stored.reasons else checked.reasons end,
            case when stored.outcome = 'rejected' then stored.explanation
                else checked.explanation end
        from ops.record_outcomes as stored
        inner join ({check_sql}) as checked
            on checked.record_id = stored.record_id
        where stored.entity = ?
            and (stored.outcome = 'rejected') <> (checked.reasons is not null)
            and stored.outcome <> 'duplicate'
        order by stored.record_id
        """,
        [entity],
    ).fetchall()
    versions = [
        text
        for (text,) in connection.execute(
            "select distinct contract_version from ops.rule_sets "
            f"where rule_set in (select rule_set from ops.{entity}_decisions) order by 1"
        ).fetchall()
    ]
    rejected = [row for row in turned if not row[0]]
    stored_majors = {text.split(".")[0] for text in versions}
    return {
        "entity": entity,
        "contract_version": version,
        "stored_versions": versions,
        "newly_rejected": _summary(rejected),
        "newly_accepted": _summary([row for row in turned if row[0]]),
        "is_breaking": bool(rejected),
        "needs_major": bool(rejected) and version.split(".")[0] in stored_majors,
    }


def _summary(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    by_rule = Counter(reason for row in rows for reason in row[4])
    return {
        "total": len(rows),
        "by_rule": dict(by_rule.most_common()),
        "samples": [
            {"place": f"{row[1]}:{row[2]}", "record_id": row[3], "explanation": row[5]}
            for row in rows[:_SAMPLES]
        ],
    }

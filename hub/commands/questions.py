"""What is asked of records and runs: `hub why`, `hub report`."""

from typing import Any

from hub.forgetting.key import Key, salted_digest
from hub.queries.explain import Question, answer
from hub.queries.raw_text import raw_text_for
from hub.queries.receipt import receipt
from hub.queries.target import Target, read_target
from hub.scaffold.contract import sensitive_entities
from loader.config.project import Project
from loader.warehouse.run_log import find_run, runs


def why(
    project: Project, question: Question, *, raw: bool = False, target: Target = "duckdb"
) -> dict[str, Any]:
    """Everything that is known of the records that a question is about.

    raw:    whether raw text is shown also where the entity has sensitive columns.
    target: where they were built.
    """
    raw_text = raw_text_for(project, sensitive_entities(project.root), shows_all=raw)
    with read_target(project, target) as reading:
        connection = reading.connection
        found = answer(connection, project, question, raw_text)
        if question.key and not found["records"] and raw_text.within(connection).sensitive:
            # whoever knows the key asks for it as its source says it
            stored = Question(key=salted_digest(connection, Key(question.key)))
            found = answer(connection, project, stored, raw_text) | {"asked": found["asked"]}
        return reading.dated(found)


def report(
    project: Project, run_id: str | None = None, target: Target = "duckdb"
) -> dict[str, Any]:
    """The receipt of a run; by default that of the latest, with dead letters as they stand now."""
    with read_target(project, target) as reading:
        latest = find_run(reading.connection, run_id)
        found = receipt(reading.connection, project, latest, is_now=run_id is None)
        return reading.dated(found)


def report_build(
    project: Project, run_id: str | None = None, target: Target = "duckdb"
) -> dict[str, Any]:
    """The receipt of a run; by default that of the latest which had something to do."""
    with read_target(project, target) as reading:
        latest = find_run(reading.connection, run_id, had_work=True)
        return reading.dated(receipt(reading.connection, project, latest))


def history(project: Project, limit: int, target: Target = "duckdb") -> list[dict[str, Any]]:
    """The latest `limit` runs, latest first."""
    with read_target(project, target) as reading:
        return [
            {
                "run_id": entry.run_id,
                "command": entry.command,
                "status": entry.status,
                "started_at": entry.started_at.isoformat(timespec="milliseconds"),
                "duration_ms": entry.duration_ms,
                "errors": entry.errors,
            }
            for entry in runs(reading.connection, limit=limit)
        ]

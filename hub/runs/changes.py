"""Tells what a build would change since the last run, without starting dbt."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import duckdb

from loader.config.project import Project
from loader.warehouse.ledger import unfinished_loads
from loader.warehouse.run_log import BUILDS

_FOLDERS = ("models", "macros", "seeds", "snapshots", "tests")
_ENDINGS = (".sql", ".yml", ".yaml", ".csv", ".md")
_PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb")
# Files of so many bytes in all are few records beside those of a history.
_SMALL_BATCH = 16 << 20


@dataclass(frozen=True)
class BuildState:
    """All that a build's result depends on besides new files, as digests.

    project:  the project's files, the vars, the versions, and which relations there are: the
              columns of tables, and what views select; and of which entities a key was forgotten.
    entities: per entity the size of its tables, so that a row removed by hand is noticed, and the
              stored watermarks.
    """

    project: str
    entities: dict[str, str]

    def text(self) -> str:
        """As it is kept in the log of runs."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str | None) -> "BuildState | None":
        """The build_state in the log of runs; None where a run left none that can be read."""
        try:
            return cls(**json.loads(text or ""))
        except (ValueError, TypeError):
            return None


@dataclass(frozen=True)
class Work:
    """What a build would change.

    entities: those with something new.   views: whether there may be others than the project's.
    is_small: whether little is new, so that the lower memory cap is enough, whatever the history.
    is_ordinary: whether it is an increment as others of this project: no view, no reprocessing.
    follows_failure: whether the build before failed; that may have been for want of memory.
    """

    entities: tuple[str, ...]
    views: bool
    is_small: bool
    is_ordinary: bool
    follows_failure: bool = False


def build_state(
    connection: duckdb.DuckDBPyConnection, project: Project, skip: list[str]
) -> BuildState:
    """The build_state of the project and the warehouse as they are now."""
    relations: dict[str, str] = dict(
        connection.execute(
            "select schema_name || '.' || table_name, md5(sql) from duckdb_tables() "
            # after a build, what it kept in memory is still there; nothing of the hub is in main
            "where database_name = current_database() and schema_name <> 'main' "
            "union all select schema_name || '.' || view_name, md5(sql) from duckdb_views() "
            "where not internal and database_name = current_database() "
            "and schema_name <> 'main' order by 1"
        ).fetchall()
    )
    digest = hashlib.sha256()
    for path in _project_files(project.root):
        digest.update(str(path.relative_to(project.root)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    versions = [version(name) for name in _PACKAGES]
    digest.update(json.dumps([versions, skip, relations]).encode())
    # once a key was forgotten, builds of its entity look for it
    if forgotten := connection.execute("select entity from raw.forgotten").fetchall():
        digest.update(json.dumps(sorted({entity for (entity,) in forgotten})).encode())
    return BuildState(
        digest.hexdigest(),
        {
            entity: _entity_state(connection, project, entity, relations)
            for entity in project.entities
        },
    )


def work_of(connection: duckdb.DuckDBPyConnection, project: Project, current: BuildState) -> Work:
    """What a build would change: everything, unless the last run succeeded, tests included, with
    the project as it is; then the entities that are not as it left them, or have a load, a redrive
    or a reprocessing that is not finished."""
    last = connection.execute(
        f"select build_state from ops.runs where {BUILDS} and status <> 'running' "
        "order by run_id desc limit 1"
    ).fetchone()
    before = BuildState.parse(last[0]) if last else None
    if before is None or before.project != current.project:
        has_failed = last is not None and last[0] is None
        return replace(everything(project), follows_failure=has_failed)
    changed = {
        entity for entity, state in current.entities.items() if before.entities.get(entity) != state
    }
    unfinished = unfinished_loads(connection)
    changed |= {entity for entity, _, _ in unfinished}
    changed |= _requested(connection, "ops.redrive_requests")
    reprocessed = _requested(connection, "ops.reprocess_requests")
    changed |= reprocessed
    return Work(
        tuple(entity for entity in project.entities if entity in changed),
        views=False,
        # nobody knows yet how many records a request stands for
        is_small=not reprocessed and sum(size for _, _, size in unfinished) <= _SMALL_BATCH,
        is_ordinary=not reprocessed,
    )


def _requested(connection: duckdb.DuckDBPyConnection, requests: str) -> set[str]:
    """The entities with a request that is not carried out yet."""
    found = connection.execute(
        f"select distinct entity from {requests} where completed_at is null"
    ).fetchall()
    return {entity for (entity,) in found}


def everything(project: Project) -> Work:
    """The work of a build that takes nothing for granted."""
    return Work(project.entities, views=True, is_small=False, is_ordinary=False)


def _project_files(root: Path) -> list[Path]:
    files = [root / "dbt_project.yml", root / "profiles.yml"]
    for folder in _FOLDERS:
        files += [path for path in (root / folder).rglob("*") if path.suffix in _ENDINGS]
    return sorted(files)


def _entity_state(
    connection: duckdb.DuckDBPyConnection, project: Project, entity: str, relations: Iterable[str]
) -> str:
    names = [source.name for source in project.sources.values() if source.entity == entity]
    own = {
        *(f"raw.{name}" for name in names),
        f"ops.{entity}_decisions",
        f"intermediate.int_{entity}__ended",
    }
    # its rows are those of the target and of the states that ended
    history = f"marts.{entity}_history"
    state: list[object] = [
        (relation, *connection.execute(f"select count(*) from {relation}").fetchall())
        for relation in relations
        if relation in own or (relation.startswith(f"marts.{entity}") and relation != history)
    ]
    state += connection.execute(
        "select source, status, count(*), sum(rows) from raw.loads "
        "where list_contains(?::varchar[], source) and status <> 'known' "
        "group by all order by all",
        [names],
    ).fetchall()
    state += connection.execute(
        "select source, max_by(stored, entry) from ops.watermark_log "
        "where list_contains(?::varchar[], source) group by source order by source",
        [names],
    ).fetchall()
    return hashlib.sha256(json.dumps(state, default=str).encode()).hexdigest()

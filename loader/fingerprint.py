"""Tells whether anything changed since the last run, without starting dbt."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import duckdb

from loader.project import Project

_FOLDERS = ("models", "macros", "seeds", "snapshots", "tests")
_ENDINGS = (".sql", ".yml", ".yaml", ".csv", ".md")
_PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb")


def fingerprint(connection: duckdb.DuckDBPyConnection, project: Project, skip: list[str]) -> str:
    """A digest of all that a build's result depends on besides new files.

    That is the project's files, the vars, the versions, and the state of the tables, so that a
    row removed by hand is noticed.
    """
    digest = hashlib.sha256()
    for path in _project_files(project.root):
        digest.update(str(path.relative_to(project.root)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    digest.update(json.dumps([version(name) for name in _PACKAGES]).encode())
    digest.update(json.dumps(skip).encode())
    digest.update(json.dumps(_state(connection), default=str).encode())
    return digest.hexdigest()


def nothing_new(connection: duckdb.DuckDBPyConnection, current: str) -> bool:
    """Whether the last run over everything succeeded and all is as it left it.

    current: the fingerprint now. A load or redrive not finished yet is something new.
    """
    last = connection.execute(
        "select fingerprint from ops.runs where command in ('run', 'build', 'redrive') "
        "and status <> 'running' order by run_id desc limit 1"
    ).fetchone()
    if last is None or last[0] != current:
        return False
    requests = connection.execute(
        "select count(*) from ops.redrive_requests where finished_at is null"
    ).fetchall()
    return requests[0][0] == 0 and not unfinished_files(connection)


def unfinished_files(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The files that landed from registered sources and are not in every projection yet."""
    rows = connection.execute(
        """
        select loads.file
        from raw.loads
        inner join raw.sources
            on sources.source = loads.source
        left join ops.loads_finished as finished
            on finished.entity = sources.entity
            and finished.part = 'target'
            and finished.load_id = loads.load_id
        where loads.status = 'landed'
            and loads.rows > 0
            and finished.load_id is null
        order by loads.load_id
        """
    ).fetchall()
    return [file for (file,) in rows]


def _project_files(root: Path) -> list[Path]:
    files = [root / "dbt_project.yml", root / "profiles.yml"]
    for folder in _FOLDERS:
        files += [path for path in (root / folder).rglob("*") if path.suffix in _ENDINGS]
    return sorted(files)


def _state(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """The size of every table of records, and the stored watermarks."""
    tables = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() "
        "where schema_name in ('raw', 'marts') or table_name like '%_decisions' order by 1"
    ).fetchall()
    state: list[tuple[object, ...]] = [
        (table, *connection.execute(f"select count(*) from {table}").fetchall())
        for (table,) in tables
    ]
    state += connection.execute(
        "select status, count(*), sum(rows) from raw.loads group by status order by status"
    ).fetchall()
    state += connection.execute(
        "select source, max_by(stored, entry) from ops.watermark_log group by source order by source"
    ).fetchall()
    return state

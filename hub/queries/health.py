"""Examines the warehouse: does everything add up, and what should somebody look at?

The checks on what the warehouse holds are the view ops.health_checks. Here are those that need
more: files, locks, the disk, versions.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import duckdb

from hub.queries.whole_entities import ask
from loader.config.project import Project
from loader.config.sources import Source
from loader.landing.digest import digest_of
from loader.landing.names import name_of, name_of_folder
from loader.landing.walk import walk
from loader.warehouse.latest import Reading
from loader.warehouse.ledger import is_in_ledger
from loader.warehouse.run_log import killed_runs

# dbt writes a table anew before it drops the old one, so a build may need this much more
_ROOM_FACTOR = 2
_LEAST_ROOM = 1 << 30
_VERSIONS = {"duckdb": "2.0", "dbt-core": "1.11", "dbt-duckdb": "1.11"}


@dataclass(frozen=True)
class Finding:
    """The result of one examination. remedy is empty where all is well."""

    check: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    remedy: str = ""


Examination = Callable[[duckdb.DuckDBPyConnection, Project], Finding]


def examine(reading: Reading, project: Project) -> list[Finding]:
    """All findings, in a fixed order. Changes nothing."""
    connection = reading.connection
    files: list[Examination] = [_files, _turned_away]
    others: list[Examination] = [_pulls, _forgotten, _receipts, _disk, _format, _versions]
    return [
        *_as_of(reading),
        _project(project),
        *(examination(connection, project) for examination in files),
        *_of_what_it_holds(connection, project),
        *(examination(connection, project) for examination in others),
    ]


def examine_lakehouse(connection: duckdb.DuckDBPyConnection, project: Project) -> list[Finding]:
    """The findings on a lakehouse, which has no file, no locks and no receipts beside it. Changes
    nothing."""
    return [
        _project(project),
        _files(connection, project),
        _turned_away(connection, project),
        *_of_what_it_holds(connection, project),
        _forgotten(connection, project),
        _versions(connection, project),
    ]


def examine_contents(connection: duckdb.DuckDBPyConnection, project: Project) -> list[Finding]:
    """The findings that need neither the landing folder nor the machine. Changes nothing."""
    return [_project(project), *_of_what_it_holds(connection, project)]


def _of_what_it_holds(connection: duckdb.DuckDBPyConnection, project: Project) -> list[Finding]:
    checks, broken = ask(connection, project, checks_in_the_warehouse)
    return [_entities(project, broken), *checks]


def _as_of(reading: Reading) -> list[Finding]:
    if reading.as_of is None:
        return []
    return [
        Finding(
            "warehouse",
            "ok",
            f"in use; examined as of run {reading.as_of.run_id}, published in published/",
        )
    ]


def checks_in_the_warehouse(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    """The findings of ops.health_checks: those that need nothing but the warehouse."""
    found = connection.execute(
        "select check_name, status, detail, remedy from ops.health_checks order by check_number"
    ).fetchall()
    return [Finding(*row) for row in found]


def _entities(project: Project, broken: dict[str, str]) -> Finding:
    """Entities whose tables cannot be read: the other checks leave them out."""
    if broken:
        return Finding(
            "entities",
            "fail",
            f"{len(broken)} left out of the other checks: "
            + _some([f"{entity} ({error})" for entity, error in broken.items()]),
            "`hub run` says what is missing; `dbt build --select tag:ENTITY --full-refresh` "
            "decides all landed rows of one anew.",
        )
    return Finding("entities", "ok", f"all {len(project.entities)} can be read")


def _project(project: Project) -> Finding:
    """The files of the project: is every registered entity and source complete and readable?"""
    if project.problems:
        return Finding(
            "project",
            "fail",
            "; ".join(f"{problem.where}: {problem.what}" for problem in project.problems),
            f"{project.problems[0].remedy} Until then nothing is landed or built.",
        )
    return Finding("project", "ok", "every entity and source that is registered is complete")


def _files(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    """Files in the landing folder against the ledger."""
    in_ledger = set(connection.execute("select source, sha256 from raw.loads").fetchall())
    present, new, unreadable = 0, [], []
    for name, source in project.sources.items():
        folder = project.landing / name
        found = walk(folder)
        unreadable += [
            f"{name_of_folder(name, path, folder)} ({reason})" for path, reason in found.unreadable
        ]
        for path in found.entries:
            if path.is_symlink() or not path.is_file():
                continue
            present += 1
            shown_as = name_of(name, path, folder)
            try:
                sha256 = _digest(path, source)
            except OSError as error:
                unreadable.append(f"{shown_as} ({error.strerror})")
                continue
            is_known = (name, sha256) in in_ledger
            if is_known and source.delivery == "full":  # an earlier state may come again
                is_known = is_in_ledger(connection, source, shown_as, sha256)
            if not is_known:
                new.append(shown_as)
    if unreadable:
        return Finding(
            "files",
            "warn",
            f"{len(unreadable)} cannot be read: {_some(unreadable)}",
            "Let the hub's user read them.",
        )
    if new:
        return Finding(
            "files", "warn", f"{len(new)} not landed yet: {_some(new)}", "`hub run` lands them."
        )
    return Finding("files", "ok", f"all {present} files present are in the ledger")


def _turned_away(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    """Files that were held or quarantined, as long as they lie in the landing folder like that."""
    rows = connection.execute(
        "select source, file, sha256, concat(file, ' (', reason, ')'), exists ("
        "select 1 from raw.loads as later where later.source = loads.source "
        "and later.file = loads.file and later.load_id > loads.load_id) "
        "from raw.loads as loads where status in ('held', 'quarantined') order by file"
    ).fetchall()
    texts = [
        text
        for source, file, sha256, text, was_followed in rows
        if _is_there(project, source, file, sha256)
        or (_is_in_bucket(project, source) and not was_followed)
    ]
    if texts:
        return Finding(
            "quarantine",
            "warn",
            f"{len(texts)} files were not taken in: {_some(texts)}",
            "Fix the file or the source's format settings; the next run tries again.",
        )
    return Finding("quarantine", "ok", "no file that is there was turned away")


def _is_in_bucket(project: Project, source: str) -> bool:
    """Whether a file of the source may lie in a bucket, where it is not looked for."""
    registered = project.sources.get(source)
    return registered is not None and registered.path is not None


def _is_there(project: Project, source: str, file: str, sha256: str) -> bool:
    """Whether a file with this content lies where the ledger says."""
    folder = project.landing / source
    registered = project.sources.get(source)
    found = walk(folder)
    try:
        # the ledger writes names out that are no text
        for path in found.entries:
            if registered and name_of(source, path, folder) == file and path.is_file():
                return _digest(path, registered) == sha256
    except FileNotFoundError:
        return False
    except OSError:
        return True  # nobody can tell
    return bool(found.unreadable)


def _digest(path: Path, source: Source) -> str:
    with path.open("rb") as file:
        return digest_of(file, path.name, source.format.declared())


def _pulls(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    """Pulls that count as going on. Whether one does, its lock knows, and SQL does not."""
    pulling = {
        run_id
        for (run_id,) in connection.execute(
            "select run_id from ops.runs where status = 'pulling'"
        ).fetchall()
    }
    killed = [
        run_id for run_id in killed_runs(connection, database=project.database) if run_id in pulling
    ]
    if killed:
        return Finding(
            "pulls", "warn", f"killed in the middle: {_some(killed)}", "`hub pull` continues them."
        )
    return Finding("pulls", "ok", f"{len(pulling)} going on" if pulling else "none is left open")


def _forgotten(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    """Keys that somebody began to forget."""
    ((pending, total),) = connection.execute(
        "select count(*) filter (where forgotten_at is null), count(*) from raw.forgotten"
    ).fetchall()
    if pending:
        return Finding(
            "forgotten",
            "warn",
            f"{pending} of {total} keys may still be found",
            "Run the same `hub forget` again: it was killed, or named what is left to do.",
        )
    return Finding("forgotten", "ok", f"{total} keys, none of them to be found")


def _receipts(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    """The file that the latest run leaves beside the warehouse when all is built."""
    last = connection.execute(
        "select run_id from ops.runs where command in ('run', 'redrive', 'reprocess', 'forget') "
        "and status = 'succeeded' "
        "and had_work and run_id = (select max(run_id) from ops.run_counts)"
    ).fetchone()
    if last and not (project.receipts / f"{last[0]}.json").exists():
        return Finding(
            "receipts",
            "warn",
            f"the latest run, {last[0]}, has none: it was killed when all was built",
            f"Nothing else is missing: `hub report --run {last[0]} --json` has what it would say.",
        )
    return Finding("receipts", "ok", "the latest run has its own")


def _disk(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    free = shutil.disk_usage(project.database.parent).free
    size = project.database.stat().st_size
    detail = f"{free / 1e9:.1f} GB free, the warehouse has {size / 1e9:.2f} GB"
    if free < _LEAST_ROOM or free < size * _ROOM_FACTOR:
        return Finding("disk", "warn", detail, "Make room, or move the warehouse (--database).")
    return Finding("disk", "ok", detail)


def _format(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    tags = connection.execute(
        "select tags from duckdb_databases() where not internal and path is not null"
    ).fetchall()
    return Finding("file format", "ok", f"DuckDB storage {tags[0][0].get('storage_version', '?')}")


def _versions(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    found = {name: version(name) for name in _VERSIONS}
    wrong = [
        f"{name} {found[name]} instead of {wanted}.x"
        for name, wanted in _VERSIONS.items()
        if not found[name].startswith(f"{wanted}.")
    ]
    if wrong:
        return Finding("versions", "fail", ", ".join(wrong), "`make setup` installs the lock.")
    return Finding("versions", "ok", ", ".join(f"{name} {found[name]}" for name in found))


def _some(items: list[str]) -> str:
    """The first items as text, and how many more there are."""
    shown = ", ".join(items[:5])
    return f"{shown} and {len(items) - 5} more" if len(items) > 5 else shown

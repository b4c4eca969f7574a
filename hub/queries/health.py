"""Examines the warehouse: does everything add up, and what should somebody look at?"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

import duckdb

from loader.config.project import Project
from loader.landing.file import digest_of
from loader.landing.names import written_out
from loader.warehouse.ledger import unfinished_loads
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


def examine(connection: duckdb.DuckDBPyConnection, project: Project) -> list[Finding]:
    """All findings, in a fixed order. Changes nothing."""
    examinations: list[Callable[[duckdb.DuckDBPyConnection, Project], Finding]] = [
        _files,
        _turned_away,
        _raw_rows,
        _decisions,
        _unfinished,
        _runs,
        _watermarks,
        _drift,
        _letters,
        _streams,
        _disk,
        _format,
        _versions,
    ]
    return [examination(connection, project) for examination in examinations]


def _files(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    """Files in the landing folder against the ledger."""
    known = set(connection.execute("select source, sha256 from raw.loads").fetchall())
    present, new, unreadable = 0, [], []
    for name in project.sources:
        folder = project.landing / name
        try:
            paths = sorted(folder.iterdir()) if folder.is_dir() else []
        except OSError as error:
            unreadable.append(f"{name}/ ({error.strerror})")
            continue
        for path in paths:
            try:
                if path.name.startswith(".") or path.is_symlink() or not path.is_file():
                    continue
                present += 1
                with path.open("rb") as file:
                    if (name, digest_of(file)) not in known:
                        new.append(f"{name}/{written_out(path.name)}")
            except OSError as error:
                unreadable.append(f"{name}/{written_out(path.name)} ({error.strerror})")
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
        "select source, file, sha256, concat(file, ' (', reason, ')') "
        "from raw.loads where status <> 'landed' order by file"
    ).fetchall()
    texts = [
        text for source, file, sha256, text in rows if _is_there(project, source, file, sha256)
    ]
    if texts:
        return Finding(
            "quarantine",
            "warn",
            f"{len(texts)} files were not taken in: {_some(texts)}",
            "Fix the file or the source's format settings; the next run tries again.",
        )
    return Finding("quarantine", "ok", "no file that is there was turned away")


def _is_there(project: Project, source: str, file: str, sha256: str) -> bool:
    """Whether a file with these bytes lies where the ledger says."""
    try:
        # the ledger writes names out that are no text
        for path in (project.landing / source).iterdir():
            if f"{source}/{written_out(path.name)}" == file and path.is_file():
                with path.open("rb") as opened:
                    return digest_of(opened) == sha256
    except FileNotFoundError:
        return False
    except OSError:
        return True  # nobody can tell
    return False


def _raw_rows(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    broken = []
    total = 0
    for name in project.sources:
        rows = connection.execute(
            f"""
            select coalesce(loads.load_id, held.load_id), coalesce(loads.rows, 0),
                coalesce(held.rows, 0)
            from (select load_id, rows from raw.loads where source = ?) as loads
            full outer join (
                select load_id, count(*) as rows from raw.{name} group by load_id
            ) as held
                on held.load_id = loads.load_id
            """,
            [name],
        ).fetchall()
        total += sum(row[2] for row in rows)
        broken += [
            f"load {load_id} of {name}: ledger {due:,}, raw {held:,}"
            for load_id, due, held in rows
            if due != held
        ]
    if broken:
        return Finding(
            "ledger = raw",
            "fail",
            _some(broken),
            "Somebody changed raw or the ledger: restore the warehouse from a copy, or land the "
            "files into a new one.",
        )
    return Finding("ledger = raw", "ok", f"{total:,} rows")


def _decisions(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    broken = connection.execute(
        """
        select concat('load ', loads.load_id, ' (', loads.file, '): ', loads.rows, ' rows, ',
            coalesce(decided.rows, 0), ' decided')
        from ops.completed_loads as finished
        inner join raw.loads
            on loads.load_id = finished.load_id
        left join (
            select load_id, count(*) as rows from ops.decisions where attempt = 1 group by load_id
        ) as decided
            on decided.load_id = loads.load_id
        where finished.part = 'target'
            and loads.rows <> coalesce(decided.rows, 0)
        """
    ).fetchall()
    if broken:
        return Finding(
            "raw = decisions",
            "fail",
            _some([text for (text,) in broken]),
            "`dbt build --full-refresh` decides all landed rows anew.",
        )
    return Finding("raw = decisions", "ok", "every row of every finished load is decided")


def _unfinished(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    files = [file for _, file, _ in unfinished_loads(connection)]
    if files:
        return Finding(
            "loads", "warn", f"{len(files)} landed but not built: {_some(files)}", "`hub run`"
        )
    return Finding("loads", "ok", "all loads are finished")


def _runs(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    orphans = killed_runs(connection)
    if orphans:
        return Finding(
            "runs",
            "warn",
            f"killed in the middle: {_some(orphans)}",
            "`hub run` completes what they began, `hub pull` a pull.",
        )
    last = connection.execute(
        "select run_id, status, command, had_work from ops.runs where status <> 'pulling' "
        "order by run_id desc limit 1"
    ).fetchone()
    if last and last[1] == "failed":
        return Finding(
            "runs", "fail", f"the last one, {last[0]}, failed", f"`hub report --run {last[0]}`"
        )
    if (
        last
        and last[1:3] in (("succeeded", "run"), ("succeeded", "redrive"))
        and last[3]
        and not (project.receipts / f"{last[0]}.json").exists()
    ):
        return Finding(
            "runs",
            "warn",
            f"the last one, {last[0]}, has no receipt: it was killed when all was built",
            f"Nothing else is missing: `hub report --run {last[0]} --json` has what it would say.",
        )
    return Finding("runs", "ok", "none is left open")


def _watermarks(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    rows = connection.execute(
        "select concat(source, ': stored ', coalesce(stored, 'NULL'), ', recomputed ', recomputed) "
        "from ops.watermarks where action <> 'kept' order by 1"
    ).fetchall()
    if rows:
        return Finding(
            "watermarks",
            "warn",
            _some([text for (text,) in rows]),
            "Nothing is lost: `hub run` ignores what is stored and recomputes it.",
        )
    return Finding("watermarks", "ok", "stored and recomputed agree")


def _drift(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    rows = connection.execute(
        "select distinct concat(source, '.', field, ' ', drift) from ops.schema_drift order by 1"
    ).fetchall()
    if rows:
        return Finding(
            "drift",
            "warn",
            _some([text for (text,) in rows]),
            "Compare ops.schema_drift with the fields in the source's YAML.",
        )
    return Finding("drift", "ok", "all fields are as declared")


def _letters(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    opened = connection.execute(
        "select count(*) from ops.dead_letters where status = 'open'"
    ).fetchall()[0][0]
    before = connection.execute(
        """
        select coalesce(sum(amount), 0)
        from ops.run_counts
        where measure = 'dead letters open'
            and run_id = (
                select max(run_id) from ops.run_counts
                where run_id < (select max(run_id) from ops.run_counts)
            )
        """
    ).fetchall()[0][0]
    if opened > before:
        return Finding(
            "dead letters",
            "warn",
            f"{opened:,} open, {before:,} a run before",
            "See ops.dead_letters; fix contract or adapter, then `hub redrive`.",
        )
    return Finding("dead letters", "ok", f"{opened:,} open, not growing")


def _streams(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    """Streams whose last news is bad, or that lost records before they were read."""
    bad = connection.execute(
        """
        select concat(source, ': ', event, ' at ', date_trunc('second', happened_at))
        from (
            select *, row_number() over (partition by source order by happened_at desc) as place
            from ops.stream_events
        )
        where (place = 1 and event in ('broker away', 'failed', 'circuit open'))
            or event = 'offsets lost'
        order by happened_at desc
        """
    ).fetchall()
    lag, sources = connection.execute(
        "select coalesce(sum(log_end - next_offset), 0), count(distinct source) "
        "from ops.stream_offsets"
    ).fetchall()[0]
    if bad:
        return Finding(
            "streams",
            "warn",
            _some([text for (text,) in bad]),
            "See ops.stream_events, and docs/streams.md: Runbook.",
        )
    return Finding("streams", "ok", f"{sources} sources streamed so far, lag {lag:,}")


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

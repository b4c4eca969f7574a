"""Searches everything that the hub keeps for a key: the proof that it is forgotten."""

import filecmp
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from hub.forgetting.files import files_of
from hub.forgetting.key import Key
from hub.forgetting.scrub import REDACTED
from hub.forgetting.selection import MENTIONING, KeySql, raw_tables
from hub.runs.receipt_files import write_json
from loader import progress
from loader.config.project import Project
from loader.landing.walk import open_below
from loader.readers import UnreadableFile, format_of, read_records
from loader.readers.bytestream import byte_chunks
from loader.warehouse.replacement import log_of
from loader.warehouse.snapshots import newest_snapshot, published_folder

_TEXTS = ("VARCHAR", "VARCHAR[]")
# of files: what may stand on both sides of a piece
_OVERLAP = 1 << 16


@dataclass(frozen=True)
class Searched:
    """What was searched, and in how many of its values, records or files the key was found.

    place:   a table, a folder or a file.
    what:    how it was searched.
    matches: those by which the key is not forgotten.
    mentions: those that belong to records of other keys.
    """

    place: str
    what: str
    matches: int
    mentions: int = 0


def redact_files(project: Project, key: Key) -> None:
    """Take the key out of the receipts, and remove logs and files of dbt that name it: they are
    made anew."""
    for path in project.receipts.glob("*.json"):
        content = path.read_text(encoding="utf-8", errors="replace")
        if key.is_in(content):
            write_json(path, _redacted(json.loads(content), key))
    for path in _kept_by_dbt(project):
        if _is_in_file(key, path):
            path.unlink()
    for path in _exports(project):
        if _is_in_export(key, path) and path.parent.name not in project.vars.exports:
            path.unlink()


def search_files(project: Project, key: Key, mentions: frozenset[str]) -> Iterator[Searched]:
    """Search all files beside the warehouse, and the landing folder.

    mentions: the texts of records of other keys that name the key.
    """
    yield _landed(project, key, mentions)
    has_mentions = bool(mentions)
    yield _among(key, "receipts/", "all text", project.receipts.glob("*"), has_mentions)
    exports = list(_exports(project))
    found = sum(_is_in_export(key, path) for path in exports)
    yield _searched("exports/", "all rows", found, has_mentions)
    yield _among(key, "logs/, target/", "all text", _kept_by_dbt(project), has_mentions)
    beside = [
        path
        for path in project.database.resolve().parent.glob(f"*{project.database.name}*")
        if path.is_file() and path.suffix != ".duckdb"
    ]
    yield _among(key, "files beside the database", "all bytes", beside, has_mentions)


def search_warehouse(
    connection: duckdb.DuckDBPyConnection, sql: KeySql, key: Key
) -> Iterator[Searched]:
    """Search each text in each table of the open warehouse. What belongs to MENTIONING, of this
    connection, is a mention."""
    for table, columns, has_id, has_hash, is_raw in _tables(connection):
        progress.show(f"searching {table}")
        named = [
            f"coalesce(regexp_matches({_text(name, kind)}, $pattern), false)"
            for name, kind in columns
        ]
        mention = "false"
        if is_raw:
            mention = f"load_id * {sql.rows_per_load} + row_number in ({_mentioning()})"
        elif has_id:
            mention = f"record_id in ({_mentioning()})"
        elif has_hash:
            mention = f"key_hash in ({_mentioned_keys(connection)})"
        ((matches, mentions),) = connection.execute(
            f"select count(*) filter (not ({mention})), count(*) filter ({mention}) "
            f"from {table} where {' or '.join(named)}",
            {"pattern": key.pattern},
        ).fetchall()
        yield Searched(table, "every text", matches, mentions)
    progress.clear()


def search_bytes(project: Project, key: Key) -> Iterator[Searched]:
    """Search the bytes of the database file and of what is published, which holds the same."""
    database = project.database.resolve()
    snapshot = newest_snapshot(database)
    others = [
        path
        for path in (published_folder(database).glob("*.duckdb*") if snapshot else ())
        if not path.is_symlink() and path != snapshot
    ]
    if snapshot:
        is_same = filecmp.cmp(database, snapshot, shallow=False)
        others += [] if is_same else [snapshot]
    yield Searched("published/", "whether it is the database, and nothing else", len(others))
    log = log_of(database)
    yield Searched(log.name, "whether there is none", int(log.exists()))
    if key.can_be_told_in_bytes and not _is_in_values(project, key):
        found = _is_in_file(key, database, as_word=False)
        yield Searched(database.name, "all bytes", int(found))


def _is_in_values(project: Project, key: Key) -> bool:
    """Whether a value that stays, or the database's own text, has the key as a part of it: then its
    bytes tell nothing."""
    with duckdb.connect(str(project.database), read_only=True) as connection:
        queries = [
            f"select 1 from {table} where "
            + " or ".join(f"contains({_text(name, kind)}, $key)" for name, kind in columns)
            for table, columns, *_ in _tables(connection)
        ]
        queries += [
            f"select 1 from {source}() where contains(concat_ws(' ', {texts}), $key)"
            for source, texts in (
                ("duckdb_tables", "sql, comment"),
                ("duckdb_views", "sql, comment"),
                ("duckdb_columns", "column_name, comment"),
            )
        ]
        return any(
            connection.execute(f"{query} limit 1", {"key": key.text}).fetchall()
            for query in queries
        )


def texts_that_mention(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The texts of the records of MENTIONING."""
    texts: set[str] = set()
    for table in raw_tables(connection):
        texts |= {
            text
            for (text,) in connection.execute(
                f'select record from raw."{table}" where (load_id, row_number) in '
                f"(select load_id, row_number from {MENTIONING} where source = ?)",
                [table],
            ).fetchall()
        }
    return frozenset(texts)


def _tables(
    connection: duckdb.DuckDBPyConnection,
) -> Iterator[tuple[str, list[tuple[str, str]], bool, bool, bool]]:
    """Each table with its columns of text, and whether it names records and keys."""
    landed = {f"raw.{name}" for name in raw_tables(connection)}
    found = connection.execute(
        "select schema_name, table_name, list((column_name, data_type) order by column_index) "
        "from duckdb_columns() where database_name = current_database() "
        "and (schema_name, table_name) in (select schema_name, table_name from duckdb_tables() "
        "where not temporary) group by all order by all"
    ).fetchall()
    for schema, table, columns in found:
        texts = [(name, kind) for name, kind in columns if kind in _TEXTS]
        names = {name for name, _ in columns}
        relation = f"{schema}.{table}"
        if texts:
            yield (
                f'{schema}."{table}"',
                texts,
                "record_id" in names,
                "key_hash" in names,
                relation in landed,
            )


def _text(name: str, kind: str) -> str:
    return f'"{name}"' if kind == "VARCHAR" else f"array_to_string(\"{name}\", ' ')"


def _mentioning() -> str:
    return f"select record_id from {MENTIONING}"


def _mentioned_keys(connection: duckdb.DuckDBPyConnection) -> str:
    decisions = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'ops' "
        "and database_name = current_database() and ends_with(table_name, '_decisions')"
    ).fetchall()
    return " union ".join(
        f"select key_hash from ops.{name} where record_id in ({_mentioning()})"
        for (name,) in decisions
    )


def _landed(project: Project, key: Key, mentions: frozenset[str]) -> Searched:
    """Records and names of files in the landing folder and in the archive; of what no source reads,
    all bytes."""
    matches = sum(_is_in_file(key, path) for path in _unread(project))
    mentioned = 0
    for source, folder, path in files_of(project, list(project.sources.values())):
        progress.show(f"searching {path}")
        matches += key.is_in(str(path.relative_to(folder)))
        with os.fdopen(open_below(folder, path), "rb") as file:
            try:
                fmt = format_of(path.name, **source.format.declared())
                for batch in read_records(file, fmt):
                    for text, problem in zip(batch.records, batch.problems, strict=True):
                        if problem == "invalid_utf8" and key.is_in_base64(text):
                            matches += 1
                        elif key.is_in(text):
                            mentioned += text in mentions
                            matches += text not in mentions
            except UnreadableFile:
                # nobody can say which of its records it is
                matches += _is_in_file(key, path)
    return Searched("landing/, archive/", "every record and file name", matches, mentioned)


def _unread(project: Project) -> Iterator[Path]:
    """Files in the landing folder and in the archive that are hidden, or belong to no source."""
    read = {path for _, _, path in files_of(project, list(project.sources.values()))}
    for folder in (project.landing, project.archive):
        if folder.is_dir():
            for path in sorted(folder.rglob("*")):
                if path.is_file() and not path.is_symlink() and path not in read:
                    yield path


def _among(key: Key, place: str, what: str, paths: Iterable[Path], has_mentions: bool) -> Searched:
    found = sum(_is_in_file(key, path) for path in paths if path.is_file())
    return _searched(place, what, found, has_mentions)


def _searched(place: str, what: str, found: int, has_mentions: bool) -> Searched:
    """Where records of other keys name it, nobody can tell whose text it is."""
    return Searched(place, what, 0 if has_mentions else found, found if has_mentions else 0)


def _is_in_file(key: Key, path: Path, *, as_word: bool = True) -> bool:
    is_in: Callable[[str], bool] = (
        key.is_in if as_word else lambda text: any(way in text for way in key.spelled)
    )
    held = ""
    with path.open("rb") as file:
        for chunk in byte_chunks(file, None):
            held += chunk.decode("utf-8", "replace")
            if is_in(held):
                return True
            held = held[-_OVERLAP:]
    return False


def _kept_by_dbt(project: Project) -> list[Path]:
    """What dbt writes that may quote a record: its other files are made of the project's."""
    target = project.root / "target"
    logs = [path for path in (project.root / "logs").glob("*") if path.is_file()]
    kept = [target / "run_results.json", target / "plan.json"]
    return [*logs, *filter(Path.exists, kept)]


def _exports(project: Project) -> Iterator[Path]:
    if project.exports.is_dir():
        yield from (path for path in sorted(project.exports.rglob("*")) if path.is_file())


def _is_in_export(key: Key, path: Path) -> bool:
    if path.suffix != ".parquet":
        return _is_in_file(key, path)
    with duckdb.connect() as connection:
        rows = connection.execute("select * from read_parquet(?)", [str(path)])
        while some := rows.fetchmany(10_000):
            if any(key.is_in(str(value)) for row in some for value in row):
                return True
    return False


def _redacted(value: Any, key: Key) -> Any:
    """The same JSON, with another text in place of each that names the key."""
    if isinstance(value, dict):
        return {
            REDACTED if key.is_in(name) else name: _redacted(each, key)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_redacted(each, key) for each in value]
    return REDACTED if isinstance(value, str) and key.is_in(value) else value

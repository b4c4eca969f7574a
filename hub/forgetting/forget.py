"""`hub forget`: removes a key from everything that the hub keeps, and proves it.

First the key's digest is noted, which blocks its return. Every step after that can be repeated: the
same command completes what a killed one has begun. Only a search that finds nothing ends it.
"""

from dataclasses import dataclass

import duckdb

from hub.forgetting.database import rewrite_database
from hub.forgetting.files import ChangedFile, forget_in_files
from hub.forgetting.key import Key, salted_digest
from hub.forgetting.scrub import discard_forgotten, scrub
from hub.forgetting.search import (
    Searched,
    redact_files,
    search_bytes,
    search_files,
    search_warehouse,
    texts_that_mention,
)
from hub.forgetting.selection import TO_FORGET, KeySql, Selection, choose
from hub.runs.receipt_files import write_json, write_receipt
from hub.runs.run import RunSpec, carry_out
from loader.config.project import Project
from loader.config.sources import Source
from loader.errors import HubError, WrongUse
from loader.landing.folder import Landing, land
from loader.landing.names import written_out
from loader.logs import stage
from loader.warehouse.alone import others_kept_away
from loader.warehouse.connection import open_warehouse, read_warehouse, require_warehouse
from loader.warehouse.run_log import utc_now
from loader.warehouse.snapshots import publish_alone, remove_snapshots
from loader.warehouse.transactions import transaction


@dataclass(frozen=True)
class Forgotten:
    """What was forgotten, or in a dry run, would be.

    key_digest: what is kept of the key; None where nothing was kept yet.
    run_id:     of the run that forgot it; None where there was none.
    searched:   where it was looked for afterwards; empty where nothing was removed.
    is_forgotten: whether nothing of it was found any more.
    notes:      what the hub cannot remove.
    """

    key_digest: str | None
    run_id: str | None
    selection: Selection
    files: tuple[ChangedFile, ...]
    searched: tuple[Searched, ...]
    is_forgotten: bool
    is_dry: bool
    notes: tuple[str, ...]


def forget(
    project: Project, asked: str, entity: str | None, *, dry: bool = False, block: bool = False
) -> Forgotten:
    """Forget a key of an entity, or of all that know it.

    dry:   only say what would be removed; afterwards nothing has changed.
    block: block a key, too, that was never seen.
    Raises HubError where the key was not seen, WrongUse where it cannot be one, InUse where the
    warehouse is in use.
    """
    project.require_sound()
    if entity is not None:
        project.require_entity(entity)
    require_warehouse(project)
    key = Key(written_out(asked))
    if not key.text.strip():
        raise WrongUse("KEY", "it is blank", "Name the key as `hub why` knows it.")
    forgetting = _Forgetting(project, key, KeySql(project), entity)
    if dry:
        return forgetting.would_remove(block=block)
    with others_kept_away(project):
        return forgetting.carry_out(block=block)


class _Forgetting:
    """The forgetting of one key."""

    def __init__(self, project: Project, key: Key, sql: KeySql, entity: str | None) -> None:
        self._project = project
        self._key = key
        self._sql = sql
        self._entity = entity
        self._selection = Selection((), (), 0, ())
        self._files: tuple[ChangedFile, ...] = ()
        self._notes: tuple[str, ...] = ()

    def would_remove(self, *, block: bool) -> Forgotten:
        with read_warehouse(self._project) as connection:
            self._selection = self._choose(connection)
            if not self._selection.entities and not block:
                raise self._not_seen()
            self._forget_files(connection, None, dry=True)
            digest = salted_digest(connection, self._key)
        return self._result(digest, None, (), is_dry=True)

    def carry_out(self, *, block: bool) -> Forgotten:
        with open_warehouse(self._project) as connection:
            self._selection = self._choose(connection)
            if not self._selection.entities:
                if not block:
                    raise self._not_seen()
                digest = self._block(connection, self._entities())
                self._note_forgotten(connection, digest)
                return self._result(digest, None, ())
        spec = RunSpec(
            "forget",
            list(self._project.vars.skip),
            clock=None,
            force=True,
            prepare=self._prepare,
        )
        made = carry_out(self._project, spec)
        write_receipt(self._project.receipts, made.receipt, self._project.vars.keep_receipts)
        if made.failed:
            raise HubError(
                f"run {made.receipt['run_id']}",
                "the build failed, so the key is not forgotten yet",
                "See `hub report`, then run the same command again.",
            )
        return self._prove(made.receipt["run_id"])

    def _prepare(self, connection: duckdb.DuckDBPyConnection, run_id: str) -> Landing:
        """Land what is new, and take the key out of the files and of the warehouse."""
        with stage("land"):
            landing = land(connection, self._project, (), run_id)
        with stage("forget"):
            self._selection = self._choose(connection)
            self._block(connection, [chosen.entity for chosen in self._selection.entities])
            self._forget_files(connection, run_id)
            scrub(
                connection,
                self._project,
                self._sql,
                self._key,
                self._selection.entities,
                run_id,
            )
        return landing

    def _prove(self, run_id: str) -> Forgotten:
        """Let nothing that was removed be left in free blocks and old files, and search all."""
        redact_files(self._project, self._key)
        rewrite_database(self._project)
        self._publish()
        with open_warehouse(self._project) as connection:
            digest = salted_digest(connection, self._key)
            # with what was landed meanwhile, by the same rules
            self._choose(connection)
            searched = list(search_warehouse(connection, self._sql, self._key))
            mentions = texts_that_mention(connection)
        searched += search_files(self._project, self._key, mentions)
        searched += search_bytes(self._project, self._key)
        if not any(found.matches for found in searched):
            with open_warehouse(self._project) as connection:
                self._note_forgotten(connection, digest)
            # what is published says so, too
            self._publish()
        result = self._result(digest, run_id, tuple(searched))
        write_json(self._project.receipts / f"forgotten-{run_id}.json", as_data(result))
        return result

    def _publish(self) -> None:
        if self._project.vars.publish:
            publish_alone(self._project.database)
        else:
            remove_snapshots(self._project.database)

    def _choose(self, connection: duckdb.DuckDBPyConnection) -> Selection:
        return choose(
            connection,
            self._project,
            self._sql,
            self._key,
            entity=self._entity,
            blocked=self._blocked(connection),
        )

    def _blocked(self, connection: duckdb.DuckDBPyConnection) -> set[str]:
        digest = salted_digest(connection, self._key)
        return {
            entity
            for (entity,) in connection.execute(
                "select entity from raw.forgotten where key_digest = ?", [digest]
            ).fetchall()
            if entity in self._entities()
        }

    def _block(self, connection: duckdb.DuckDBPyConnection, entities: list[str]) -> str:
        """Note the digest of the key, from now on not forgotten to the end; returns it."""
        with transaction(connection):
            digest = salted_digest(connection, self._key)
            for entity in entities:
                before = connection.execute(
                    "update raw.forgotten set forgotten_at = null "
                    "where entity = ? and key_digest = ?",
                    [entity, digest],
                ).fetchall()
                if not before[0][0]:
                    connection.execute(
                        "insert into raw.forgotten (entity, key_digest, requested_at) "
                        "values (?, ?, ?)",
                        [entity, digest, utc_now()],
                    )
                discard_forgotten(connection, self._sql, entity, self._sources(entity))
        return digest

    def _note_forgotten(self, connection: duckdb.DuckDBPyConnection, digest: str) -> None:
        connection.execute(
            "update raw.forgotten set forgotten_at = ? where key_digest = ?", [utc_now(), digest]
        )

    def _forget_files(
        self, connection: duckdb.DuckDBPyConnection, run_id: str | None, *, dry: bool = False
    ) -> None:
        sources = [
            self._project.sources[name]
            for chosen in self._selection.entities
            for name in self._sources(chosen.entity)
        ]
        self._files = tuple(forget_in_files(connection, self._project, sources, run_id, dry=dry))
        brought = connection.execute(f"select distinct source from {TO_FORGET}").fetchall()
        self._notes = (
            *_elsewhere([self._project.sources[name] for (name,) in brought]),
            "Backups that were made before still hold it.",
        )

    def _entities(self) -> list[str]:
        return [self._entity] if self._entity else [*self._project.entities]

    def _sources(self, entity: str) -> list[str]:
        return [name for name, source in self._project.sources.items() if source.entity == entity]

    def _not_seen(self) -> HubError:
        # the key itself is not repeated: errors are logged
        return HubError(
            f"key of {self._entity or 'any entity'}",
            "not seen",
            "Spell it as `hub why` knows it, or block it all the same with --block.",
        )

    def _result(
        self,
        digest: str | None,
        run_id: str | None,
        searched: tuple[Searched, ...],
        *,
        is_dry: bool = False,
    ) -> Forgotten:
        return Forgotten(
            digest,
            run_id,
            self._selection,
            self._files,
            searched,
            bool(searched) and not any(found.matches for found in searched),
            is_dry,
            self._notes,
        )


def _elsewhere(sources: list[Source]) -> list[str]:
    """What the hub cannot remove from where sources are read."""
    notes = []
    for source in sources:
        if source.path:
            notes.append(f"The bucket that {source.name} reads still holds it: remove it there.")
        if source.kafka:
            notes.append(f"The topic that {source.name} reads may still hold it.")
    return notes


def as_data(forgotten: Forgotten) -> dict[str, object]:
    """The result as JSON has it."""
    selection = forgotten.selection
    return {
        "key_digest": forgotten.key_digest,
        "run_id": forgotten.run_id,
        "dry_run": forgotten.is_dry,
        "is_forgotten": forgotten.is_forgotten,
        "entities": [vars(chosen) for chosen in selection.entities],
        "records_by_text": list(selection.places),
        "mentions": selection.mentions,
        "mentioned_in": list(selection.mentioning),
        "files": [{**vars(file), "file": str(file.file)} for file in forgotten.files],
        "searched": [vars(found) for found in forgotten.searched],
        "notes": list(forgotten.notes),
    }

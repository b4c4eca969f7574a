"""What may be shown of records of entities with sensitive columns: their raw text has the values,
which the tables made from it have as digests or *** only."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import duckdb

from hub.queries.rows import Row
from loader.config.project import Project
from loader.warehouse.run_log import Run

WITHHELD = "[withheld: its entity has sensitive columns]"
_ERROR_WITHHELD = "it failed [withheld: the message may quote sensitive values]"
# where a message came in is no secret; it may have a key, too
_OPEN_PARTS_OF_POSITION = ("topic", "partition", "offset", "timestamp")


@dataclass(frozen=True)
class RawText:
    """Which raw text somebody may see.

    sensitive: the entities with sensitive columns.   entities: that of each registered source.
    shows_all: whether they may see all of it.
    """

    sensitive: frozenset[str]
    entities: Mapping[str, str]
    shows_all: bool = False

    def within(self, connection: duckdb.DuckDBPyConnection) -> "RawText":
        """The same, with the entities that a warehouse was built with sensitive columns for: the
        contracts may have been changed since they were read."""
        try:
            stored = connection.execute(
                "select entity from ops.sensitive_columns where columns <> ''"
            ).fetchall()
        except duckdb.CatalogException:
            # published by a version that knew of none
            stored = []
        return replace(self, sensitive=self.sensitive.union(entity for (entity,) in stored))

    def is_sensitive(self, source: str) -> bool:
        """Whether the text of a source has sensitive values, or may have: of a source that is
        registered no more, nobody knows."""
        entity = self.entities.get(source)
        return bool(self.sensitive) and (entity is None or entity in self.sensitive)

    def withholds(self, source: str) -> bool:
        """Whether the text of a source is not shown."""
        return not self.shows_all and self.is_sensitive(source)

    def open_sources(self) -> list[str] | None:
        """The sources whose text is shown; None where that is all."""
        if self.shows_all or not self.sensitive:
            return None
        return [source for source in self.entities if not self.is_sensitive(source)]

    def of_record(
        self, connection: duckdb.DuckDBPyConnection, source: str, load_id: int, row_number: int
    ) -> str | None:
        """The text of a record as it stood, or what is shown instead; its source may be registered
        no more. None where there is no such record."""
        if self.withholds(source):
            return WITHHELD
        found = connection.execute(
            f"select record from raw.{source} where load_id = ? and row_number = ?",
            [load_id, row_number],
        ).fetchone()
        return found[0] if found else None

    def of_letter(self, connection: duckdb.DuckDBPyConnection, letter: Row) -> str | None:
        """The text of a dead letter, or what is shown instead. letter: a row of ops.dead_letters,
        which has no text of sensitive records itself."""
        if not self.is_sensitive(letter["source"]):
            return str(letter["record"])
        return self.of_record(connection, letter["source"], letter["load_id"], letter["row_number"])

    def of_position(self, source: str, position: str | None) -> str | None:
        """What places a record besides its file, as JSON, or what is shown of it."""
        if position is None or not self.withholds(source):
            return position
        parts = json.loads(position)
        return json.dumps({name: parts[name] for name in _OPEN_PARTS_OF_POSITION if name in parts})

    def of_errors(self, errors: list[str]) -> list[str]:
        """Errors of runs, or what is shown of them: a message of the engine may quote a value."""
        if self.shows_all or not self.sensitive:
            return errors
        # what an error is about stands in front of it
        return [f"{error.partition(':')[0]}: {_ERROR_WITHHELD}" for error in errors]

    def of_run(self, run: Run) -> Run:
        """A run, with what is shown of its errors."""
        return replace(run, errors=self.of_errors(run.errors))


def raw_text_for(
    project: Project, sensitive: Collection[str], *, shows_all: bool = False
) -> RawText:
    """Which raw text of a project somebody may see.

    sensitive: the entities whose contracts have sensitive columns.
    """
    entities = {source.name: source.entity for source in project.sources.values()}
    return RawText(frozenset(sensitive), entities, shows_all)

"""A question to the newest published snapshot, and its answer within bounds."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from hub.mcp.allowance import Allowance
from hub.published.limits import interrupted_after
from hub.published.snapshots import Snapshot, newest
from hub.published.values import plain
from loader.config.project import Project
from loader.errors import HubError


@dataclass(frozen=True)
class Limits:
    """What a question may take, and its answer have.

    characters: of the answer, as JSON.   text: characters of one text in it.
    """

    seconds: float = 20.0
    characters: int = 50_000
    text: int = 2_000


class TooLong(HubError):
    """An answer of which not even the first part may be given."""

    def __init__(self, characters: int) -> None:
        super().__init__(
            "the answer",
            f"it has more than {characters:,} characters",
            "Ask for less: one entity, or some columns by query_sql.",
        )


@dataclass(frozen=True)
class Asked:
    """An open snapshot to ask, and what the answer may have."""

    snapshot: Snapshot
    cursor: duckdb.DuckDBPyConnection
    limits: Limits
    _allowance: Allowance = field(repr=False)

    def whole(self, value: Any) -> Any:
        """A part of the answer. Raises TooLong where it does not fit."""
        shown = self._allowance.take(value)
        if shown is None and value is not None:
            raise TooLong(self.limits.characters)
        return shown

    def listed(self, found: Sequence[Any]) -> list[Any]:
        """Parts of the answer from the first on, as many as fit. Raises TooLong where the first
        does not."""
        shown = self._allowance.take_all(list(found))
        if found and not shown:
            raise TooLong(self.limits.characters)
        return shown

    def page(
        self, found: Sequence[dict[str, Any]], limit: int, after: str
    ) -> tuple[list[Any], Any]:
        """As many of the rows as fit, `limit` at most; and what the next page is asked with, None
        on the last one: the value that the last row has in the column `after`."""
        shown = self.listed(found[:limit])
        return shown, plain(found[len(shown) - 1][after]) if len(found) > len(shown) else None

    def answer(self, **parts: Any) -> dict[str, Any]:
        """The answer: of which run it is, its parts, and how many texts in it were cut."""
        return {
            "as_of": as_of(self.snapshot.run_id, self.snapshot.as_of),
            **parts,
            "texts_cut": self._allowance.cut,
        }


def as_of(run_id: str | None, ended_at: datetime | None) -> dict[str, Any]:
    """Of which run an answer is: the last that ended in the snapshot, and when it did (UTC)."""
    return {"run_id": run_id, "ended_at": plain(ended_at)}


@contextmanager
def asked(project: Project, limits: Limits) -> Iterator[Asked]:
    """The newest snapshot of a project to ask. Raises NothingPublished, and TookTooLong where the
    block takes longer than a question may."""
    with (
        newest(project) as snapshot,
        interrupted_after(limits.seconds, snapshot.cursor()) as cursor,
    ):
        allowance = Allowance(limits.characters, limits.text)
        yield Asked(snapshot, cursor, limits, allowance)

"""What several sources say of the same keys, compared."""

from dataclasses import dataclass
from typing import Any

import duckdb

from hub.published.snapshots import Snapshot
from hub.published.tables import KeyHash, page, tables, target
from loader.errors import WrongUse


class NoReconciliation(WrongUse):
    """An entity whose sources are not compared."""

    def __init__(self, entity: str) -> None:
        super().__init__(
            f"entity '{entity}'",
            "it has no reconciliation",
            "Only entities with several sources have one.",
        )


@dataclass(frozen=True)
class Compared:
    """A page of keys. counts: all keys, by status.   after: the key that the next page is asked
    with, None on the last one."""

    counts: dict[str, int]
    rows: list[dict[str, Any]]
    after: str | None


def reconciliation(
    snapshot: Snapshot,
    cursor: duckdb.DuckDBPyConnection,
    key_hash: KeyHash,
    entity: str,
    status: str | None,
    after: str | None,
    limit: int,
) -> Compared:
    """The compared keys of an entity, in no particular order, as far as the limit.

    status: matched, mismatched, single_source or stale_source; None for any.   after: behind this
    key. Raises NoSuchEntity and NoReconciliation.
    """
    target(snapshot, entity)
    table = tables(snapshot).get(f"{entity}_reconciliation")
    if table is None:
        raise NoReconciliation(entity)
    counts = dict(
        cursor.execute(
            f"select status, count(*) from marts.{table.name} group by status order by status"
        ).fetchall()
    )
    beginning = None
    if after is not None:
        beginning = (table.behind_key(key_hash.of(cursor, after)), after)
    order = f"key_hash, {table.column(table.key).quoted}"
    filters = {} if status is None else {"status": status}
    found = page(cursor, table, filters, beginning, order, limit + 1)
    following = found[limit - 1][table.key] if len(found) > limit else None
    return Compared(counts, found[:limit], following)

"""What a test says of published snapshots."""

import filecmp
from pathlib import Path

import duckdb

from loader.warehouse.snapshots import newest_snapshot


def is_published(database: Path) -> bool:
    """Whether the newest snapshot is the warehouse to the byte."""
    snapshot = newest_snapshot(database)
    return snapshot is not None and filecmp.cmp(database, snapshot, shallow=False)


def mixed_state(snapshot: Path) -> str | None:
    """What in a snapshot is of another run than the rest: events that were decided and are in
    no target, or in the target and not decided. None where all is of one run."""
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        (counts,) = connection.execute(
            """
            select
                (
                    select count(*)
                    from (
                        select record_key, max_by(is_deletion, record_id) as is_deleted
                        from ops.events_decisions
                        where outcome in ('applied', 'superseded')
                        group by record_key
                    )
                    where not is_deleted
                ) as decided,
                (select count(*) from marts.events) as applied,
                (
                    select sum(rows)
                    from raw.loads
                    where load_id in (
                        select load_id
                        from ops.completed_loads
                        where entity = 'events' and part = 'target'
                    )
                ) as completed,
                (select count(*) from ops.events_decisions where attempt = 1) as decisions
            """
        ).fetchall()
    decided, applied, completed, decisions = counts
    if decided != applied or completed != decisions:
        keys = f"{decided} keys decided, {applied} in the target"
        return f"{keys}; {completed} records completed, {decisions} decided"
    return None

"""Tells a warehouse that holds whole runs from one that holds half of one."""

from pathlib import Path

import duckdb

from loader.warehouse.run_log import BUILDS

_RUNNING = "select run_id from ops.runs where status = 'running'"
_UNFINISHED_LOADS = """
    select registered.entity, list(landed.load_id)
    from raw.loads as landed
    inner join raw.sources as registered on registered.source = landed.source
    left join ops.completed_loads as completed
        on completed.entity = registered.entity
        and completed.part = 'target'
        and completed.load_id = landed.load_id
    where landed.status = 'landed' and landed.rows > 0 and completed.load_id is null
    group by registered.entity
    order by registered.entity
"""
# Redrives and reprocessings that a build began and did not end.
_OPEN_REQUESTS = f"""
    select entity
    from (
        select entity from ops.redrive_requests where completed_at is null
        union
        select entity from ops.reprocess_requests where completed_at is null
    )
    where (select max_by(status, run_id) from ops.runs where {BUILDS}) <> 'succeeded'
    order by entity
"""


def what_is_half(warehouse: Path) -> str | None:
    """What of a run the warehouse holds only half, in a sentence; None where all is whole.

    Half is what a build left that failed or was killed after it had decided records and before
    they were in every projection. warehouse: the file of a copy, which nobody else has open.
    Raises duckdb.Error where it is no warehouse.
    """
    with duckdb.connect(str(warehouse), read_only=True, config={"threads": 1}) as connection:
        if running := connection.execute(_RUNNING).fetchone():
            return f"run {running[0]} did not end"
        for entity, loads in connection.execute(_UNFINISHED_LOADS).fetchall():
            decided = connection.execute(
                f"select 1 from ops.{entity}_decisions "
                "where load_id in (select unnest(?::bigint[])) limit 1",
                [loads],
            ).fetchone()
            if decided:
                return f"{entity} has decisions of records that its target lacks"
        if request := connection.execute(_OPEN_REQUESTS).fetchone():
            return f"{request[0]} has records that are being decided again"
    return None

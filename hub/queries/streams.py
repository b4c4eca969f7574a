"""What a receipt tells of streams: lag, latency, the last event."""

from datetime import timedelta
from typing import Any

import duckdb

from loader.warehouse.run_log import Run, utc_now


def stream_report(connection: duckdb.DuckDBPyConnection, run: Run) -> dict[str, Any]:
    """Per streamed source: lag by partition, the batches of the minute before the run's end, and
    the last event.

    Latencies are in milliseconds, from the broker's time of a batch's oldest record to the end of
    the build that took it up.
    """
    report: dict[str, Any] = {}
    for source, partition, lag in connection.execute(
        "select source, partition, log_end - next_offset from ops.stream_offsets "
        "order by source, partition"
    ).fetchall():
        report.setdefault(source, {"lag": {}})["lag"][str(partition)] = lag
    for source, part in report.items():
        part |= _last_minute(connection, source, run)
        part["last_event"] = _last_event(connection, source)
    return report


def _last_minute(connection: duckdb.DuckDBPyConnection, source: str, run: Run) -> dict[str, Any]:
    batches, records, p50, worst = connection.execute(
        """
        select
            count(*),
            coalesce(sum(records), 0)::bigint,
            quantile_disc(date_diff('millisecond', oldest_at, built_at), 0.5),
            max(date_diff('millisecond', oldest_at, built_at))
        from ops.stream_batches
        where source = ?
            and run_id <= ?
            and built_at > ?
        """,
        [source, run.run_id, (run.ended_at or utc_now()) - timedelta(minutes=1)],
    ).fetchall()[0]
    return {
        "batches": batches,
        "records": records,
        "records_per_second": round(records / 60, 1),
        "latency_ms": {"p50": p50, "max": worst},
    }


def _last_event(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, Any] | None:
    found = connection.execute(
        "select event, detail, happened_at from ops.stream_events where source = ? "
        "order by happened_at desc limit 1",
        [source],
    ).fetchone()
    if found is None:
        return None
    return {"event": found[0], "detail": found[1], "at": found[2].isoformat(timespec="seconds")}

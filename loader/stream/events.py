"""What a stream writes down of itself: its events, and the batches that it built."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import duckdb

from loader.stream.batch import LandedBatch
from loader.warehouse.run_log import utc_now

_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class StreamEvent:
    """Something that happened to a stream, other than records."""

    source: str
    event: str
    detail: str
    happened_at: datetime = field(default_factory=utc_now)


def write_events(
    connection: duckdb.DuckDBPyConnection, happened: list[StreamEvent], run_id: str | None
) -> None:
    """Write down what happened since the last time."""
    for item in happened:
        connection.execute(
            "insert into ops.stream_events (source, event, detail, happened_at, run_id) "
            "values (?, ?, ?, ?, ?)",
            [item.source, item.event, item.detail, item.happened_at, run_id],
        )


def write_batches(
    connection: duckdb.DuckDBPyConnection, landed: list[LandedBatch], run_id: str
) -> None:
    """Write down the batches of a run that has just built them."""
    for batch in landed:
        connection.execute(
            "insert into ops.stream_batches (source, load_id, run_id, records, bytes, oldest_at, "
            "newest_at, built_at) values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                batch.source,
                batch.load_id,
                run_id,
                batch.records,
                batch.bytes,
                _moment(batch.oldest),
                _moment(batch.newest),
                utc_now(),
            ],
        )


def _moment(milliseconds: int | None) -> datetime | None:
    """A moment in UTC; None for one that no calendar has: producers may write any number."""
    if milliseconds is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None

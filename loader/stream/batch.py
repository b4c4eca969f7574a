"""Lands one batch of messages: rows, ledger row and offsets in one transaction."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from loader.config.sources import Source
from loader.errors import HubError
from loader.landing.fields import note_fields
from loader.landing.insert import insert_rows
from loader.stream.messages import Message, as_record
from loader.warehouse.ledger import Load, add_load, next_load_id
from loader.warehouse.run_log import utc_now
from loader.warehouse.transactions import transaction


class OffsetsWentBack(HubError):
    """The warehouse is not the one that the stream began with: to go on would lose messages."""


@dataclass(frozen=True)
class LandedBatch:
    """A batch that is in the warehouse. Times are in milliseconds of the epoch, as the broker
    has them."""

    source: str
    load_id: int
    records: int
    bytes: int
    oldest: int | None
    newest: int | None


def stored_offsets(
    connection: duckdb.DuckDBPyConnection, source: str, topic: str
) -> dict[int, int]:
    """The next offset of each partition, as the last batch left it."""
    return dict(
        connection.execute(
            "select partition, next_offset from ops.stream_offsets where source = ? and topic = ?",
            [source, topic],
        ).fetchall()
    )


def land_batch(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    topic: str,
    messages: Sequence[Message],
    expected: dict[int, int],
    ends: dict[int, int],
    run_id: str,
) -> tuple[dict[int, int], LandedBatch | None]:
    """Land messages, in the order given; returns the offsets stored then, and what landed now.

    expected: the offsets that the caller believes to be stored. Where a partition's is another,
    because a commit succeeded although its caller heard of an error, messages below it have
    landed before.
    ends:     where each partition's log ended when last heard of.

    Raises OffsetsWentBack where a partition's is a lower one, HubError where the rows do not repeat
    the messages, and nothing has landed then.
    """
    with transaction(connection):
        offsets = stored_offsets(connection, source.name, topic)
        for partition, offset in expected.items():
            if offset > (stored := offsets.get(partition, 0)):
                raise OffsetsWentBack(
                    f"source '{source.name}'",
                    f"the warehouse was replaced: it knows partition {partition} of {topic} up to "
                    f"offset {stored}, and the stream had landed it up to {offset}",
                    "Start the stream again: it takes up all from there.",
                )
        moved = {p: offset for p, offset in offsets.items() if expected.get(p) != offset}
        fresh = [m for m in messages if m.offset >= moved.get(m.partition, 0)]
        landed = _insert(connection, source, topic, fresh, run_id) if fresh else None
        offsets |= {message.partition: message.offset + 1 for message in fresh}
        store_offsets(connection, source.name, topic, offsets, ends)
    return offsets, landed


def store_offsets(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    topic: str,
    offsets: dict[int, int],
    ends: dict[int, int],
) -> None:
    """Replace the stored offsets of a topic's partitions, and the ends of their logs."""
    connection.execute(
        "delete from ops.stream_offsets where source = ? and topic = ?", [source, topic]
    )
    for partition, offset in sorted(offsets.items()):
        connection.execute(
            "insert into ops.stream_offsets "
            "(source, topic, partition, next_offset, log_end, observed_at) "
            "values (?, ?, ?, ?, ?, ?)",
            [
                source,
                topic,
                partition,
                offset,
                max(offset, ends.get(partition, offset)),
                utc_now(),
            ],
        )


def _insert(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    topic: str,
    messages: list[Message],
    run_id: str,
) -> LandedBatch:
    load_id = next_load_id(connection)
    framing = source.kafka.framing if source.kafka else None
    rows = [as_record(message, topic, framing) for message in messages]
    records, problems, positions = map(list, zip(*rows, strict=True))
    insert_rows(connection, source.name, load_id, 0, records, problems, positions)
    _account(connection, source.name, load_id, records)
    note_fields(connection, source.name, load_id)
    size = sum(message.size for message in messages)
    add_load(
        connection,
        Load(
            load_id=load_id,
            source=source.name,
            file=f"{source.name}/kafka/{topic}/{messages[0].partition}@{messages[0].offset}",
            sha256=_digest(topic, messages),
            size=size,
            encoding="utf-8",
            rows=len(messages),
            status="landed",
            run_id=run_id,
        ),
    )
    times = [message.timestamp for message in messages if message.timestamp is not None]
    return LandedBatch(
        source.name,
        load_id,
        len(messages),
        size,
        min(times, default=None),
        max(times, default=None),
    )


def _account(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    load_id: int,
    records: Sequence[str | None],
) -> None:
    """Compare what raw holds now with what was to land."""
    held = connection.execute(
        f"select record from raw.{source} where load_id = ? order by row_number", [load_id]
    ).fetchall()
    if [record for (record,) in held] != list(records):
        raise HubError(
            f"source '{source}'",
            f"the rows read back do not repeat the {len(records)} messages that were to land",
            "Nothing of them has landed. Run `hub doctor`, then the same command again.",
        )


def _digest(topic: str, messages: list[Message]) -> str:
    """Digest of the messages and their places, so that no two batches are the same."""
    digest = hashlib.sha256(topic.encode())
    for message in messages:
        value = b"-" if message.value is None else b"+" + message.value
        digest.update(f"{message.partition}@{message.offset}:{len(value)}:".encode())
        digest.update(value)
    return digest.hexdigest()

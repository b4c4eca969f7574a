"""What became of a stream's messages, by the warehouse: how soon, and whether all of them did."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tests.bench.findings import Finding
from tests.kafka.cluster import Cluster

# the outcome that each kind of click has, where none repeats another's key with other content
_OUTCOMES = {"good": "applied", "late": "applied", "duplicate": "duplicate", "broken": "rejected"}

_ARRIVED = """
    select epoch_ms(batches.built_at) - cast(web.position ->> 'timestamp' as bigint) as delay
    from raw.web
    inner join ops.stream_batches as batches
        on batches.source = 'web'
        and batches.load_id = web.load_id
"""


@dataclass(frozen=True)
class Delays:
    """From a message's time to the end of the build that took it up, in seconds."""

    p50: float
    p99: float
    worst: float


def delays(database: Path) -> Delays:
    """Those of all messages that landed."""
    found = _ask(
        database,
        f"select quantile_disc(delay, 0.5), quantile_disc(delay, 0.99), max(delay) "
        f"from ({_ARRIVED})",
    )
    return Delays(*(value / 1000 for value in found[0]))


def batches(database: Path) -> list[tuple[int, int, float]]:
    """Of each batch: its load, how many records it had, when it was built (seconds since 1970)."""
    return _ask(
        database,
        "select load_id, records, epoch(built_at) from ops.stream_batches order by load_id",
    )


def lost_or_doubled(
    part: str, database: Path, cluster: Cluster, topic: str, kinds: Mapping[str, int]
) -> Finding:
    """How far the warehouse is from what was sent, counted in records: those that are missing,
    those that landed twice, and those that were decided otherwise than their kind asks for."""
    ends = [cluster.offsets(topic, number)[1] for number in cluster.partitions(topic)]
    landed, different = _ask(
        database,
        "select count(*), count(distinct (position ->> 'partition', position ->> 'offset')) "
        "from raw.web",
    )[0]
    decided: dict[str, int] = dict(
        _ask(database, "select outcome, count(*) from ops.record_outcomes group by outcome")
    )
    expected: dict[str, int] = {}
    for kind, count in kinds.items():
        expected[_OUTCOMES[kind]] = expected.get(_OUTCOMES[kind], 0) + count
    otherwise = sum(
        abs(decided.get(outcome, 0) - expected.get(outcome, 0))
        for outcome in decided.keys() | expected.keys()
    )
    lost, doubled = sum(ends) - different, landed - different
    return Finding(
        part,
        "records lost, doubled or mistaken",
        sum(kinds.values()),
        lost + doubled + otherwise,
        "differences",
        0,
        f"{lost:,} lost, {doubled:,} doubled, {otherwise:,} decided otherwise",
        {"sent": dict(kinds), "decided": decided},
    )


def _ask(database: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database)) as connection:
        return connection.execute(query).fetchall()

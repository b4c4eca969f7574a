"""A stream that keeps up: how late events arrive, what they cost, whether memory grows."""

import time

from tests.bench.findings import MEBIBYTE, Finding
from tests.bench.stream_gauge import Readings, watching
from tests.bench.stream_outcome import batches, delays, lost_or_doubled
from tests.bench.stream_session import TOPIC, StreamSession, send_clicks
from tests.bench.stream_snapshots import watching_snapshots

_WARM_UP = 30.0  # seconds, or a fifth of the whole time where that is less
_GOAL_P50, _GOAL_P99 = 2.0, 5.0


def steady(session: StreamSession) -> list[Finding]:
    """Events at a steady rate, into an empty warehouse."""
    options, bench = session.options, session.bench
    session.begin()
    with session.cluster() as cluster:
        with (
            session.stream(cluster) as stream,
            watching(stream.pid) as readings,
            watching_snapshots(bench.database) as snapshots,
        ):
            start = time.monotonic()
            sent = send_clicks(cluster, options.rate, options.seconds)
            stream.wait_for_decided(sent.messages)
        proven = lost_or_doubled("steady", bench.database, cluster, TOPIC, sent.kinds)
    return [
        *_delays(session, sent.messages),
        *snapshots.findings(sent.messages),
        *_costs(readings, start, options.seconds, sent.messages, len(batches(bench.database))),
        proven,
    ]


def _delays(session: StreamSession, records: int) -> list[Finding]:
    found = delays(session.bench.database)
    at = f"at {session.options.rate:,.0f} events a second"
    return [
        Finding(
            "steady", f"event sent to row in marts.clicks, {name}, {at}", records, value, "s", goal
        )
        for name, value, goal in (
            ("p50", found.p50, _GOAL_P50),
            ("p99", found.p99, _GOAL_P99),
            ("slowest", found.worst, None),
        )
    ]


def _costs(
    readings: Readings, start: float, seconds: float, records: int, batch_count: int
) -> list[Finding]:
    begin, end = readings.at(start), readings.all[-1]
    warm = readings.at(start + min(_WARM_UP, seconds / 5))
    quarter = readings.at(start + seconds / 4), readings.at(start + 3 * seconds / 4)
    sent_at_end = readings.at(start + seconds)
    first, last = quarter[0].cpu - begin.cpu, sent_at_end.cpu - quarter[1].cpu
    written = end.written - begin.written
    return [
        Finding(
            "steady", "CPU for 1,000 events", records, (end.cpu - begin.cpu) / records * 1000, "s"
        ),
        Finding(
            "steady",
            "CPU of the last quarter to that of the first",
            records,
            last / first if first else 0.0,
            "x",
            made_of=f"{last:.1f} s / {first:.1f} s",
        ),
        Finding(
            "steady",
            "memory at the end to that after the warm-up",
            records,
            end.rss / warm.rss,
            "x",
            made_of=f"{end.rss / MEBIBYTE:.0f} MiB / {warm.rss / MEBIBYTE:.0f} MiB",
        ),
        Finding(
            "steady",
            "bytes written for an event",
            records,
            written / records,
            "B",
            made_of=f"{written / MEBIBYTE:,.0f} MiB in {batch_count:,} batches",
        ),
    ]

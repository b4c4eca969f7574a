"""A stream that is far too slow for what is sent: what waits in memory stays bounded."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.bench.findings import MEBIBYTE, Finding
from tests.bench.stream_gauge import watching
from tests.bench.stream_outcome import batches, lost_or_doubled
from tests.bench.stream_session import TOPIC, StreamSession, send_clicks

# so few that each run of dbt, which takes a second whatever it has to do, takes up little
_BUFFER = 200
# one call of the client may bring so many more than there is room for
_BEYOND = 500
_TOO_FAST = 10
_PATIENCE = 900.0  # seconds for the slow consumer to be done


def slow(session: StreamSession) -> list[Finding]:
    """Events come ten times as fast as a stream with a tiny buffer can take them."""
    options, bench = session.options, session.bench
    count, rate = options.flood, options.rate * _TOO_FAST
    session.begin()
    with (
        _tiny_buffer(bench.root / "models" / "staging" / "web" / "web.yml"),
        session.cluster(holding=count) as cluster,
    ):
        with session.stream(cluster) as stream, watching(stream.pid) as readings:
            sent = send_clicks(cluster, rate, count / rate)
            stream.wait_for_decided(sent.messages, _PATIENCE)
            paused = stream.log.count("web: paused")
            resumed = stream.log.count("web: resumed")
        proven = lost_or_doubled("slow", bench.database, cluster, TOPIC, sent.kinds)
    built = batches(bench.database)
    pace = sum(records for _, records, _ in built[1:]) / (built[-1][2] - built[0][2] or 1.0)
    begin = readings.all[0].rss
    return [
        Finding(
            "slow",
            "events sent to events taken up, in the same time",
            count,
            sent.messages / sent.seconds / pace,
            "x",
            made_of=f"{sent.messages / sent.seconds:,.0f}/s / {pace:,.0f}/s",
        ),
        Finding(
            "slow",
            f"most that waited in memory, with room for {_BUFFER:,}",
            count,
            # a batch is all that waits
            max(records for _, records, _ in built),
            "events",
            _BUFFER + _BEYOND,
            f"paused {paused:,} times, resumed {resumed:,}",
        ),
        Finding(
            "slow",
            "greatest memory to that before the first event",
            count,
            readings.peak / begin,
            "x",
            made_of=f"{readings.peak / MEBIBYTE:.0f} MiB / {begin / MEBIBYTE:.0f} MiB",
        ),
        proven,
    ]


@contextmanager
def _tiny_buffer(settings: Path) -> Iterator[None]:
    """Give the source little room, until the block is left."""
    before = settings.read_text()
    content = yaml.safe_load(before)
    kafka = content["sources"][0]["tables"][0]["config"]["meta"]["kafka"]
    kafka |= {"buffer_records": _BUFFER, "batch_records": _BUFFER}
    settings.write_text(yaml.safe_dump(content, sort_keys=False))
    try:
        yield
    finally:
        settings.write_text(before)

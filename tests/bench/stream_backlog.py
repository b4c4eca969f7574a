"""A stream that begins when much waits for it: how fast that is taken up."""

from tests.bench.findings import MEBIBYTE, Finding
from tests.bench.stream_outcome import batches, lost_or_doubled
from tests.bench.stream_session import TOPIC, StreamSession, send_clicks

_AT_ONCE = 1e6  # events a second: as fast as they can be sent


def backlog(session: StreamSession) -> list[Finding]:
    """All events are sent beforehand; `hub stream --once` takes them."""
    count, bench = session.options.backlog, session.bench
    session.begin()
    with session.cluster(holding=count) as cluster:
        sent = send_clicks(cluster, _AT_ONCE, count / _AT_ONCE)
        bench.environment["KAFKA_BOOTSTRAP_SERVERS"] = cluster.bootstrap_servers
        usage = bench.hub("stream", "web", "--once")
        proven = lost_or_doubled("backlog", bench.database, cluster, TOPIC, sent.kinds)
    built = batches(bench.database)
    # the time of the first batch has the start of Python and dbt in it
    seconds = built[-1][2] - built[0][2]
    taken = sum(records for _, records, _ in built[1:])
    pace = taken / seconds if seconds else 0.0
    return [
        Finding(
            "backlog",
            "events taken up in a second",
            count,
            pace,
            "events/s",
            made_of=f"{taken:,} in {seconds:.1f} s, {len(built):,} batches",
        ),
        Finding(
            "backlog",
            "CPU of hub stream --once for 1,000 events, its start included",
            count,
            usage.cpu / count * 1000,
            "s",
            made_of=f"{usage.cpu:.1f} s",
        ),
        Finding("backlog", "peak memory", count, usage.rss / MEBIBYTE, "MiB"),
        proven,
    ]

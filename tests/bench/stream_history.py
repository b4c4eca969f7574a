"""A stream with a long past: what a batch costs when many thousand batches came before it."""

from pathlib import Path
from statistics import median

import duckdb

from tests.bench.findings import Finding, sizes_of
from tests.bench.stream_gauge import watching
from tests.bench.stream_outcome import batches
from tests.bench.stream_session import StreamSession, send_clicks

_FEW_SECONDS = 3.0
_GOALS = {"CPU": 1.3, "bytes written": 1.5, "time": 1.3}

# What so many batches of one click each leave behind, one a second until an hour ago; the logs have
# copies of what the latest run left. The build that follows decides the clicks.
_PAST = """
    create temporary table past as
    select
        number,
        (select max(load_id) from raw.loads) + number as load_id,
        now()::timestamp - to_seconds({batches} - number + 3600) as moment,
        strftime(moment, '%Y%m%dT%H%M%S%g') || '-' || left(md5(number::varchar), 8) as run_id
    from range(1, {batches} + 1) as numbers (number);

    insert into raw.web
    select
        load_id,
        1,
        json_object(
            'event_id', 'past-' || number,
            'event_timestamp', strftime(moment, '%Y-%m-%dT%H:%M:%SZ'),
            'event_type', 'page_view',
            'user_id', 'u-' || number % 1000
        )::varchar,
        null,
        json_object('topic', 'clicks', 'partition', 0, 'offset', number)::varchar
    from past;

    insert into raw.fields
    select past.load_id, 'web', field, 'string', 1
    from past
    cross join (
        select distinct field from raw.fields where source = 'web'
    ) as fields;

    insert into raw.loads
        (load_id, source, file, sha256, size, encoding, rows, landed_at, status, run_id)
    select
        load_id, 'web', 'web/kafka/clicks/0@' || number, sha256(number::varchar), 170, 'utf-8', 1,
        moment, 'landed', run_id
    from past;

    create temporary table latest as
    select max(run_id) as run_id from ops.stream_batches;

    insert into ops.runs
    select
        past.run_id, command, status, past.moment, past.moment, duration_ms, past.moment, skip,
        errors, warnings,
        -- each run has another one
        regexp_replace(build_state, '("clicks": ")[0-9a-f]+', '\\1' || sha256(past.run_id)),
        had_work
    from ops.runs
    inner join latest on latest.run_id = runs.run_id
    cross join past;

    insert into ops.run_counts
    select past.run_id, entity, source, measure, amount
    from ops.run_counts
    inner join latest on latest.run_id = run_counts.run_id
    cross join past
    order by past.number;

    -- the latest entry stays the latest
    insert into ops.watermark_log
    select
        entry - past.number, source, found, stored, watermark, action, past.run_id
    from ops.watermark_log
    inner join latest on latest.run_id = watermark_log.run_id
    cross join past
    order by past.number;

    insert into ops.stream_batches
    select 'web', load_id, run_id, 1, 170, moment, moment, moment from past
"""


def history(session: StreamSession) -> list[Finding]:
    """Batches onto a warehouse that has seen many batches, and onto one that has seen a few."""
    options, bench = session.options, session.bench
    sides = {"short": _short_past(session)}
    bench.restore(sides["short"])
    with duckdb.connect(str(bench.database)) as connection:
        connection.execute(_PAST.format(batches=options.batches))
    bench.hub("run")
    sides["long"] = bench.keep_database("long-past")
    costs: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    for number in range(options.repeat):
        for side, kept in sides.items():
            bench.restore(kept)
            # other clicks each time, and others than those in the past
            costs[side].append(_cost_of_a_batch(session, seed=number + 2))
    return [_compared(figure, options.batches, costs) for figure in _GOALS]


def _short_past(session: StreamSession) -> Path:
    """A warehouse that has taken up a few seconds of clicks, from a cluster that is gone."""
    bench = session.bench
    session.begin()
    with session.cluster() as cluster, session.stream(cluster) as stream:
        sent = send_clicks(cluster, session.options.rate, _FEW_SECONDS)
        stream.wait_for_decided(sent.messages)
    with duckdb.connect(str(bench.database)) as connection:
        connection.execute("delete from ops.stream_offsets")
    return bench.keep_database("short-past")


def _cost_of_a_batch(session: StreamSession, seed: int) -> dict[str, float]:
    """CPU seconds, bytes and seconds that a batch takes, with the run that builds it."""
    bench, options = session.bench, session.options
    known, decided = _size(bench.database)
    with (
        session.cluster() as cluster,
        session.stream(cluster) as stream,
        watching(stream.pid) as readings,
    ):
        sent = send_clicks(cluster, options.rate, options.span, seed=seed)
        stream.wait_for_decided(decided + sent.messages)
    built = [load_id for load_id, _, _ in batches(bench.database) if load_id > known]
    begin, end = readings.all[0], readings.all[-1]
    return {
        "CPU": (end.cpu - begin.cpu) / len(built),
        "bytes written": (end.written - begin.written) / len(built),
        "time": _time_of_a_run(bench.database, len(built)),
    }


def _size(database: Path) -> tuple[int, int]:
    """The latest load, and how many records were decided."""
    with duckdb.connect(str(database)) as connection:
        load_id, decided = connection.execute(
            "select (select max(load_id) from raw.loads), count(*) from ops.record_outcomes"
        ).fetchall()[0]
    return load_id, decided


def _time_of_a_run(database: Path, count: int) -> float:
    """The median of the latest runs, in seconds."""
    with duckdb.connect(str(database)) as connection:
        rows = connection.execute(
            "select duration_ms from ops.runs where command = 'stream' "
            "order by run_id desc limit ?",
            [count],
        ).fetchall()
    return median(milliseconds for (milliseconds,) in rows) / 1000


def _compared(figure: str, count: int, costs: dict[str, list[dict[str, float]]]) -> Finding:
    long, short = (median(cost[figure] for cost in costs[side]) for side in ("long", "short"))
    made_of = (
        sizes_of(long, short) if figure == "bytes written" else f"{long:.2f} s / {short:.2f} s"
    )
    return Finding(
        "history",
        f"{figure} of a batch, after so many batches to after a few",
        count,
        long / short,
        "x",
        _GOALS[figure],
        made_of,
        {side: {figure: [cost[figure] for cost in found]} for side, found in costs.items()},
    )

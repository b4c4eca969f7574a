"""The parts that measure `hub run`: first load, increments, nothing new."""

from collections.abc import Callable

from tests.bench.findings import MEBIBYTE, Finding, ratio, size_ratio, summary
from tests.bench.measure import Usage, in_turn, median
from tests.bench.session import Session

# from so many records on, what a run costs whatever its size hardly counts: the goals are tighter
_LARGE = 10_000_000
# what increments are held against, and by history the goal
_BARE = "bare read_json"
_BARE_RECORDS = 1_000_000
_GOALS_AGAINST_BARE = {1_000_000: 0.6, 10_000_000: 1.1, 30_000_000: 1.7}


def first_load(session: Session) -> list[Finding]:
    """The first run over a file of events: landing, deciding, projecting, testing."""
    records = session.options.records
    is_large = records >= _LARGE
    measured = session.first_load(records).usages
    findings = [
        ratio(
            "first-load",
            f"CPU of hub run to {shown}",
            records,
            measured,
            ("hub run", baseline),
            goal,
        )
        for baseline, shown, goal in (
            ("bare read_json", "bare read_json", 2.7 if is_large else 5),
            ("row by row", "the row-by-row program", 0.45 if is_large else 0.8),
        )
    ]
    memory = median(measured["hub run"], "rss") / MEBIBYTE
    goal = 2048 if is_large else None
    findings.append(Finding("first-load", "peak memory of hub run", records, memory, "MiB", goal))
    if is_large:
        findings.append(_cost_of_a_record(session, records, measured["hub run"]))
    return findings


def _cost_of_a_record(session: Session, records: int, large: list[Usage]) -> Finding:
    fewer = records // 10
    small = session.first_load(fewer).usages["hub run"]
    costs = [median(large, "cpu") / records, median(small, "cpu") / fewer]
    return Finding(
        "first-load",
        f"CPU of hub run for each record, to that with {fewer:,}",
        records,
        costs[0] / costs[1],
        "x",
        1.1,
        " / ".join(f"{cost * 1e6:.2f} µs" for cost in costs),
        {f"{records:,}": summary(large), f"{fewer:,}": summary(small)},
    )


def disk(session: Session) -> list[Finding]:
    """The warehouse after the first load, against a table of the records alone."""
    records = session.options.records
    sizes = session.first_load(records).sizes
    what = "database file of hub run to bare read_json"
    return [size_ratio("disk", what, records, sizes["hub run"], sizes["bare read_json"], 4)]


def increment(session: Session) -> list[Finding]:
    """A small new file onto histories of several sizes: the cost should follow the file."""
    options = session.options

    def onto(history: int) -> Callable[[], Usage]:
        return lambda: take_increment(session, history)

    sides = {f"onto {history:,}": onto(history) for history in options.histories}
    smallest, *_, largest = sides if len(sides) > 1 else [*sides] * 2
    file = session.bench.file("events", "ndjson", 0, _BARE_RECORDS)
    measured = in_turn(options.repeat, {**sides, _BARE: lambda: session.bench.bare(file)})
    against_bare = [
        ratio(
            "increment",
            f"CPU of hub run with {options.batch:,} new records to bare read_json of "
            f"{_BARE_RECORDS:,}",
            history,
            measured,
            (f"onto {history:,}", _BARE),
            _GOALS_AGAINST_BARE.get(history),
        )
        for history in options.histories
    ]
    return against_bare + [
        ratio(
            "increment",
            f"{shown} of hub run with {options.batch:,} new records, {largest} to {smallest}",
            options.histories[-1],
            measured,
            (largest, smallest),
            goal,
            figure,
        )
        for shown, figure, goal in (("CPU", "cpu", 1.3), ("bytes written", "written", 1.5))
    ]


def take_increment(session: Session, history: int) -> Usage:
    """`hub run` with one new file onto a history. The files of the history are gone."""
    bench, batch = session.bench, session.options.batch
    bench.restore(session.history(history))
    bench.drop("app", bench.file("events", "ndjson", history, batch, history))
    return bench.hub("run")


def nothing_new(session: Session) -> list[Finding]:
    """The second run, all files still in their folder: nothing to land, nothing to build."""
    bench = session.bench
    findings = []
    for history in session.options.histories:
        bench.restore(session.history(history))
        bench.drop("app", bench.file("events", "ndjson", 0, history))
        measured = [bench.hub("run") for _ in range(session.options.repeat)]
        cpu = median(measured, "cpu")
        shown = {"hub run": summary(measured)}
        what = "CPU of hub run"
        findings.append(Finding("nothing-new", what, history, cpu, "s", 0.4, "", shown))
    return findings

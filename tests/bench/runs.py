"""The parts that measure `hub run`: first load, increments, nothing new."""

from collections.abc import Callable

from tests.bench.findings import Finding, ratio, summary
from tests.bench.measure import Usage, in_turn, median
from tests.bench.session import Session

_MIB = 2**20
# from this many records on, the fixed cost of a run hardly counts and the goals are tighter
_LARGE = 10_000_000


def first_load(session: Session) -> list[Finding]:
    """The first run over a file of events: landing, deciding, projecting, testing."""
    records = session.options.records
    is_large = records >= _LARGE
    measured = session.first_load(records).usages
    part = "first-load"
    findings = [
        ratio(
            part,
            "CPU of hub run to bare read_json",
            records,
            measured,
            ("hub run", "bare read_json"),
            2.7 if is_large else 5,
        ),
        ratio(
            part,
            "CPU of hub run to the row-by-row program",
            records,
            measured,
            ("hub run", "row by row"),
            0.45 if is_large else 0.8,
        ),
        Finding(
            part,
            "peak memory of hub run",
            records,
            median(measured["hub run"], "rss") / _MIB,
            "MiB",
            2048 if is_large else None,
        ),
    ]
    if is_large:
        small = session.first_load(records // 10).usages["hub run"]
        large = measured["hub run"]
        findings.append(
            Finding(
                part,
                f"CPU a record, to that of a load of {records // 10:,}",
                records,
                median(large, "cpu") / median(small, "cpu") / 10,
                "x",
                1.1,
                {"hub run": summary(large), "hub run, a tenth": summary(small)},
            )
        )
    return findings


def disk(session: Session) -> list[Finding]:
    """The warehouse after the first load against a table of the records alone."""
    records = session.options.records
    sizes = session.first_load(records).sizes
    return [
        Finding(
            "disk",
            "warehouse after the first load to the bare table's file",
            records,
            sizes["hub run"] / sizes["bare read_json"],
            "x",
            4,
            {name: {"bytes": size} for name, size in sizes.items()},
        )
    ]


def increment(session: Session) -> list[Finding]:
    """A small new file onto histories of several sizes: the cost should follow the file."""
    bench, options = session.bench, session.options

    def onto(history: int) -> Callable[[], Usage]:
        kept = session.history(history)
        file = bench.file("events", "ndjson", history, options.batch, history)

        def measured() -> Usage:
            bench.restore(kept)
            bench.drop("app", file)
            return bench.hub("run")

        return measured

    sides = {f"onto {history:,}": onto(history) for history in options.histories}
    measured = in_turn(options.repeat, sides)
    smallest, largest = next(iter(sides)), list(sides)[-1]
    return [
        ratio(
            "increment",
            f"{what} of {options.batch:,} new records {largest} to {smallest}",
            options.histories[-1],
            measured,
            (largest, smallest),
            goal,
            figure,
        )
        for what, figure, goal in (("CPU", "cpu", 1.3), ("bytes written", "written", 1.5))
    ]


def nothing_new(session: Session) -> list[Finding]:
    """The second run: there is nothing to land and nothing to build."""
    bench, options = session.bench, session.options
    history = options.histories[0]
    bench.restore(session.history(history))
    bench.drop("app", bench.file("events", "ndjson", 0, history))

    measured = in_turn(options.repeat, {"hub run": lambda: bench.hub("run")})["hub run"]
    return [
        Finding(
            "nothing-new",
            "CPU of a hub run that finds nothing new",
            history,
            median(measured, "cpu"),
            "s",
            0.4,
            {"hub run": summary(measured)},
        )
    ]

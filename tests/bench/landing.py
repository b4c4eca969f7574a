"""The parts that measure landing: a whole `hub land app` on a new warehouse."""

from tests.bench.findings import Finding, ratio
from tests.bench.measure import Usage, in_turn
from tests.bench.session import Session
from tests.bench.workbench import size_of


def land_ndjson(session: Session) -> list[Finding]:
    """Landing NDJSON verbatim against reading it into typed columns."""
    return _land(session, "ndjson", "bare read_json", cpu_goal=0.8, size_goal=1.05)


def land_csv(session: Session) -> list[Finding]:
    """Landing CSV against reading it as text."""
    return _land(session, "csv", "bare read_csv", cpu_goal=1.3)


def land_parquet(session: Session) -> list[Finding]:
    """Landing Parquet, row by row as JSON, against copying its columns."""
    return _land(session, "parquet", "bare read_parquet")


def _land(
    session: Session,
    form: str,
    baseline: str,
    cpu_goal: float | None = None,
    size_goal: float | None = None,
) -> list[Finding]:
    bench, options = session.bench, session.options
    file = bench.file("events", form, 0, options.records)

    def land() -> Usage:
        bench.empty()
        bench.drop("app", file)
        return bench.hub("land", "app")

    sides = ("hub land", baseline)
    measured = in_turn(options.repeat, {baseline: lambda: bench.bare(file), "hub land": land})
    part = f"land-{form}"
    size = size_of(bench.database) / size_of(bench.bare_database)
    return [
        ratio(part, f"CPU of hub land to {baseline}", options.records, measured, sides, cpu_goal),
        Finding(
            part,
            f"database file after hub land to {baseline}",
            options.records,
            size,
            "x",
            size_goal,
        ),
    ]

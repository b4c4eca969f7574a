"""The parts that measure landing: a whole `hub land app` on a new warehouse."""

from tests.bench.findings import Finding, ratio, size_ratio
from tests.bench.measure import Usage, in_turn
from tests.bench.session import Session
from tests.bench.workbench import size_of


def land_ndjson(session: Session) -> list[Finding]:
    """Landing NDJSON verbatim, against reading it into typed columns."""
    return _land(session, "ndjson", "bare read_json", cpu_goal=0.8, size_goal=1.05)


def land_csv(session: Session) -> list[Finding]:
    """Landing CSV, against reading it as text."""
    return _land(session, "csv", "bare read_csv", cpu_goal=1.3)


def land_parquet(session: Session) -> list[Finding]:
    """Landing Parquet, each row as JSON, against copying its columns."""
    return _land(session, "parquet", "bare read_parquet")


def _land(
    session: Session,
    form: str,
    baseline: str,
    cpu_goal: float | None = None,
    size_goal: float | None = None,
) -> list[Finding]:
    bench, records = session.bench, session.options.records
    file = bench.file("events", form, 0, records)

    def land() -> Usage:
        bench.empty()
        bench.drop("app", file)
        return bench.hub("land", "app")

    part, sides = f"land-{form}", ("hub land", baseline)
    measured = in_turn(
        session.options.repeat, {baseline: lambda: bench.bare(file), "hub land": land}
    )
    what = f"of hub land to {baseline}"
    sizes = (size_of(bench.database), size_of(bench.bare_database))
    return [
        ratio(part, f"CPU {what}", records, measured, sides, cpu_goal),
        size_ratio(part, f"database file {what}", records, *sizes, size_goal),
    ]

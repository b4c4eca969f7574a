"""Removes what is older than `vars: retention` says, and nothing is made from."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from hub.runs.receipt_files import receipts_of_runs
from loader.config.project import Project
from loader.warehouse.run_log import first_run_id
from loader.warehouse.transactions import transaction

# what a run left in these is a part of its line in the log, and goes with it
_DETAILS = ("run_counts", "run_steps", "pull_outcomes")
# the next run looks back at some, however long ago they were
_NEWEST_RUNS = 100


@dataclass(frozen=True)
class Expired:
    """What has expired.

    runs, receipts: of the log of runs and in receipts/.
    runs_before, receipts_before: what began before this moment expires (UTC); None: nothing does.
    run_id: the run that removed it; None where nothing was removed.
    """

    runs: int
    receipts: int
    runs_before: datetime | None
    receipts_before: datetime | None
    run_id: str | None = None


@dataclass(frozen=True)
class Expiring:
    """What may be removed."""

    runs: tuple[str, ...]
    receipts: tuple[Path, ...]
    runs_before: datetime | None
    receipts_before: datetime | None

    def counted(self, run_id: str | None = None) -> Expired:
        """How much it is, and the run that removes it."""
        return Expired(
            len(self.runs), len(self.receipts), self.runs_before, self.receipts_before, run_id
        )


def find_expired(
    connection: duckdb.DuckDBPyConnection, project: Project, now: datetime
) -> Expiring:
    """What of a project has expired at a moment (UTC)."""
    kept_days = project.vars.retention
    runs_before = _before(now, kept_days.runs)
    receipts_before = _before(now, kept_days.receipts)
    receipts = [
        path
        for path in receipts_of_runs(project.receipts)
        if receipts_before and path.name < first_run_id(receipts_before)
    ]
    return Expiring(
        tuple(_runs_that_nothing_names(connection, runs_before)) if runs_before else (),
        tuple(receipts),
        runs_before,
        receipts_before,
    )


def remove_expired(connection: duckdb.DuckDBPyConnection, expiring: Expiring, run_id: str) -> None:
    """Remove it, and write down how much it was.

    The files go first: were this stopped in between, none would be counted that is still there.
    """
    for path in expiring.receipts:
        path.unlink(missing_ok=True)
    with transaction(connection):
        for table in (*_DETAILS, "runs"):
            connection.execute(
                f"delete from ops.{table} where run_id in (select unnest(?::varchar[]))",
                [list(expiring.runs)],
            )
        for kind, before, amount in (
            ("runs", expiring.runs_before, len(expiring.runs)),
            ("receipts", expiring.receipts_before, len(expiring.receipts)),
        ):
            if before and amount:
                connection.execute(
                    "insert into ops.expired (run_id, kind, older_than, amount) "
                    "values (?, ?, ?, ?)",
                    [run_id, kind, before, amount],
                )


def _before(now: datetime, days: int | None) -> datetime | None:
    if days is None:
        return None
    # there is no year 0
    return now - timedelta(days=min(days, (now - datetime.min).days))


def _runs_that_nothing_names(connection: duckdb.DuckDBPyConnection, before: datetime) -> list[str]:
    """The runs that began before a moment (UTC), have ended, and that no row of any table names:
    nothing landed, was decided or stored in them."""
    bound = first_run_id(before)
    naming = connection.execute(
        "select columns.schema_name, columns.table_name, columns.column_name "
        "from duckdb_columns() as columns inner join duckdb_tables() as tables "
        "on tables.table_oid = columns.table_oid "
        "and tables.database_name = columns.database_name "
        "where columns.database_name = current_database() "
        "and columns.column_name in ('run_id', 'promised_run_id') "
        "and not (columns.schema_name = 'ops' and list_contains(?::varchar[], columns.table_name))",
        [["runs", *_DETAILS]],
    ).fetchall()
    named = " union all ".join(
        f'select {column} as run_id from "{schema}"."{table}" where {column} < $bound'
        for schema, table, column in naming
    )
    found = connection.execute(
        "select run_id from ops.runs where run_id < $bound and ended_at is not null "
        "and run_id not in (select run_id from ops.runs order by run_id desc limit $newest) "
        f"and run_id not in (select run_id from ({named})) order by run_id",
        {"bound": bound, "newest": _NEWEST_RUNS},
    ).fetchall()
    return [run_id for (run_id,) in found]

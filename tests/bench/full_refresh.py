"""The check that the incremental path and a rebuild end in the same tables, at size."""

import json
import sys
from collections.abc import Iterator

from tests.bench.findings import Finding
from tests.bench.session import Session

_RUNS = 3

# What must be equal, for each table. Superseded and outdated may swap places in a rebuild, and
# times of decisions differ: the outcomes are not compared.
_COMPARED = {
    "marts.events": "key, name, value, ts, source",
    "marts.orders": "order_id, status, updated_at, source",
    "marts.orders_reconciliation": (
        "order_id, status, sources, differing_columns, status_by_source, key_hash"
    ),
    "ops.dead_letters": "entity, source, record, reasons, error, status",
    "ops.record_outcomes": "entity, source, load_id, row_number",
}


def full_refresh_equal(session: Session) -> list[Finding]:
    """Events and orders in three runs and one without input, then `dbt build --full-refresh`."""
    bench, records = session.bench, session.options.records
    bench.empty()
    for number in range(_RUNS):
        for source, shape, total in (
            ("app", "events", records),
            ("alpha", "alpha", records // 10),
            ("beta", "beta", records // 10),
        ):
            first, end = (total * step // _RUNS for step in (number, number + 1))
            history = first if shape == "events" else 0
            bench.drop(source, bench.file(shape, "ndjson", first, end - first, history))
        bench.hub("run")
    bench.hub("run", "--force")
    incremental = bench.copy_database("incremental")
    bench.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")
    rebuilt = bench.copy_database("rebuilt")

    counted = json.loads(bench.python("-m", __name__, incremental, rebuilt).output)
    return [
        Finding(
            "full-refresh-equal",
            f"{table} after --full-refresh to before it",
            records,
            differences,
            "differences",
            0,
            f"{rows:,} rows",
        )
        for table, (rows, differences) in counted.items()
    ]


def main() -> None:
    """Print, for each table, its rows and how many rows only one of two warehouses has."""
    print(json.dumps(dict(_counted(*sys.argv[1:]))))


def _counted(incremental: str, rebuilt: str) -> Iterator[tuple[str, tuple[int, int]]]:
    import duckdb

    # the views name their tables without the database, so each is read where it is at home
    with duckdb.connect() as connection:
        for name, path in (("incremental", incremental), ("rebuilt", rebuilt)):
            with duckdb.connect(path, read_only=True) as own:
                for table, columns in _COMPARED.items():
                    file = f"{path}.{table}.parquet"
                    own.execute(f"copy (select {columns} from {table}) to '{file}'")
                    connection.execute(
                        f"create view {name}_{table.replace('.', '_')} as from '{file}'"
                    )
        for table in _COMPARED:
            ours, theirs = (
                f"from {name}_{table.replace('.', '_')}" for name in ("incremental", "rebuilt")
            )
            rows, missing, added = connection.execute(
                f"select (select count(*) {ours}), "
                f"(select count(*) from ({ours} except all {theirs})), "
                f"(select count(*) from ({theirs} except all {ours}))"
            ).fetchall()[0]
            yield table, (rows, missing + added)


if __name__ == "__main__":
    main()

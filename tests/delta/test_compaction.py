"""`hub compact`: few files, the same rows, and nobody in the way."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import DeltaTable

from hub.commands import lakehouse, landing
from loader.delta.compaction import KEPT_HOURS
from loader.delta.tables import DeltaTables
from tests.delta.conftest import Land
from tests.delta.lake import Lake
from tests.support.command_line import Command
from tests.support.workbench import Workbench

_TABLES = ("raw.app", "raw.loads", "raw.fields")


def many_landings(bench: Workbench, land: Land) -> None:
    for number in range(4):
        bench.drop(f"app/{number}.ndjson", f'{{"key": "k{number}"}}\n')
        land()


def contents(lake: Lake) -> list[object]:
    return [lake.sql(f"from {table} order by all", table) for table in _TABLES]


@pytest.mark.slow
def test_the_tables_have_few_files_and_the_same_rows(
    bench: Workbench, lake: Lake, land: Land, command: Command
) -> None:
    many_landings(bench, land)
    before = contents(lake)

    tables = command("compact", "--to", lake.root, "--json").data["tables"]

    found = {each["table"]: (each["files_before"], each["files_after"]) for each in tables}
    assert [found[table] for table in _TABLES] == [(4, 1)] * 3
    assert contents(lake) == before
    # what is known by the log of a table is still known
    assert {outcome.status for outcome in land().files} == {"known"}
    assert "raw.app           1 files  now 1" in command("compact", "--to", lake.root).out


@pytest.mark.slow
def test_old_files_that_no_version_needs_go_and_young_ones_stay(
    bench: Workbench, lake: Lake, land: Land
) -> None:
    many_landings(bench, land)
    folder = Path(lake.root, "raw", "app")
    # as a landing leaves them that was killed while it wrote
    young, old = folder / "young.parquet", folder / "old.parquet"
    for orphan in (young, old):
        orphan.write_bytes(b"PAR1")
    long_ago = time.time() - (KEPT_HOURS + 1) * 3600
    os.utime(old, (long_ago, long_ago))

    done = lakehouse.compact_tables(bench.project, lake.root)

    assert {each.table: each.removed for each in done if each.removed} == {"raw.app": 1}
    assert not old.exists()
    assert young.exists()
    # those that were compacted may still be read
    assert len(lake.files("raw.app")) == 6


@pytest.mark.slow
def test_what_lands_meanwhile_stays(
    bench: Workbench, lake: Lake, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_landings(bench, land)
    bench.drop("app/bad.json", "[")
    land()
    project = replace(bench.project, database=bench.root / "other.duckdb")
    overtaken = []
    usual = DeltaTables.compact

    def compact(self: DeltaTables, name: str, kept_hours: int) -> int:
        """A compaction that a landing overtakes between its reading and its commit."""
        with monkeypatch.context() as patch:

            def opened(tables: DeltaTables, table: str) -> DeltaTable:
                patch.undo()
                before = tables.open(table)
                bench.drop("app/bad.json", f'[{{"key": "{name}"}}]')
                landing.land_into_lakehouse(project, (), lake.root)
                overtaken.append(name)
                return before

            if name in ("raw.app", "raw.loads") and name not in overtaken:
                patch.setattr(DeltaTables, "open", opened)
            return usual(self, name, kept_hours)

    monkeypatch.setattr(DeltaTables, "compact", compact)
    lakehouse.compact_tables(bench.project, lake.root)

    assert overtaken == ["raw.app", "raw.loads"]
    landed = lake.sql("select load_id, count(*) from raw.app group by all order by all", "raw.app")
    assert landed == lake.sql(
        "select load_id, rows from raw.loads where rows > 0 order by all", "raw.loads"
    )
    assert len(landed) == 6

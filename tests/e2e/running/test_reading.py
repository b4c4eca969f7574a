"""Commands that only read: they create nothing, share the warehouse, and say what it lacks."""

from pathlib import Path

import pytest

from loader import __version__
from loader.warehouse.tables import WAREHOUSE_FORMAT
from tests.support.command_line import Command
from tests.support.workbench import Workbench, held

EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}
READERS = [
    "report",
    "report --json",
    "report --history 3",
    "why evt-003",
    "doctor",
    "contract diff --entity events",
    "run --dry-run",
]


def everything_in(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


@pytest.mark.slow
@pytest.mark.parametrize("asked", READERS[:-1])
def test_without_a_warehouse_nothing_is_created(
    unbuilt: Workbench, command: Command, asked: str
) -> None:
    before = everything_in(unbuilt.root)

    answer = command(*asked.split())

    assert (answer.code, answer.out) == (1, "")
    assert answer.err.endswith("there is no warehouse yet. Start with `hub run`.\n")
    assert everything_in(unbuilt.root) == before


class TestAWarehouse:
    @pytest.mark.slow
    def test_is_left_as_it_is_and_shared_with_another_reader(
        self, after_run: Workbench, command: Command
    ) -> None:
        (after_run.root / "receipts" / "latest.json").unlink()
        before = everything_in(after_run.root)

        with held(after_run.database, read_only=True):
            for asked in READERS:
                answer = command(*asked.split())
                assert (answer.code, answer.err) == (0, ""), asked

        assert everything_in(after_run.root) == before

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "asked", ["report", "why k1", "doctor", "contract diff --entity events"]
    )
    def test_that_lacks_a_table_says_so_in_a_line(
        self, bench: Workbench, command: Command, asked: str
    ) -> None:
        bench.land()
        bench.sql("update ops.runs set command = 'run'")
        bench.sql("drop table raw.loads cascade")

        answer = command(*asked.split())

        assert (answer.code, answer.out) == (1, "")
        assert answer.err.count("\n") == 1
        assert str(bench.database) in answer.err
        assert "Table with name loads does not exist" in answer.err
        assert "`hub run`" in answer.err

    @pytest.mark.slow
    def test_that_lacks_views_or_has_older_ones_is_read_by_those_of_the_files(
        self, bench: Workbench, command: Command
    ) -> None:
        bench.drop("app/1.ndjson", [EVENT])
        bench.land()
        bench.sql("drop view ops.decisions; drop view ops.health_checks")
        bench.sql("create view ops.decisions as select 1 as record_id")
        views = bench.sql("select view_name, sql from duckdb_views() order by all")

        assert "not decided yet" in command("why", "app/1.ndjson:1").out
        assert "landed but not built" in command("doctor").out

        assert bench.sql("select view_name, sql from duckdb_views() order by all") == views


class TestAFormat:
    def test_is_written_when_the_warehouse_is_made(self, bench: Workbench) -> None:
        bench.land()
        made = bench.sql("select format, hub_version, created_at from ops.warehouse_format")
        bench.land()

        assert [row[:2] for row in made] == [(WAREHOUSE_FORMAT, __version__)]
        assert bench.sql("select format, hub_version, created_at from ops.warehouse_format") == made

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ("drop table ops.warehouse_format", "made by an older version of the hub"),
            ("delete from ops.warehouse_format", "made by an older version of the hub"),
            ("update ops.warehouse_format set format = 0", "made by an older version of the hub"),
            (
                "update ops.warehouse_format set format = 999, hub_version = '9.9.9'",
                "it has format 999, of version 9.9.9: it was made by a newer version of the hub",
            ),
        ],
    )
    @pytest.mark.parametrize(
        "asked",
        ["run", "land", "doctor", "run --dry-run", "why a"],
    )
    def test_of_another_version_is_told_in_a_line_and_left_as_it_is(
        self, bench: Workbench, command: Command, change: str, says: str, asked: str
    ) -> None:
        bench.land()
        bench.sql(change)
        tables = bench.sql("select schema_name, table_name from duckdb_tables() order by all")

        answer = command(*asked.split())

        assert (answer.code, answer.out) == (1, "")
        assert answer.err.count("\n") == 1
        assert says in answer.err
        assert "works on format 3" in answer.err
        assert "--database" in answer.err
        assert (
            bench.sql("select schema_name, table_name from duckdb_tables() order by all") == tables
        )

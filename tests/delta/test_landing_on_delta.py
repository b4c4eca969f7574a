"""`hub land --to`: what lands on Delta Lake is what lands in the warehouse, and it lands once."""

import gzip
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loader.delta.lakehouse import NUMBERS, Lakehouse, open_lakehouse
from loader.delta.place import place_of
from loader.delta.tables import DeltaTables, Query
from loader.errors import HubError
from loader.landing.file import land_file
from loader.landing.folder import Landing
from loader.landing.folder import land as land_folder
from loader.warehouse.connection import open_warehouse
from loader.warehouse.tables import expected_tables
from tests.delta.conftest import Land
from tests.delta.lake import Lake
from tests.e2e.landing.test_hostile_files import spread
from tests.support.command_line import Command
from tests.support.hostile_files import hostile_files
from tests.support.workbench import Workbench

# what differs from landing to landing; the state of a file is noted once it has been still a while
_OWN = "exclude (landed_at, run_id, file_state)"
_RECORD = '{"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}\n'
# names in a path that delta-rs reads otherwise than the system does
_STRANGE = ("with space", "ü#?+&=,;'", "a.b")


def statuses(landing: Landing) -> dict[str, str]:
    return {outcome.file: outcome.status for outcome in landing.files}


def assert_equal(lake: Lake, bench: Workbench) -> None:
    """The lakehouse has the rows, the fields, the settings and the ledger of the warehouse."""
    tables = {f"raw.{name}": "*" for name in bench.project.declared_sources}
    tables |= dict.fromkeys(("raw.sources", "raw.source_fields", "raw.fields"), "*")
    tables["raw.loads"] = f"* {_OWN}"
    for table, columns in tables.items():
        query = f"select {columns} from {table} order by all"
        assert times_alike(lake.sql(query, table)) == bench.sql(query), table


def times_alike(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows with moments as the warehouse keeps them: in UTC without a zone."""
    return [
        tuple(
            value.replace(tzinfo=None) if getattr(value, "tzinfo", None) else value for value in row
        )
        for row in rows
    ]


def records(lake: Lake, source: str = "app") -> list[tuple[Any, ...]]:
    table = f"raw.{source}"
    return lake.sql(f"select load_id, row_number, record from {table} order by all", table)


def ledger(lake: Lake) -> list[tuple[Any, ...]]:
    return lake.sql("select load_id, file, status, rows from raw.loads order by all", "raw.loads")


class TestEqualToTheWarehouse:
    @pytest.mark.slow
    def test_rows_and_ledger_of_samples_and_of_files_that_are_turned_away(
        self, bench: Workbench, lake: Lake, land: Land
    ) -> None:
        bench.drop_samples()
        bench.drop("app/copy.json", (bench.root / "samples/app/events.json").read_bytes())
        bench.drop("app/cut.json", '[{"key": "k1"')
        bench.drop("app/none.ndjson", "")
        bench.drop("web/sheet.xlsx", b"PK")
        bench.drop("web/bad.ndjson.gz", gzip.compress(b'{"a": 1, "a": 2}\n{x\n\xff\n'))
        bench.drop("plant/late.csv", 'id,value\n"1,2\n')

        assert land() == bench.land()

        assert_equal(lake, bench)
        # a second time there is nothing to do, and a file that is whole now lands
        assert land() == bench.land()
        bench.drop("app/cut.json", '[{"key": "k1"}]')
        assert land() == bench.land()
        assert_equal(lake, bench)

    @pytest.mark.slow
    def test_deliveries_of_a_whole_state_may_repeat(
        self, own_project: Workbench, lake: Lake
    ) -> None:
        own_project.set_meta("app", delivery="full")
        place = place_of(lake.root)
        for state in ("a", "b", "a"):
            own_project.drop("app/state.ndjson", _RECORD.replace("k1", state))
            own_project.land()
            with open_lakehouse(own_project.project, place) as (connection, lakehouse):
                land_folder(connection, own_project.project, store=lakehouse)
                lakehouse.follow(connection)
        assert [load_id for load_id, *_ in records(lake)] == [1, 2, 3]
        assert_equal(lake, own_project)

    @pytest.mark.nightly
    def test_hostile_files(self, bench: Workbench, lake: Lake) -> None:
        with (
            open_warehouse(bench.project) as warehouse,
            open_lakehouse(bench.project, place_of(lake.root)) as (workspace, lakehouse),
        ):
            for _, source, path in spread(hostile_files(50), bench):
                told = land_file(warehouse, source, path, None)
                assert land_file(workspace, source, path, None, store=lakehouse) == told
            lakehouse.follow(workspace)
        assert_equal(lake, bench)


class TestTables:
    def test_all_that_dbt_expects_are_there_with_columns_of_few_types(
        self, bench: Workbench, lake: Lake, land: Land
    ) -> None:
        land()

        types = set()
        for table, (_, columns) in expected_tables(bench.project).items():
            schema = lake.table(table).schema()
            assert [field.name for field in schema.fields] == [name for name, *_ in columns], table
            types |= {str(field.type) for field in schema.fields}
        assert types == {
            *('PrimitiveType("string")', 'PrimitiveType("long")', 'PrimitiveType("boolean")'),
            *('PrimitiveType("timestamp")', 'PrimitiveType("decimal(38,0)")'),
            'ArrayType(PrimitiveType("string"), contains_null=True)',
        }

    def test_of_another_format_are_left_alone(
        self, bench: Workbench, lake: Lake, land: Land, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        land()
        bench.drop("app/a.ndjson", _RECORD)
        monkeypatch.setattr("loader.warehouse.tables.WAREHOUSE_FORMAT", 99)

        with pytest.raises(HubError, match=r"made by an older version.*name another with --to"):
            land()
        assert records(lake) == []

    @pytest.mark.slow
    @pytest.mark.parametrize("name", _STRANGE)
    def test_lie_where_one_says(self, bench: Workbench, tmp_path: Path, name: str) -> None:
        bench.drop("app/a.ndjson", _RECORD)
        folder = tmp_path / name
        for place in (str(folder), folder.as_uri()):
            with open_lakehouse(bench.project, place_of(place)) as (connection, lakehouse):
                land_folder(connection, bench.project, store=lakehouse)
                lakehouse.follow(connection)
        assert len(records(Lake(str(folder)))) == 1


class TestKilledBetweenTheCommits:
    @pytest.mark.slow
    def test_the_next_landing_completes_the_ledger(
        self, bench: Workbench, lake: Lake, land: Land, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.drop_samples()
        bench.drop("app/bad.json", "[")
        with monkeypatch.context() as patch:
            patch.setattr(Lakehouse, "end_run", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                land()
        assert len(records(lake)) == 7
        assert ledger(lake) == []

        known = statuses(land())

        assert known.pop("app/bad.json") == "quarantined"
        assert set(known.values()) == {"known"}
        bench.land()
        numbers = "exclude (load_id, landed_at, run_id)"
        query = f"select * {numbers} from raw.loads order by all"
        assert times_alike(lake.sql(query, "raw.loads")) == bench.sql(query)
        fields = "select * exclude (load_id) from raw.fields order by all"
        assert lake.sql(fields, "raw.fields") == bench.sql(fields)

    def test_an_error_in_the_middle_leaves_a_whole_ledger_and_a_run_that_failed(
        self, bench: Workbench, lake: Lake, land: Land, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.drop("app/a.ndjson", _RECORD)
        bench.drop("web/b.ndjson", _RECORD)
        usual: Callable[..., Any] = Lakehouse.keep

        def failing(self: Lakehouse, connection: Any, load: Any, blocks: Any) -> Any:
            if load.source == "web":
                raise HubError("the disk", "it is full", "Make room.")
            return usual(self, connection, load, blocks)

        with monkeypatch.context() as patch:
            patch.setattr(Lakehouse, "keep", failing)
            with pytest.raises(HubError, match="it is full"):
                land()
        assert ledger(lake) == [(1, "app/a.ndjson", "landed", 1)]
        assert lake.sql("select command, status from ops.runs", "ops.runs") == [("land", "failed")]

        assert statuses(land()) == {"app/a.ndjson": "known", "web/b.ndjson": "landed"}


class TestTwoAtOnce:
    @pytest.mark.slow
    def test_a_content_lands_once_and_no_number_is_given_twice(
        self, bench: Workbench, lake: Lake, land: Land
    ) -> None:
        for name in ("app/a.ndjson", "web/a.ndjson"):
            bench.drop(name, _RECORD)
        other = replace(bench.project, database=bench.root / "other.duckdb")
        with open_lakehouse(other, place_of(lake.root)) as (connection, lakehouse):
            # it has read the ledger, and the first overtakes it
            land()
            bench.drop("app/b.ndjson", _RECORD * 2)
            bench.drop("app/bad.json", "[")
            mine = statuses(land_folder(connection, other, store=lakehouse))
            theirs = statuses(land())
            lakehouse.follow(connection)

        assert mine == {
            "app/a.ndjson": "known",
            "app/b.ndjson": "landed",
            "app/bad.json": "quarantined",
            "web/a.ndjson": "known",
        }
        assert theirs == mine | {"app/b.ndjson": "known"}
        numbers = {file: load_id for load_id, file, *_ in ledger(lake)}
        assert len(numbers) == len(ledger(lake)) == 4
        assert len(set(numbers.values())) == 4
        assert [row[:2] for row in records(lake)] == [
            (numbers["app/a.ndjson"], 1),
            (numbers["app/b.ndjson"], 1),
            (numbers["app/b.ndjson"], 2),
        ]

    @pytest.mark.slow
    def test_a_landing_that_ends_while_another_begins_is_known_to_it(
        self, bench: Workbench, lake: Lake, land: Land, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        land()
        bench.drop("app/a.ndjson", _RECORD)
        other = replace(bench.project, database=bench.root / "other.duckdb")
        usual = DeltaTables.read

        def read(self: DeltaTables, *arguments: Any) -> Any:
            table = usual(self, *arguments)
            if arguments[1:] == ("raw.loads", "raw.loads"):
                monkeypatch.undo()
                assert statuses(land()) == {"app/a.ndjson": "landed"}
            return table

        monkeypatch.setattr(DeltaTables, "read", read)
        with open_lakehouse(other, place_of(lake.root)) as (connection, lakehouse):
            landing = land_folder(connection, other, store=lakehouse)
            lakehouse.follow(connection)

        assert statuses(landing) == {"app/a.ndjson": "known"}
        assert len(records(lake)) == len(ledger(lake)) == 1

    def test_numbers_go_on_where_the_table_that_counts_them_was_lost(
        self, bench: Workbench, lake: Lake, land: Land
    ) -> None:
        bench.drop("app/a.ndjson", _RECORD)
        land()
        shutil.rmtree(Path(lake.root, *NUMBERS.split(".")))
        bench.drop("app/b.ndjson", _RECORD * 2)
        land()
        assert [load_id for load_id, *_ in ledger(lake)] == [1, 2]


class TestOptions:
    @pytest.mark.slow
    def test_the_answer_is_that_of_a_landing_in_the_warehouse(
        self, bench: Workbench, lake: Lake, command: Command
    ) -> None:
        bench.drop_samples()
        there = command("land", "--to", lake.root, "app", "--json")
        assert (there.code, there.err) == (0, "")
        assert there.data == command("land", "app", "--json").data
        assert "app/events.json  known" in command("land", "--to", lake.root, "app").out
        assert command("land", "--to", lake.root, "nobody").code == 2

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--to", "lake", "--database", "x.duckdb"], "--database is about the warehouse"),
            (["--to", "lake", "--wait", "1"], "--wait is about the warehouse"),
            (["--to", "gs://bucket/x"], "local folders and to S3 only"),
            (["--to", "s3://"], "no place in a bucket"),
            (["--to", "s3://key:secret@bucket/x"], "no place in a bucket"),
            (["--to", "100%"], "takes a % in a path for an escape"),
            (["--to", "dbt_project.yml"], "it is no folder"),
            (["--to", ""], "local folders and to S3 only"),
        ],
    )
    def test_that_make_no_sense_are_refused(
        self, unbuilt: Workbench, command: Command, arguments: list[str], said: str
    ) -> None:
        for name in ("land", "compact"):
            answer = command(name, *arguments)
            assert (answer.code, answer.out) == (2, "")
            assert said in answer.err
        assert not unbuilt.database.exists()
        assert not (unbuilt.root / "lake").exists()

    def test_nothing_stays_beside_the_warehouse(self, bench: Workbench, land: Land) -> None:
        before = set(bench.root.iterdir())
        # as a landing leaves it that was killed
        (bench.root / ".warehouse.duckdb.workspace.999999999").touch()
        bench.drop("app/a.ndjson", _RECORD)
        land()
        assert set(bench.root.iterdir()) == before


def test_an_error_of_the_workspace_is_told_as_such(bench: Workbench, lake: Lake) -> None:
    """An error in the rows that are handed to delta-rs is none of delta-rs."""
    with open_lakehouse(bench.project, place_of(lake.root)) as (connection, lakehouse):
        table = lakehouse.tables.open("raw.app")
        with pytest.raises(duckdb.Error, match="Could not convert"):
            lakehouse.tables.write(
                connection,
                table,
                "raw.app",
                [
                    Query(
                        "select * replace ('x'::bigint as load_id) from (select 1 as load_id, 1 as "
                        "row_number, '' as record, '' as problem, '' as position)"
                    )
                ],
            )

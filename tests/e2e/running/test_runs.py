"""Runs: logged from start to end, completed after a kill, honest when they fail, idle at times."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hub.commands import questions, runs
from hub.main import main
from hub.runs.progress import BuildProgress
from loader.warehouse.run_log import parse_clock
from tests.support.workbench import Workbench, fresh_samples

EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}
NOON = "2025-01-15T12:00:00"


def contents(bench: Workbench) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with duckdb.connect(str(bench.database)) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() order by 1"
        ).fetchall()
        return {
            table: connection.execute(f"select * from {table} order by all").fetchall()
            for (table,) in tables
        }


def logged(bench: Workbench) -> list[tuple[str, str]]:
    return bench.sql("select command, status from ops.run_log order by run_id")


def files_under(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="class")
def settled(shared_root: Path) -> Iterator[Workbench]:
    """The samples after a run over everything; what the tests of a class do adds up."""
    with fresh_samples(shared_root, built=False) as bench:
        bench.drop("app/cut.json", "[{")
        bench.run(now=NOON)
        yield bench
        shutil.rmtree(shared_root / "receipts")


@pytest.mark.slow
class TestTheLog:
    def test_a_run_has_start_end_clock_and_counts(self, settled: Workbench) -> None:
        (entry,) = settled.sql(
            "select command, status, started_at < ended_at, run_clock, skip, errors, "
            "duration_ms = date_diff('millisecond', started_at, ended_at) from ops.run_log"
        )
        assert entry == ("run", "succeeded", True, parse_clock(NOON), "[]", "[]", True)
        assert settled.sql(
            "select source, records, applied, superseded, rejected, duplicate from ops.run_report "
            "where source in ('app', 'web') order by 1"
        ) == [("app", 7, 4, 1, 2, 0), ("web", 8, 5, 0, 2, 1)]

    def test_a_dry_run_shows_what_would_be_and_changes_nothing(self, settled: Workbench) -> None:
        new = settled.drop("app/new.ndjson", [EVENT, {**EVENT, "key": ""}])
        warehouse = settled.database.read_bytes()
        receipts = files_under(settled.root / "receipts")
        target = files_under(settled.root / "target")

        receipt = settled.run(dry=True, now=NOON)

        new.unlink()
        assert receipt["sources"]["app"]["applied"] == 1
        assert receipt["sources"]["app"]["rejected"] == 1
        assert receipt["entities"]["events"]["target_rows"] == 5
        assert receipt["files"]["landed"] == 1
        assert settled.database.read_bytes() == warehouse
        assert files_under(settled.root / "receipts") == receipts
        assert files_under(settled.root / "target") == target
        assert not list(settled.root.glob("*.wal"))

    def test_with_nothing_new_but_a_file_turned_away_before_only_the_log_grows(
        self, settled: Workbench
    ) -> None:
        before = contents(settled)

        result = runs.run(settled.project)

        assert result.did_nothing
        assert any("app/cut.json" in warning for warning in result.receipt["warnings"])
        after = contents(settled)
        assert len(after["ops.runs"]) == len(before["ops.runs"]) + 1
        assert after.pop("ops.runs")[: len(before["ops.runs"])] == before.pop("ops.runs")
        assert after == before

    def test_a_run_that_did_nothing_counts_nothing_and_shows_the_state(
        self, settled: Workbench
    ) -> None:
        receipt = settled.run()

        assert (receipt["status"], set(receipt["outcomes"].values())) == ("succeeded", {0})
        assert set(receipt["stages"].values()) == {"no input"}
        events = receipt["entities"]["events"]
        assert (events["input_records"], events["staged"], events["target_rows"]) == (0, 0, 4)
        assert (events["dead_letters"], events["lineage_entries"]) == (2, 12)
        assert events["watermark"] == "2025-01-15T12:00:00"
        assert receipt["entities"]["orders"]["reconciliation"] == {
            "matched": 1,
            "mismatched": 1,
            "single_source": 2,
        }

    @pytest.mark.nightly
    def test_force_builds_all_the_same_with_another_clock(self, settled: Workbench) -> None:
        before = contents(settled)

        result = runs.run(settled.project, force=True, clock=parse_clock("2026-01-01T00:00:00Z"))

        assert not result.did_nothing
        assert result.receipt["now"] == "2026-01-01T00:00:00.000"
        for table, rows in contents(settled).items():
            if table.startswith(("raw.", "marts.")) or table.endswith("_decisions"):
                assert rows == before[table], table

    def test_the_history_lists_the_latest_first(self, settled: Workbench) -> None:
        entries = questions.history(settled.project, 2)

        assert len(entries) == 2
        assert entries[0]["run_id"] > entries[1]["run_id"]
        assert entries[0]["run_id"] == settled.sql("select max(run_id) from ops.runs")[0][0]

    def test_an_earlier_run_can_be_reported(self, settled: Workbench) -> None:
        first = settled.sql("select min(run_id) from ops.runs")[0][0]
        written = json.loads((settled.root / "receipts" / f"{first}.json").read_text())

        receipt = questions.report(settled.project, first)

        assert receipt["outcomes"]["applied"] == 18
        assert receipt == written

    def test_a_raw_row_that_went_missing_fails_the_run_and_names_the_load(
        self, settled: Workbench
    ) -> None:
        settled.sql("delete from raw.web where row_number = 8")

        result = runs.run(settled.project)

        assert (result.did_nothing, result.receipt["status"]) == (False, "failed")
        (error,) = result.receipt["errors"]
        assert "raw does not hold the rows of the ledger" in error
        assert "web/clicks.ndjson" in error


class TestViews:
    @pytest.fixture
    def built(self, after_run: Workbench, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
        """What was built since the samples were."""
        built: list[str] = []

        def note(progress: BuildProgress, number: int, total: int, what: str) -> None:
            built.append(re.split(r"[ .]", what)[-1])

        monkeypatch.setattr(BuildProgress, "start", note)
        return built

    @pytest.mark.slow
    def test_while_the_project_stays_no_view_is_made_again(
        self, samples: Workbench, built: list[str]
    ) -> None:
        samples.drop("app/new.ndjson", [EVENT])

        receipt = samples.run()

        assert receipt["sources"]["app"]["applied"] == 1
        assert {"int_events__checked", "events_decisions", "events"} <= set(built)
        assert not {"stg_app__events", "int_events__unioned", "dead_letters"} & set(built)

    @pytest.mark.nightly
    @pytest.mark.parametrize(
        "change",
        [
            "create or replace view staging.stg_web__clicks as select 'x' as event_id",
            "drop view staging.stg_app__events",
        ],
    )
    def test_one_that_is_not_the_projects_is(
        self, samples: Workbench, built: list[str], change: str
    ) -> None:
        definitions = "select sql from duckdb_views() where not internal order by all"
        before = samples.sql(definitions)
        samples.sql(change)
        assert samples.sql(definitions) != before

        assert samples.run()["status"] == "succeeded"

        assert samples.sql(definitions) == before
        assert {"stg_web__clicks", "stg_app__events"} <= set(built)


class TestInterrupted:
    @pytest.mark.nightly
    def test_a_run_killed_in_the_middle_is_closed_and_completed_by_the_next(
        self, unbuilt_samples: Workbench
    ) -> None:
        _kill_run_at(unbuilt_samples, "model marts.events")
        assert logged(unbuilt_samples) == [("run", "running")]
        assert unbuilt_samples.sql("select count(*) from ops.events_decisions") == [(7,)]
        assert (
            unbuilt_samples.sql("select * from ops.completed_loads where entity = 'events'") == []
        )

        receipt = unbuilt_samples.run()

        assert logged(unbuilt_samples) == [("run", "interrupted"), ("run", "succeeded")]
        assert receipt["errors"] == []
        assert unbuilt_samples.sql("select key, value from marts.events order by 1") == [
            ("evt-001", 1.0),
            ("evt-002", 0.5),
            ("evt-003", 59.99),
            ("evt-006", 1.0),
        ]
        assert unbuilt_samples.sql(
            "select entity, count(*) from ops.completed_loads where part = 'target' "
            "group by 1 order by 1"
        ) == [("clicks", 1), ("events", 1), ("measurements", 2), ("orders", 2)]
        assert unbuilt_samples.sql("select count(*) from ops.decisions") == [(30,)]
        assert unbuilt_samples.sql("select count(*) from marts.orders_reconciliation") == [(4,)]

    def test_a_landing_closes_it_too(self, unbuilt: Workbench) -> None:
        unbuilt.land()
        unbuilt.sql("update ops.runs set status = 'running', ended_at = null")

        unbuilt.land()

        assert logged(unbuilt) == [("land", "interrupted"), ("land", "succeeded")]
        assert unbuilt.sql("select count(*) from ops.runs where ended_at is null") == [(0,)]


def _kill_run_at(bench: Workbench, node: str) -> None:
    """Start `hub run` as a process and kill it when it says that it begins with the node."""
    with subprocess.Popen(
        [Path(sys.executable).with_name("hub"), "run", "--log-level", "debug"],
        cwd=bench.root,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if line.rstrip().endswith(node):
                process.kill()
                break
    assert process.returncode == -signal.SIGKILL


class TestFailed:
    @pytest.mark.nightly
    def test_the_other_entities_are_right_and_the_next_run_after_the_mend_completes(
        self,
        own_project: Workbench,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        adapter = "models/staging/app/stg_app__events.sql"
        plain = "{{ json_text('value') }} as value"
        broken = "cast(cast({{ json_text('value') }} as double) as varchar) as value"
        own_project.drop_samples()
        # all records of a source rejected is no failure but a warning
        own_project.drop("plant/2025-01-15.csv", "id,value,category\n,,\n1,x,y\n")
        own_project.edit(adapter, plain, broken)
        monkeypatch.setattr(sys, "argv", ["hub", "run", "--json"])

        with pytest.raises(SystemExit) as end:
            main()

        receipt = json.loads(capsys.readouterr().out)
        assert end.value.code == 1
        assert receipt["status"] == "failed"
        assert any("int_events__checked" in error for error in receipt["errors"])
        assert not any("orders" in error or "clicks" in error for error in receipt["errors"])
        assert logged(own_project) == [("run", "failed")]
        assert "plant: every record was rejected: see ops.dead_letters" in receipt["warnings"]
        assert own_project.sql("select order_id, source from marts.orders order by 1") == [
            ("order_001", "beta"),
            ("order_002", "beta"),
            ("order_003", "alpha"),
            ("order_004", "beta"),
        ]
        assert own_project.sql("select count(*) from marts.clicks") == [(5,)]
        assert own_project.sql("select count(*) from marts.orders_reconciliation") == [(4,)]
        assert receipt["entities"]["orders"]["target_rows"] == 4
        assert receipt["entities"]["events"]["target_rows"] == 0
        assert own_project.sql(
            "select entity, count(*) from ops.dead_letters group by 1 order by 1"
        ) == [("clicks", 2), ("measurements", 2)]

        own_project.edit(adapter, broken, plain)
        fixed = own_project.run()

        assert (fixed["status"], fixed["errors"]) == ("succeeded", [])
        assert fixed["outcomes"] == {
            "applied": 4,
            "superseded": 1,
            "outdated": 0,
            "late": 0,
            "rejected": 2,
            "duplicate": 0,
        }
        assert own_project.sql("select count(*) from marts.events") == [(4,)]
        assert runs.run(own_project.project).did_nothing


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("dbt_project.yml", lambda text: text.replace("max_age: 600", "max_age: 60")),
        ("macros/contracts/events.sql", lambda text: text.replace("1.0.0", "1.0.1")),
        ("models/staging/app/app.yml", lambda text: text.replace("days: 7", "days: 8") + "\n"),
        ("seeds/reasons.csv", lambda text: text + "new,a,b\n"),
        ("snapshots/orders_history.yml", lambda text: text + "\n"),
        ("tests/generic/one_more.sql", lambda text: "-- more\n" + text),
    ],
)
def test_a_change_of_the_project_is_something_new(
    own_project: Workbench, file: str, change: Any
) -> None:
    from hub.runs.changes import build_state
    from loader.warehouse.connection import open_warehouse

    path = own_project.root / file
    before = path.read_text() if path.exists() else ""
    with open_warehouse(own_project.project) as connection:
        first = build_state(connection, own_project.project, [])
        assert build_state(connection, own_project.project, []) == first
        path.write_text(change(before))

        assert build_state(connection, own_project.project, []) != first
        assert build_state(connection, own_project.project, ["validate"]) != first

"""`hub land` and plain dbt do what `hub run` does; and the warehouse explains itself."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.commands import questions
from tests.support.tables import contents
from tests.support.workbench import Workbench, fresh_samples

pytestmark = pytest.mark.slow

DATA_ONLY = ("--exclude-resource-type", "unit_test")


@pytest.fixture(scope="class")
def built(shared_root: Path) -> Iterator[Workbench]:
    """The samples landed, then built and tested by a plain `dbt build`, unit tests included."""
    with fresh_samples(shared_root, built=False) as bench:
        bench.land()
        _succeed(bench, "build")
        yield bench


def _succeed(bench: Workbench, *arguments: str) -> Any:
    result = bench.dbt(*arguments)
    assert result.success, result.exception or [
        f"{each.node.name}: {each.message}"
        for each in result.result
        if each.status in ("error", "fail")
    ]
    return result.result


def event(key: str, value: float) -> dict[str, Any]:
    return {"key": key, "name": "n", "value": value, "ts": f"2025-01-15T0{value}:00:00"}


class TestAfterABuild:
    """What stands after `hub land` and `dbt build` on the samples."""

    @pytest.mark.nightly
    def test_the_tables_are_those_of_hub_run(self, built: Workbench, tmp_path: Path) -> None:
        found = contents(built.database)
        aside = shutil.move(built.database, tmp_path / "built.duckdb")

        receipt = built.run()

        expected = contents(built.database)
        shutil.move(aside, built.database)
        assert receipt["status"] == "succeeded"
        assert found.keys() == expected.keys()
        for table, rows in expected.items():
            assert found[table] == rows, table

    def test_schemas_are_exactly_the_five(self, built: Workbench) -> None:
        assert built.sql(
            "select distinct schema_name from (select schema_name from duckdb_tables() union all "
            "select schema_name from duckdb_views() where not internal) order by 1"
        ) == [("intermediate",), ("marts",), ("ops",), ("raw",), ("staging",)]
        schemas = built.sql(
            "select schema_name from duckdb_schemas() where database_name = current_database() "
            "and not internal"
        )
        assert {name for (name,) in schemas} - {"main"} == {
            "raw",
            "staging",
            "intermediate",
            "marts",
            "ops",
        }

    def test_every_table_and_view_has_a_comment(self, built: Workbench) -> None:
        assert (
            built.sql(
                "select schema_name || '.' || table_name from duckdb_tables() "
                "where coalesce(comment, '') = '' union all "
                "select schema_name || '.' || view_name from duckdb_views() "
                "where not internal and coalesce(comment, '') = '' order by 1"
            )
            == []
        )

    def test_every_column_has_a_comment(self, built: Workbench) -> None:
        assert (
            built.sql(
                "select schema_name || '.' || table_name || '.' || column_name "
                "from duckdb_columns() where not internal and coalesce(comment, '') = '' "
                "and schema_name in ('raw', 'staging', 'intermediate', 'marts', 'ops') order by 1"
            )
            == []
        )

    def test_dbt_test_passes_alone(self, built: Workbench) -> None:
        results = _succeed(built, "test", *DATA_ONLY)

        assert len(results) > 5

    def test_source_freshness_answers_for_every_source(self, built: Workbench) -> None:
        results = _succeed(built, "source", "freshness")

        assert {
            each.node.name: each.status for each in results if each.node.resource_type == "source"
        } == dict.fromkeys(("app", "alpha", "beta", "web", "plant", "partner"), "pass")

    def test_docs_are_one_page_with_the_lineage(self, built: Workbench) -> None:
        _succeed(built, "docs", "generate", "--static")

        page = (built.root / "target" / "static_index.html").read_text()
        for node in ("stg_app__events", "events_decisions", "orders_reconciliation"):
            assert f"model.hub.{node}" in page
        assert "parent_map" in page

    def test_the_run_is_logged_and_has_a_receipt(self, built: Workbench) -> None:
        assert built.sql("select command, status from ops.run_log order by started_at")[:2] == [
            ("land", "succeeded"),
            ("build", "succeeded"),
        ]
        receipt = questions.report(built.project, None)
        assert receipt["command"] == "build"
        assert receipt["entities"]["events"]["staged"] == 5

    def test_a_second_build_changes_nothing(self, built: Workbench) -> None:
        before = contents(built.database)

        _succeed(built, "build", "--select", "tag:orders", "tag:events", *DATA_ONLY)

        after = contents(built.database)
        for table, rows in before.items():
            if table.startswith("marts.") or table.endswith(("_decisions", "completed_loads")):
                assert after[table] == rows, table


class TestOneEntityAlone:
    def test_is_right_on_a_fresh_warehouse_and_the_shared_views_answer(
        self, unbuilt_samples: Workbench
    ) -> None:
        unbuilt_samples.land()

        _succeed(unbuilt_samples, "build", "--select", "tag:events", *DATA_ONLY)

        assert unbuilt_samples.sql("select key, value from marts.events order by 1") == [
            ("evt-001", 1.0),
            ("evt-002", 0.5),
            ("evt-003", 59.99),
            ("evt-006", 1.0),
        ]
        assert unbuilt_samples.sql("select row_number, error from ops.dead_letters order by 1") == [
            (4, "missing_key"),
            (5, "invalid_value"),
        ]
        assert unbuilt_samples.sql("select count(*) from ops.lineage") == [(12,)]
        assert unbuilt_samples.sql("select source, recomputed from ops.watermarks") == [
            ("app", "2025-01-15T12:00:00")
        ]
        for view, rows in (
            ("decisions", 7),
            ("record_outcomes", 7),
            ("source_freshness", 6),
            ("schema_drift", 1),
            ("run_log", 2),
            ("run_report", 1),
        ):
            assert unbuilt_samples.sql(f"select count(*) from ops.{view}") == [(rows,)], view
        # the others wait for their turn
        assert unbuilt_samples.sql("select distinct entity from ops.completed_loads") == [
            ("events",)
        ]


class TestATableThatStays:
    """It is as the project wants it after each build, though nobody asks where nothing changed."""

    EVENTS = ("--select", "events", "events_decisions", "int_events__checked", "events_history")

    @pytest.fixture
    def changing(self, own_project: Workbench) -> Workbench:
        own_project.drop("app/1.json", [event("e1", 1)])
        assert own_project.run()["status"] == "succeeded"
        return own_project

    @staticmethod
    def comments(bench: Workbench) -> list[tuple[str, str, str]]:
        """What three tables that stay, of each kind one, say of themselves and of their run_id."""
        return bench.sql(
            "select tables.table_name, tables.comment, columns.comment "
            "from duckdb_tables() as tables "
            "inner join duckdb_columns() as columns on columns.table_oid = tables.table_oid "
            "where columns.column_name = 'run_id' and tables.table_name in "
            "('events', 'events_decisions', 'events_history') order by 1"
        )

    def reword(self, bench: Workbench) -> list[tuple[str, str, str]]:
        """Change the descriptions in the YAML; returns the comments as they should become."""
        for file in (
            "models/marts/events.yml",
            "models/ops/events_decisions.yml",
            "snapshots/events_history.yml",
        ):
            path = bench.root / file
            of_the_table = r'(?m)^( {4}description: ")'
            of_its_run = r'(\{name: run_id, .*description: ")'
            text = re.sub(f"{of_the_table}|{of_its_run}", r"\g<0>Reworded. ", path.read_text())
            path.write_text(text, encoding="utf-8")
        return [
            (table, f"Reworded. {own}", f"Reworded. {of_run}")
            for table, own, of_run in self.comments(bench)
        ]

    @pytest.mark.nightly
    def test_a_description_changed_arrives_with_hub_run(self, changing: Workbench) -> None:
        expected = self.reword(changing)

        changing.run()

        assert len(expected) == 3
        assert self.comments(changing) == expected

    @pytest.mark.nightly
    def test_a_description_changed_arrives_with_plain_dbt(self, changing: Workbench) -> None:
        expected = self.reword(changing)

        _succeed(changing, "build", *self.EVENTS, *DATA_ONLY)

        assert self.comments(changing) == expected

    @pytest.mark.nightly
    def test_a_column_that_is_missing_is_added(self, changing: Workbench) -> None:
        changing.sql("alter table marts.events drop column freshness")
        changing.sql("alter table marts.events_history drop column source")
        changing.drop("app/2.json", [event("e1", 2), event("e2", 1)])

        receipt = changing.run()

        assert receipt["status"] == "succeeded", receipt["errors"]
        assert changing.sql("select key, value, freshness from marts.events order by 1") == [
            ("e1", 2.0, "stale"),
            ("e2", 1.0, "stale"),
        ]
        assert changing.sql(
            "select key, value, source, dbt_valid_to is null from marts.events_history "
            "order by 1, dbt_valid_from"
        ) == [("e1", 1.0, None, False), ("e1", 2.0, "app", True), ("e2", 1.0, "app", True)]

    @pytest.mark.nightly
    def test_a_breach_of_its_contract_is_an_error(self, changing: Workbench) -> None:
        path = changing.root / "models/marts/events.yml"
        path.write_text(path.read_text().replace("data_type: double", "data_type: string"))

        result = changing.dbt("build", *self.EVENTS, *DATA_ONLY)

        assert not result.success
        assert [each.node.name for each in result.result if each.status == "error"] == ["events"]
        assert "contract" in next(
            each.message for each in result.result if each.node.name == "events"
        )


def test_before_hub_land_a_build_says_what_to_do(unbuilt: Workbench) -> None:
    result = unbuilt.dbt("build")

    assert not result.success
    assert "run `hub land` first" in str(result.exception)


def test_before_the_first_build_the_shared_views_answer(unbuilt: Workbench) -> None:
    unbuilt.land()

    for view in (
        "record_outcomes",
        "decisions",
        "dead_letters",
        "lineage",
        "watermarks",
        "schema_drift",
        "run_report",
    ):
        assert unbuilt.sql(f"select * from ops.{view}") == [], view
    assert unbuilt.sql("select command from ops.run_log") == [("land",)]
    assert unbuilt.sql("select source, landed_files from ops.source_freshness where source='app'")

"""The views that all entities share exist before the first build, and are those that dbt makes."""

import re

import pytest

from loader.warehouse.connection import open_warehouse
from loader.warehouse.shared_views import SHARED_VIEWS, render_shared_views
from tests.support.workbench import Workbench

# those that README and docs promise from the first moment on
_PROMISED = {
    *("record_outcomes", "decisions", "dead_letters", "lineage", "watermarks"),
    *("unfinished_loads", "source_freshness", "schema_drift", "run_log", "run_report"),
    *("raw_records", "record_explanations", "run_entities", "entity_states", "run_stages"),
    *("run_rollout", "run_warnings", "health_checks"),
}


@pytest.fixture
def new_warehouse(unbuilt: Workbench) -> Workbench:
    with open_warehouse(unbuilt.project):
        return unbuilt


def comparable(sql: str) -> str:
    """SQL without what dbt adds to a relation, and without its layout."""
    return " ".join(re.sub(r'"\w+"\."(\w+)"\."(\w+)"', r"\1.\2", sql).split())


def test_every_promised_view_is_made():
    assert set(SHARED_VIEWS) == _PROMISED
    assert len(SHARED_VIEWS) == len(_PROMISED)


@pytest.mark.slow
def test_the_loader_renders_what_dbt_compiles(new_warehouse):
    outcome = new_warehouse.dbt("compile", "--select", "path:models/ops,config.materialized:view")
    assert outcome.success, outcome.exception
    compiled = {result.node.name: result.node.compiled_code for result in outcome.result}
    # made from macros, which the loader does not render; nothing of a run stands in it
    del compiled["contract_rules"]
    rendered = render_shared_views(new_warehouse.project)
    assert {name: comparable(sql) for name, (sql, _) in rendered.items()} == {
        name: comparable(sql) for name, sql in compiled.items()
    }


@pytest.mark.slow
def test_a_new_warehouse_answers_every_question_with_nothing(new_warehouse):
    counts = {
        name: new_warehouse.sql(f"select count(*) from ops.{name}")[0][0] for name in SHARED_VIEWS
    }
    # a registered source that has brought nothing yet is what source_freshness is there to show
    assert counts.pop("source_freshness") == len(new_warehouse.project.sources)
    assert counts.pop("health_checks") > 0
    assert set(counts.values()) == {0}


@pytest.mark.slow
def test_a_view_keeps_its_columns_when_dbt_replaces_it(unbuilt_samples):
    columns = "select table_name, column_name, data_type from duckdb_columns() where not internal"
    with open_warehouse(unbuilt_samples.project):
        pass
    before = {row for row in unbuilt_samples.sql(columns) if row[0] in SHARED_VIEWS}
    unbuilt_samples.run()
    after = {row for row in unbuilt_samples.sql(columns) if row[0] in SHARED_VIEWS}
    assert before == after

"""A broken entity keeps nobody from asking about the others."""

from collections.abc import Iterator

import duckdb
import pytest

from hub.commands import health, questions
from hub.queries.explain import Question, answer
from hub.queries.health import examine
from hub.queries.raw_text import RawText
from hub.queries.receipt import receipt
from hub.text.explanation import render_explanation
from loader.errors import HubError
from loader.warehouse.latest import Reading
from loader.warehouse.run_log import find_run
from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow

RAW_TEXT = RawText(frozenset(), {})


@pytest.fixture(
    params=[
        "alter table ops.orders_decisions drop column outcome",
        "drop table ops.orders_decisions",
        "drop table ops.orders_decisions; create table ops.orders_decisions (nothing integer)",
        "drop table raw.alpha",
    ]
)
def broken(after_run: Workbench, request: pytest.FixtureRequest) -> Workbench:
    """The samples, built; then orders are broken."""
    after_run.sql(request.param)
    return after_run


@pytest.fixture
def reader(broken: Workbench) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that can only read."""
    with duckdb.connect(str(broken.database), read_only=True) as connection:
        yield connection


def test_why_answers_for_the_others_and_says_what_it_left_out(broken, reader):
    told = answer(reader, broken.project, Question(key="evt-003"), RAW_TEXT)
    assert [record["is_current"] for record in told["records"]] == [False, True]
    assert list(told["left_out"]) == ["orders"]
    assert "orders cannot be read: " in render_explanation(told)
    assert answer(reader, broken.project, Question(key="order_001"), RAW_TEXT)["records"] == []


def test_the_doctor_names_the_entity_and_examines_the_others(broken, reader):
    found = {finding.check: finding for finding in examine(Reading(reader), broken.project)}
    assert found["entities"].status == "fail"
    assert "orders (" in found["entities"].detail
    assert found["raw = decisions"].status == "ok" or "alpha" in found["raw = decisions"].detail
    assert found["watermarks"].status == "ok"


def test_a_receipt_does_not_ask_the_entity(broken, reader):
    report = receipt(reader, broken.project, find_run(reader))
    assert report["entities"]["events"]["target_rows"] == 4
    assert report["entities"]["orders"]["target_rows"] == 4


def test_the_warehouse_stays_as_it_is(broken, reader):
    views = "select view_name, sql from duckdb_views() where database_name = current_database()"
    before = reader.execute(views).fetchall()
    examine(Reading(reader), broken.project)
    examine(Reading(reader), broken.project)
    assert reader.execute(views).fetchall() == before
    assert (
        reader.execute(
            "select database_name from duckdb_databases() where path is null and not internal"
        ).fetchall()
        == []
    )


def test_where_no_entity_can_be_read_an_error_says_so(after_run: Workbench) -> None:
    after_run.sql("alter table raw.loads rename column file to path")
    with (
        duckdb.connect(str(after_run.database), read_only=True) as connection,
        pytest.raises(HubError, match="no entity can be read"),
    ):
        answer(connection, after_run.project, Question(key="evt-003"), RAW_TEXT)


def test_views_that_an_older_hub_did_not_make_are_answered_all_the_same(
    after_run: Workbench,
) -> None:
    after_run.sql("drop view ops.record_explanations; drop view ops.health_checks")
    with duckdb.connect(str(after_run.database), read_only=True) as connection:
        told = answer(connection, after_run.project, Question(key="evt-003"), RAW_TEXT)
        assert (len(told["records"]), told["left_out"]) == (2, {})
        checks = {
            finding.check: finding.status
            for finding in examine(Reading(connection), after_run.project)
        }
        assert (checks["entities"], checks["raw = decisions"]) == ("ok", "ok")


def test_the_commands_answer_too(after_run: Workbench) -> None:
    after_run.sql("alter table ops.orders_decisions drop column outcome")
    assert questions.why(after_run.project, Question(key="evt-003"))["records"]
    assert questions.report(after_run.project, None)["status"] == "succeeded"
    assert "fail" in {finding.status for finding in health.doctor(after_run.project)}

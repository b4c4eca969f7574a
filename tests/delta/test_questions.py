"""Questions that are asked of a lakehouse: answered as of the warehouse with the same tables."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli.root import hub
from hub.commands import health, questions
from hub.queries.explain import Question
from loader.config.project import Project
from loader.errors import HubError, WrongUse
from tests.delta.lake import Lake
from tests.support.delta_tables import lay_tables
from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow

# of a warehouse as a file
_OF_THE_FILE = {"pulls", "receipts", "disk", "file format", "data tests"}


@pytest.fixture
def built(after_run: Workbench, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose tables lie in a warehouse, and the same in a lakehouse."""
    lay_tables(after_run.database, Path(lake.root), lambda schema, folder: True)
    monkeypatch.setenv("SPARK_WAREHOUSE", lake.root)
    return after_run.project


@pytest.mark.parametrize(
    "question",
    [
        Question(key="evt-003"),
        Question(key="ORD-1"),
        Question(file="app/events.json", row_number=4),
        Question(record_id=30000000001),
        Question(key="nobody"),
    ],
    ids=str,
)
def test_why_says_the_same_of_each_record(built: Project, question: Question) -> None:
    assert questions.why(built, question, target="spark") == questions.why(built, question)


def test_the_report_says_the_same(built: Project) -> None:
    assert questions.report(built, target="spark") == questions.report(built)
    assert questions.report_build(built, target="spark") == questions.report_build(built)
    assert questions.history(built, 5, "spark") == questions.history(built, 5)


def test_doctor_finds_the_same_but_for_what_a_file_alone_has(built: Project) -> None:
    of_warehouse = [each for each in health.doctor(built) if each.check not in _OF_THE_FILE]

    assert len(of_warehouse) > 10
    assert health.doctor(built, "spark") == of_warehouse


def test_an_entity_that_is_not_built_yet_is_left_out(built: Project, lake: Lake) -> None:
    Path(lake.root, "marts", "clicks").rename(Path(lake.root, "marts", "aside"))

    assert questions.why(built, Question(key="evt-003"), target="spark")["records"]


def test_a_table_of_another_form_is_told(built: Project, lake: Lake) -> None:
    decisions = Path(lake.root, "ops", "events_decisions")
    decisions.rename(decisions.with_name("aside"))
    Path(lake.root, "ops", "reasons").rename(decisions)

    with pytest.raises(HubError, match=r"are not those of this project.*hub run --target spark"):
        questions.why(built, Question(key="evt-003"), target="spark")


def test_where_nothing_has_landed_the_next_step_is_told(built: Project, lake: Lake) -> None:
    Path(lake.root).rename(f"{lake.root}-aside")

    with pytest.raises(HubError, match=r"nothing has landed there.*hub land --to"):
        questions.report(built, target="spark")


def test_an_older_format_is_refused(built: Project, lake: Lake) -> None:
    import pyarrow as pa
    from deltalake import write_deltalake

    form = pa.table({"format": pa.array([2], pa.int64()), "hub_version": ["0.9"]})
    write_deltalake(
        f"{lake.root}/ops/warehouse_format", form, mode="overwrite", schema_mode="overwrite"
    )

    with pytest.raises(HubError, match=r"format 2, of version 0\.9"):
        questions.report(built, target="spark")


def test_without_an_address_it_is_said_what_to_set(
    after_run: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPARK_WAREHOUSE", raising=False)

    with pytest.raises(WrongUse, match="SPARK_WAREHOUSE does not say where"):
        questions.report(after_run.project, target="spark")


@pytest.mark.parametrize("command", [["why", "evt-003"], ["report"], ["doctor"]])
def test_the_command_asks_the_lakehouse_and_takes_no_warehouse(
    built: Project, command: list[str]
) -> None:
    def printed(*options: str) -> Any:
        return CliRunner().invoke(hub, [*command, "--target", "spark", *options])

    assert printed().exit_code == 0, printed().output
    refused = printed("--wait", "1")
    assert refused.exit_code != 0
    assert "--wait is about the warehouse" in str(refused.output) + str(refused.exception)

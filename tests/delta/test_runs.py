"""Commands that change a lakehouse, up to where Spark builds: what they land and ask for, and how
they are closed. What Spark makes of it, tests/spark shows."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.commands import dead_letters, runs
from hub.queries.dead_letters import DeadLetterChoice, request_redrive
from hub.runs import spark_run
from loader.errors import HubError
from loader.warehouse.connection import open_warehouse
from tests.delta.lake import Lake
from tests.support.delta_tables import lay_tables
from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow

_LETTER = DeadLetterChoice(entity="events")
_REQUESTED = "select entity, record_id, attempt from {} where completed_at is null order by all"


class Engine:
    """Stands for Spark: what a build was asked for, and what it does instead of building."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.error: BaseException | None = None
        self.exception: Exception | None = None
        self.results: list[Any] = []

    def build(self, project: Any, run_id: str, skip: list[str], work: Any, **more: Any) -> Any:
        self.asked.append({"run_id": run_id, "skip": skip, "entities": work.entities, **more})
        if self.error:
            raise self.error
        return SimpleNamespace(
            exception=self.exception,
            success=not self.exception and not self.results,
            result=SimpleNamespace(results=self.results),
        )


@pytest.fixture
def engine(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine()
    monkeypatch.setenv("SPARK_WAREHOUSE", lake.root)
    monkeypatch.setattr(spark_run, "build", engine.build)
    monkeypatch.setattr(spark_run, "require_server", lambda: None)
    return engine


@pytest.fixture
def built(after_run: Workbench, lake: Lake) -> Workbench:
    """What a run over the samples has built, laid into the lakehouse."""
    lay_tables(after_run.database, Path(lake.root), lambda schema, folder: True)
    return after_run


def logged(lake: Lake) -> list[tuple[Any, ...]]:
    return lake.sql("select command, status from ops.runs order by run_id", "ops.runs")


def test_a_run_lands_and_lets_spark_build_what_is_new(
    samples: Workbench, lake: Lake, engine: Engine
) -> None:
    result = runs.run(samples.project, target="spark", skip=("reconcile",))

    [asked] = engine.asked
    assert asked["lakehouse"] == lake.root
    assert asked["entities"] == samples.project.entities
    assert asked["skip"] == ["reconcile"]
    assert result.receipt["run_id"] == asked["run_id"]
    assert {file.status for file in result.landing.files} == {"landed"}
    assert logged(lake) == [("run", "succeeded")]


def test_without_spark_nothing_begins(
    samples: Workbench, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_WAREHOUSE", lake.root)
    monkeypatch.setenv("SPARK_REMOTE", "sc://127.0.0.1:1/;token=secret")

    with pytest.raises(HubError, match=r"Spark at 127\.0\.0\.1:1: no server answers") as refused:
        runs.run(samples.project, target="spark")
    assert "secret" not in str(refused.value)
    assert not Path(lake.root).exists()


def test_a_build_that_fails_is_in_the_receipt_and_all_is_built_again(
    samples: Workbench, lake: Lake, engine: Engine
) -> None:
    engine.exception = RuntimeError("Spark is gone")
    result = runs.run(samples.project, target="spark")
    assert result.failed
    assert result.receipt["errors"] == ["dbt: Spark is gone"]

    engine.exception = None
    again = runs.run(samples.project, target="spark")
    assert not again.failed
    assert {file.status for file in again.landing.files} == {"known"}
    assert engine.asked[-1]["entities"] == samples.project.entities
    assert logged(lake) == [("run", "failed"), ("run", "succeeded")]


def test_a_failure_that_spark_could_not_log_any_more_is_told(
    samples: Workbench, lake: Lake, engine: Engine
) -> None:
    message = "Connection refused\n\nJVM stacktrace:\n at some.java.Class"
    node = SimpleNamespace(name="events")
    engine.results = [SimpleNamespace(node=node, status="error", message=message)]
    result = runs.run(samples.project, target="spark")

    assert result.receipt["errors"] == ["events: Connection refused"]
    assert logged(lake) == [("run", "failed")]


def test_what_landed_stays_where_somebody_stops_the_build(
    samples: Workbench, lake: Lake, engine: Engine
) -> None:
    engine.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        runs.run(samples.project, target="spark")

    assert logged(lake) == [("run", "interrupted")]
    ((landed,),) = lake.sql("select count(*) from raw.loads", "raw.loads")
    assert landed == len([path for path in samples.root.glob("landing/*/*") if path.is_file()])


def test_a_run_that_was_killed_is_closed_by_the_next(
    samples: Workbench, lake: Lake, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.error = SystemExit()  # as if nobody closed it
    with monkeypatch.context() as patch:
        patch.setattr(spark_run, "close_after", lambda *_: None)
        with pytest.raises(SystemExit):
            runs.run(samples.project, target="spark")
    assert logged(lake) == [("run", "running")]

    engine.error = None
    runs.run(samples.project, target="spark")
    assert logged(lake) == [("run", "interrupted"), ("run", "succeeded")]


def test_letters_are_discarded_as_in_the_warehouse(built: Workbench, engine: Engine) -> None:
    told = dead_letters.discard(built.project, _LETTER, "mia", "test data", "spark")

    assert told == dead_letters.discard(built.project, _LETTER, "mia", "test data")
    assert {letter["status"] for letter in told} == {"discarded"}


def test_a_redrive_asks_for_what_it_asks_for_in_the_warehouse(
    built: Workbench, lake: Lake, engine: Engine
) -> None:
    result = dead_letters.redrive(built.project, _LETTER, target="spark")

    with open_warehouse(built.project) as connection:
        chosen = request_redrive(connection, _LETTER, built.project.sources)
        requested = connection.execute(_REQUESTED.format("ops.redrive_requests")).fetchall()
    assert requested
    assert [letter["record_id"] for letter in result.afterwards] == chosen
    table = "ops.redrive_requests"
    assert lake.sql(_REQUESTED.format(table), table) == requested

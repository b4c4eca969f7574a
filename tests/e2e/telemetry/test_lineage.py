"""A run's OpenLineage events: start, end, what was read and written, and how much of it."""

import json
import time
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hub.commands import pulling
from hub.telemetry import emitter
from loader.errors import HubError
from tests.support.receiver import Answer, refused_url
from tests.support.workbench import Workbench

Event = dict[str, Any]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that events go to, by the settings that the library has."""
    path = tmp_path / "lineage.ndjson"
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(path))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    return path


def events(log: Path) -> list[Event]:
    """The events of the runs that have ended."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(emitter, "_SECONDS_AT_THE_END", 30.0)
        for each in emitter._emitters.values():
            each.close()
    emitter._emitters.clear()
    return [json.loads(line) for line in log.read_text().splitlines()]


def rows(event: Event, side: str) -> dict[str, int]:
    """What an event says was read (inputs) or written (outputs): rows by the last of the name."""
    facets = {"inputs": ("inputFacets", "inputStatistics")}
    group, facet = facets.get(side, ("outputFacets", "outputStatistics"))
    return {each["name"]: each[group][facet]["rowCount"] for each in event[side]}


def require_valid(event: Event) -> None:
    """What the OpenLineage definition requires of a run event and of every facet."""
    assert event["eventType"] in ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")
    assert datetime.fromisoformat(event["eventTime"]).tzinfo
    for address in (event["producer"], event["schemaURL"]):
        assert address.startswith("https://")
    assert str(uuid.UUID(event["run"]["runId"])) == event["run"]["runId"]
    for place in (event["job"], *event["inputs"], *event["outputs"]):
        assert place["namespace"]
        assert place["name"]
    groups = [event["run"]["facets"], event["job"]["facets"]]
    groups += [each.get("facets", {}) for each in (*event["inputs"], *event["outputs"])]
    groups += [each["inputFacets"] for each in event["inputs"]]
    groups += [each["outputFacets"] for each in event["outputs"]]
    for facet in (facet for group in groups for facet in group.values()):
        assert facet["_producer"].startswith("https://")
        assert facet["_schemaURL"].startswith("https://openlineage.io/spec/")
    assert "null" not in json.dumps(event), "no facet may be NULL"
    parent = event["run"]["facets"].get("parent")
    if parent:
        assert uuid.UUID(parent["run"]["runId"])
        assert parent["job"].keys() >= {"namespace", "name"}


@pytest.mark.slow
def test_a_run_tells_what_each_entity_read_and_wrote(samples: Workbench, log: Path):
    receipt = samples.run()
    told = events(log)
    for event in told:
        require_valid(event)
    jobs = [(event["job"]["name"], event["eventType"]) for event in told]
    built = [f"hub.build.{entity}" for entity in ("events", "orders", "clicks", "measurements")]
    assert jobs == [
        ("hub.run", "START"),
        *((job, state) for job in built for state in ("START", "COMPLETE")),
        ("hub.run", "COMPLETE"),
    ]
    start, *parts, end = told
    of_events = parts[1]
    assert rows(of_events, "inputs") == {"warehouse.raw.app": 7}
    assert rows(of_events, "outputs") == {
        "warehouse.marts.events": 4,
        "warehouse.ops.events_decisions": 7,
        "warehouse.ops.dead_letters": 2,
    }
    assert rows(parts[3], "inputs") == {"warehouse.raw.alpha": 3, "warehouse.raw.beta": 3}
    assert of_events["outputs"][0]["namespace"] == f"duckdb://{samples.database}"
    assert rows(end, "inputs")[str(samples.root / "landing" / "app")] == 7
    assert rows(end, "outputs")["warehouse.raw.web"] == 8

    assert start["run"]["runId"] == end["run"]["runId"]
    assert len({event["run"]["runId"] for event in told}) == 1 + len(built)
    for part in parts:
        assert part["run"]["facets"]["parent"]["run"]["runId"] == start["run"]["runId"]
        assert part["run"]["facets"]["parent"]["job"]["name"] == "hub.run"
    tags = {tag["key"]: tag["value"] for tag in start["run"]["facets"]["tags"]["tags"]}
    assert tags["hub_run_id"] == receipt["run_id"]
    assert "not_a_number" not in log.read_text(), "no content of records"


def test_a_run_with_nothing_new_reads_and_writes_nothing(after_run: Workbench, log: Path):
    after_run.run()
    start, end = events(log)
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert end["inputs"] == end["outputs"] == []


@pytest.mark.nightly
def test_an_entity_that_failed_is_told_apart_from_the_others(own_project: Workbench, log: Path):
    own_project.drop_samples()
    own_project.edit(
        "models/staging/alpha/stg_alpha__orders.sql", "{{ json_text('uid') }}", "no_such_column"
    )
    assert own_project.run()["status"] == "failed"
    told = {event["job"]["name"]: event for event in events(log)}
    assert told["hub.build.orders"]["eventType"] == "FAIL"
    assert told["hub.build.events"]["eventType"] == "COMPLETE"
    assert told["hub.run"]["eventType"] == "FAIL"
    assert "orders" in told["hub.run"]["run"]["facets"]["errorMessage"]["message"]
    assert "no_such_column" not in log.read_text(), "what went wrong may quote a record"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "state"),
    [(HubError("here", "s3cret", "Mend it."), "FAIL"), (KeyboardInterrupt(), "ABORT")],
)
def test_a_run_that_is_left_early_has_its_end(samples, log, monkeypatch, error, state):
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("hub.runs.run.build", fails)
    with pytest.raises(type(error)):
        samples.run(by_dbt=True)
    assert [event["eventType"] for event in events(log)] == ["START", state]
    assert "s3cret" not in log.read_text()


def test_landing_tells_of_files_and_rows(samples: Workbench, log: Path):
    samples.land("web")
    start, end = events(log)
    assert (start["job"]["name"], end["eventType"]) == ("hub.land", "COMPLETE")
    (folder,) = end["inputs"]
    assert folder["inputFacets"]["inputStatistics"]["fileCount"] == 1
    assert rows(end, "outputs") == {"warehouse.raw.web": 8}


def test_a_pull_that_failed_says_so(own_project: Workbench, log: Path, monkeypatch):
    own_project.set_meta(
        "partner", http={"url": "${PARTNER_URL}", "items": "data", "retries": {"attempts": 1}}
    )
    monkeypatch.setenv("PARTNER_URL", refused_url())
    pulling.pull(own_project.project, ("partner",))
    end = events(log)[-1]
    assert (end["job"]["name"], end["eventType"]) == ("hub.pull", "FAIL")


def test_whoever_started_the_run_is_its_parent(after_run: Workbench, log: Path, monkeypatch):
    parent = uuid.uuid4()
    monkeypatch.setenv("OPENLINEAGE_PARENT_ID", f"airflow/daily/hub/{parent}")
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "shop")
    after_run.run()
    start, _ = events(log)
    assert start["job"]["namespace"] == "shop"
    facet = start["run"]["facets"]["parent"]
    assert facet["run"]["runId"] == str(parent)
    assert (facet["job"]["namespace"], facet["job"]["name"]) == ("airflow", "daily/hub")


@pytest.mark.slow
def test_a_run_on_a_copy_is_nobodys_lineage(samples: Workbench, log: Path):
    samples.run(dry=True)
    assert not log.exists()


def test_events_go_to_an_address(after_run: Workbench, collector, monkeypatch):
    monkeypatch.setenv("OPENLINEAGE_URL", collector.url.removesuffix("/hook/s3cret"))
    monkeypatch.setenv("OPENLINEAGE_API_KEY", "k3y")
    after_run.run()
    collector.wait_for(2)
    (path, headers, _), _ = collector.requests
    assert path == "/api/v1/lineage"
    assert headers["Authorization"] == "Bearer k3y"
    assert [message["eventType"] for message in collector.messages] == ["START", "COMPLETE"]


@pytest.mark.parametrize("failure", ["refused", Answer(500), Answer(200, delay=60)])
def test_who_does_not_take_events_costs_a_second_at_most(
    after_run: Workbench, collector, monkeypatch, caplog, failure
):
    collector.answers = [failure] if isinstance(failure, Answer) else collector.answers
    url = collector.url if isinstance(failure, Answer) else refused_url()
    monkeypatch.setenv("OPENLINEAGE_URL", url)
    assert after_run.run()["status"] == "succeeded"
    (each,) = emitter._emitters.values()
    began = time.monotonic()
    each.close()
    assert time.monotonic() - began < emitter._SECONDS_AT_THE_END + 0.5
    assert "s3cret" not in caplog.text


def test_it_is_switched_off_by_the_librarys_own_word(after_run, log, monkeypatch):
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    after_run.run()
    assert emitter._emitters == {}

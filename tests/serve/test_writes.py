"""What the writes start, and what they leave behind."""

import json

import pytest

from hub.commands import publishing
from hub.serve.access import Role
from loader.config.request import Request
from loader.warehouse.lock import warehouse_lock
from tests.serve.serving import application, client_of, ended
from tests.support.workbench import held


def audit(bench) -> list[tuple]:
    return bench.sql(
        "select requested_by, command, asked_for, run_id, promised_run_id, request_id "
        "from ops.audit_log order by requested_at"
    )


@pytest.mark.slow
def test_a_run_is_started_and_can_be_followed(own_served):
    client = client_of(application(own_served), Role.OPERATOR)
    own_served.drop("app/more.json", [{"key": "k1", "name": "n", "value": 1, "ts": "2025-01-16"}])
    answer = client.post("/data/process", headers={"X-Request-ID": "from-a-test"})
    assert answer.status_code == 202
    run = answer.json()["run"]
    assert answer.json() == {"message": "Processing triggered", "status": "started", "run": run}
    assert answer.headers["location"] == f"/runs/{run}"
    again = client.post("/data/process")
    assert (again.status_code, again.json()["title"]) == (409, "Conflict")
    assert run in again.json()["detail"]
    working = client.get(f"/runs/{run}").json()
    assert (working["run_id"], working["status"]) == (run, "running")
    told = ended(client, run)
    assert (told["run_id"], told["status"]) == (run, "succeeded")
    assert told["sources"]["app"]["applied"] == 1
    assert client.get("/data/k1").json()["run_id"] == run
    assert audit(own_served) == [("mia", "run", "{}", run, run, "from-a-test")]


@pytest.mark.slow
def test_a_run_that_fails_tells_why(own_served):
    client = client_of(application(own_served), Role.OPERATOR)
    own_served.edit("models/marts/events.sql", "from applied", "from nowhere_at_all")
    own_served.drop("app/more.json", [{"key": "k1", "name": "n", "value": 1, "ts": "2025-01-16"}])
    told = ended(client, client.post("/data/process").json()["run"])
    assert told["status"] == "failed"
    assert any("events" in error for error in told["errors"])


def test_while_another_command_writes_none_is_started(own_served, monkeypatch):
    client = client_of(application(own_served), Role.OPERATOR)
    with warehouse_lock(own_served.database):
        answer = client.post("/data/process")
    assert (answer.status_code, answer.json()["title"]) == (409, "Conflict")
    assert "retry-after" in answer.headers


def test_dead_letters_are_discarded_in_the_name_of_the_token(own_served):
    client = client_of(application(own_served), Role.OPERATOR)
    answer = client.post(
        "/dead-letters/discard", json={"reason": "missing_key", "why": "--by=root; drop table"}
    )
    assert answer.status_code == 200, answer.text
    [letter] = answer.json()["dead_letters"]
    assert (letter["status"], letter["error"]) == ("discarded", "missing_key")
    discarded = client.get("/dead-letters?status=discarded").json()["dead_letters"]
    assert [each["record_id"] for each in discarded] == [letter["record_id"]]
    assert own_served.sql("select discarded_by, reason from ops.discards") == [
        ("mia", "--by=root; drop table")
    ]
    [(who, command, asked, run, promised, _)] = audit(own_served)
    assert (who, command, run, promised) == ("mia", "discard", None, None)
    assert json.loads(asked) == {"reason": "missing_key", "why": "--by=root; drop table"}


def test_a_discard_waits_for_nobody(own_served):
    client = client_of(application(own_served), Role.OPERATOR)
    with held(own_served.database):
        answer = client.post("/dead-letters/discard", json={"id": 10000000004, "why": "a test"})
    assert (answer.status_code, answer.json()["title"]) == (409, "Conflict")
    assert "has it open" in answer.json()["detail"]


@pytest.mark.slow
def test_dead_letters_are_decided_again(own_served):
    client = client_of(application(own_served), Role.OPERATOR)
    answer = client.post("/dead-letters/redrive", json={"entity": "events"})
    assert (answer.status_code, answer.json()["message"]) == (202, "Redrive triggered")
    told = ended(client, answer.json()["run"])
    assert (told["command"], told["status"]) == ("redrive", "succeeded")
    [(who, command, asked, run, _, _)] = audit(own_served)
    assert (who, command, run) == ("mia", "redrive", answer.json()["run"])
    assert json.loads(asked) == {"entity": "events"}


def test_what_cannot_be_chosen_is_refused(operator):
    for body in (
        {"entity": None, "id": 1, "why": "x"},
        {"why": "nothing is chosen"},
        {"id": 1},
        {"id": 0, "why": "x"},
        {"id": "one", "why": "x"},
        {"entity": "events\n--id=1", "why": "x"},
        {"by": "root", "id": 1, "why": "x"},
        [],
        "events",
    ):
        assert operator.post("/dead-letters/discard", json=body).status_code == 422, body
    nowhere = {"entity": "nowhere", "why": "x"}
    assert operator.post("/dead-letters/discard", json=nowhere).status_code == 404


def test_a_run_that_began_meanwhile_keeps_its_place(own_served, monkeypatch):
    """Identities of runs sort by time: a promised one that comes too late is exchanged."""
    late = "20200101T000000000-00000000"
    given = Request("r-1", "mia", {}, late).as_environment()
    monkeypatch.setenv(*next(iter(given.items())))
    receipt = own_served.run()
    assert receipt["run_id"] > late
    assert audit(own_served)[0][3:5] == (receipt["run_id"], late)
    # whoever was promised the other one finds it
    monkeypatch.delenv("HUB_REQUEST")
    client = client_of(application(own_served))
    publishing.publish_now(own_served.project)
    assert client.get(f"/runs/{late}").json()["run_id"] == receipt["run_id"]


def test_writes_are_limited_for_each_subject(served):
    client = client_of(application(served, api_writes_per_minute=2), Role.OPERATOR)
    body = {"entity": "events", "reason": "none_has_this", "why": "a test"}
    client.app.state.work.hub = ["false"]
    statuses = [client.post("/dead-letters/discard", json=body).status_code for _ in range(3)]
    assert statuses == [409, 409, 429]

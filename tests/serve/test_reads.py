"""What the reads answer."""

import json
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote

import pytest

from hub.commands import dead_letters
from hub.published.values import plain
from hub.queries.dead_letters import DeadLetterChoice
from tests.serve.serving import application, client_of


def test_the_row_of_a_key(client):
    answer = client.get("/data/evt-003?entity=events")
    row = answer.json()
    assert (row["key"], row["name"], row["value"]) == ("evt-003", "purchase_updated", 59.99)
    assert row["ts"] == "2025-01-15T12:00:00Z"
    assert client.get("/data/evt-003").json() == row
    assert answer.headers["content-location"] == "/data/evt-003?entity=events"


@pytest.mark.parametrize("path", ["/data/nobody", "/data/nobody?entity=events", "/data/a/b%2Fc"])
def test_a_key_that_no_target_holds(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["title"]) == (404, "Record not found")


@pytest.mark.parametrize(
    "path",
    ["/data/evt-003?entity=x", "/entities/x/records", "/entities/x/export", "/reconciliation/x"],
)
def test_an_entity_that_there_is_none_of(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["title"]) == (404, "Entity not found")
    assert "clicks, events, measurements, orders" in answer.json()["detail"]


@pytest.mark.slow
def test_a_key_that_several_entities_hold(own_served):
    own_served.drop("alpha/more.json", [{"uid": "evt-003", "data": "shipped"}])
    own_served.run()
    client = client_of(application(own_served))
    answer = client.get("/data/evt-003")
    assert answer.status_code == 409
    assert "events, orders" in answer.json()["detail"]
    assert client.get("/data/evt-003?entity=orders").json()["status"] == "shipped"


def test_the_entities_tell_their_columns(client):
    entities = {each["entity"]: each for each in client.get("/entities").json()["entities"]}
    assert {name: each["rows"] for name, each in entities.items()} == {
        "events": 4,
        "orders": 4,
        "clicks": 5,
        "measurements": 4,
    }
    assert entities["orders"]["is_reconciled"]
    assert entities["orders"]["sources"] == ["alpha", "beta"]
    assert entities["events"]["columns"][0] == {
        "name": "key",
        "type": "VARCHAR",
        "description": "Key of the event.",
    }


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 1000])
def test_a_walk_over_the_pages_meets_every_row_once(client, limit):
    address, keys = f"/entities/events/records?limit={limit}", []
    while address:
        page = client.get(address).json()
        assert len(page["records"]) <= limit
        keys += [row["key"] for row in page["records"]]
        address = page["next"]
    assert sorted(keys) == ["evt-001", "evt-002", "evt-003", "evt-006"]
    assert len(keys) == 4


@pytest.mark.parametrize("limit", [1, 3])
def test_a_walk_over_a_reconciliation_meets_every_key_once(client, limit):
    address, keys = f"/reconciliation/orders?limit={limit}", []
    while address:
        page = client.get(address).json()
        keys += [row["order_id"] for row in page["records"]]
        address = page["next"]
    assert sorted(keys) == ["order_001", "order_002", "order_003", "order_004"]
    assert page["counts"] == {"matched": 1, "mismatched": 1, "single_source": 2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("filters", "keys"),
    [
        ("name=page_view", ["evt-002"]),
        ("key=evt-002", ["evt-002"]),
        ("key=evt-00", []),
        ("value=1", ["evt-001", "evt-006"]),
        ("value=1&name=logout", ["evt-006"]),
        ("ts=2025-01-15T08:05:00Z", ["evt-002"]),
        ("ts=2025-01-15T09:05:00%2B01:00", ["evt-002"]),
        ("source=nobody", []),
    ],
)
def test_rows_are_filtered_by_column(client, filters, keys):
    answer = client.get(f"/entities/events/records?{filters}").json()
    assert [row["key"] for row in answer["records"]] == keys


@pytest.mark.parametrize(
    ("filters", "title"),
    [
        ("nothing=1", "No such column"),
        ("value=many", "No such value"),
        ("ts=yesterday", "Request not understood"),
        ("name=a&name=b", "Given twice"),
        ("limit=1001", "Request not understood"),
        ("limit=0", "Request not understood"),
        ("after=-1", "Request not understood"),
        ("after=99999999999999999999", "Request not understood"),
    ],
)
def test_what_cannot_be_meant_is_told(client, filters, title):
    answer = client.get(f"/entities/events/records?{filters}")
    assert (answer.status_code, answer.json()["title"]) == (422, title)


@pytest.mark.parametrize("path", ["/dead-letters?reasn=missing_key", "/runs?x=1", "/sources?y"])
def test_a_parameter_that_there_is_none_of_is_no_filter(client, path):
    answer = client.get(f"{path}=")
    assert (answer.status_code, answer.json()["title"]) == (422, "No such parameter")


def test_an_entity_of_one_source_is_not_reconciled(client):
    assert client.get("/reconciliation/orders?status=matched").json()["records"]
    answer = client.get("/reconciliation/events")
    assert (answer.status_code, answer.json()["title"]) == (404, "No reconciliation")


def test_why_is_what_the_command_says(client, command):
    told = client.get("/why/evt-003").json()
    printed = command("why", "evt-003", "--json").data
    assert len(told["records"]) == len(printed["records"]) == 2
    for ours, theirs in zip(told["records"], printed["records"], strict=True):
        assert ours["explanation"] == theirs["explanation"]
        assert ours["record"] == theirs["record"]
    place = client.get("/why/app/events.json:4").json()
    assert place["records"][0]["dead_letter"]["status"] == "open"
    assert client.get("/why/never-seen").status_code == 404


@pytest.mark.slow
def test_why_finds_what_has_no_key_to_speak_of(own_served):
    """A blank key has no digest of its own."""
    events = [
        {"key": key, "name": "n", "value": 1, "ts": "2025-01-16"} for key in (" ", "\u200b", "-")
    ]
    own_served.drop("app/more.json", events)
    own_served.run()
    client = client_of(application(own_served))
    for key, error in ((" ", ["missing_key"]), ("\u200b", ["missing_key"]), ("-", None)):
        [record] = client.get(f"/why/{quote(key)}").json()["records"]
        assert record["decisions"][0]["reasons"] == error


def test_dead_letters_have_their_text_and_reasons(client):
    letters = client.get("/dead-letters?entity=events").json()["dead_letters"]
    assert [letter["error"] for letter in letters] == ["missing_key", "invalid_value"]
    assert json.loads(letters[1]["record"])["value"] == "not_a_number"
    assert len(client.get("/dead-letters").json()["dead_letters"]) == 5
    assert client.get("/dead-letters?status=resolved").json()["dead_letters"] == []
    assert len(client.get("/dead-letters?status=all&source=web").json()["dead_letters"]) == 2
    first = client.get("/dead-letters?limit=2&reason=missing_key").json()
    assert [letter["error"] for letter in first["dead_letters"]] == ["missing_key"]
    assert first["next"] is None
    pages = client.get("/dead-letters?limit=3").json()
    assert len(client.get(pages["next"]).json()["dead_letters"]) == 2


def test_a_run_is_the_receipt_of_the_report(client, command):
    [line] = client.get("/runs").json()["runs"]
    assert line["started_at"].endswith("Z")
    receipt = client.get(f"/runs/{line['run_id']}").json()
    printed = command("report", "--run", line["run_id"], "--json").data
    assert receipt == printed
    assert client.get("/runs/20200101T000000000-00000000").status_code == 404
    assert client.get(f"/runs?before={line['run_id']}").json() == {"runs": [], "next": None}


def test_sources_tell_how_fresh_they_are(client):
    answer = client.get("/sources")
    sources = {each["source"]: each for each in answer.json()["sources"]}
    assert sources.keys() == {"app", "alpha", "beta", "web", "plant", "partner"}
    assert sources["app"]["freshness"] == "stale"
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


def test_the_run_is_the_etag(own_served):
    client = client_of(application(own_served))
    [run] = client.get("/runs").json()["runs"]
    answer = client.get("/entities/events/records")
    etag = answer.headers["etag"]
    assert etag == f'"{run["run_id"]}"'
    for asked in (etag, f"W/{etag}", f'"other", {etag}'):
        again = client.get("/entities/events/records", headers={"If-None-Match": asked})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert client.get("/runs", headers={"If-None-Match": '"other"'}).status_code == 200
    # a discard is no run, and changes what is read
    dead_letters.discard(
        own_served.project, DeadLetterChoice(reason="missing_key"), "mia", "a test"
    )
    changed = client.get("/dead-letters", headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] == f'"{run["run_id"]}+1"'


def test_without_a_token_nobody_learns_whether_something_changed(served):
    app = application(served)
    etag = client_of(app).get("/runs").headers["etag"]
    answer = client_of(app, role=None).get("/runs", headers={"If-None-Match": etag})
    assert answer.status_code == 401


def test_before_the_first_run_there_is_nothing_to_read(unbuilt):
    client = client_of(application(unbuilt))
    answer = client.get("/runs")
    assert (answer.status_code, answer.json()["title"]) == (503, "Nothing published yet")
    health = client.get("/health")
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
    assert health.json()["details"]["database"] == "missing"


def test_health_tells_what_is_read(client):
    health = client.get("/health").json()
    assert (health["status"], health["service"]) == ("healthy", "hub")
    details = health["details"]
    assert details["database"] == "ok"
    assert details["snapshot"]["run"] == client.get("/runs").json()["runs"][0]["run_id"]
    assert details["snapshot"]["age"] > 0
    for name in ("cpu_percent", "memory_percent", "disk_percent"):
        assert 0 <= details[name] <= 100


def test_a_read_that_takes_too_long_is_broken_off(served):
    client = client_of(application(served, api_read_seconds=0.001))
    answer = client.get("/why/evt-003")
    assert (answer.status_code, answer.json()["title"]) == (503, "Read took too long")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("12345678901234567890.10"), "12345678901234567890.10"),
        (datetime(2025, 1, 15, 8), "2025-01-15T08:00:00Z"),
        (datetime(2025, 1, 15, 8, 0, 0, 120000), "2025-01-15T08:00:00.12Z"),
        (datetime.fromisoformat("2025-01-15T08:00:00+02:00"), "2025-01-15T06:00:00Z"),
        ({"a": [None, True, 2**62, 2**70]}, {"a": [None, True, 2**62, str(2**70)]}),
    ],
)
def test_values_keep_what_they_say(value, shown):
    assert plain(value) == shown

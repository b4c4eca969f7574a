"""GET /metrics: names, labels and values, and what a scrape costs."""

import re
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub.published.snapshots import Snapshot
from hub.serve import snapshot_metrics
from hub.serve.access import Role
from loader.warehouse.run_log import utc_now
from tests.serve.serving import bearing
from tests.serve.visiting import published, visiting
from tests.support.workbench import PROJECT

_UNITS = ("seconds", "bytes", "ratio", "records", "total", "info")
_NOT_BASE_UNITS = re.compile(r"_(ms|milliseconds|minutes|hours|days|kb|mb|kilobytes|percent)(_|$)")


def scrape(client: Any) -> dict[str, Any]:
    """The metric families that a scrape finds, by name."""
    answer = client.get("/metrics", headers=bearing(Role.SCRAPE))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def values(family: Any) -> dict[tuple[str, ...], float]:
    """The values of a family, by those of its labels, in the order of the labels' names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for sample in family.samples
    }


def test_the_metrics_say_what_the_receipt_says(after_run):
    with published(after_run) as client:
        found = scrape(client)
    assert values(found["hub_records_landed"]) == {
        ("events", "app"): 7,
        ("orders", "alpha"): 3,
        ("orders", "beta"): 3,
        ("clicks", "web"): 8,
        ("measurements", "plant"): 4,
        ("measurements", "partner"): 5,
    }
    outcomes = values(found["hub_outcomes"])
    assert outcomes[("events", "applied", "app")] == 4
    assert outcomes[("clicks", "duplicate", "web")] == 1
    assert sum(outcomes.values()) == 30
    assert set(values(found["hub_records_unaccounted"]).values()) == {0}
    assert set(values(found["hub_records_waiting"]).values()) == {0}
    assert values(found["hub_dead_letters_open"]) == {
        ("events", "missing_key", "app"): 1,
        ("events", "invalid_value", "app"): 1,
        ("clicks", "invalid_event_type", "web"): 1,
        ("clicks", "missing_timestamp", "web"): 1,
        ("measurements", "invalid_value", "plant"): 1,
    }
    assert values(found["hub_quality_ratio"])[("events", "app")] == pytest.approx(5 / 7)
    assert values(found["hub_target_rows"])[("events",)] == 4
    assert values(found["hub_reconciliation_keys"])[("orders", "single_source")] == 2
    assert ("events", "matched") not in values(found["hub_reconciliation_keys"])
    assert values(found["hub_last_run_status"]) == {
        ("running",): 0,
        ("pulling",): 0,
        ("succeeded",): 1,
        ("failed",): 0,
        ("interrupted",): 0,
    }
    runs = {sample.name: sample.value for sample in found["hub_run_duration_seconds"].samples}
    assert runs["hub_run_duration_seconds_count"] == 1
    assert runs["hub_run_duration_seconds_sum"] == pytest.approx(
        values(found["hub_last_run_duration_seconds"])[()]
    )
    assert values(found["hub_snapshot_readable"]) == {(): 1}
    assert values(found["hub_check_status"])[("drift", "warn")] == 1


def test_times_are_seconds_since_what_happened(after_run, monkeypatch):
    ((landed_at, newest),) = after_run.sql(
        "select last_landed_at, newest_event_at from ops.source_freshness where source = 'app'"
    )
    now = utc_now() + timedelta(hours=1)
    with published(after_run) as client:
        monkeypatch.setattr(snapshot_metrics, "utc_now", lambda: now)
        found = scrape(client)
    app = ("events", "app")
    freshness, lag = found["hub_source_freshness_seconds"], found["hub_source_lag_seconds"]
    assert values(freshness)[app] == pytest.approx((now - landed_at).total_seconds())
    assert values(lag)[app] == pytest.approx((now - newest).total_seconds())
    assert ("orders", "alpha") not in values(lag)
    ended = values(found["hub_last_success_timestamp_seconds"])[()]
    began = values(found["hub_last_run_start_timestamp_seconds"])[()]
    took = values(found["hub_last_run_duration_seconds"])[()]
    assert ended - began == pytest.approx(took, abs=0.01)
    assert values(found["hub_snapshot_age_seconds"])[()] >= 3600


def test_names_and_labels_keep_the_conventions(after_run):
    with published(after_run) as client:
        scrape(client)
        found = scrape(client)
        text = client.get("/metrics", headers=bearing(Role.SCRAPE)).text
    assert len(found) > 20
    wrong = []
    for name, family in found.items():
        written = {sample.name for sample in family.samples}
        wrong += [f"{name}: HELP" for _ in [0] if not family.documentation.endswith(".")]
        if not re.fullmatch(r"(hub|process)_[a-z][a-z0-9_]*", name):
            wrong.append(f"{name}: prefix")
        if (family.type == "counter") is not any(each.endswith("_total") for each in written):
            wrong.append(f"{name}: _total is for counters, and all of them")
        if _NOT_BASE_UNITS.search(name) or family.type in name.split("_"):
            wrong.append(f"{name}: base units, and no type in the name")
        if re.search(r"seconds|bytes|ratio", name) and name.rpartition("_")[2] not in _UNITS:
            wrong.append(f"{name}: the unit stands last")
        for sample in family.samples:
            reserved = {"le"} if family.type == "histogram" else set()
            wrong += [
                f"{name}: label {label}"
                for label in sample.labels
                if not re.fullmatch(r"[a-z][a-z_]*", label)
                or (label in ("le", "quantile") and label not in reserved)
            ]
    assert [each for each in wrong if not each.startswith("process_")] == []
    # each family stands once, with its type and help before its samples
    for kind in ("TYPE", "HELP"):
        names = re.findall(rf"^# {kind} (\S+)", text, re.MULTILINE)
        assert len(names) == len(set(names))
    # no label grows with time: neither runs nor keys nor texts are any
    assert not re.search(r'"\d{8}T\d{9}-[0-9a-f]{8}"|"evt-', text)


def test_the_documentation_lists_every_metric_with_its_type_and_labels(after_run):
    rows = re.findall(
        r"^\| `(hub_\w+)` \| (\w+) \| ([a-z, ]*) ?\|",
        (PROJECT / "docs" / "metrics.md").read_text(),
        re.MULTILINE,
    )
    with published(after_run) as client:
        scrape(client)
        found = scrape(client)
    written = {}
    for name, family in found.items():
        if not name.startswith("hub_"):
            continue
        full_name = f"{name}_total" if family.type == "counter" else name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        # without a stream there is no sample that shows them
        written[full_name] = (family.type, labels or None)
    documented = {
        name: (kind, set(labels.replace(" ", "").split(",")) - {""} or None)
        for name, kind, labels in rows
    }
    assert documented.pop("hub_stream_lag_records") == ("gauge", {"source", "partition"})
    assert written.pop("hub_stream_lag_records") == ("gauge", None)
    assert documented == written


@pytest.mark.slow
def test_a_second_scrape_of_a_snapshot_asks_nothing(after_run, monkeypatch):
    asked = []
    open_cursor = Snapshot.cursor
    monkeypatch.setattr(
        Snapshot, "cursor", lambda self: asked.append(self.number) or open_cursor(self)
    )
    with published(after_run) as client:
        first = scrape(client)
        assert len(asked) == 1
        assert values(scrape(client)["hub_records_landed"]) == values(first["hub_records_landed"])
        assert len(asked) == 1

        after_run.drop("app/more.json", [{"key": "evt-9", "name": "n", "value": 1, "ts": "soon"}])
        after_run.run()
        found = scrape(client)
        assert len(asked) == 2
    assert values(found["hub_records_landed"])[("events", "app")] == 8
    assert values(found["hub_dead_letters_open"])[("events", "invalid_timestamp", "app")] == 1
    assert values(found["hub_snapshot_number"])[()] > values(first["hub_snapshot_number"])[()]


def test_requests_are_counted_by_the_template_of_their_route(after_run):
    with published(after_run) as client:
        operator = bearing(Role.OPERATOR)
        for number in (1, 2):
            assert client.get(f"/page/letters/{number}", headers=operator).status_code == 404
        client.get("/nowhere/else")
        client.request("BREW", "/nowhere")
        found = scrape(client)
    requests = values(found["hub_http_requests"])
    assert requests[("GET", "/page/letters/{record_id}", "404")] == 2
    assert requests[("GET", "unmatched", "404")] == 1
    assert [status for method, route, status in requests if method == "other"] == ["404"]
    counts = [
        sample
        for sample in found["hub_http_request_duration_seconds"].samples
        if sample.name.endswith("_count") and sample.labels["route"] == "/page/letters/{record_id}"
    ]
    assert [sample.value for sample in counts] == [2]


def test_a_server_without_a_snapshot_says_so(samples):
    with visiting(samples) as client:
        found = scrape(client)
    assert values(found["hub_snapshot_readable"]) == {(): 0}
    assert "hub_records_landed" not in found
    assert "process_resident_memory_bytes" in found


@pytest.mark.slow
def test_a_snapshot_that_lacks_tables_is_told_of(after_run):
    after_run.sql("drop table ops.run_steps")
    with published(after_run) as client:
        assert values(scrape(client)["hub_snapshot_readable"]) == {(): 0}
        page = client.get("/", headers=bearing(Role.READER))
    assert page.status_code == 200
    assert "cannot be read" in page.text
    assert "<code>hub run</code> brings them up to date" in page.text


@pytest.mark.parametrize("given", [None, "nonsense"])
def test_metrics_need_a_token(after_run, given):
    headers = {"Authorization": f"Bearer {given}"} if given else {}
    with published(after_run) as client:
        assert client.get("/metrics", headers=headers).status_code == 401

"""Whatever makes a run tells of alerts, without a server, and never fails or waits for that."""

import json
import time
from typing import Any

import duckdb
import pytest

from hub.alerts import watch
from hub.alerts.state import read_state
from hub.alerts.watch import current_alerts, evaluate
from hub.commands import dead_letters, publishing, pulling, rules, streaming
from hub.queries.dead_letters import DeadLetterChoice
from hub.queries.reprocess import ReprocessChoice
from loader.errors import HubError, WrongUse
from tests.demo.api import SampleApi
from tests.support.partner import CURSOR, measurements
from tests.support.receiver import Answer, refused_url


def event(key: str, value: Any = 1) -> dict[str, Any]:
    return {"key": key, "name": "n", "value": value, "ts": "2025-01-15T08:00:00"}


@pytest.mark.slow
def test_a_run_tells_of_what_began_and_of_what_ended(bench, webhook):
    bench.drop("app/1.json", [event("a"), event("b", "s3cret-value")])
    bench.run()
    assert webhook.told() == [("quality", "app", "firing")]
    bench.run()
    bench.drop("app/2.json", [event("c")])
    bench.run()
    assert webhook.told() == [("quality", "app", "firing"), ("quality", "app", "resolved")]
    told = json.dumps(webhook.messages) + str(read_state(bench.database))
    assert "s3cret-value" not in told, "nothing of a record is told"


@pytest.mark.nightly
def test_a_redrive_and_a_reprocessing_tell_as_well(bench, webhook):
    bench.drop("app/1.json", [event("a"), event("b", "x")])
    for work in (
        lambda: dead_letters.redrive(bench.project, DeadLetterChoice("events", None, None, None)),
        lambda: rules.reprocess(bench.project, ReprocessChoice("events", None, "b", None, None)),
    ):
        bench.run()
        (bench.root / "warehouse.duckdb.alerts.json").unlink()
        webhook.taken.clear()
        work()
        assert ("quality", "app", "firing") in webhook.told()


@pytest.mark.slow
def test_a_run_on_a_copy_tells_nothing(bench, webhook):
    bench.drop("app/1.json", [event("a"), event("b", "x")])
    bench.run(dry=True)
    assert webhook.requests == []
    assert current_alerts(bench.project) == []


@pytest.mark.nightly
def test_a_run_that_failed_is_told_of_until_one_succeeds(own_project, webhook):
    own_project.drop("app/1.json", [event("a")])
    model = "models/intermediate/int_events__checked.sql"
    own_project.edit(model, "{{", "{{ raise_now() }}{{")
    own_project.run()
    assert webhook.told() == [("run", None, "firing")]
    own_project.edit(model, "{{ raise_now() }}{{", "{{")
    own_project.run()
    assert webhook.told() == [("run", None, "firing"), ("run", None, "resolved")]


def test_a_run_that_ends_with_an_error_is_told_of(bench, webhook, monkeypatch):
    def fails(*_: object) -> None:
        raise HubError("here", "it breaks", "Mend it.")

    monkeypatch.setattr("hub.runs.run.build", fails)
    bench.drop("app/1.json", [event("a")])
    with pytest.raises(HubError, match="it breaks"):
        bench.run(by_dbt=True)
    assert webhook.told() == [("run", None, "firing")]


def test_landing_that_failed_is_told_of(bench, webhook, monkeypatch):
    def fails(*_: object, **__: object) -> None:
        raise HubError("here", "it breaks", "Mend it.")

    monkeypatch.setattr("hub.commands.landing.land", fails)
    with pytest.raises(HubError, match="it breaks"):
        bench.land()
    assert webhook.told() == [("run", None, "firing")]


def test_a_name_that_somebody_mistyped_is_no_alert(after_run, webhook):
    webhook.taken.clear()
    with pytest.raises(WrongUse, match="nosuch"):
        after_run.land("nosuch")
    assert ("run", None, "firing") not in webhook.told()
    after_run.run()
    assert ("run", None, "firing") not in webhook.told()


@pytest.mark.slow
def test_pulls_that_fail_in_a_row_are_told_of_until_one_succeeds(own_project, webhook, monkeypatch):
    http = {"url": "${PARTNER_URL}", "items": "data", "retries": {"attempts": 1}}
    own_project.set_meta("partner", http=http)
    monkeypatch.setenv("PARTNER_URL", refused_url())
    for told in ([], [], [("circuit", "partner", "firing")]):
        assert pulling.pull(own_project.project, ("partner",)).exit_code == 1
        assert webhook.told() == told
    outcomes = own_project.sql("select source, status, requests from ops.pull_outcomes")
    assert outcomes == [("partner", "failed", 1)] * 3
    with SampleApi(measurements(3)) as api:
        own_project.set_meta("partner", http=http | {"items": "data.items", "pagination": CURSOR})
        monkeypatch.setenv("PARTNER_URL", api.url)
        assert pulling.pull(own_project.project, ("partner",)).exit_code == 0
    assert webhook.told()[1:] == [("circuit", "partner", "resolved")]


@pytest.mark.slow
@pytest.mark.parametrize("answer", [Answer(200, delay=30), Answer(500), Answer(None, delay=3)])
def test_a_webhook_that_fails_neither_fails_nor_holds_up_a_run(bench, webhook, answer):
    webhook.answers = [answer]
    bench.drop("app/1.json", [event("a"), event("b", "x")])
    bench.run()  # takes as long as it takes; dbt is loaded then
    bench.drop("app/2.json", [event("c", "x")])
    quick = time.monotonic()
    bench.run()
    quick = time.monotonic() - quick
    assert current_alerts(bench.project)
    began = time.monotonic()
    receipt = bench.run()
    took = time.monotonic() - began
    assert receipt["status"] == "succeeded"
    assert took < quick + watch._PATIENCE_SECONDS + 1


@pytest.mark.slow
def test_a_webhook_that_is_gone_costs_a_run_seconds_at_most(bench, monkeypatch, command):
    monkeypatch.setenv("WEBHOOK_URL", refused_url())
    bench.drop("app/1.json", [event("a"), event("b", "x")])
    answer = command("run")
    assert answer.code == 0
    assert "s3cret" not in answer.err
    monkeypatch.setattr(watch, "_PATIENCE_SECONDS", 20.0)
    answer = command("run", "--log-level", "info")
    assert answer.code == 0
    assert "s3cret" not in answer.err


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("WEBHOOK_URL", "hooks/s3cret", "hub: the environment: WEBHOOK_URL: it is no address"),
        ("rules", "rules: {a: {when: run_faild}}", "hub: alerts.yml: rules: a: when: unknown"),
    ],
)
def test_wrong_settings_end_a_run_before_it_does_anything(
    own_project, monkeypatch, command, name, value, told
):
    if name == "rules":
        (own_project.root / "alerts.yml").write_text(value)
    else:
        monkeypatch.setenv(name, value)
    for arguments in (("run",), ("land",), ("redrive",)):
        answer = command(*arguments)
        if arguments == ("redrive",):
            assert answer.code  # there is no warehouse
            continue
        assert (answer.code, answer.err.startswith(told)) == (2, True), answer.err
        assert "s3cret" not in answer.err
    assert not own_project.database.exists()
    # who only reads goes on
    assert "there is no warehouse" in command("report").err


def test_hub_publish_watch_judges_what_is_published(after_run, webhook, monkeypatch):
    (after_run.root / "warehouse.duckdb.alerts.json").unlink()
    deadline = time.monotonic() + 60

    def is_done() -> bool:
        return bool(current_alerts(after_run.project)) or time.monotonic() > deadline

    monkeypatch.setattr("hub.runs.publishing.interrupts.requested", is_done)
    monkeypatch.setattr("hub.runs.publishing.WATCH_SECONDS", 0.1)
    publishing.watch(after_run.project)
    assert {alert.rule for alert in current_alerts(after_run.project)} == {"quality"}
    webhook.wait_for(3)


def test_the_watcher_tells_what_no_run_does(after_run, webhook):
    """On a snapshot that it may only read, while nothing runs."""
    with duckdb.connect(str(after_run.database), read_only=True) as snapshot:
        now = evaluate(snapshot, after_run.project)
        later = evaluate(snapshot, after_run.project, now[0].began_at.replace(year=2100))
    assert {alert.rule for alert in now} == {"quality"}
    assert {alert.rule for alert in later} == {"quality", "freshness"}
    webhook.wait_for(len(later))


@pytest.mark.slow
def test_a_stream_tells_between_its_batches(bench, cluster, webhook):
    cluster.produce("clicks", [b'{"event_id": "1"}', b"no JSON"])
    streaming.stream(bench.project, ("web",), once=True)
    webhook.wait_for(1)
    assert webhook.told() == [("quality", "web", "firing")]


@pytest.mark.nightly
def test_a_build_alone_and_a_run_with_nothing_new_change_nothing_of_an_alert(bench, webhook):
    bench.drop("app/1.json", [event("a"), event("b", "x")])
    bench.run()
    state = read_state(bench.database)
    bench.run()
    assert read_state(bench.database) == state
    bench.dbt("build", "--select", "tag:events")
    bench.run()
    assert webhook.told() == [("quality", "app", "firing")]


@pytest.mark.nightly
def test_rules_that_changed_are_judged_though_nothing_is_new(own_built, webhook):
    own_built.drop("app/1.json", [event("a"), event("b", "x")])
    own_built.run()
    own_built.edit("alerts.yml", "threshold: 0.99", "threshold: 0.4")
    own_built.run()
    assert webhook.told() == [("quality", "app", "firing"), ("quality", "app", "resolved")]

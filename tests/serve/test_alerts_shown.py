"""Alerts that last stand on the page and among the metrics; requests are spans."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.alerts import state
from hub.alerts.state import Alert, changing_state
from loader import tracing
from tests.serve.serving import bearing
from tests.serve.test_metrics import scrape, values
from tests.serve.visiting import look, published, sign_in
from tests.support.spans import Heard


def alert(rule: str, severity: str, **more: Any) -> Alert:
    return Alert(
        **{"source": None, "entity": None, "summary": "<b>it is</b> so", **more},
        id=rule,
        rule=rule,
        kind="run_failed",
        severity=severity,
        value=1,
        threshold=1,
        began_at=datetime.now(UTC),
    )


@pytest.fixture
def two(after_run: Any) -> Any:
    with changing_state(after_run.database) as change:
        change.set(
            alerts=(
                alert("freshness", "warning", source="web"),
                alert("run", "critical"),
                alert("over", "critical", ended_at=datetime.now(UTC)),
            )
        )
    return after_run


def test_the_page_shows_the_alerts_that_last_the_most_urgent_first(two):
    with published(two) as client:
        sign_in(client)
        answer = client.get("/")
        look(client, "/")
    notes = answer.text.split('id="h-alerts"')[1].split("</section>")[0]
    assert notes.index("<b>run</b>") < notes.index("<b>freshness</b>")
    assert "<b>over</b>" not in notes
    assert "&lt;b&gt;it is&lt;/b&gt; so" in notes


def test_the_metrics_have_a_series_for_each(two):
    with published(two) as client:
        firing = values(scrape(client)["hub_alert_firing"])
    # by the names of the labels: entity, rule, severity, source
    assert firing == {
        ("", "freshness", "warning", "web"): 1.0,
        ("", "run", "critical", ""): 1.0,
    }


def test_a_state_that_cannot_be_read_takes_nobody_the_page(two):
    state._file_of(two.database).write_text("{")
    with published(two) as client:
        sign_in(client)
        look(client, "/")
        assert values(scrape(client)["hub_alert_firing"]) == {}


def test_each_request_is_a_span_of_its_route(two):
    heard = Heard()
    tracing.listen(heard)
    try:
        with published(two) as client:
            client.get("/why/evt-s3cret", headers=bearing())
            client.get("/nowhere/s3cret")
    finally:
        tracing.listen(None)
    assert [name for name, _ in heard.spans] == ["serve GET", "serve GET"]
    routes = [(span["http.route"], span["http.response.status_code"]) for _, span in heard.spans]
    assert routes == [("/why/{key:path}", 404), ("unmatched", 404)]
    assert "s3cret" not in str(heard.spans)

"""What a contract would decide otherwise, before it does."""

import pytest
from click.testing import CliRunner

from hub import commands
from hub.cli import hub as command
from loader.errors import HubError

EVENTS = "macros/contracts/events.sql"
RECORDS = [
    {"key": "a", "name": "signup", "value": 1, "ts": "2025-01-15T08:00:00"},
    {"key": "b", "name": "refund", "value": -5, "ts": "2025-01-15T08:00:00"},
    {"key": "c", "name": "call", "value": None, "ts": "2025-01-15T08:00:00"},
]


def test_records_that_would_change_sides_are_counted_by_rule_with_samples(own_project):
    own_project.drop("app/1.json", RECORDS)
    own_project.run()
    before = own_project.sql("select * from ops.events_decisions order by record_id")

    own_project.edit(
        EVENTS,
        "'value': {'type': 'number', 'required': true,",
        "'value': {'type': 'number', 'min': 0,",
    )
    difference = commands.contract_diff(own_project.project, "events")
    assert difference["newly_rejected"]["by_rule"] == {"invalid_value": 1}
    assert difference["newly_rejected"]["samples"][0]["place"] == "app/1.json:2"
    assert difference["newly_accepted"]["by_rule"] == {"invalid_value": 1}
    assert difference["newly_accepted"]["samples"][0]["place"] == "app/1.json:3"
    # nothing was built
    assert own_project.sql("select * from ops.events_decisions order by record_id") == before

    printed = CliRunner().invoke(command, ["contract", "diff", "--entity", "events"]).output
    assert "raise the major version" in printed
    own_project.edit(EVENTS, "'version': '1.0.0'", "'version': '2.0.0'")
    assert not commands.contract_diff(own_project.project, "events")["needs_major"]


def test_without_a_build_there_is_nothing_to_compare_with(bench):
    bench.land()
    with pytest.raises(HubError, match="nothing was built yet"):
        commands.contract_diff(bench.project, "events")

"""What a contract would decide otherwise, before it does."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli.root import hub as command
from hub.commands import rules
from loader.errors import HubError
from tests.support.workbench import Workbench, fresh_samples, held

pytestmark = pytest.mark.slow

EVENTS = "macros/contracts/events.sql"
ADAPTER = "models/staging/app/stg_app__events.sql"
RECORDS = [
    {"key": "a", "name": "signup", "value": 1, "ts": "2025-01-15T08:00:00"},
    {"key": "b", "name": "refund", "value": -5, "ts": "2025-01-15T08:00:00"},
    {"key": "c", "name": "call", "value": None, "ts": "2025-01-15T08:00:00"},
]


def test_records_that_would_change_sides_are_counted_by_rule_with_samples(own_built):
    own_built.drop("app/1.json", RECORDS)
    own_built.run()
    before = own_built.sql("select * from ops.events_decisions order by record_id")

    own_built.edit(
        EVENTS,
        "'value': {'type': 'number', 'required': true,",
        "'value': {'type': 'number', 'min': 0,",
    )
    difference = rules.contract_diff(own_built.project, "events")
    assert difference["newly_rejected"]["by_rule"] == {"invalid_value": 1}
    assert difference["newly_rejected"]["samples"][0]["place"] == "app/1.json:2"
    assert difference["newly_accepted"]["by_rule"] == {"invalid_value": 1}
    assert difference["newly_accepted"]["samples"][0]["place"] == "app/1.json:3"
    # nothing was built
    assert own_built.sql("select * from ops.events_decisions order by record_id") == before

    printed = CliRunner().invoke(command, ["contract", "diff", "--entity", "events"]).output
    assert "raise the major version" in printed
    own_built.edit(EVENTS, "'version': '1.0.0'", "'version': '2.0.0'")
    assert not rules.contract_diff(own_built.project, "events")["needs_major"]


def test_without_a_build_there_is_nothing_to_compare_with(unbuilt):
    unbuilt.land()
    with pytest.raises(HubError, match="nothing was built yet"):
        rules.contract_diff(unbuilt.project, "events")


@pytest.fixture(scope="module")
def image(shared_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run over three events leaves behind."""
    image = tmp_path_factory.mktemp("images") / "built"
    with fresh_samples(shared_root) as bench:
        bench.empty_landing()
        bench.drop(
            "app/1.ndjson",
            [
                {**RECORDS[0], "channel": "web", "title": "5"},
                {**RECORDS[0], "key": "b", "channel": "fax", "title": "x"},
                {**RECORDS[0], "key": "c", "title": "7"},
            ],
        )
        bench.run()
        bench.save(image)
    return image


class TestTheFilesOfNow:
    """What is compared is what the files say, whatever was built last."""

    @pytest.fixture
    def built(self, own_project: Workbench, image: Path) -> Workbench:
        own_project.restore(image)
        return own_project

    @pytest.mark.nightly
    def test_a_new_column_is_compared_before_any_build(self, built: Workbench) -> None:
        target = {path: path.stat().st_mtime_ns for path in (built.root / "target").rglob("*")}
        built.edit(
            EVENTS, "'columns': {", "'columns': {'channel': {'type': 'string', 'allowed': ['web']},"
        )
        built.edit(ADAPTER, " as ts", " as ts,\n    {{ json_text('channel') }} as channel")

        difference = rules.contract_diff(built.project, "events")

        assert difference["newly_rejected"]["by_rule"] == {"invalid_channel": 1}
        (sample,) = difference["newly_rejected"]["samples"]
        assert sample["place"] == "app/1.ndjson:2"
        # dbt worked elsewhere
        assert {path: path.stat().st_mtime_ns for path in target} == target
        assert "channel" not in str(built.sql("select sql from duckdb_views()"))

    @pytest.mark.nightly
    def test_a_changed_adapter_is_compared_before_any_build(self, built: Workbench) -> None:
        built.edit(ADAPTER, "json_text('value')", "json_text('title')")

        difference = rules.contract_diff(built.project, "events")

        assert difference["newly_rejected"]["by_rule"] == {"invalid_value": 1}
        assert difference["newly_rejected"]["samples"][0]["place"] == "app/1.ndjson:2"

    @pytest.mark.nightly
    def test_a_changed_time_zone_is_compared_before_any_build(self, built: Workbench) -> None:
        built.edit(
            EVENTS,
            "'columns': {",
            "'rules': {'early': \"ts < timestamp '2025-01-15 07:30:00'\"}, 'columns': {",
        )
        built.set_meta("app", timezone="Europe/Berlin")

        difference = rules.contract_diff(built.project, "events")

        assert difference["newly_rejected"]["total"] == 0

    @pytest.mark.nightly
    def test_a_source_that_has_brought_nothing_yet_is_no_obstacle(self, built: Workbench) -> None:
        built.sql("drop table raw.beta cascade")

        difference = rules.contract_diff(built.project, "orders")

        assert difference["newly_rejected"]["total"] == 0

    @pytest.mark.nightly
    def test_an_adapter_that_does_not_compile_is_named(self, built: Workbench) -> None:
        built.edit(ADAPTER, "json_text('value')", "json_txt('value')")

        with pytest.raises(HubError, match=r"(?s)json_txt.*Correct"):
            rules.contract_diff(built.project, "events")

    @pytest.mark.nightly
    def test_it_reads_beside_another_reader(self, built: Workbench) -> None:
        with held(built.database, read_only=True):
            assert rules.contract_diff(built.project, "events")["stored_versions"] == ["1.0.0"]

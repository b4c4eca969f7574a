"""Dead letters decided again, or discarded."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli.root import hub as command
from hub.commands import dead_letters, questions
from hub.queries.dead_letters import DeadLetterChoice
from tests.support.workbench import Workbench, fresh_samples

pytestmark = pytest.mark.slow

EVENTS = "macros/contracts/events.sql"
STRICT = "'value': {'type': 'number', 'required': true,"
LENIENT = "'value': {'type': 'number',"
WITHOUT_VALUE = {"key": "a", "name": "old", "value": None, "ts": "2025-01-15T08:00:00"}


def redrive(bench: Workbench, now: str | None = None, **choice) -> list[dict]:
    from loader.warehouse.run_log import parse_clock

    clock = parse_clock(now) if now else None
    return dead_letters.redrive(bench.project, DeadLetterChoice(**choice), clock=clock).afterwards


def allow_missing_values(bench: Workbench) -> None:
    bench.edit(EVENTS, STRICT, LENIENT)
    bench.edit(EVENTS, "'version': '1.0.0'", "'version': '1.1.0'")


@pytest.fixture(scope="module")
def image(shared_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run leaves behind that makes dead letters of every fate."""
    newer = {"key": "b", "name": "newer", "value": 1, "ts": "2025-01-16T08:00:00"}
    older = {**WITHOUT_VALUE, "key": "b"}
    wrong = {**WITHOUT_VALUE, "key": "c", "value": "many"}
    image = tmp_path_factory.mktemp("images") / "dead-letters"
    with fresh_samples(shared_root) as bench:
        bench.empty_landing()
        bench.drop("app/1.json", [WITHOUT_VALUE, newer, older, wrong, WITHOUT_VALUE])
        bench.run()
        bench.save(image)
    return image


@pytest.fixture
def fixed(own_project: Workbench, image: Path) -> Workbench:
    """Dead letters of every fate, and a contract that has been fixed since."""
    own_project.restore(image)
    allow_missing_values(own_project)
    return own_project


def test_a_fixed_contract_resolves_the_letters_it_now_accepts(fixed):
    receipt = fixed.run()
    assert "3 open dead letters were decided under another contract" in " ".join(
        receipt["warnings"]
    )

    letters = redrive(fixed)
    assert [(letter["status"], letter["last_outcome"]) for letter in letters] == [
        ("resolved", "applied"),
        ("resolved", "outdated"),
        ("open", "rejected"),
    ]
    assert [letter["attempts"] for letter in letters] == [2, 2, 2]
    assert fixed.sql("select key, name from marts.events order by key") == [
        ("a", "old"),
        ("b", "newer"),
    ]
    # the duplicate of a letter was decided again as well, and still repeats it
    assert fixed.outcomes() == ["applied", "applied", "outdated", "rejected", "duplicate"]


@pytest.mark.nightly
def test_a_second_redrive_changes_nothing(fixed):
    redrive(fixed)
    before = fixed.sql("select * exclude (decided_at) from ops.events_decisions order by all")
    letters = redrive(fixed)
    assert [(letter["status"], letter["attempts"]) for letter in letters] == [("open", 2)]
    after = fixed.sql("select * exclude (decided_at) from ops.events_decisions order by all")
    assert before == after


@pytest.mark.nightly
def test_a_redriven_record_says_so_in_the_lineage(fixed):
    redrive(fixed, reason="invalid_value", record_id=10000000001)
    assert fixed.sql(
        "select step from ops.lineage where record_id = 10000000001 and attempt = 2 "
        "order by step_number"
    ) == [("redrive",), ("stage",), ("load",)]


def test_a_letter_from_the_future_is_accepted_once_it_is_due(bench):
    bench.drop("app/1.json", [{"key": "a", "name": "n", "value": 1, "ts": "2025-01-20"}])
    bench.run(now="2025-01-15T00:00:00")
    assert bench.outcomes() == ["rejected"]
    assert [letter["status"] for letter in redrive(bench, now="2025-01-15T01:00:00")] == ["open"]
    assert [letter["status"] for letter in redrive(bench, now="2025-01-20")] == ["resolved"]
    assert bench.sql("select key from marts.events") == [("a",)]


@pytest.mark.nightly
def test_a_dry_redrive_shows_the_result_and_changes_nothing(fixed):
    fixed.run()
    before = fixed.database.read_bytes()
    result = dead_letters.redrive(fixed.project, DeadLetterChoice(entity="events"), dry=True)
    assert [letter["status"] for letter in result.afterwards] == ["resolved", "resolved", "open"]
    assert fixed.database.read_bytes() == before


@pytest.mark.nightly
def test_a_dry_redrive_says_that_it_was_dry(fixed):
    arguments = ["redrive", "--entity", "events"]
    text = CliRunner().invoke(command, [*arguments, "--dry-run"]).output
    assert text.startswith("dry run, nothing was changed:\nrun ")
    data = json.loads(CliRunner().invoke(command, [*arguments, "--dry-run", "--json"]).stdout)
    assert (data["dry_run"], len(data["dead_letters"])) == (True, 3)

    text = CliRunner().invoke(command, arguments).output
    assert "dry" not in text
    assert text.startswith("run ")
    # what cannot be accepted stays open; of another source there is nothing to decide
    nothing = ["redrive", "--source", "web"]
    assert CliRunner().invoke(command, nothing).output == "no open dead letter fits\n"
    dry = CliRunner().invoke(command, [*nothing, "--dry-run"]).output
    assert dry == "dry run, nothing was changed: no open dead letter fits\n"


@pytest.mark.nightly
def test_what_was_discarded_since_is_warned_of_no_more(fixed):
    assert fixed.run()["warnings"]
    dead_letters.discard(fixed.project, DeadLetterChoice(entity="events"), "mia", "a test")

    for receipt in (questions.report(fixed.project), fixed.run()):
        assert receipt["entities"]["events"]["dead_letters"] == 0
        assert not [text for text in receipt["warnings"] if "another contract" in text]


@pytest.mark.nightly
def test_a_redrive_that_failed_says_why(fixed):
    adapter = "models/staging/app/stg_app__events.sql"
    fixed.edit(adapter, "json_text('value')", "no_such_macro('value')")
    result = CliRunner().invoke(command, ["redrive", "--entity", "events", "--dry-run"])
    assert result.exit_code == 1
    assert "no_such_macro" in result.stdout


def test_discarding_marks_letters_and_deletes_nothing(bench):
    bench.drop("app/1.json", [WITHOUT_VALUE])
    bench.run()
    discarded = dead_letters.discard(
        bench.project, DeadLetterChoice(reason="invalid_value"), "mia", "a test"
    )
    assert [letter["status"] for letter in discarded] == ["discarded"]
    assert bench.sql("select status, record is not null from ops.dead_letters") == [
        ("discarded", True)
    ]
    assert bench.sql("select discarded_by, reason from ops.discards") == [("mia", "a test")]
    assert redrive(bench) == []

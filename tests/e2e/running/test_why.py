"""Why a record is what it is, where it is."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli.root import hub as command
from hub.commands import dead_letters, questions
from hub.queries.dead_letters import DeadLetterChoice
from hub.queries.explain import Question, parse_question
from hub.text.explanation import render_explanation
from loader.errors import WrongUse
from tests.support.workbench import Workbench, fresh_samples

RECORDS = [
    {"key": "a", "name": "first", "value": 1, "ts": "2025-01-15T08:00:00"},
    {"key": "a", "name": "second", "value": 1, "ts": "2025-01-15T09:00:00"},
    {"key": "a", "name": "second", "value": 1, "ts": "2025-01-15T09:00:00"},
    {"key": "a", "name": "\x1b[31mred", "value": "'; drop table x; --", "ts": "2025-01-15"},
]
LATER = [{"key": "a", "name": "zeroth", "value": 1, "ts": "2025-01-15T07:00:00"}]


@pytest.fixture(scope="module")
def image(shared_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two runs over these records leave behind."""
    image = tmp_path_factory.mktemp("images") / "told"
    with fresh_samples(shared_root) as bench:
        bench.empty_landing()
        bench.drop("app/1.json", RECORDS)
        bench.run()
        bench.drop("app/2.json", LATER)
        bench.run()
        bench.save(image)
    return image


@pytest.fixture
def told(bench: Workbench, image: Path) -> Workbench:
    bench.restore(image)
    return bench


@pytest.mark.slow
def test_a_key_tells_all_its_records_oldest_first(told):
    story = questions.why(told.project, Question(key="a"))
    assert [record["decisions"][-1]["outcome"] for record in story["records"]] == [
        "superseded",
        "applied",
        "duplicate",
        "rejected",
        "outdated",
    ]
    assert [record["is_current"] for record in story["records"]] == [False, True, *[False] * 3]
    others = [record["decisions"][-1]["other_record"] for record in story["records"]]
    assert others == ["app/1.json:2", None, "app/1.json:2", None, "app/1.json:2"]
    assert '"zeroth"' in story["records"][4]["record"]


def test_each_decision_is_a_sentence_with_the_reasons_as_codes_beside_it(told):
    story = questions.why(told.project, Question(key="a"))
    decisions = [record["decisions"][-1] for record in story["records"]]
    other = "record 10000000002 (app/1.json:2)"
    assert [decision["explanation"] for decision in decisions] == [
        f"newer than the target, but overtaken in its run by {other}",
        "it became the row of its key",
        f"it repeats {other}",
        "value is not a finite number: '; drop table x; --",
        f"not newer than {other}",
    ]
    assert [decision["reasons"] for decision in decisions] == [
        *[None] * 3,
        ["invalid_value"],
        None,
    ]


def test_sql_gives_the_same_answer(told):
    story = questions.why(told.project, Question(key="a"))
    assert told.sql(
        "select record_id, outcome, explanation, reasons, is_current "
        "from ops.record_explanations where record_key = 'a' order by record_id"
    ) == [
        (
            record["record_id"],
            record["decisions"][0]["outcome"],
            record["decisions"][0]["explanation"],
            record["decisions"][0]["reasons"],
            record["is_current"],
        )
        for record in story["records"]
    ]


@pytest.mark.slow
def test_what_counts_as_current_is_what_the_targets_hold(after_run):
    after_run.drop("app/more.json", LATER)
    after_run.drop("alpha/more.json", [{"uid": "order_002", "data": "shipped"}])
    after_run.run()
    after_run.sql("update ops.events_decisions set rule_set = 1")
    dead_letters.redrive(after_run.project, DeadLetterChoice(entity="events"))
    targets = " union ".join(
        f"select '{entity}', record_id from marts.{entity}" for entity in after_run.project.entities
    )
    current = after_run.sql(
        "select entity, record_id from ops.record_explanations where is_current"
    )
    assert sorted(current) == sorted(after_run.sql(targets))
    assert len(current) == 18


def test_each_record_and_attempt_is_explained_once(after_run):
    after_run.drop("app/more.json", LATER)
    after_run.land()
    by_record = (
        "select count(*), count(distinct concat(load_id, ':', row_number)), "
        "count(*) - count(outcome) from ops.record_explanations"
    )
    assert after_run.sql(by_record) == [(31, 31, 1)]


def test_a_record_whose_load_is_gone_from_the_ledger_has_no_place(told):
    told.sql("delete from raw.loads where file = 'app/1.json'")
    (record,) = questions.why(told.project, parse_question("app/2.json:1", None))["records"]
    (decision,) = record["decisions"]
    assert decision["explanation"] == "not newer than record 10000000002 (place unknown)"
    assert decision["other_record"] is None


@pytest.mark.nightly
def test_the_text_of_a_record_whose_source_was_taken_out_is_still_told(own_built):
    own_built.drop("alpha/1.json", [{"uid": "o", "data": "shipped"}])
    own_built.run()
    own_built.set_vars(sources={**own_built.project.vars.sources, "orders": ["beta"]})
    own_built.run()
    (record,) = questions.why(own_built.project, Question(key="o"))["records"]
    assert '"shipped"' in record["record"]


def test_a_row_of_a_file_and_a_record_id_tell_the_same(told):
    by_place = questions.why(told.project, parse_question("app/1.json:4", None))["records"]
    by_id = questions.why(told.project, parse_question(None, by_place[0]["record_id"]))["records"]
    assert by_place == by_id
    assert by_id[0]["decisions"][0]["explanation"].startswith("value is not a finite number")


def test_an_unknown_key_was_not_seen_in_any_file(told):
    text = render_explanation(questions.why(told.project, Question(key="b")))
    assert text == "key b: not seen in any of 2 files"
    for more in ([], ["--json"]):
        assert CliRunner().invoke(command, ["why", "b", *more]).exit_code == 1
    assert CliRunner().invoke(command, ["why", "a"]).exit_code == 0


def test_a_row_that_no_build_has_decided_yet_is_found(bench):
    bench.drop("app/1.json", RECORDS)
    bench.land()
    story = questions.why(bench.project, parse_question("app/1.json:1", None))
    assert "not decided yet" in render_explanation(story)


def test_what_steers_a_terminal_is_written_out(told):
    text = render_explanation(questions.why(told.project, Question(key="a")))
    assert "\x1b" not in text


def test_the_command_asks_for_exactly_one_thing(told):
    with pytest.raises(WrongUse):
        parse_question(None, None)
    with pytest.raises(WrongUse):
        parse_question("a", 1)
    printed = CliRunner().invoke(command, ["why", "a"]).output
    assert "it is the row of its key in marts.events" in printed

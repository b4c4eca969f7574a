"""Records decided again, under the rules of now: what is asked, what changes, and what is told."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli.root import hub
from hub.commands import dead_letters, health, questions, rules
from hub.queries.dead_letters import DeadLetterChoice
from hub.queries.explain import Question
from hub.queries.reprocess import ReprocessChoice
from hub.text.explanation import render_explanation
from hub.text.reprocess import render_reprocess
from loader.errors import WrongUse
from tests.support.workbench import Workbench, copy_project, enter

pytestmark = pytest.mark.slow

EVENTS = "macros/contracts/events.sql"
STRICT = "'value': {'type': 'number', 'required': true,"
# values may be missing, and must not be negative
TURNED = "'value': {'type': 'number', 'min': 0,"


def event(key: str, name: str = "n", value: Any = 1, hour: int = 8) -> dict[str, Any]:
    return {"key": key, "name": name, "value": value, "ts": f"2025-01-15T{hour:02}:00:00"}


def reprocess(bench: Workbench, entity: str = "events", **choice: Any) -> list[dict[str, Any]]:
    result = rules.reprocess(bench.project, ReprocessChoice(entity, **choice))
    assert result.receipt["errors"] == []
    return result.afterwards


def sides(changes: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    return {(change["before"], change["after"]): change["total"] for change in changes}


def finding(bench: Workbench, check: str) -> tuple[str, str]:
    (found,) = [each for each in health.doctor(bench.project) if each.check == check]
    return found.status, found.detail


def turn_the_contract(bench: Workbench) -> None:
    bench.edit(EVENTS, STRICT, TURNED)
    bench.edit(EVENTS, "'version': '1.0.0'", "'version': '2.0.0'")


@dataclass(frozen=True)
class Turned:
    """Events decided under one contract, and again under the next.

    older:    the receipt of a run under the new contract before anything was decided again.
    doctor:   what was found then of rows under older rules.
    dry:      what a dry run of the reprocessing told.   unchanged: whether it changed nothing.
    changes:  what the reprocessing told.
    receipt:  its receipt.
    """

    bench: Workbench
    older: dict[str, Any]
    doctor: tuple[str, str]
    dry: list[dict[str, Any]]
    unchanged: bool
    changes: list[dict[str, Any]]
    receipt: dict[str, Any]


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Turned]:
    root = tmp_path_factory.mktemp("turned")
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        bench.drop(
            "app/1.ndjson",
            [
                event("negative", value=-1),
                event("negative", value=1, hour=7),
                event("missing", value=None),
                event("fine"),
            ],
        )
        bench.run()
        turn_the_contract(bench)
        older = bench.run()
        doctor = finding(bench, "rules")
        before = bench.database.read_bytes()
        dry = rules.reprocess(bench.project, ReprocessChoice("events"), dry=True)
        unchanged = bench.database.read_bytes() == before
        result = rules.reprocess(bench.project, ReprocessChoice("events"))
        assert (older["errors"], result.receipt["errors"]) == ([], [])
        yield Turned(
            bench, older, doctor, dry.afterwards, unchanged, result.afterwards, result.receipt
        )


class TestAfterAChangeOfTheContract:
    def test_receipt_and_doctor_say_what_was_decided_under_older_rules(
        self, turned: Turned
    ) -> None:
        assert (
            "app: 2 rows of marts.events were decided under older rules: "
            "`hub reprocess --entity events` decides them again"
        ) in turned.older["warnings"]
        assert turned.older["entities"]["events"]["rows_under_older_rules"] == 2
        assert turned.doctor == (
            "warn",
            "decided under older rules: 2 rows of marts.events from app",
        )

    def test_who_changed_sides_is_told(self, turned: Turned) -> None:
        assert sides(turned.changes) == {
            ("applied", "rejected"): 1,
            ("superseded", "applied"): 1,
            ("rejected", "applied"): 1,
            ("applied", "applied"): 1,
        }
        by_sides = {(change["before"], change["after"]): change for change in turned.changes}
        assert by_sides["applied", "rejected"]["by_rule"] == {"invalid_value": 1}
        assert by_sides["applied", "rejected"]["samples"] == [
            {
                "place": "app/1.ndjson:1",
                "record_id": 10000000001,
                "key": "negative",
                "explanation": "value is not a finite number, at least 0: -1",
            }
        ]
        assert by_sides["rejected", "applied"]["by_rule"] == {"invalid_value": 1}
        assert by_sides["applied", "applied"]["samples"] == []

    def test_how_many_keys_that_changed_is_told(self, turned: Turned) -> None:
        # the event times are those of the rows that went, too
        assert turned.receipt["entities"]["events"]["changes"] == {
            "new_keys": 1,
            "changed_keys": 1,
            "unchanged_keys": 1,
            "deleted_keys": 0,
            "first_event": "2025-01-15T07:00:00.000",
            "last_event": "2025-01-15T08:00:00.000",
        }
        assert (
            "keys of events: 1 new, 1 changed, 1 unchanged, 0 deleted, "
            "of 2025-01-15T07:00:00.000 to 2025-01-15T08:00:00.000"
        ) in render_reprocess(turned.changes, turned.receipt)

    def test_the_target_follows(self, turned: Turned) -> None:
        assert turned.bench.sql("select key, value from marts.events order by key") == [
            ("fine", 1.0),
            ("missing", None),
            ("negative", 1.0),
        ]
        assert turned.receipt["command"] == "reprocess"
        assert turned.receipt["entities"]["events"]["rows_under_older_rules"] == 0
        assert finding(turned.bench, "rules")[0] == "ok"

    def test_a_dry_run_tells_the_same_and_changes_nothing(self, turned: Turned) -> None:
        assert turned.dry == turned.changes
        assert turned.unchanged

    def test_the_lineage_says_that_it_was_reprocessed(self, turned: Turned) -> None:
        assert turned.bench.sql(
            "select step from ops.lineage where record_id = 10000000003 and attempt = 2 "
            "order by step_number"
        ) == [("reprocess",), ("stage",), ("load",)]
        assert turned.receipt["entities"]["events"]["lineage"]["reprocess"] == 4

    def test_letters_follow_the_last_decision(self, turned: Turned) -> None:
        assert turned.bench.sql(
            "select record_id, status, resolved_by, attempts, contract_version "
            "from ops.dead_letters order by record_id"
        ) == [
            (10000000001, "open", None, 1, "2.0.0"),
            (10000000003, "resolved", 10000000003, 2, "2.0.0"),
        ]

    def test_each_attempt_is_explained_with_its_rules(self, turned: Turned) -> None:
        story = questions.why(turned.bench.project, Question(key="missing"))
        (record,) = story["records"]
        first, second = record["decisions"]
        assert (first["attempt"], first["contract_version"]) == (1, "1.0.0")
        assert (second["attempt"], second["contract_version"]) == (2, "2.0.0")
        assert first["rule_set"] != second["rule_set"]
        assert record["is_current"]
        text = render_explanation(story)
        assert "attempt 2, applied: it became the row of its key [contract 2.0.0, rule set " in text
        assert "its dead letter was resolved by record 10000000003 (app/1.ndjson:3)" in text

    def test_there_is_nothing_left_to_do(self, turned: Turned) -> None:
        with pytest.MonkeyPatch.context() as patch:
            bench = enter(turned.bench.root, patch)
            assert sides(reprocess(bench)) == {}
            assert CliRunner().invoke(hub, ["run"]).output.startswith("nothing new")


class TestTheChoice:
    @pytest.fixture
    def changed(self, own_project: Workbench) -> Workbench:
        """Two keys that the contract now decides otherwise."""
        own_project.drop("app/1.ndjson", [event("a", value=None), event("b", value=None)])
        own_project.run()
        turn_the_contract(own_project)
        return own_project

    @pytest.mark.nightly
    def test_of_a_key_leaves_the_others(self, changed: Workbench) -> None:
        assert sides(reprocess(changed, key="b")) == {("rejected", "applied"): 1}

        assert changed.sql("select key from marts.events") == [("b",)]

    @pytest.mark.nightly
    def test_a_request_that_a_run_could_not_carry_out_is_work_for_the_next(
        self, changed: Workbench
    ) -> None:
        adapter = "models/staging/app/stg_app__events.sql"
        changed.edit(adapter, "json_text('value')", "no_such_macro('value')")
        failed = rules.reprocess(changed.project, ReprocessChoice("events", key="a"))
        assert failed.failed
        changed.edit(adapter, "no_such_macro('value')", "json_text('value')")

        assert changed.run()["sources"]["app"]["applied"] == 1

        assert changed.sql("select key from marts.events") == [("a",)]
        ((completed_at,),) = changed.sql("select completed_at from ops.reprocess_requests")
        assert completed_at is not None

    def test_a_request_is_kept_as_it_was_made(self, after_run: Workbench) -> None:
        since, until = datetime(2025, 1, 1), datetime(2025, 2, 1)
        choice = ReprocessChoice("orders", "alpha", since=since, until=until)

        rules.reprocess(after_run.project, choice)

        assert after_run.sql(
            "select request_id, entity, source, record_key, since, until "
            "from ops.reprocess_requests"
        ) == [(1, "orders", "alpha", None, since, until)]

    def test_what_there_is_none_of_is_refused_and_the_known_are_named(
        self, after_run: Workbench
    ) -> None:
        with pytest.raises(WrongUse, match="events, orders, clicks, measurements"):
            reprocess(after_run, "invoices")
        with pytest.raises(WrongUse, match=r"none of orders.*alpha, beta"):
            reprocess(after_run, "orders", source="app")
        assert after_run.sql("select count(*) from ops.reprocess_requests") == [(0,)]


@pytest.fixture(scope="module")
def taken_out(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Workbench, str, list[dict[str, Any]]]]:
    """Orders decided again without beta: what the command printed, and a dry run told before."""
    root = tmp_path_factory.mktemp("taken-out")
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        bench.drop("alpha/1.json", [{"uid": "a", "data": "x"}, {"uid": "both", "data": "x"}])
        bench.drop(
            "beta/1.json",
            [
                {"identifier": "b", "payload": "y"},
                {"identifier": "both", "payload": "y"},
                {"identifier": "bad"},
            ],
        )
        bench.run()
        bench.set_vars(sources={**bench.project.vars.sources, "orders": ["alpha"]})
        choice = ReprocessChoice("orders", source="beta")
        dry = rules.reprocess(bench.project, choice, dry=True).afterwards
        printed = CliRunner().invoke(hub, ["reprocess", "--entity", "orders"])
        assert printed.exit_code == 0, printed.output
        yield bench, printed.output, dry


class TestASourceTakenOut:
    @pytest.mark.nightly
    def test_leaves_the_target(self, taken_out: Any) -> None:
        bench, _, _ = taken_out
        assert bench.sql("select order_id, source from marts.orders order by order_id") == [
            ("a", "alpha"),
            ("both", "alpha"),
        ]
        assert finding(bench, "removed sources")[0] == "ok"

    @pytest.mark.nightly
    def test_is_told_of_with_the_records_that_went(self, taken_out: Any) -> None:
        _, printed, changes = taken_out
        told = sides(changes)
        assert {pair: total for pair, total in told.items() if pair[1] == "removed"} == {
            ("applied", "removed"): 2,
            ("rejected", "removed"): 1,
        }
        assert "2 records applied -> removed\n" in printed
        assert "    beta/1.json:1: its source, beta, is registered no more\n" in printed


def test_one_key_of_the_only_source_which_is_taken_out_leaves_the_others(
    own_built: Workbench,
) -> None:
    own_built.drop("beta/1.json", [{"identifier": key, "payload": "y"} for key in "ab"])
    own_built.run()
    sources = own_built.project.vars.sources
    keys = "select order_id, source from marts.orders order by order_id"
    own_built.set_vars(sources={**sources, "orders": ["alpha"]})

    reprocess(own_built, "orders", key="a")
    assert own_built.sql(keys) == [("b", "beta")]
    own_built.drop("alpha/1.json", [{"uid": "c", "data": "x"}])
    assert own_built.run()["errors"] == []
    assert own_built.sql(keys) == [("b", "beta"), ("c", "alpha")]

    own_built.set_vars(sources=sources)
    assert own_built.run()["errors"] == []
    assert own_built.sql(keys) == [("a", "beta"), ("b", "beta"), ("c", "alpha")]


@pytest.mark.nightly
def test_a_redrive_and_a_reprocessing_are_told_apart(own_built: Workbench) -> None:
    own_built.drop("app/1.ndjson", [event("a", value=None), event("b", value=None), event("c")])
    own_built.run()
    turn_the_contract(own_built)

    dead_letters.redrive(own_built.project, DeadLetterChoice(record_id=10000000001))
    reprocess(own_built)

    steps = "select record_key, step from ops.lineage where step_number = 0 order by record_key"
    assert own_built.sql(steps) == [("a", "redrive"), ("b", "reprocess"), ("c", "reprocess")]


@pytest.mark.nightly
def test_late_records_are_warned_of_and_taken_up(own_project: Workbench) -> None:
    own_project.set_meta("app", late="skip")
    own_project.drop("app/1.ndjson", [event("a", hour=9)])
    own_project.run()
    own_project.drop("app/2.ndjson", [event("b", hour=8)])

    assert (
        "app: 1 records came too late: `hub reprocess --entity events` takes them up after all"
    ) in own_project.run()["warnings"]
    assert sides(reprocess(own_project)) == {("late", "applied"): 1}
    assert own_project.sql("select key from marts.events order by key") == [("a",), ("b",)]

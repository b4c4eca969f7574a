"""The oracle against cases worked by hand: what it says is what the hub is held to."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.support.oracle import Choice, File, Letter, Oracle, Policy

NOW = datetime(2025, 6, 1, 12)
EVENT = {"key": "k", "name": "a", "value": 1, "ts": "2025-05-01T10:00:00"}
FULL = {"app": Policy(delivery="full")}


def event(**changes: Any) -> str:
    return json.dumps({**EVENT, **changes})


def order(source: str, status: Any, key: str = "o") -> str:
    names = {
        "alpha": ("uid", "data"),
        "beta": ("identifier", "payload"),
        "gamma": ("ref", "content"),
    }
    uid, data = names[source]
    return json.dumps({uid: key, data: status})


def file(path: str, *records: str) -> File:
    source, _, name = path.partition("/")
    return File(source, name, tuple(record.encode() for record in records))


def outcomes(oracle: Oracle) -> list[str]:
    """Of all records in the order of arrival."""
    rows = [row for rows in oracle.rows.values() for row in rows if row.is_decided]
    return [row.outcome for row in sorted(rows, key=lambda row: row.arrival)]


def names(oracle: Oracle) -> dict[str, Any]:
    return {key: row["name"] for key, row in oracle.state().targets["events"].items()}


def statuses(oracle: Oracle) -> dict[str, Any]:
    return {key: row["status"] for key, row in oracle.state().targets["orders"].items()}


def deleting(oracle: Oracle) -> None:
    oracle.contracts["events"] = replace(
        oracle.contracts["events"], deleted_when=("name", ("D", "delete"))
    )


def lenient(oracle: Oracle) -> None:
    contract = oracle.contracts["events"]
    columns = {**contract.columns, "value": replace(contract.columns["value"], required=False)}
    oracle.contracts["events"] = replace(contract, columns=columns)


class TestOrder:
    def test_a_source_corrects_itself_with_the_same_time(self) -> None:
        oracle = Oracle(NOW)
        oracle.run([file("app/1.ndjson", event(name="b"))])
        oracle.run([file("app/2.ndjson", event(name="a"))])
        assert (outcomes(oracle), names(oracle)) == (["applied", "applied"], {"k": "a"})

    def test_the_source_registered_first_wins_where_times_are_equal(self) -> None:
        oracle = Oracle(NOW)
        oracle.run([file("app/1.ndjson", event(name="a"))])
        oracle.run([file("mobile/1.ndjson", event(name="b"))])
        assert (outcomes(oracle), names(oracle)) == (["applied", "outdated"], {"k": "a"})
        oracle.run([file("mobile/2.ndjson", event(name="b", ts="2025-05-01T10:00:01"))])
        assert names(oracle) == {"k": "b"}

    def test_without_event_time_what_came_last_wins_whoever_sent_it(self) -> None:
        oracle = Oracle(NOW)
        oracle.run(
            [file("beta/1.ndjson", order("beta", "b")), file("alpha/1.ndjson", order("alpha", "a"))]
        )
        assert (outcomes(oracle), statuses(oracle)) == (["superseded", "applied"], {"o": "a"})

    def test_who_is_preferred_wins_before_any_time(self) -> None:
        oracle = Oracle(NOW, prefer={"events": ("mobile",)})
        oracle.run([file("mobile/1.ndjson", event(name="m", ts="2025-01-01"))])
        oracle.run([file("app/1.ndjson", event())])
        assert (outcomes(oracle), names(oracle)) == (["applied", "outdated"], {"k": "m"})


class TestTies:
    def test_equal_times_are_ties_with_what_is_held_no_more(self) -> None:
        oracle = Oracle(NOW)
        oracle.run([file("app/1.ndjson", event(name="a"))])
        oracle.run([file("app/2.ndjson", event(name="later", ts="2025-05-02"))])
        oracle.run([file("app/3.ndjson", event(name="b"), event(name="b"))])
        assert outcomes(oracle) == ["applied", "applied", "outdated", "duplicate"]
        ties = [row.last.is_tie for row in oracle.rows["events"]]
        # what was decided before is not decided again
        assert ties == [False, False, True, False]

    def test_two_sources_of_one_time_are_a_tie(self) -> None:
        oracle = Oracle(NOW)
        oracle.run([file("app/1.ndjson", event()), file("mobile/1.ndjson", event())])
        assert [row.last.is_tie for row in oracle.rows["events"]] == [True, True]

    def test_under_other_rules_two_records_tie_but_none_with_what_it_was(self) -> None:
        oracle = Oracle(NOW)
        oracle.run([file("app/log.ndjson", event(name="A"))])
        oracle.adapters["app"] = replace(oracle.adapters["app"], lowered=frozenset(["name"]))
        oracle.run([file("app/log.ndjson", event(name="A"), event(key="new"))])
        oracle.run([file("app/other.ndjson", event(name="b"))])
        assert [row.last.is_tie for row in oracle.rows["events"]] == [False, False, False, True]


class TestDuplicates:
    def test_shipped_returned_shipped_ends_as_shipped(self) -> None:
        oracle = Oracle(NOW)
        for status in ("shipped", "returned", "shipped", "shipped"):
            name = f"alpha/{len(oracle.loads)}.ndjson"
            oracle.run([file(name, order("alpha", status), order("alpha", "new", key=name))])
        assert outcomes(oracle)[::2] == [
            "applied",
            "applied",
            "applied",
            "duplicate",
        ]

    def test_under_other_rules_a_repeat_takes_the_place_of_its_twin(self) -> None:
        oracle = Oracle(NOW)
        oracle.run([file("app/1.ndjson", event())])
        oracle.run([file("app/2.ndjson", event(name="b"))])
        lenient(oracle)
        oracle.run([file("app/3.ndjson", event(), event())])
        assert outcomes(oracle) == ["applied", "applied", "outdated", "duplicate"]
        oracle.run([file("app/4.ndjson", event(name="b"), event(key="other"))])
        assert outcomes(oracle)[4:] == ["applied", "applied"]
        assert names(oracle)["k"] == "b"

    def test_a_repeat_of_a_rejected_record_has_its_very_text(self) -> None:
        oracle = Oracle(NOW)
        bad = event(value="x")
        oracle.run([file("app/1.ndjson", bad, bad, bad.replace(", ", ","))])
        assert outcomes(oracle) == ["rejected", "duplicate", "rejected"]
        lenient(oracle)
        oracle.run([file("app/2.ndjson", bad)])
        assert outcomes(oracle)[3:] == ["rejected"]

    def test_with_deduplication_off_a_repeat_is_outdated(self) -> None:
        oracle = Oracle(NOW)
        oracle.run(
            [file("alpha/1.ndjson", order("alpha", "a")), file("beta/1.ndjson", order("beta", "b"))]
        )
        oracle.run([file("alpha/2.ndjson", order("alpha", "a"), "")], skip=["deduplicate"])
        assert outcomes(oracle) == ["superseded", "applied", "outdated", "rejected"]
        assert statuses(oracle) == {"o": "b"}


class TestDeletions:
    def test_a_deletion_needs_key_and_time_and_stays_as_a_tombstone(self) -> None:
        oracle = Oracle(NOW)
        deleting(oracle)
        oracle.run([file("app/1.ndjson", event(ts="2025-05-01"))])
        oracle.run([file("app/2.ndjson", event(name="D", value=None, ts="2025-05-03"))])
        assert (outcomes(oracle), names(oracle)) == (["applied", "applied"], {})
        oracle.run([file("app/3.ndjson", event(name="older", ts="2025-05-02"))])
        assert (outcomes(oracle)[2:], names(oracle)) == (["outdated"], {})
        oracle.run([file("app/4.ndjson", event(name="D", key=""), event(name="D", ts="no"))])
        assert outcomes(oracle)[3:] == ["rejected", "rejected"]

    def test_what_came_before_a_deletion_is_not_repeated_after_it(self) -> None:
        oracle = Oracle(NOW)
        deleting(oracle)
        oracle.run([file("app/1.ndjson", event())])
        oracle.run([file("app/2.ndjson", event(name="D"))])
        oracle.run([file("app/3.ndjson", event(), event())])
        assert outcomes(oracle) == ["applied", "applied", "applied", "duplicate"]
        assert names(oracle) == {"k": "a"}

    def test_another_source_may_have_deleted_it(self) -> None:
        oracle = Oracle(NOW)
        oracle.contracts["orders"] = replace(
            oracle.contracts["orders"], deleted_when=("status", ("D",))
        )
        oracle.run([file("alpha/1.ndjson", order("alpha", "a"))])
        oracle.run([file("beta/1.ndjson", order("beta", "D"))])
        oracle.run([file("alpha/2.ndjson", order("alpha", "a"), order("alpha", "n", key="n"))])
        assert outcomes(oracle)[2] == "applied"
        assert statuses(oracle) == {"o": "a", "n": "n"}

    def test_a_source_that_deleted_a_key_says_nothing_of_it(self) -> None:
        oracle = Oracle(NOW)
        oracle.contracts["orders"] = replace(
            oracle.contracts["orders"], deleted_when=("status", ("D",))
        )
        oracle.run(
            [file("alpha/1.ndjson", order("alpha", "a")), file("beta/1.ndjson", order("beta", "a"))]
        )
        assert oracle.state().reconciliation["orders"] == {"o": ("matched", frozenset())}
        oracle.run([file("alpha/2.ndjson", order("alpha", "D"))])
        assert oracle.state().reconciliation["orders"] == {"o": ("single_source", frozenset())}
        oracle.run([file("beta/2.ndjson", order("beta", "D"))])
        assert oracle.state().reconciliation["orders"] == {}


class TestAppendedFiles:
    def test_rows_that_stand_unchanged_are_duplicates_whatever_came_between(self) -> None:
        oracle = Oracle(NOW)
        shipped, returned = order("alpha", "shipped"), order("alpha", "returned")
        oracle.run([file("alpha/log.ndjson", shipped)])
        oracle.run([file("alpha/other.ndjson", returned)])
        oracle.run([file("alpha/log.ndjson", shipped, order("alpha", "new", "n"))])
        assert outcomes(oracle) == ["applied", "applied", "duplicate", "applied"]
        assert oracle.rows["orders"][2].row_id == ("alpha/log.ndjson (2)", 1)

    def test_under_other_rules_they_take_their_place_through_all_versions(self) -> None:
        oracle = Oracle(NOW)
        shipped, returned = order("alpha", "shipped"), order("alpha", "returned")
        more = [order("alpha", "new", name) for name in "abc"]
        oracle.run([file("alpha/log.ndjson", shipped)])
        oracle.run([file("alpha/other.ndjson", returned)])
        oracle.run([file("alpha/log.ndjson", shipped, *more[:1])])
        oracle.policies["alpha"] = Policy(zone="Asia/Kolkata")
        oracle.run([file("alpha/log.ndjson", shipped, *more[:2])])
        assert statuses(oracle)["o"] == "returned"
        assert outcomes(oracle)[4:] == ["outdated", "applied", "applied"]

    def test_a_deletion_between_does_not_revive_them(self) -> None:
        oracle = Oracle(NOW)
        deleting(oracle)
        oracle.run([file("app/log.ndjson", event())])
        oracle.run([file("app/other.ndjson", event(name="D"))])
        oracle.run([file("app/log.ndjson", event(), event(key="new"))])
        assert outcomes(oracle) == ["applied", "applied", "duplicate", "applied"]
        assert names(oracle) == {"new": "a"}


class TestFullDeliveries:
    def test_what_the_newest_file_lacks_is_deleted(self) -> None:
        oracle = Oracle(NOW, FULL)
        oracle.run([file("app/1.ndjson", event(), event(key="l"))])
        oracle.run([file("app/2.ndjson", event(key="l"))])
        assert names(oracle) == {"l": "a"}
        assert oracle.state().implied == {("app/2.ndjson", "k"): "applied"}
        # known is only what equals the newest; what was deleted comes back
        oracle.run([file("app/3.ndjson", event(key="l"))])
        oracle.run([file("app/4.ndjson", event(), event(key="l"))])
        assert [load.name for load in oracle.loads] == [
            "app/1.ndjson",
            "app/2.ndjson",
            "app/4.ndjson",
        ]
        assert names(oracle) == {"k": "a", "l": "a"}

    def test_in_one_run_they_end_the_same(self) -> None:
        oracle = Oracle(NOW, FULL)
        files = [
            file("app/1.ndjson", event(), event(key="l")),
            file("app/2.ndjson", event(key="l")),
            file("app/3.ndjson", event(), event(key="m")),
        ]
        oracle.run(files)
        assert names(oracle) == {"k": "a", "m": "a"}
        assert oracle.state().implied == {
            ("app/2.ndjson", "k"): "superseded",
            ("app/3.ndjson", "l"): "applied",
        }

    def test_a_file_without_rows_or_with_a_key_nobody_can_read_deletes_nothing(self) -> None:
        oracle = Oracle(NOW, FULL)
        oracle.run([file("app/1.ndjson", event(), event(key="l"))])
        oracle.run([file("app/2.ndjson")])
        oracle.run([file("app/3.ndjson", event(key=" "))])
        oracle.run([file("app/4.ndjson", "not json")])
        assert names(oracle) == {"k": "a", "l": "a"}
        # a record that is rejected for another reason still says that the key is there
        oracle.run([file("app/5.ndjson", event(value="x"))])
        assert names(oracle) == {"k": "a"}

    def test_arrival_is_the_order(self) -> None:
        oracle = Oracle(NOW, FULL)
        oracle.run([file("app/1.ndjson", event(ts="2025-05-02"))])
        oracle.run([file("app/2.ndjson", event(name="b", ts="2025-05-01"))])
        assert names(oracle) == {"k": "b"}


class TestLateness:
    def test_a_record_counts_at_most_with_the_now_that_accepted_it(self) -> None:
        oracle = Oracle(NOW, {"app": Policy(late="skip")})
        ahead = (NOW + timedelta(hours=20)).isoformat()
        oracle.run([file("app/1.ndjson", event(ts=ahead))])
        soon = (NOW + timedelta(hours=1)).isoformat()
        oracle.run(
            [file("app/2.ndjson", event(key="l", ts=soon), event(key="m", ts=NOW.isoformat()))]
        )
        assert outcomes(oracle) == ["applied", "applied", "late"]
        assert oracle.state().watermarks == {"app": NOW + timedelta(hours=20)}

    def test_a_late_letter_that_is_redriven_is_late_no_more(self) -> None:
        oracle = Oracle(NOW, {"app": Policy(late="dead_letter")})
        oracle.run([file("app/1.ndjson", event(ts="2025-05-02"))])
        late = event(key="l")
        oracle.run([file("app/2.ndjson", late)])
        [letter] = oracle.letters().values()
        assert (letter.status, letter.reasons) == ("open", {"late"})
        oracle.redrive([("app", late)])
        assert outcomes(oracle) == ["applied", "applied"]


class TestLetters:
    def only(self, oracle: Oracle) -> Letter:
        [letter] = oracle.letters().values()
        return letter

    def test_one_for_each_text_whatever_became_of_its_repeats(self) -> None:
        oracle = Oracle(NOW)
        bad = event(value="x")
        oracle.run([file("app/1.ndjson", bad, bad)])
        oracle.run([file("app/2.ndjson", bad, event(key="other"))])
        assert self.only(oracle) == Letter(
            ("app/1.ndjson", 1), "open", frozenset(["invalid_value"])
        )

    def test_resolves_by_a_later_and_greater_record_of_its_source_and_key(self) -> None:
        oracle = Oracle(NOW)
        oracle.run([file("app/1.ndjson", event(value="x"))])
        oracle.run([file("mobile/1.ndjson", event(ts="2025-05-02"))])
        oracle.run([file("app/2.ndjson", event(ts="2025-04-30"))])
        assert self.only(oracle).status == "open"
        oracle.run([file("app/3.ndjson", event(ts="2025-05-01T10:00:00"), event(ts="2025-05-03"))])
        letter = self.only(oracle)
        assert (letter.status, letter.resolved_by) == ("resolved", ("app/3.ndjson", 1))

    def test_resolves_by_arrival_alone_where_its_time_cannot_be_read(self) -> None:
        oracle = Oracle(NOW)
        oracle.run([file("app/1.ndjson", event(ts="no"), event(ts="2020-01-01"))])
        assert self.only(oracle).status == "resolved"

    def test_stays_discarded_while_its_reasons_stay(self) -> None:
        oracle = Oracle(NOW)
        bad = event(value=None)
        oracle.run([file("app/1.ndjson", bad)])
        oracle.discard([("app", bad)])
        oracle.run([file("app/2.ndjson", event(ts="2025-05-02"))])
        assert self.only(oracle).status == "discarded"
        # the same text under rules that have another reason
        lenient(oracle)
        contract = oracle.contracts["events"]
        columns = {**contract.columns, "name": replace(contract.columns["name"], allowed=("z",))}
        oracle.contracts["events"] = replace(contract, columns=columns)
        oracle.run([file("app/3.ndjson", bad, event(key="l", name="z"))])
        letter = self.only(oracle)
        assert (letter.status, letter.reasons) == ("resolved", {"invalid_name"})
        assert letter.resolved_by == ("app/2.ndjson", 1)

    def test_a_redrive_decides_it_and_its_duplicates_again(self) -> None:
        oracle = Oracle(NOW)
        bad = event(value=None)
        oracle.run([file("app/1.ndjson", bad, bad)])
        lenient(oracle)
        oracle.redrive([("app", bad)])
        assert outcomes(oracle) == ["applied", "duplicate"]
        letter = self.only(oracle)
        assert (letter.status, letter.resolved_by) == ("resolved", ("app/1.ndjson", 1))
        assert [len(row.decisions) for row in oracle.rows["events"]] == [2, 2]


class TestReprocess:
    def test_decides_whole_keys_as_a_full_refresh_would(self) -> None:
        oracle = Oracle(NOW)
        oracle.run([file("app/1.ndjson", event(value=None), event(name="b", value=None, key="l"))])
        oracle.run([file("app/2.ndjson", event(ts="2025-04-01"), event(ts="2025-04-01", key="l"))])
        lenient(oracle)
        oracle.reprocess(Choice("events", key="k"))
        assert outcomes(oracle) == ["applied", "rejected", "superseded", "applied"]
        oracle.reprocess(Choice("events"))
        assert outcomes(oracle) == ["applied", "applied", "superseded", "superseded"]
        state = oracle.state()
        oracle.full_refresh()
        assert oracle.state().targets == state.targets
        assert {len(row.decisions) for row in oracle.rows["events"]} == {1}

    def test_chooses_keys_by_their_old_and_their_new_name(self) -> None:
        oracle = Oracle(NOW)
        oracle.run([file("app/1.ndjson", event(key="K"))])
        oracle.run([file("app/2.ndjson", event(key="k", ts="2025-05-02"), event(key="L"))])
        oracle.adapters["app"] = replace(oracle.adapters["app"], lowered=frozenset(["key"]))
        oracle.reprocess(Choice("events", key="K"))
        assert set(names(oracle)) == {"k", "L"}
        assert outcomes(oracle) == ["superseded", "applied", "applied"]

    def test_records_without_a_key_are_chosen_each_by_itself(self) -> None:
        oracle = Oracle(NOW)
        oracle.run([file("app/1.ndjson", "bad", event())])
        oracle.run([file("mobile/1.ndjson", "bad", event())])
        lenient(oracle)
        oracle.reprocess(Choice("events", source="mobile"))
        assert [len(row.decisions) for row in oracle.rows["events"]] == [1, 2, 2, 2]

    def test_since_and_until_are_times_of_landing(self) -> None:
        oracle = Oracle(NOW)
        for number in range(3):
            oracle.run([file(f"app/{number}.ndjson", event(key=f"k{number}"))])
            oracle.loads[-1].landed_at = NOW + timedelta(seconds=number)
        choice = Choice(
            "events", since=NOW + timedelta(seconds=1), until=NOW + timedelta(seconds=2)
        )
        oracle.reprocess(choice)
        assert [len(row.decisions) for row in oracle.rows["events"]] == [1, 2, 1]

    def test_lets_late_records_in_and_records_of_removed_sources_vanish(self) -> None:
        oracle = Oracle(NOW, {"app": Policy(late="skip")})
        oracle.run([file("app/1.ndjson", event(key="l", ts="2025-05-02"))])
        oracle.run([file("app/2.ndjson", event()), file("mobile/1.ndjson", event(key="m"))])
        assert outcomes(oracle) == ["applied", "late", "applied"]
        oracle.registered.remove("mobile")
        oracle.run()
        assert set(names(oracle)) == {"l", "m"}
        oracle.reprocess(Choice("events"))
        assert set(names(oracle)) == {"k", "l"}
        assert outcomes(oracle) == ["applied", "applied"]

    def test_implies_the_deletions_of_a_full_delivery_anew(self) -> None:
        oracle = Oracle(NOW, FULL)
        oracle.run([file("app/1.ndjson", event(), event(key="l"))])
        oracle.run([file("app/2.ndjson", event(key="l"))])
        before = oracle.state()
        oracle.reprocess(Choice("events", key="k"))
        # as in one run: what was there is superseded by its deletion
        assert outcomes(oracle) == ["superseded", "applied", "duplicate", "applied"]
        assert oracle.state().implied == before.implied == {("app/2.ndjson", "k"): "applied"}
        oracle.full_refresh()
        assert oracle.state().targets == before.targets


class TestSources:
    def test_one_that_is_taken_out_leaves_reconciliation_and_comes_back(self) -> None:
        oracle = Oracle(NOW)
        oracle.run(
            [
                file("alpha/1.ndjson", order("alpha", "a")),
                file("beta/1.ndjson", order("beta", "a")),
                file("gamma/1.ndjson", order("gamma", "x")),
            ]
        )
        assert oracle.state().reconciliation["orders"] == {
            "o": ("mismatched", frozenset(["status"]))
        }
        oracle.registered.remove("gamma")
        oracle.run()
        assert oracle.state().reconciliation["orders"] == {"o": ("matched", frozenset())}
        assert statuses(oracle) == {"o": "x"}
        oracle.registered.add("gamma")
        oracle.run()
        assert oracle.state().reconciliation["orders"] == {
            "o": ("mismatched", frozenset(["status"]))
        }

    def test_with_adapt_off_records_wait(self) -> None:
        oracle = Oracle(NOW)
        oracle.run([file("app/1.ndjson", event())], skip=["adapt"])
        assert outcomes(oracle) == []
        oracle.run()
        assert outcomes(oracle) == ["applied"]

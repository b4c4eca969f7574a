"""Why records are rejected: every reason of every contract, and all reasons of a record at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.workbench import Workbench, copy_project, enter

Record = dict[str, Any]
NOW = "2025-06-01T12:00:00"


def event(**changes: Any) -> Record:
    return changed({"key": "k", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}, changes)


def click(**changes: Any) -> Record:
    good = {
        "event_id": "k",
        "event_timestamp": "2025-01-15T08:00:00Z",
        "event_type": "search",
        "user_id": "u",
    }
    return changed(good, changes)


def order(**changes: Any) -> Record:
    return changed({"uid": "k", "data": {"status": "shipped"}}, changes)


def measurement(**changes: Any) -> Record:
    return changed({"id": "k", "value": 1, "category": "flow"}, changes)


def changed(record: Record, changes: Record) -> Record:
    """A record with other values; a value that is `...` leaves the field out."""
    return {key: value for key, value in {**record, **changes}.items() if value is not ...}


def raw_value(text: str) -> str:
    """An event whose value stands in the JSON text as given."""
    return json.dumps(event(value="@")).replace('"@"', text)


EVENTS: dict[str, tuple[Record | str, list[str]]] = {
    "good": (event(), []),
    "key absent": (event(key=...), ["missing_key"]),
    "key null": (event(key=None), ["missing_key"]),
    "key empty": (event(key=""), ["missing_key"]),
    "key blank": (event(key="  "), ["missing_key"]),
    "key tab": (event(key="\t"), ["missing_key"]),
    "key a number": (event(key=7), []),
    "name absent": (event(name=...), ["missing_name"]),
    "name null": (event(name=None), ["missing_name"]),
    "name blank": (event(name=" "), ["missing_name"]),
    "value absent": (event(value=...), ["invalid_value"]),
    "value null": (event(value=None), ["invalid_value"]),
    "value empty": (event(value=""), ["invalid_value"]),
    "value blank": (event(value="  "), ["invalid_value"]),
    "value a word": (event(value="not_a_number"), ["invalid_value"]),
    "value NaN": (event(value="NaN"), ["invalid_value"]),
    "value nan": (event(value="nan"), ["invalid_value"]),
    "value Infinity": (event(value="Infinity"), ["invalid_value"]),
    "value -inf": (event(value="-inf"), ["invalid_value"]),
    "value 1e400": (raw_value("1e400"), ["invalid_value"]),
    "value '1e400'": (event(value="1e400"), ["invalid_value"]),
    "value -1e400": (raw_value("-1e400"), ["invalid_value"]),
    "value 1_000": (event(value="1_000"), ["invalid_value"]),
    "value 1,5": (event(value="1,5"), ["invalid_value"]),
    "value 1 000": (event(value="1 000"), ["invalid_value"]),
    "value +-1": (event(value="+-1"), ["invalid_value"]),
    "value 1f": (event(value="1f"), ["invalid_value"]),
    "value 0x10": (event(value="0x10"), ["invalid_value"]),
    "value true": (event(value=True), ["invalid_value"]),
    "value a list": (event(value=[1]), ["invalid_value"]),
    "value an object": (event(value={"amount": 1}), ["invalid_value"]),
    "value as text": (event(value="2.5"), []),
    "value with a sign": (event(value="-3"), []),
    "value with an exponent": (raw_value("1.5e3"), []),
    "value zero": (event(value=0), []),
    "ts absent": (event(ts=...), ["missing_timestamp"]),
    "ts null": (event(ts=None), ["missing_timestamp"]),
    "ts blank": (event(ts=" "), ["missing_timestamp"]),
    "ts garbage": (event(ts="tomorrow"), ["invalid_timestamp"]),
    "ts now": (event(ts=NOW), []),
    "ts at the limit": (event(ts="2025-06-02T12:00:00"), []),
    "ts at the limit elsewhere": (event(ts="2025-06-02T14:00:00+02:00"), []),
    "ts beyond the limit": (event(ts="2025-06-02T12:00:00.000001"), ["future_timestamp"]),
    "ts in 2099": (event(ts="2099-01-01T00:00:00"), ["future_timestamp"]),
    "two at once": (event(key="", value="x"), ["missing_key", "invalid_value"]),
    "future and no name": (
        event(name="", ts="2099-01-01T00:00:00"),
        ["missing_name", "future_timestamp"],
    ),
    "all at once": ({}, ["missing_key", "missing_name", "invalid_value", "missing_timestamp"]),
    "cut": ('{"key": "k", "na', ["malformed_json"]),
    "words": ("no JSON at all", ["malformed_json"]),
    "a list": ('[{"key": "k"}]', ["not_an_object"]),
    "a number": ("7", ["not_an_object"]),
    "a text": ('"k"', ["not_an_object"]),
    "a null": ("null", ["not_an_object"]),
}
CLICKS: dict[str, tuple[Record, list[str]]] = {
    "good": (click(), []),
    "event_id null": (click(event_id=None), ["missing_event_id"]),
    "time absent": (click(event_timestamp=...), ["missing_timestamp"]),
    "time garbage": (click(event_timestamp="soon"), ["invalid_timestamp"]),
    "time in 2099": (click(event_timestamp="2099-01-01T00:00:00Z"), ["future_timestamp"]),
    "type unknown": (click(event_type="hover"), ["invalid_event_type"]),
    "type in capitals": (click(event_type="Search"), ["invalid_event_type"]),
    "type absent": (click(event_type=...), ["missing_event_type"]),
    "type blank": (click(event_type=" "), ["missing_event_type"]),
    "user_id absent": (click(user_id=...), ["missing_user_id"]),
    "all at once": (
        {"event_type": "hover"},
        ["missing_event_id", "missing_timestamp", "invalid_event_type", "missing_user_id"],
    ),
}
ORDERS: dict[str, tuple[Record, list[str]]] = {
    "good": (order(), []),
    "order_id absent": (order(uid=...), ["missing_order_id"]),
    "order_id blank": (order(uid=" "), ["missing_order_id"]),
    "status absent": (order(data=...), ["missing_status"]),
    "data null": (order(data=None), ["missing_status"]),
    "status null": (order(data={"status": None}), ["missing_status"]),
    "status blank": (order(data={"status": " "}), ["missing_status"]),
    "timestamp garbage": (order(timestamp="soon"), ["invalid_updated_at"]),
    "timestamp blank": (order(uid="k2", timestamp=""), []),
    "timestamp far ahead": (order(uid="k3", timestamp="2099-01-01"), []),
    "all at once": (
        {"timestamp": "soon"},
        ["missing_order_id", "missing_status", "invalid_updated_at"],
    ),
}
MEASUREMENTS: dict[str, tuple[Record, list[str]]] = {
    "good": (measurement(category=" FLOW "), []),
    "id null": (measurement(id=None), ["missing_id"]),
    "value null": (measurement(value=None), ["invalid_value"]),
    "category blank": (measurement(category="  "), ["missing_category"]),
    "timestamp garbage": (measurement(timestamp="soon"), ["invalid_timestamp"]),
    "all at once": (
        {"value": "NaN", "timestamp": "soon"},
        ["missing_id", "invalid_value", "missing_category", "invalid_timestamp"],
    ),
}
PLANT: dict[str, tuple[str, list[str]]] = {
    "number": ("c-1,21.50,Temperature,", []),
    "number in quotes": ('c-2,"7",Temperature,', []),
    "number with blanks": ("c-3, 8 ,Temperature,", []),
    "exponent": ("c-4,1.5e2,\t FLOW ,2025-01-15 08:00:00", []),
    "no number": ("c-5,n/a,flow,", ["invalid_value"]),
    "empty number": ("c-6,,flow,", ["invalid_value"]),
    "all empty": (",,,", ["missing_id", "invalid_value", "missing_category"]),
    "one field too many": ("c-7,1,flow,,", ["malformed_csv"]),
    "one field too few": ("c-8,1,flow", ["malformed_csv"]),
    "stray quote": ('c-9,"1"2,flow,', ["malformed_csv"]),
}
FILES: dict[str, tuple[str, dict[str, Any]]] = {
    "events": ("app/events.ndjson", EVENTS),
    "clicks": ("web/clicks.ndjson", CLICKS),
    "orders": ("alpha/orders.ndjson", ORDERS),
    "measurements": ("partner/measurements.ndjson", MEASUREMENTS),
    "plant": ("plant/measurements.csv", PLANT),
}
CASES = [
    pytest.param(file, row, reasons, id=f"{name}, {case}")
    for name, (file, cases) in FILES.items()
    for row, (case, (_, reasons)) in enumerate(cases.items(), start=1)
]


def new_bench(root: Path, patch: pytest.MonkeyPatch) -> Workbench:
    copy_project(root)
    return enter(root, patch)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """All cases, judged in one run."""
    with pytest.MonkeyPatch.context() as patch:
        bench = new_bench(tmp_path_factory.mktemp("reasons"), patch)
        for file, cases in FILES.values():
            lines = [
                record if isinstance(record, str) else json.dumps(record)
                for record, _ in cases.values()
            ]
            if file.endswith(".csv"):
                lines.insert(0, "id,value,category,timestamp")
            bench.drop(file, "\n".join(lines) + "\n")
        bench.drop("app/nan.ndjson", f"{raw_value('NaN')}\n{raw_value('-Infinity')}\n")
        bench.drop("app/bytes.ndjson", b'{"key": "k\xff"}\n' + json.dumps(event(key="k4")).encode())
        bench.drop("plant/bytes.csv", b"id,value,category,timestamp\nb-1,1,fl\xe4che,\nb-2,1,x,\n")
        assert bench.run(now=NOW)["errors"] == []
        return bench


def reasons_of(bench: Workbench, file: str, row: int) -> list[str]:
    """The reasons against a row of a file; none where it was accepted or is a duplicate."""
    [(reasons,)] = bench.sql(
        "select reasons from ops.record_outcomes where file = ? and row_number = ?", file, row
    )
    return reasons or []


@pytest.mark.parametrize(("file", "row", "reasons"), CASES)
def test_a_record_is_rejected_for_all_its_reasons_and_no_other(
    judged: Workbench, file: str, row: int, reasons: list[str]
) -> None:
    assert reasons_of(judged, file, row) == reasons


@pytest.mark.parametrize(("file", "row", "reasons"), [case for case in CASES if case.values[2]])
def test_a_rejected_record_is_a_letter_with_its_text(
    judged: Workbench, file: str, row: int, reasons: list[str]
) -> None:
    cases = dict(FILES.values())[file]
    record = list(cases.values())[row - 1][0]
    [(outcome, text, letter_reasons, error)] = judged.sql(
        "select outcomes.outcome, letters.record, letters.reasons, letters.error "
        "from ops.record_outcomes as outcomes left join ops.dead_letters as letters "
        "on letters.record_id = outcomes.record_id "
        "where outcomes.file = ? and outcomes.row_number = ?",
        file,
        row,
    )
    assert outcome == "rejected"
    assert letter_reasons == reasons
    assert error == reasons[0]
    if isinstance(record, str) and not (file.endswith(".csv") and error != "malformed_csv"):
        assert text == record
    elif isinstance(record, dict):
        assert text == json.dumps(record)


def test_events_know_exactly_six_reasons(judged: Workbench) -> None:
    known = judged.sql("select reason from ops.contract_rules where entity = 'events'")
    assert sorted(reason for (reason,) in known) == [
        "future_timestamp",
        "invalid_timestamp",
        "invalid_value",
        "missing_key",
        "missing_name",
        "missing_timestamp",
    ]


def test_every_reason_of_every_contract_is_met_here(judged: Workbench) -> None:
    known = judged.sql("select distinct entity, reason from ops.contract_rules")
    met = judged.sql("select distinct entity, unnest(reasons) from ops.dead_letters")
    assert set(known) <= set(met)


def test_the_explanation_names_the_column_the_timestamp_is_missing_from(
    judged: Workbench,
) -> None:
    row = list(CLICKS).index("time absent") + 1
    [(explanation,)] = judged.sql(
        "select explanation from ops.dead_letters where source = 'web' and row_number = ?", row
    )
    assert "event_timestamp" in explanation


def test_the_explanation_shows_the_value_at_fault(judged: Workbench) -> None:
    row = list(EVENTS).index("value a word") + 1
    [(explanation,)] = judged.sql(
        "select explanation from ops.dead_letters where file = 'app/events.ndjson' "
        "and row_number = ?",
        row,
    )
    assert "value" in explanation
    assert "not_a_number" in explanation


def test_a_json_nan_is_no_number(judged: Workbench) -> None:
    rows = judged.sql(
        "select outcome, reasons from ops.record_outcomes where file = 'app/nan.ndjson'"
    )
    assert [outcome for outcome, _ in rows] == ["rejected", "rejected"]
    assert all(reasons in (["invalid_value"], ["malformed_json"]) for _, reasons in rows)


@pytest.mark.parametrize(
    ("file", "other_rows"), [("app/bytes.ndjson", ["k4"]), ("plant/bytes.csv", ["b-2"])]
)
def test_bytes_that_are_no_text_reject_their_row_alone(
    judged: Workbench, file: str, other_rows: list[str]
) -> None:
    assert reasons_of(judged, file, 1) == ["invalid_utf8"]
    accepted = judged.sql(
        "select record_key from ops.record_outcomes where file = ? and outcome = 'applied'", file
    )
    assert [key for (key,) in accepted] == other_rows


def test_the_bytes_of_an_unreadable_row_are_kept(judged: Workbench) -> None:
    [(exact,)] = judged.sql(
        "select from_base64(record) = ?::blob from ops.dead_letters "
        "where file = 'app/bytes.ndjson'",
        b'{"key": "k\xff"}',
    )
    assert exact


def test_measurements_are_trimmed_and_in_lower_case(judged: Workbench) -> None:
    categories = judged.sql(
        "select id, category from marts.measurements where id in ('c-1', 'c-4', 'k') order by id"
    )
    assert categories == [("c-1", "temperature"), ("c-4", "flow"), ("k", "flow")]


def test_numbers_of_a_csv_are_read_as_numbers(judged: Workbench) -> None:
    values = judged.sql("select id, value from marts.measurements where id like 'c-%' order by id")
    assert values == [("c-1", 21.5), ("c-2", 7.0), ("c-3", 8.0), ("c-4", 150.0)]


def test_the_text_of_a_csv_number_stays_as_it_stood(judged: Workbench) -> None:
    [(record,)] = judged.sql("select record from raw.plant where record like '%c-1%'")
    assert json.loads(record)["value"] == "21.50"


@pytest.mark.nightly
def test_a_contract_can_ask_for_more(own_project: Workbench) -> None:
    own_project.edit(
        "macros/contracts/events.sql",
        "'value': {'type': 'number', 'required': true,",
        "'value': {'type': 'number', 'required': true, 'min': -5, 'max': 10,",
    )
    own_project.edit(
        "macros/contracts/events.sql",
        "'name': {'type': 'string', 'required': true,",
        "'name': {'type': 'string', 'required': true, 'pattern': '^[a-z]+$',",
    )
    own_project.edit(
        "macros/contracts/events.sql",
        "'prefer': 'newest',",
        "'prefer': 'newest', 'skew_hours': 1, "
        "'rules': {'value_is_positive': 'value > 0', 'b_is_small': \"name <> 'b' or value < 5\"},",
    )
    expected = {
        "at the maximum": (event(value=10), []),
        "over the maximum": (event(value=10.5), ["invalid_value"]),
        "not positive": (event(value=-5), ["value_is_positive"]),
        "under the minimum": (event(value=-6), ["invalid_value", "value_is_positive"]),
        "off the pattern": (event(name="A1"), ["invalid_name"]),
        "no name": (event(name=""), ["missing_name"]),
        "a big b": (event(name="b", value=7), ["b_is_small"]),
        "a small b": (event(name="b", value=4), []),
        "in an hour": (event(ts="2025-06-01T13:00:00"), []),
        "in more than an hour": (event(ts="2025-06-01T13:00:01"), ["future_timestamp"]),
    }
    own_project.drop("app/1.ndjson", [record for record, _ in expected.values()])
    receipt = own_project.run(now=NOW)
    assert receipt["errors"] == []
    found = {
        case: reasons_of(own_project, "app/1.ndjson", row)
        for row, case in enumerate(expected, start=1)
    }
    assert found == {case: reasons for case, (_, reasons) in expected.items()}

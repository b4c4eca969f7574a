"""Fields that come, go or change their type are reported, and none of them stops a load."""

from typing import Any

import pytest

from tests.support.workbench import Workbench

EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}
CLICK = {
    "event_id": "c1",
    "event_timestamp": "2025-01-15T08:00:00",
    "event_type": "search",
    "user_id": "u1",
}


def drift(bench: Workbench) -> list[tuple[Any, ...]]:
    return bench.sql(
        "select source, field, drift, declared_type, seen_type, records "
        "from ops.schema_drift order by file, field, seen_type"
    )


def without(record: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != field}


def test_records_as_declared_do_not_drift(bench: Workbench) -> None:
    bench.drop("app/a.ndjson", [EVENT, {**EVENT, "value": 0.5}])
    bench.drop("plant/a.csv", "id,value,category\n1,2,x\n")

    bench.land()

    assert drift(bench) == []


def test_an_unknown_field_is_reported_with_the_number_of_its_records(bench: Workbench) -> None:
    bench.drop("app/a.ndjson", [EVENT, {**EVENT, "extra": True}, {**EVENT, "extra": False}])

    bench.land()

    assert drift(bench) == [("app", "extra", "unknown", None, "boolean", 2)]


def test_a_field_that_a_file_lacks_is_missing(bench: Workbench) -> None:
    bench.drop("app/a.ndjson", [without(EVENT, "value")] * 2)

    bench.land()

    assert drift(bench) == [("app", "value", "missing", "number", None, 2)]


def test_a_field_of_another_type_is_retyped(bench: Workbench) -> None:
    bench.drop("app/a.ndjson", [EVENT, {**EVENT, "value": "1"}, {**EVENT, "value": [1]}])

    bench.land()

    assert drift(bench) == [
        ("app", "value", "retyped", "number", "array", 1),
        ("app", "value", "retyped", "number", "string", 1),
    ]


def test_a_renamed_field_is_both_unknown_and_missing(bench: Workbench) -> None:
    bench.drop("app/a.ndjson", [{**without(EVENT, "value"), "Value": 1}])

    bench.land()

    assert drift(bench) == [
        ("app", "Value", "unknown", None, "number", 1),
        ("app", "value", "missing", "number", None, 1),
    ]


def test_null_is_of_every_type(bench: Workbench) -> None:
    bench.drop("app/a.ndjson", [{**EVENT, "value": None}])

    bench.land()

    assert drift(bench) == []


def test_an_optional_field_may_be_absent_but_not_of_another_type(bench: Workbench) -> None:
    bench.drop("web/a.ndjson", [CLICK])
    bench.drop("web/b.ndjson", [{**CLICK, "page_url": 7}])

    bench.land()

    assert drift(bench) == [("web", "page_url", "retyped", "string", "number", 1)]


def test_a_field_of_any_type_may_be_anything(bench: Workbench) -> None:
    bench.drop("alpha/a.json", [{"uid": "o1", "data": kind} for kind in ("x", 1, {"s": 1}, [1])])

    bench.land()

    assert drift(bench) == []


def test_a_record_that_could_not_be_read_does_not_drift(bench: Workbench) -> None:
    bench.drop("app/a.ndjson", '{"cut\n[1]\n')

    bench.land()

    assert [row for row in drift(bench) if row[2] != "missing"] == []


def test_each_load_is_judged_for_itself(bench: Workbench) -> None:
    bench.drop("app/a.ndjson", [EVENT])
    bench.drop("app/b.ndjson", [{**EVENT, "extra": 1}])
    bench.drop("app/c.ndjson", [without(EVENT, "name")])

    bench.land()

    assert bench.sql("select file, field, drift from ops.schema_drift order by file") == [
        ("app/b.ndjson", "extra", "unknown"),
        ("app/c.ndjson", "name", "missing"),
    ]


def test_field_names_may_hold_anything(bench: Workbench) -> None:
    names = ["a.b", 'say "x"', "back\\slash", "ä", "$", "a b", "it's"]
    bench.drop("app/a.ndjson", [{**EVENT, **dict.fromkeys(names, 1)}])

    bench.land()

    assert {row[1] for row in drift(bench)} == set(names)
    assert {row[2:] for row in drift(bench)} == {("unknown", None, "number", 1)}


def test_a_source_that_declares_no_fields_is_not_watched(own_project: Workbench) -> None:
    own_project.set_meta("app", fields={})
    own_project.drop("app/a.ndjson", [{"whatever": 1}])

    own_project.land()

    assert drift(own_project) == []


@pytest.mark.slow
@pytest.mark.parametrize("declared", ["boolean?", "boolean"])
def test_a_declaration_that_changes_is_judged_anew(own_project: Workbench, declared: str) -> None:
    own_project.drop("app/a.ndjson", [{**EVENT, "extra": True}])
    own_project.land()
    fields = {"key": "string", "name": "string", "value": "number", "ts": "string"}
    own_project.set_meta("app", fields={**fields, "extra": declared})

    own_project.land()

    assert drift(own_project) == []


@pytest.mark.slow
def test_the_run_that_takes_a_load_up_warns_whoever_landed_it(samples: Workbench) -> None:
    samples.drop("app/a.ndjson", [{**EVENT, "extra": 1}])
    warning = "app/a.ndjson: field 'extra' is unknown: see ops.schema_drift"
    samples.land()

    assert warning in samples.run()["warnings"]

    samples.drop("app/b.ndjson", [{**EVENT, "key": "k2"}])
    assert warning not in samples.run()["warnings"]

"""What is no JSON, or JSON of which nobody can say what it means, becomes a dead letter with the
true reason, wherever it stands among sound records."""

import json
from typing import Any

import pytest

from tests.support.workbench import Workbench

SOUND = {"key": "a", "name": 'x, ] NaN: NaN, {"a":1,}', "value": 1, "ts": "2025-01-15T08:00:00"}


def line(**changes: Any) -> str:
    return json.dumps(SOUND | changes)


def problems(bench: Workbench, records: list[str], name: str = "app/a.ndjson") -> list[str | None]:
    """The problem of each of these records, which landed together."""
    bench.drop(name, "\n".join(records))
    bench.land()
    return [problem for (problem,) in bench.sql("select problem from raw.app order by row_number")]


CASES = [
    ('{"key": "b",}', "malformed_json"),
    ('{"key": ["b", \t]}', "malformed_json"),
    ('{"value": NaN}', "malformed_json"),
    ('{"value": [1,-Infinity]}', "malformed_json"),
    ('{"value": {"x": nan }}', "malformed_json"),
    ("NaN", "malformed_json"),
    ('{"key": "\\ud83d"}', "lone_surrogate"),
    ('{"key": "\\ude00\\ud83d"}', "lone_surrogate"),
    ('{"key": "b", "key": "b"}', "duplicate_name"),
    ('{"key": "b", "k\\u0065y": "c"}', "duplicate_name"),
    ('{"key": "b", "more": {"x": 1, "y": 2, "x": 1}}', "duplicate_name"),
    ('{"key": "b", "more": [[1, {"x": {"y": 1, "y": 2}}]]}', "duplicate_name"),
    ('{"": 1, "": 2}', "duplicate_name"),
]
SOUND_LINES = [
    line(),
    line(name="nancy informs\n, ]"),
    line(name="\\ud83d \U0001f600"),
    line(more=[{"x": 1, "y": {"x": 2}}, {"x": 3}], x={"x": {"x": 1}}),
    line(**{"a.b": 1, "a": {"b": 2}, "A": 3, "*": 4}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("record", "problem"), CASES)
def test_the_reason_is_true(bench: Workbench, record: str, problem: str) -> None:
    records = [*SOUND_LINES, record, *SOUND_LINES]

    found = problems(bench, records)

    assert found == [None] * 5 + [problem] + [None] * 5


def test_in_an_array_of_many_lines_too(bench: Workbench) -> None:
    records = [record for record, _ in CASES] + SOUND_LINES

    found = problems(bench, ["[\n" + ",\n".join(records) + "\n]"], "app/a.json")

    assert found == [problem for _, problem in CASES] + [None] * len(SOUND_LINES)


def test_among_records_of_many_fields(bench: Workbench) -> None:
    wide = {f"field {number}": number for number in range(150)}
    doubled = json.dumps(wide)[:-1] + ', "field 7": 7}'

    assert problems(bench, [json.dumps(wide), doubled, line()]) == [None, "duplicate_name", None]


def test_fields_are_those_of_readable_records(bench: Workbench) -> None:
    problems(bench, [line(), '{"key": "b", "key": 1, "odd": 2}'])

    assert bench.sql("select field, type, records from raw.fields order by field") == [
        ("key", "string", 1),
        ("name", "string", 1),
        ("ts", "string", 1),
        ("value", "number", 1),
    ]


def test_such_a_record_is_a_dead_letter_with_its_text(bench: Workbench) -> None:
    doubled = '{"key": "b", "name": "n", "value": 1, "value": 2, "ts": "2025-01-15T08:00:00"}'
    bench.drop("app/a.ndjson", "\n".join([line(), doubled]))

    bench.run()

    assert bench.sql("select record, error from ops.dead_letters") == [(doubled, "duplicate_name")]
    assert bench.sql("select key from marts.events") == [("a",)]

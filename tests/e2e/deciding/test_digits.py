"""A number keeps the digits that its source wrote: in keys, in JSON, in the digest of the content,
in decimals, and where sources are compared."""

import pytest

from hub.scaffold.contract import read_contracts
from hub.scaffold.derived.files import write_stale_files
from loader.errors import WrongUse
from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow

LONG = "12345678901234567.89"
FORMS = [
    *("1", "1.0", "1e0", "1.50", "1.5", "-0", "-0.0", "0.0000001", "1E+2", "123456789.10", LONG),
    *("0.1000000000000000055511151231257827021181583404541015625", "1" * 40, "1e400", "100.00"),
    f"-{'9' * 25}.{'9' * 25}e-300",
]


def event(key: str, value: str = "1") -> str:
    return f'{{"key": {key}, "name": "n", "value": {value}, "ts": "2025-01-15T08:00:00"}}'


def test_keys_json_and_content_keep_the_digits(bench: Workbench) -> None:
    values = ["1", "1.0", "1e0", "1.00", "1"]
    bench.drop(
        "app/a.ndjson",
        "\n".join([*(event(form) for form in FORMS), *(event('"k"', value) for value in values)]),
    )
    orders = []
    for number, form in enumerate(FORMS):
        nested = f'{{"b": [{form}, {form}, "{form}, x: {form}, y"], "a": {{"c": {form}}}}}'
        orders += [
            f'{{"uid": "plain {number}", "data": {form}}}',
            f'{{"uid": "nested {number}", "data": {nested}}}',
        ]
    bench.drop("alpha/a.ndjson", "\n".join(orders))

    bench.run()

    assert {key for (key,) in bench.sql("select key from marts.events")} == {*FORMS, "k"}
    assert bench.outcomes("app").count("duplicate") == 1
    assert bench.sql("select value from marts.events where key = 'k'") == [(1.0,)]
    found = dict(bench.sql("select order_id, status from marts.orders"))
    for number, form in enumerate(FORMS):
        compact = f'{{"b":[{form},{form},"{form}, x: {form}, y"],"a":{{"c":{form}}}}}'
        assert found[f"plain {number}"] == form
        assert found[f"nested {number}"] == compact


def test_sources_agree_on_numbers_of_one_size(bench: Workbench) -> None:
    orders = {
        "same": ("1", "1.0", "matched"),
        "same nested": ('{"a": [100]}', '{"a": [1e2]}', "matched"),
        "text": ("1", '"1"', "mismatched"),
        "long": (LONG, "12345678901234567.12", "mismatched"),
        "long nested": (f'{{"a": {LONG}}}', '{"a": 12345678901234567.12}', "mismatched"),
    }
    # they may differ by 0.01
    measurements = {
        "just over": ("123456789012.123456", "123456789012.133457", "mismatched"),
        "just within": ("123456789012.123456", "123456789012.133456", "matched"),
        "many decimals": ("0.12345678901234567", "0.13345678901234567", "matched"),
        "beyond decimals": ("1" * 30, "1" * 29 + "2", "mismatched"),
        "the same beyond": ("1" * 30, "1" * 30 + ".0", "matched"),
    }
    for file, form, cases, side in (
        ("alpha/a.ndjson", '{{"uid": "{}", "data": {}}}', orders, 0),
        ("beta/a.ndjson", '{{"identifier": "{}", "payload": {}}}', orders, 1),
        ("partner/a.ndjson", '{{"id": "{}", "value": {}, "category": "a"}}', measurements, 0),
    ):
        bench.drop(file, "\n".join(form.format(key, case[side]) for key, case in cases.items()))
    rows = [f"{key},{plant},a" for key, (_, plant, _) in measurements.items()]
    bench.drop("plant/a.csv", "\n".join(["id,value,category", *rows]))

    bench.run()

    for table, key, cases in (
        ("orders", "order_id", orders),
        ("measurements", "id", measurements),
    ):
        assert dict(bench.sql(f"select {key}, status from marts.{table}_reconciliation")) == {
            name: status for name, (_, _, status) in cases.items()
        }


def test_a_decimal_is_exact_or_invalid(own_project: Workbench) -> None:
    forms = {
        **{"1.50": "1.50", "1.5": "1.50", "15e-1": "1.50", "1.500": "1.50", '"+7"': "7.00"},
        **{"-0": "0.00", f"{'9' * 36}.99": f"{'9' * 36}.99", '" 7 "': "7.00"},
        **{"1.005": None, "1e36": None, '"1_0"': None, "null": None, '"NaN"': None, '""': None},
    }
    own_project.edit("macros/contracts/events.sql", "'type': 'number'", "'type': 'decimal(38, 2)'")
    write_stale_files(own_project.root)
    own_project.drop(
        "app/a.ndjson",
        "\n".join(event(f'"{number}"', form) for number, form in enumerate(forms)),
    )

    own_project.run()

    assert own_project.sql(
        "select key, cast(value as varchar) from marts.events order by cast(key as int)"
    ) == [(str(number), stored) for number, stored in enumerate(forms.values()) if stored]
    assert own_project.sql("select distinct error from ops.dead_letters") == [("invalid_value",)]
    assert own_project.sql(
        "select data_type from duckdb_columns() "
        "where schema_name = 'marts' and table_name = 'events' and column_name = 'value'"
    ) == [("DECIMAL(38,2)",)]


@pytest.mark.parametrize("form", ["decimal", "decimal(39, 2)", "decimal(5, 6)", "decimal(x, 1)"])
def test_a_type_that_is_none_is_refused(own_project: Workbench, form: str) -> None:
    own_project.edit("macros/contracts/events.sql", "'type': 'number'", f"'type': '{form}'")

    with pytest.raises(WrongUse, match=r"unknown type .*decimal\(p, s\)"):
        read_contracts(own_project.root)

"""Adapters that read local forms: what cannot be read is a record with a reason, not a failed
build; and where an adapter fails a build, the error says which, and where."""

from typing import Any

import pytest

from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow

_ADAPTER = "models/staging/plant/stg_plant__measurements.sql"
_DEVICE = """id,value,category,timestamp
m1,"1.234,50",flow,31.12.2024 14:05
m2,"12.5",flow,31.12.2024 14:05
m3,"3,5",flow,31.02.2024 14:05
m4,"3,5",flow,
m5,n/a,flow,gestern
m6,"3,5",flow,30.03.2025 02:30
"""


def reasons(bench: Workbench) -> dict[str, tuple[Any, Any]]:
    return {
        key: (reasons, explanation)
        for key, reasons, explanation in bench.sql(
            "select record_key, reasons, explanation from ops.record_outcomes"
        )
    }


def read_local_forms(bench: Workbench) -> None:
    bench.edit(
        _ADAPTER,
        "{{ json_text('value') }}",
        "{{ local_number(json_text('value'), decimal=',', thousands='.') }}",
    )
    bench.edit(
        _ADAPTER,
        "{{ json_text('timestamp') }}",
        "{{ local_timestamp(json_text('timestamp'), '%d.%m.%Y %H:%M') }}",
    )


def test_what_an_adapter_cannot_read_is_rejected_with_its_reason(own_project: Workbench) -> None:
    bench = own_project
    read_local_forms(bench)
    bench.set_meta("plant", timezone="Europe/Berlin")
    bench.drop("plant/device.csv", _DEVICE)
    assert bench.run()["errors"] == []
    assert bench.sql(
        "select id, value, cast(timestamp as varchar) from marts.measurements order by id"
    ) == [
        ("m1", 1234.5, "2024-12-31 13:05:00"),
        ("m4", 3.5, None),
    ]
    found = reasons(bench)
    assert found["m2"] == (
        ["invalid_value"],
        "value is not a finite number: 12.5 (expected as 1.234,5)",
    )
    assert found["m3"] == (
        ["invalid_timestamp"],
        "timestamp is not a timestamp: 31.02.2024 14:05",
    )
    assert found["m5"][0] == ["invalid_value", "invalid_timestamp"]
    assert found["m6"][0] == ["invalid_timestamp"]


def test_golden_rows_show_the_macros_at_work(own_project: Workbench) -> None:
    bench = own_project
    read_local_forms(bench)
    bench.edit("models/staging/plant/plant.yml", '"value":"21.50"', '"value":"1.021,50"')
    bench.edit("models/staging/plant/plant.yml", '"timestamp":""', '"timestamp":"31.12.2024 14:05"')
    bench.edit("models/staging/plant/plant.yml", "value: '21.50'", "value: '1021.50'")
    bench.edit(
        "models/staging/plant/plant.yml", "timestamp: ''", "timestamp: '2024-12-31 14:05:00'"
    )
    bench.land()
    outcome = bench.dbt("test", "--select", "plant_speaks_the_shape_of_measurements")
    assert outcome.success, outcome.exception or outcome.result


def break_adapter(bench: Workbench) -> str:
    """Let plant's adapter fail at bad dates; returns the place of the first."""
    bench.edit(
        _ADAPTER,
        "{{ json_text('timestamp') }}",
        "cast(strptime({{ json_text('timestamp') }}, '%d.%m.%Y %H:%M') as varchar)",
    )
    good = [f"g{number},1,flow,31.12.2024 14:05" for number in range(5000)]
    good[3210] = "g3210,1,flow,2024-12-31"
    good[4000] = "g4000,1,flow,gestern"
    bench.drop("plant/1.csv", "id,value,category,timestamp\n" + "\n".join(good[:50]) + "\n")
    bench.drop("plant/2.csv", "id,value,category,timestamp\n" + "\n".join(good) + "\n")
    bench.drop("partner/1.ndjson", [{"id": "p", "value": 1, "category": "flow"}])
    return "plant/2.csv:3211"


@pytest.mark.nightly
def test_a_build_that_fails_in_an_adapter_names_it_with_file_and_row(
    own_project: Workbench,
) -> None:
    bench = own_project
    place = break_adapter(bench)
    bench.drop("app/1.ndjson", [{"key": "k", "name": "n", "value": 1, "ts": "2025-01-01"}])
    receipt = bench.run()
    [error] = receipt["errors"]
    assert error.startswith("int_measurements__checked: ")
    told = error.splitlines()[-1]
    assert told.startswith(f"the adapter of source 'plant', {_ADAPTER}, fails at {place}: ")
    assert "2024-12-31" in told
    assert "docs/extending.md" in told
    assert "partner" not in error
    # the others are built, and nothing of this entity is lost or half done
    assert bench.sql("select count(*) from marts.events") == [(1,)]
    assert bench.sql("select count(*) from ops.measurements_decisions") == [(0,)]

    # with a macro, the same records are decided
    bench.edit(_ADAPTER, "cast(strptime(", "{{ local_timestamp(")
    bench.edit(
        _ADAPTER,
        "{{ local_timestamp({{ json_text('timestamp') }}, '%d.%m.%Y %H:%M') as varchar)",
        "{{ local_timestamp(json_text('timestamp'), '%d.%m.%Y %H:%M') }}",
    )
    assert bench.run()["errors"] == []
    # a date that the contract can read by itself is read
    assert [key for key, (why, _) in reasons(bench).items() if why] == ["g4000"]


@pytest.mark.nightly
def test_an_adapter_that_fails_on_no_row_alone_is_named_with_its_file(
    own_project: Workbench,
) -> None:
    bench = own_project
    bench.edit(
        _ADAPTER,
        "{{ json_text('id') }} as id",
        "case when count(*) over (partition by load_id) > 1 then error('too many') "
        "else {{ json_text('id') }} end as id",
    )
    bench.drop("plant/1.csv", "id,value,category,timestamp\na,1,flow,\nb,1,flow,\n")
    [error] = bench.run()["errors"]
    assert f"{_ADAPTER}, fails at plant/1.csv: Invalid Input Error: too many." in error


@pytest.mark.nightly
def test_dbt_by_itself_names_the_adapters_that_it_read(own_project: Workbench) -> None:
    bench = own_project
    break_adapter(bench)
    bench.land()
    bench.dbt("build", "--exclude-resource-type", "unit_test")
    [(errors,)] = bench.sql("select errors from ops.runs where command = 'build'")
    assert _ADAPTER in errors
    assert "`hub run` names it, with the file and row" in errors


@pytest.mark.nightly
def test_a_failure_that_is_no_adapters_says_nothing_of_adapters(own_project: Workbench) -> None:
    bench = own_project
    bench.drop("plant/1.csv", "id,value,category,timestamp\na,1,flow,\n")
    bench.run()
    bench.edit(
        "macros/contracts/measurements.sql", "'prefer': 'newest'", "'prefer': ['partner', 'plant']"
    )
    [error] = bench.run()["errors"]
    assert "prefer changed" in error
    assert "adapter" not in error

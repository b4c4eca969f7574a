"""History: every state that a build saw, with the period in which it stood (SCD2)."""

from typing import Any

import pytest

from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow

CHAINS = ("--select", "tag:orders", "tag:events")
CHAINS += ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")


def build(bench: Workbench) -> None:
    bench.land()
    result = bench.dbt("build", *CHAINS)
    assert result.success, [
        each.message for each in result.result if each.status in ("error", "fail")
    ]


def event(key: str, value: float, moment: str) -> dict[str, Any]:
    return {"key": key, "name": "n", "value": value, "ts": f"2025-01-15T{moment}:00"}


@pytest.fixture
def updated(bench: Workbench) -> Workbench:
    """Orders and events after a first build and three updates, of which the last brings nothing."""
    bench.drop("alpha/1.json", [{"uid": key, "data": "new"} for key in ("o1", "o2", "o3")])
    bench.drop("app/1.json", [event("e1", 1, "08:00"), event("e2", 1, "08:00")])
    build(bench)
    bench.drop("alpha/2.json", [{"uid": "o1", "data": "paid"}, {"uid": "o2", "data": "new"}])
    bench.drop("app/2.json", [event("e1", 2, "09:00"), event("e2", 0, "07:00")])
    build(bench)
    bench.drop("alpha/3.json", [{"uid": "o1", "data": "new"}, {"uid": "o4", "data": "new"}])
    bench.drop("app/3.json", [event("e1", 3, "10:00"), event("e3", 1, "08:00")])
    build(bench)
    build(bench)
    return bench


def test_each_state_has_its_period_and_unchanged_rows_add_none(updated: Workbench) -> None:
    states = "dbt_valid_to is null from marts.{}_history order by 1, dbt_valid_from"

    assert updated.sql(f"select order_id, status, {states.format('orders')}") == [
        ("o1", "new", False),
        ("o1", "paid", False),
        ("o1", "new", True),
        ("o2", "new", True),
        ("o3", "new", True),
        ("o4", "new", True),
    ]
    assert updated.sql(f"select key, value, ts::time::varchar, {states.format('events')}") == [
        ("e1", 1.0, "08:00:00", False),
        ("e1", 2.0, "09:00:00", False),
        ("e1", 3.0, "10:00:00", True),
        ("e2", 1.0, "08:00:00", True),
        ("e3", 1.0, "08:00:00", True),
    ]
    for history, key in (("orders", "order_id"), ("events", "key")):
        periods = updated.sql(
            "select dbt_valid_from, dbt_valid_to, lead(dbt_valid_from) over "
            f"(partition by {key} order by dbt_valid_from) from marts.{history}_history"
        )
        # each period ends where the next begins, and the last is open
        assert all(valid_to == following for _, valid_to, following in periods)
        assert all(valid_to is None or start < valid_to for start, valid_to, _ in periods)
        # what stands now is what the target holds
        assert updated.sql(
            f"select {key}, record_id from marts.{history}_history where dbt_valid_to is null "
            f"order by 1"
        ) == updated.sql(f"select {key}, record_id from marts.{history} order by 1")


def test_a_row_that_another_source_says_again_stands_on(bench: Workbench) -> None:
    bench.drop("alpha/1.json", [{"uid": "o1", "data": "paid"}])
    build(bench)
    ((start,),) = bench.sql("select dbt_valid_from from marts.orders_history")
    bench.drop("beta/1.json", [{"identifier": "o1", "payload": "paid"}])
    build(bench)

    assert bench.sql("select source from marts.orders") == [("beta",)]
    assert bench.sql("select dbt_valid_from, dbt_valid_to from marts.orders_history") == [
        (start, None)
    ]

    bench.drop("beta/2.json", [{"identifier": "o1", "payload": "new"}])
    build(bench)

    ((moment,),) = bench.sql("select applied_at from marts.orders")
    assert bench.sql(
        "select status, dbt_valid_from, dbt_valid_to from marts.orders_history order by 2"
    ) == [("paid", start, moment), ("new", moment, None)]
    assert bench.sql("select * from ops.kept_starts") == []

"""Rules that change, and records that are decided again by them."""

from datetime import datetime
from typing import Any

import pytest

from hub.commands import rules
from hub.queries.reprocess import ReprocessChoice
from loader.errors import HubError
from tests.support.additions import add_source
from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow


def event(key: str, value: Any = 1, moment: str = "08:00", **more: Any) -> dict[str, Any]:
    return {"key": key, "name": "n", "value": value, "ts": f"2025-01-15T{moment}:00", **more}


def reprocess(bench: Workbench, entity: str, **choice: Any) -> dict[str, Any]:
    return rules.reprocess(bench.project, ReprocessChoice(entity, **choice)).receipt


def business(bench: Workbench, entity: str) -> list[tuple[Any, ...]]:
    columns = {"events": "key, name, value, ts", "orders": "order_id, status, updated_at"}[entity]
    return bench.sql(f"select {columns}, source from marts.{entity} order by 1")


def full_refresh(bench: Workbench) -> None:
    result = bench.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")
    assert result.success, [each.message for each in result.result if each.status != "success"]


def read_names_in_upper_case(bench: Workbench) -> None:
    bench.edit(
        "models/staging/app/stg_app__events.sql",
        "{{ json_text('name') }} as name",
        "upper({{ json_text('name') }}) as name",
    )


def test_an_adapter_that_is_corrected_is_told_and_reprocess_corrects_old_rows(
    own_built: Workbench,
) -> None:
    bench = own_built
    bench.drop("app/1.ndjson", [event("e1"), event("e2"), event("e2", moment="09:00")])
    bench.run()
    read_names_in_upper_case(bench)
    receipt = bench.run()
    assert any("2 " in text and "hub reprocess" in text for text in receipt["warnings"])
    assert {name for _, name, *_ in business(bench, "events")} == {"n"}
    receipt = reprocess(bench, "events")
    assert receipt["status"] == "succeeded", receipt["errors"]
    assert {name for _, name, *_ in business(bench, "events")} == {"N"}
    assert not any("hub reprocess" in text for text in receipt["warnings"])
    assert (
        bench.sql(
            "select record_id, max(attempt) from ops.decisions group by 1 having max(attempt) <> 2"
        )
        == []
    )
    before = business(bench, "events")
    full_refresh(bench)
    assert business(bench, "events") == before


@pytest.mark.nightly
def test_what_is_sent_again_after_a_correction_of_the_adapter_takes_its_twins_place(
    own_built: Workbench,
) -> None:
    bench = own_built
    bench.drop("app/log.ndjson", [event("e1"), event("e2")])
    bench.drop("plant/log.csv", "id,value,category,timestamp\nm1,1,flow,2025-01-15T08:00:00\n")
    bench.run()
    read_names_in_upper_case(bench)
    bench.set_meta("plant", timezone="Europe/Berlin")
    bench.drop("app/log.ndjson", [event("e1"), event("e2"), event("e3")])
    bench.drop("plant/again.csv", "timestamp,category,value,id\n2025-01-15T08:00:00,flow,1,m1\n")
    bench.run()
    assert bench.outcomes("app") == ["applied"] * 5
    assert {name for _, name, *_ in business(bench, "events")} == {"N"}
    assert bench.outcomes("plant") == ["applied", "applied"]
    assert bench.sql("select timestamp from marts.measurements") == [(datetime(2025, 1, 15, 7),)]
    # at its twin's place in the order: what arrived between the two still comes later
    assert bench.sql("select count(*) from ops.decisions where arrived_as is not null") == [(3,)]


@pytest.mark.nightly
def test_a_key_that_the_adapter_names_otherwise_moves_and_leaves_no_ghost(
    own_built: Workbench,
) -> None:
    bench = own_built
    bench.drop("app/1.ndjson", [event("E1", 1), event("e1", 2, "09:00"), event("e2")])
    bench.run()
    bench.edit(
        "models/staging/app/stg_app__events.sql",
        "{{ json_text('key') }} as key",
        "lower({{ json_text('key') }}) as key",
    )
    # chosen by its new name, which brings the old one with it
    receipt = reprocess(bench, "events", key="e1")
    assert receipt["status"] == "succeeded", receipt["errors"]
    assert [(key, value) for key, _, value, *_ in business(bench, "events")] == [
        ("e1", 2.0),
        ("e2", 1.0),
    ]
    assert bench.outcomes() == ["superseded", "applied", "applied"]
    assert bench.sql("select attempt from ops.record_outcomes order by record_id") == [
        (2,),
        (2,),
        (1,),
    ]
    ended = "select key from marts.events_history where dbt_valid_to is not null"
    assert bench.sql(ended) == [("E1",)]
    bench.drop("app/2.ndjson", [event("E1", 5, "10:00")])
    bench.run()
    assert [value for _, _, value, *_ in business(bench, "events")] == [5.0, 1.0]


@pytest.mark.nightly
def test_another_preference_stops_the_entity_until_it_is_reprocessed(
    own_built: Workbench,
) -> None:
    bench = own_built
    bench.drop("alpha/1.ndjson", [{"uid": "o1", "data": "a"}, {"uid": "o2", "data": "a"}])
    bench.drop("beta/1.ndjson", [{"identifier": "o1", "payload": "b"}])
    bench.drop("app/1.ndjson", [event("e1")])
    bench.run()
    assert [status for _, status, *_ in business(bench, "orders")] == ["b", "a"]
    bench.edit("macros/contracts/orders.sql", "'prefer': 'newest'", "'prefer': ['alpha', 'beta']")
    bench.drop("beta/2.ndjson", [{"identifier": "o2", "payload": "b"}])
    bench.drop("app/2.ndjson", [event("e2")])
    for _ in range(2):
        receipt = bench.run()
        assert receipt["status"] == "failed"
        [error] = [text for text in receipt["errors"] if "orders" in text]
        assert error.startswith("int_orders__checked: orders: prefer changed")
        assert "hub reprocess --entity orders" in error
        assert "\n" not in error
        # nothing is half old, half new, and the other entities go on
        assert [status for _, status, *_ in business(bench, "orders")] == ["b", "a"]
        assert len(business(bench, "events")) == 2
    receipt = reprocess(bench, "orders")
    assert receipt["status"] == "succeeded", receipt["errors"]
    assert [status for _, status, *_ in business(bench, "orders")] == ["a", "a"]
    assert bench.run()["status"] == "succeeded"


@pytest.mark.nightly
def test_a_rule_that_is_taken_away_fails_no_build(own_built: Workbench) -> None:
    bench = own_built
    click = {"event_id": "c1", "event_timestamp": "2025-01-15T08:00:00", "user_id": "u"}
    bench.drop("web/1.ndjson", [click | {"event_type": "unheard"}])
    bench.run()
    bench.edit(
        "macros/contracts/clicks.sql",
        "                'allowed': ['page_view', 'add_to_cart', 'purchase', 'search'],\n",
        "",
    )
    assert bench.run()["status"] == "succeeded"
    receipt = reprocess(bench, "clicks")
    assert receipt["status"] == "succeeded", receipt["errors"]
    assert bench.outcomes() == ["applied"]
    assert bench.sql("select status from ops.dead_letters") == [("resolved",)]
    full_refresh(bench)
    assert bench.outcomes() == ["applied"]


@pytest.mark.nightly
def test_a_rule_that_is_tightened_takes_rows_out_when_they_are_reprocessed(
    own_built: Workbench,
) -> None:
    bench = own_built
    bench.drop("app/1.ndjson", [event("e1", 5), event("e2", -5), event("e1", -1, "09:00")])
    bench.run()
    bench.edit(
        "macros/contracts/events.sql",
        "'value': {'type': 'number',",
        "'value': {'type': 'number', 'min': 0,",
    )
    bench.run()
    assert len(business(bench, "events")) == 2
    receipt = reprocess(bench, "events")
    assert receipt["status"] == "succeeded", receipt["errors"]
    assert [(key, value) for key, _, value, *_ in business(bench, "events")] == [("e1", 5.0)]
    assert bench.outcomes() == ["applied", "rejected", "rejected"]
    assert bench.sql("select status, count(*) from ops.dead_letters group by 1") == [("open", 2)]


@pytest.mark.nightly
def test_a_source_that_is_taken_out_leaves_reconciliation_at_once_and_the_target_by_reprocess(
    own_built: Workbench,
) -> None:
    bench = own_built
    bench.drop("alpha/1.ndjson", [{"uid": "o1", "data": "a"}, {"uid": "o3", "data": "a"}])
    bench.drop(
        "beta/1.ndjson",
        [{"identifier": "o1", "payload": "b"}, {"identifier": "o2", "payload": "b"}],
    )
    bench.run()
    sources = {"events": ["app"], "clicks": ["web"], "measurements": ["plant", "partner"]}
    bench.set_vars(sources=sources | {"orders": ["alpha"]})
    receipt = bench.run()
    assert receipt["status"] == "succeeded", receipt["errors"]
    statuses = "select order_id, status from marts.orders_reconciliation order by 1"
    assert bench.sql(statuses) == [("o1", "single_source"), ("o3", "single_source")]
    assert len(business(bench, "orders")) == 3
    assert any("beta" in text and "hub reprocess" in text for text in receipt["warnings"])
    receipt = reprocess(bench, "orders")
    assert receipt["status"] == "succeeded", receipt["errors"]
    assert [(key, status) for key, status, *_ in business(bench, "orders")] == [
        ("o1", "a"),
        ("o3", "a"),
    ]
    open_periods = "select order_id from marts.orders_history where dbt_valid_to is null order by 1"
    assert bench.sql(open_periods) == [("o1",), ("o3",)]
    # and comes back when it is registered again
    bench.set_vars(sources=sources | {"orders": ["alpha", "beta"]})
    receipt = bench.run()
    assert receipt["status"] == "succeeded", receipt["errors"]
    assert len(business(bench, "orders")) == 3
    assert bench.sql(statuses) == [
        ("o1", "mismatched"),
        ("o2", "single_source"),
        ("o3", "single_source"),
    ]


@pytest.mark.nightly
def test_sources_that_change_places_stop_an_entity_with_event_times(own_built: Workbench) -> None:
    bench = own_built
    add_source(bench.root, "mobile", like="app", entity="events")
    bench.drop("app/1.ndjson", [event("e1", 1)])
    bench.drop("mobile/1.ndjson", [event("e1", 2)])
    bench.run()
    assert [value for _, _, value, *_ in business(bench, "events")] == [1.0]
    text = (bench.root / "dbt_project.yml").read_text()
    import yaml

    sources = yaml.safe_load(text)["vars"]["sources"]
    bench.set_vars(sources=sources | {"events": ["mobile", "app"]})
    bench.drop("app/2.ndjson", [event("e2", 1)])
    assert "the order of its sources changed" in " ".join(bench.run()["errors"])
    reprocess(bench, "events")
    assert [value for _, _, value, *_ in business(bench, "events")] == [2.0, 1.0]


@pytest.mark.nightly
def test_a_request_that_was_not_carried_out_is_work_for_the_next_run(
    own_built: Workbench,
) -> None:
    bench = own_built
    bench.drop("app/1.ndjson", [event("e1")])
    bench.run()
    read_names_in_upper_case(bench)
    bench.sql(
        "insert into ops.reprocess_requests (request_id, entity, requested_at) "
        "values (1, 'events', timestamp '2025-01-01')"
    )
    bench.run()
    assert business(bench, "events")[0][1] == "N"
    assert bench.sql("select completed_at is null from ops.reprocess_requests") == [(False,)]
    assert bench.sql("select * from ops.reprocess_records") == []


@pytest.mark.nightly
def test_a_period_of_history_goes_on_where_no_business_column_changes(
    own_built: Workbench,
) -> None:
    bench = own_built
    bench.drop("app/1.ndjson", [event("e1"), event("e2")])
    bench.run()
    periods = "select key, dbt_valid_from, dbt_valid_to from marts.events_history order by 1, 2"
    before = bench.sql(periods)
    bench.edit("macros/contracts/events.sql", "'version': '1.0.0'", "'version': '1.1.0'")
    reprocess(bench, "events")
    assert bench.sql("select max(attempt) from ops.decisions") == [(2,)]
    assert bench.sql(periods) == before
    full_refresh(bench)
    assert bench.sql("select max(attempt) from ops.decisions") == [(1,)]
    assert bench.sql(periods) == before


def test_reprocess_of_an_unknown_entity_is_refused(own_built: Workbench) -> None:
    own_built.drop_samples()
    own_built.run()
    with pytest.raises(HubError, match="Known are events"):
        reprocess(own_built, "event")

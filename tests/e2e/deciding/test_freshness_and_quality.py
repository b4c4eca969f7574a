"""Freshness flags, quality and the rates of a receipt."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.queries.receipt import entity_receipt
from tests.support.workbench import Workbench, copy_project, enter

pytestmark = pytest.mark.slow

Record = dict[str, Any]
NOW = datetime(2025, 6, 1, 12)


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).isoformat()


def event(key: str, ts: str = ago(10), value: Any = 1) -> Record:
    return {"key": key, "name": "a", "value": value, "ts": ts}


def click(number: int) -> Record:
    return {
        "event_id": f"clk-{number}",
        "event_timestamp": ago(10),
        "event_type": "search",
        "user_id": "u",
    }


@pytest.fixture(scope="module")
def aged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workbench, dict[str, Any]]:
    """Rows of different age under max_age 100, and sources of different quality."""
    root = tmp_path_factory.mktemp("freshness")
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        bench.set_vars(max_age=100)
        bench.drop(
            "app/1.ndjson",
            [
                event("age-10", ago(10)),
                event("age-100", ago(100)),
                event("age-100.001", ago(100.001)),
                event("age-200", ago(200)),
                event("ahead", ago(-60)),
                event("again", ago(10)),
                event("again", ago(10)),
                event("again", ago(10)),
                event("age-10", ago(10)),
                event("eighth", ago(20)),
            ],
        )
        bench.drop("web/1.ndjson", [click(number) for number in range(10)])
        bench.drop(
            "alpha/1.json",
            [
                *(
                    {"uid": f"age-{age}", "data": "x", "timestamp": ago(age)}
                    for age in (10, 100, 200)
                ),
                {"uid": "none", "data": "x"},
                {"uid": "none", "data": "x"},
                {"uid": "none at all", "data": "x"},
            ],
        )
        bench.drop(
            "plant/1.csv",
            "id,value,category,timestamp\n"
            + "".join(f"m-{number},{number},x,\n" for number in range(99))
            + "bad,x,x,\n",
        )
        bench.drop(
            "partner/1.ndjson",
            [
                *({"id": f"m-{number}", "value": number, "category": "x"} for number in range(98)),
                {"id": "bad", "value": "x", "category": "x"},
                {"id": "bad", "value": "x", "category": "x"},
            ],
        )
        receipt = bench.run(now=NOW.isoformat())
        assert receipt["errors"] == []
        return bench, receipt


@pytest.fixture
def bench_aged(aged: tuple[Workbench, dict[str, Any]]) -> Workbench:
    return aged[0]


@pytest.fixture
def receipt(aged: tuple[Workbench, dict[str, Any]]) -> dict[str, Any]:
    return aged[1]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("age-10", "fresh"),
        ("age-100", "fresh"),
        ("age-100.001", "stale"),
        ("age-200", "stale"),
        ("ahead", "fresh"),
    ],
)
def test_a_row_older_than_max_age_is_stale_and_stays(
    bench_aged: Workbench, key: str, expected: str
) -> None:
    assert bench_aged.sql("select freshness from marts.events where key = ?", key) == [(expected,)]


def test_a_row_without_time_is_unknown(bench_aged: Workbench) -> None:
    assert bench_aged.sql("select order_id, freshness from marts.orders order by 1") == [
        ("age-10", "fresh"),
        ("age-100", "fresh"),
        ("age-200", "stale"),
        ("none", "unknown"),
        ("none at all", "unknown"),
    ]


def test_stale_records_are_counted_and_not_dropped(receipt: dict[str, Any]) -> None:
    events, orders = entity_receipt(receipt, "events"), entity_receipt(receipt, "orders")
    assert (events["stale_records"], orders["stale_records"]) == (2, 1)
    assert (orders["records_in"], orders["records_out"], orders["target_rows"]) == (6, 5, 5)


def test_ten_records_with_three_repeats_hit_three_times(receipt: dict[str, Any]) -> None:
    part = entity_receipt(receipt, "events")
    assert part["cache"] == {"hits": 3, "misses": 7, "hit_rate": 0.3}
    assert (part["records_in"], part["records_out"]) == (10, 7)


def test_ten_clean_records_in_are_ten_out(receipt: dict[str, Any]) -> None:
    part = entity_receipt(receipt, "clicks")
    assert (part["records_in"], part["records_out"], part["target_rows"]) == (10, 10, 10)
    assert part["cache"] == {"hits": 0, "misses": 10, "hit_rate": 0.0}
    assert part["validation_errors"] == 0


def test_a_hit_rate_has_four_places(receipt: dict[str, Any]) -> None:
    assert entity_receipt(receipt, "orders")["cache"] == {
        "hits": 1,
        "misses": 5,
        "hit_rate": 0.1667,
    }


def test_quality_is_accepted_of_accepted_and_rejected(receipt: dict[str, Any]) -> None:
    assert receipt["quality"] == {
        "app": 1.0,
        "web": 1.0,
        "alpha": 1.0,
        "beta": None,
        "plant": 0.99,
        # the second of two equal bad records is a duplicate
        "partner": round(98 / 99, 4),
    }


def test_a_quality_under_99_percent_warns(receipt: dict[str, Any]) -> None:
    warned = [warning for warning in receipt["warnings"] if "quality" in warning]
    assert [warning.split(":")[0] for warning in warned] == ["partner"]
    assert "98.99%" in warned[0]


def test_quality_is_kept_per_source_and_run(bench_aged: Workbench) -> None:
    qualities = bench_aged.sql("select source, round(quality, 4) from ops.run_report order by 1")
    assert qualities == [
        ("alpha", 1.0),
        ("app", 1.0),
        ("partner", round(98 / 99, 4)),
        ("plant", 0.99),
        ("web", 1.0),
    ]


@pytest.mark.nightly
def test_the_least_quality_and_the_age_of_a_source_are_set_in_the_project(
    own_project: Workbench,
) -> None:
    """Freshness of a source is computed when it is asked for, by the clock of the machine."""
    own_project.set_vars(min_quality=0.6667, max_age=3600)
    lately = (datetime.now(UTC) - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    own_project.drop(
        "app/1.ndjson",
        [event("a", lately), event("b", lately), event("c", lately, value="x")],
    )
    own_project.drop(
        "web/1.ndjson", [*(click(number) for number in range(3)), {**click(4), "user_id": None}]
    )
    own_project.drop("alpha/1.json", [{"uid": "o", "data": "x"}])
    # no entity of these has an event time: their contracts name another column for freshness
    own_project.drop(
        "beta/1.json",
        [
            {"identifier": "p", "payload": "x", "timestamp": "2025-01-15T08:00:00"},
            {"identifier": "q", "payload": "x"},
        ],
    )
    own_project.drop(
        "partner/1.ndjson", [{"id": "m", "value": 1, "category": "x", "timestamp": lately}]
    )
    receipt = own_project.run()
    assert (receipt["quality"]["app"], receipt["quality"]["web"]) == (0.6667, 0.75)
    warned = [warning for warning in receipt["warnings"] if "quality" in warning]
    # two of three are less than 0.6667, whatever is shown of them
    assert [warning.split(":")[0] for warning in warned] == ["app"]
    rows = own_project.sql(
        "select source, freshness, newest_event_at is null, last_landed_at is null "
        "from ops.source_freshness order by source"
    )
    assert rows == [
        ("alpha", "unknown", True, False),
        ("app", "fresh", False, False),
        ("beta", "stale", False, False),
        ("partner", "fresh", False, False),
        ("plant", "unknown", True, True),
        ("web", "stale", False, False),
    ]


def test_dbt_knows_how_fresh_the_sources_are(samples: Workbench) -> None:
    samples.land()
    result = samples.dbt("source", "freshness")
    assert result.success
    statuses = {
        item.node.name: str(item.status)
        for item in result.result
        if str(item.node.resource_type) == "source"
    }
    assert statuses == dict.fromkeys(("app", "alpha", "beta", "web", "plant", "partner"), "pass")

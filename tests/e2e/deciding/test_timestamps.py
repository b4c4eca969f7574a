"""Timestamps are parsed, never compared as text, and stored as UTC."""

from datetime import datetime
from typing import Any

import pytest

from tests.support.workbench import Workbench, copy_project, enter

# web declares no time zone, so times without an offset are UTC
IN_UTC: dict[str, str | None] = {
    "2025-01-15T08:00:00": "2025-01-15 08:00:00",
    "2025-01-15 08:00:00": "2025-01-15 08:00:00",
    "2025-01-15T08:00": "2025-01-15 08:00:00",
    "2025-01-15": "2025-01-15 00:00:00",
    "2025-1-5": "2025-01-05 00:00:00",
    "2025-1-5 8:05": "2025-01-05 08:05:00",
    " 2025-01-15T08:00:00 ": "2025-01-15 08:00:00",
    "2025-01-15T08:00:00Z": "2025-01-15 08:00:00",
    "2025-01-15T08:00:00 UTC": "2025-01-15 08:00:00",
    "2025-01-15T08:00:00+02:00": "2025-01-15 06:00:00",
    "2025-01-15T08:00:00+0530": "2025-01-15 02:30:00",
    "2025-01-15T08:00:00-05": "2025-01-15 13:00:00",
    "2025-01-15 08:00:00 -05:00": "2025-01-15 13:00:00",
    "2025-01-15 08:00:00 Z": "2025-01-15 08:00:00",
    "2025-01-15T01:00:00+02:00": "2025-01-14 23:00:00",
    "2025-1-5T01:00:00+02:00": "2025-01-04 23:00:00",
    "2025-01-15T08:00:00+14:00": "2025-01-14 18:00:00",
    "2025-01-15T08:00:00-00:00": "2025-01-15 08:00:00",
    "2025-01-15T08:00:00.5": "2025-01-15 08:00:00.500000",
    "2025-01-15T08:00:00.123456": "2025-01-15 08:00:00.123456",
    "2025-01-15T08:00:00.1234567": "2025-01-15 08:00:00.123456",
    "2025-01-15T08:00:00.123456+02:00": "2025-01-15 06:00:00.123456",
    "2024-02-29T08:00:00": "2024-02-29 08:00:00",
    "0001-01-01T00:00:00": "0001-01-01 00:00:00",
    "1969-12-31T23:59:59Z": "1969-12-31 23:59:59",
    "garbage": None,
    "tomorrow": None,
    "now": None,
    "today": None,
    "epoch": None,
    "infinity": None,
    "-infinity": None,
    "2025": None,
    "2025-01": None,
    "20250115": None,
    "1736928000": None,
    "1736928000000": None,
    "15.01.2025": None,
    "01/15/2025": None,
    "15-01-2025": None,
    "25-01-15": None,
    "2025-13-01": None,
    "2025-02-29": None,
    "2025-02-30T08:00:00Z": None,
    "2025-01-00": None,
    "2025-01-15T25:00:00": None,
    "2025-01-15T08:60:00": None,
    "2025-01-15T08:00:00 Europe/Berlin": None,
    "2025-01-15 08:00:00 CET": None,
    "2025-01-15T08:00:00+99:00": None,
    "2025-01-15T08:00:00+02:75": None,
    "2025-01-15T08:00:00+": None,
    "2025-01-15T08:00:00ZZ": None,
    "2025-01-15 (BC)": None,
    "2025-01-15T08:00:00; drop": None,
    "0000-01-01": None,
    "0000-12-31T23:59:59Z": None,
    "-2025-01-15": None,
    "12025-01-15": None,
    "Wed, 15 Jan 2025 08:00:00 GMT": None,
    "\uff12\uff10\uff12\uff15-01-15": None,
}
# app declares Europe/Berlin: an hour before UTC in winter, two in summer
IN_BERLIN: dict[str, str] = {
    "2025-01-15T08:00:00": "2025-01-15 07:00:00",
    "2025-07-15T08:00:00": "2025-07-15 06:00:00",
    "2025-01-15": "2025-01-14 23:00:00",
    "2025-1-5": "2025-01-04 23:00:00",
    "2025-01-15T08:00:00Z": "2025-01-15 08:00:00",
    "2025-01-15T08:00:00-05:00": "2025-01-15 13:00:00",
    "2025-07-15T08:00:00+02:00": "2025-07-15 06:00:00",
    "2025-03-30T01:59:59": "2025-03-30 00:59:59",
    "2025-03-30T03:00:00": "2025-03-30 01:00:00",
    "2025-10-26T01:59:59": "2025-10-25 23:59:59",
    "2025-10-26T03:00:00": "2025-10-26 02:00:00",
}


def click(event_id: str, time: Any) -> dict[str, Any]:
    return {"event_id": event_id, "event_timestamp": time, "event_type": "search", "user_id": "u"}


def event(key: str, time: Any, name: str = "a") -> dict[str, Any]:
    return {"key": key, "name": name, "value": 1, "ts": time}


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """All of the above, and what the tests below name, in one run."""
    root = tmp_path_factory.mktemp("timestamps")
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        bench.set_meta("app", timezone="Europe/Berlin")
        bench.drop(
            "web/1.ndjson",
            [
                *(click(text, text) for text in IN_UTC),
                click("number", 1736928000),
                click("fraction", 1736928000.5),
                click("object", {"seconds": 1736928000}),
                click("text-order", "2025-01-12"),
                click("text-order", "2025-1-5"),
                click("offset-order", "2025-01-15T08:00:00+02:00"),
                click("offset-order", "2025-01-15T07:00:00Z"),
                click("one-moment", "2025-01-15T08:00:00Z"),
                click("one-moment", "2025-01-15T10:00:00+02:00"),
            ],
        )
        bench.drop(
            "app/1.ndjson",
            [
                *(event(text, text) for text in IN_BERLIN),
                event("skipped-hour", "2025-03-30T02:30:00"),
                event("doubled-hour", "2025-10-26T02:30:00"),
            ],
        )
        bench.drop(
            "alpha/1.json",
            [{"uid": "o", "data": "x", "timestamp": "2025-01-15T08:00:00+02:00"}],
        )
        bench.drop("plant/1.csv", "id,value,category,timestamp\nm,1,x,2025-1-5 08:00\n")
        assert bench.run()["errors"] == []
        return bench


def time_of(bench: Workbench, mart: str, time: str, key: str, value: str) -> list[datetime]:
    return [
        moment for (moment,) in bench.sql(f"select {time} from marts.{mart} where {key} = ?", value)
    ]


def clicked_at(bench: Workbench, event_id: str) -> list[datetime]:
    return time_of(bench, "clicks", "event_timestamp", "event_id", event_id)


@pytest.mark.parametrize(("text", "expected"), IN_UTC.items(), ids=repr)
def test_a_time_is_parsed_to_utc_or_rejected(
    parsed: Workbench, text: str, expected: str | None
) -> None:
    if expected:
        assert clicked_at(parsed, text) == [datetime.fromisoformat(expected)]
    else:
        assert clicked_at(parsed, text) == []
        assert reasons_of(parsed, text) == [["invalid_timestamp"]]


def reasons_of(bench: Workbench, key: str) -> list[list[str]]:
    return [
        reasons
        for (reasons,) in bench.sql(
            "select reasons from ops.record_outcomes where record_key = ?", key
        )
    ]


@pytest.mark.parametrize(("text", "expected"), IN_BERLIN.items())
def test_a_naive_time_is_in_the_zone_of_its_source(
    parsed: Workbench, text: str, expected: str
) -> None:
    assert time_of(parsed, "events", "ts", "key", text) == [datetime.fromisoformat(expected)]


@pytest.mark.parametrize(
    ("key", "earliest"),
    [("skipped-hour", "2025-03-30 00:30:00"), ("doubled-hour", "2025-10-26 00:30:00")],
)
def test_a_time_that_the_clocks_skip_or_repeat_is_at_most_an_hour_off(
    parsed: Workbench, key: str, earliest: str
) -> None:
    [moment] = time_of(parsed, "events", "ts", "key", key)
    assert (moment - datetime.fromisoformat(earliest)).total_seconds() in (0, 3600)


@pytest.mark.parametrize("key", ["number", "fraction", "object"])
def test_an_epoch_number_is_no_timestamp(parsed: Workbench, key: str) -> None:
    assert reasons_of(parsed, key) == [["invalid_timestamp"]]


def test_times_are_not_compared_as_text(parsed: Workbench) -> None:
    assert clicked_at(parsed, "text-order") == [datetime(2025, 1, 12)]
    assert clicked_at(parsed, "offset-order") == [datetime(2025, 1, 15, 7)]


def test_one_moment_written_in_two_zones_is_a_tie(parsed: Workbench) -> None:
    assert clicked_at(parsed, "one-moment") == [datetime(2025, 1, 15, 8)]
    ties = parsed.sql("select is_tie from ops.record_outcomes where record_key = 'one-moment'")
    assert ties == [(True,), (True,)]


def test_times_that_are_no_event_time_are_parsed_alike(parsed: Workbench) -> None:
    assert time_of(parsed, "orders", "updated_at", "order_id", "o") == [datetime(2025, 1, 15, 6)]
    assert time_of(parsed, "measurements", "timestamp", "id", "m") == [datetime(2025, 1, 5, 8)]


def test_times_are_stored_without_a_zone(parsed: Workbench) -> None:
    types = parsed.sql(
        "select distinct data_type from information_schema.columns where table_schema = 'marts' "
        "and column_name in ('ts', 'event_timestamp', 'updated_at', 'timestamp', 'ingested_at')"
    )
    assert types == [("TIMESTAMP",)]


def test_the_watermark_is_in_utc(parsed: Workbench) -> None:
    [(stored,)] = parsed.sql("select stored from ops.watermarks where source = 'app'")
    assert stored == "2025-10-26T02:00:00"

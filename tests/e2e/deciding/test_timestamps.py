"""Timestamps are parsed, never compared as text, and stored as UTC."""

from datetime import datetime
from typing import Any

import pytest

from hub.commands import questions
from tests.support.workbench import Workbench, copy_project, enter

pytestmark = pytest.mark.slow

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
    "2025-01-15T08:00:00UTC": "2025-01-15 08:00:00",
    "2025-01-15 08:00:00.25UTC": "2025-01-15 08:00:00.250000",
    "2025-01-15T08:00:00z": "2025-01-15 08:00:00",
    "2025-01-15t08:00:00z": "2025-01-15 08:00:00",
    "2025-01-15t08:00:00 utc": "2025-01-15 08:00:00",
    "2025-01-15t08:00": "2025-01-15 08:00:00",
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
    "2025-01-15T08:00:00.9999999": "2025-01-15 08:00:00.999999",
    "2025-01-15T08:00:00.99999999999999999999Z": "2025-01-15 08:00:00.999999",
    "2025-01-15T08:00:00.123456+02:00": "2025-01-15 06:00:00.123456",
    "2024-02-29T08:00:00": "2024-02-29 08:00:00",
    "0001-01-01T00:00:00": "0001-01-01 00:00:00",
    "1969-12-31T23:59:59Z": "1969-12-31 23:59:59",
    "0001-01-01T05:00:00+05:00": "0001-01-01 00:00:00",
    "\xa02025-01-15T08:00:00\u3000": "2025-01-15 08:00:00",
    "\ufeff2025-01-15": "2025-01-15 00:00:00",
    "2025-01-15T08:00:00Z\u200b": "2025-01-15 08:00:00",
    "2025-01-15T23:59:60": None,
    "2016-12-31T23:59:60Z": None,
    "2025-01-15T24:00:00": None,
    "2025-01-15 24:00Z": None,
    "0001-01-01T00:00:00+05:00": None,
    "0001-01-01T00:00+0001": None,
    "2025-01-15UTC": None,
    "2025-01-15T08:00:00UTC+1": None,
    "2025-01-15T08:00:00UTCZ": None,
    "2025-01-15\u200bT08:00:00": None,
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
    "0001-01-02T00:00:00": "0001-01-01 23:06:32",
}
# shown twice: the first time counts, when summer time still held
SHOWN_TWICE: dict[str, str] = {
    "2025-10-26T02:00:00": "2025-10-26 00:00:00",
    "2025-10-26 02:30": "2025-10-26 00:30:00",
    "2025-10-26t02:30:00.5": "2025-10-26 00:30:00.500000",
    "\xa02025-10-26T02:59:59.999999 ": "2025-10-26 00:59:59.999999",
}
# in that hour, but it is clear which is meant
NOT_TWICE: dict[str, str] = {
    "2025-10-26T02:30:00+02:00": "2025-10-26 00:30:00",
    "2025-10-26T02:30:00+01:00": "2025-10-26 01:30:00",
    "2025-10-26 02:30 +01": "2025-10-26 01:30:00",
    "2025-10-26T00:30:00Z": "2025-10-26 00:30:00",
    "2025-10-26T00:30:00 utc": "2025-10-26 00:30:00",
    "2025-10-26T01:59:59.999999": "2025-10-25 23:59:59.999999",
}
SKIPPED = (
    "2025-03-30T02:00:00",
    "2025-03-30 02:30",
    "2025-03-30t02:59:59.999999",
    # the year 0 in UTC
    "0001-01-01",
)
# alpha declares America/Sao_Paulo, where the clocks were set on at midnight
IN_SAO_PAULO: dict[str, str | None] = {
    "2018-11-03": "2018-11-03 03:00:00",
    # the first moment of the day is at one
    "2018-11-04": "2018-11-04 03:00:00",
    "2018-11-04T01:00": "2018-11-04 03:00:00",
    "2018-11-04T00:00": None,
    "2018-11-04T00:59:59": None,
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
    in_berlin = [*IN_BERLIN, *SHOWN_TWICE, *NOT_TWICE, *SKIPPED]
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        bench.set_meta("app", timezone="Europe/Berlin")
        bench.set_meta("alpha", timezone="America/Sao_Paulo")
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
            [event(text, text) for text in in_berlin],
        )
        bench.drop(
            "alpha/1.json",
            [
                {"uid": "o", "data": "x", "timestamp": "2025-01-15T08:00:00+02:00"},
                # no event time, and shown twice all the same
                {"uid": "twice", "data": "x", "timestamp": "2018-02-17T23:30"},
                *({"uid": text, "data": "x", "timestamp": text} for text in IN_SAO_PAULO),
            ],
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


@pytest.mark.parametrize("text", SKIPPED)
def test_a_time_that_the_clocks_skipped_is_none(parsed: Workbench, text: str) -> None:
    assert time_of(parsed, "events", "ts", "key", text) == []
    assert reasons_of(parsed, text) == [["invalid_timestamp"]]


@pytest.mark.parametrize(("text", "expected"), {**SHOWN_TWICE, **NOT_TWICE}.items())
def test_of_a_time_that_the_clocks_showed_twice_the_first_is_taken_and_marked(
    parsed: Workbench, text: str, expected: str
) -> None:
    assert time_of(parsed, "events", "ts", "key", text) == [datetime.fromisoformat(expected)]
    marked = parsed.sql(
        "select is_ambiguous_time from ops.record_outcomes where record_key = ?", text
    )
    assert marked == [(text in SHOWN_TWICE,)]


def test_times_that_were_shown_twice_are_counted_and_warned_of(parsed: Workbench) -> None:
    receipt = questions.report(parsed.project, None)
    assert receipt["entities"]["events"]["ambiguous_times"] == len(SHOWN_TWICE)
    assert receipt["entities"]["orders"]["ambiguous_times"] == 1
    assert receipt["entities"]["clicks"]["ambiguous_times"] == 0
    [warning] = [text for text in receipt["warnings"] if text.startswith("app: 4 records")]
    assert "is_ambiguous_time" in warning
    assert parsed.sql(
        "select source, ambiguous_times from ops.run_report where ambiguous_times > 0 order by 1"
    ) == [("alpha", 1), ("app", len(SHOWN_TWICE))]


@pytest.mark.parametrize(("text", "expected"), IN_SAO_PAULO.items())
def test_a_day_begins_with_the_first_moment_that_it_has(
    parsed: Workbench, text: str, expected: str | None
) -> None:
    found = time_of(parsed, "orders", "updated_at", "order_id", text)
    assert found == ([datetime.fromisoformat(expected)] if expected else [])
    if expected is None:
        assert reasons_of(parsed, text) == [["invalid_updated_at"]]


def test_a_time_outside_of_the_calendar_is_none_in_any_column(parsed: Workbench) -> None:
    texts = ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"]
    for number, text in enumerate(texts):
        order = {"identifier": f"order at {text}", "payload": 1, "timestamp": text}
        parsed.drop(f"beta/{number}.json", [order])
    parsed.run()
    assert [reasons_of(parsed, f"order at {text}") for text in texts] == [
        [["invalid_updated_at"]]
    ] * 2


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

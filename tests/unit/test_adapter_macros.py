"""The macros with which adapters read local forms: golden rows for each, as DuckDB has them."""

from typing import Any

import duckdb
import pytest

from loader.config.macros import Macros
from loader.config.project_vars import read_vars
from loader.errors import WrongUse
from tests.support.shipped import PROJECT

pytestmark = pytest.mark.check

GERMAN = "%d.%m.%Y %H:%M"
TIMES = [
    (GERMAN, "31.12.2025 14:05", "2025-12-31 14:05:00"),
    (GERMAN, "1.2.2025 4:05", "2025-02-01 04:05:00"),
    (GERMAN, "\u00a031.12.2025\u202f14:05 ", "2025-12-31 14:05:00"),
    (GERMAN, "29.02.2024 00:00", "2024-02-29 00:00:00"),
    (GERMAN, "29.02.2025 00:00", "29.02.2025 00:00"),
    (GERMAN, "31.12.25 14:05", "31.12.25 14:05"),
    (GERMAN, "31.12.2025 24:00", "31.12.2025 24:00"),
    (GERMAN, "31.12.0000 14:05", "31.12.0000 14:05"),
    (GERMAN, "31.12.2025 14:05 Uhr", "31.12.2025 14:05 Uhr"),
    (GERMAN, "2025-12-31 14:05", "2025-12-31 14:05"),
    (GERMAN, "NULL", "NULL"),
    (GERMAN, "", ""),
    (GERMAN, None, None),
    ("%d.%m.%Y", "31.12.2025", "2025-12-31"),
    ("%d-%b-%y", "01-SEP-69", "1969-09-01"),
    ("%d-%b-%y", "1-Sep-68", "2068-09-01"),
    ("%d-%b-%y", "1-Sept-68", "1-Sept-68"),
    ("%m/%d/%Y %I:%M %p", "12/31/2025 2:05 PM", "2025-12-31 14:05:00"),
    ("%m/%d/%Y %I:%M %p", "12/31/2025 12:05 a.m.", "2025-12-31 00:05:00"),
    ("%m/%d/%Y %I:%M %p", "12/31/2025 12:05\u202fpm", "2025-12-31 12:05:00"),
    ("%m/%d/%Y %I:%M %p", "12/31/2025 14:05 PM", "12/31/2025 14:05 PM"),
    ("%Y%m%dT%H%M%S.%f", "20251231T140506.1234567", "2025-12-31 14:05:06.123456"),
    ("%d (%m) [%Y]", "31 (12) [2025]", "2025-12-31"),
    # what a contract would read as another day
    ("%Y-%d-%m", "2025-31-12", "2025-12-31"),
    ("%Y-%d-%m", "2025-12-31", "2025-12-31 (expected as %Y-%d-%m)"),
]
NUMBERS = [
    ({}, "1.234,50", "1234.50"),
    ({}, "1234,5", "1234.5"),
    ({}, "1.234", "1234"),
    ({}, "-1.234.567,8", "-1234567.8"),
    ({}, "\u00a0,5 ", ".5"),
    # what a contract would read as another number
    ({}, "12.5", "12.5 (expected as 1.234,5)"),
    ({}, "1.5e3", "1.5e3 (expected as 1.234,5)"),
    ({}, "12.34,5", "12.34,5"),
    ({}, "1,234.5", "1,234.5"),
    ({}, "NaN", "NaN"),
    ({}, "n/a", "n/a"),
    ({}, "", ""),
    ({}, None, None),
    ({"thousands": " "}, "1 234\u202f567,5", "1234567.5"),
    ({"thousands": ""}, "1234,5", "1234.5"),
    ({"thousands": ""}, "1.234", "1.234 (expected as 1234,5)"),
    ({"decimal": ".", "thousands": ","}, "1,234.50", "1234.50"),
    ({"decimal": ".", "thousands": "'"}, "1'234.5", "1234.5"),
]
EPOCHS = [
    ("seconds", "1736928000", "2025-01-15 08:00:00Z"),
    ("seconds", "1736928000.5", "2025-01-15 08:00:00.5Z"),
    ("seconds", "1736928000.1234567", "2025-01-15 08:00:00.123456Z"),
    ("seconds", " -1 ", "1969-12-31 23:59:59Z"),
    ("seconds", "-62135596800", "0001-01-01 00:00:00Z"),
    ("seconds", "-62135596801", "-62135596801"),
    ("seconds", "253402300800", "253402300800"),
    ("seconds", "1736928000000", "1736928000000"),
    ("seconds", "99999999999999999999", "99999999999999999999"),
    ("seconds", "1_000", "1_000"),
    ("seconds", "soon", "soon"),
    ("seconds", "", ""),
    ("seconds", None, None),
    ("milliseconds", "1736928000123", "2025-01-15 08:00:00.123Z"),
    ("milliseconds", "1736928000123.4567", "2025-01-15 08:00:00.123456Z"),
    ("microseconds", "1736928000123456", "2025-01-15 08:00:00.123456Z"),
]
BOOLEANS = [
    ("Ja", "true"),
    (" 1\u00a0", "true"),
    ("NEIN", "false"),
    ("0", "false"),
    ("true", "true"),
    ("vielleicht", "vielleicht"),
    ("", ""),
    (None, None),
]


@pytest.fixture(scope="module")
def macros() -> Macros:
    return Macros(PROJECT, read_vars({"sources": {"events": ["app"]}}))


def evaluated(sql: str, text: str | None) -> Any:
    ((value,),) = duckdb.execute(
        f"select {sql} from (select ?::varchar as given)", [text]
    ).fetchall()
    return value


@pytest.mark.parametrize(("form", "text", "expected"), TIMES)
def test_a_local_time(macros, form, text, expected):
    assert evaluated(macros.call("local_timestamp", "given", form), text) == expected


@pytest.mark.parametrize(("signs", "text", "expected"), NUMBERS)
def test_a_local_number(macros, signs, text, expected):
    sql = macros.call(
        "local_number", "given", *{"decimal": ",", "thousands": ".", **signs}.values()
    )
    assert evaluated(sql, text) == expected


@pytest.mark.parametrize(("unit", "text", "expected"), EPOCHS)
def test_an_epoch(macros, unit, text, expected):
    assert evaluated(macros.call("epoch_as_text", "given", unit), text) == expected


@pytest.mark.parametrize(("text", "expected"), BOOLEANS)
def test_a_local_boolean(macros, text, expected):
    sql = macros.call("local_boolean", "given", ["ja", 1], ["nein", 0])
    assert evaluated(sql, text) == expected


@pytest.mark.parametrize(
    ("macro", "rows"),
    [
        ("parse_timestamp", [row[1:] for row in TIMES] + [row[1:] for row in EPOCHS]),
        ("parse_number", [row[1:] for row in NUMBERS]),
    ],
)
def test_what_could_not_be_read_is_no_value_to_the_contract_either(macros, macro, rows):
    sql = macros.call(macro, "given", *(["'UTC'"] if macro == "parse_timestamp" else []))
    for text, expected in rows:
        is_read = text != expected and "expected" not in (expected or "")
        if is_read or text == "2025-12-31 14:05":
            assert evaluated(sql, expected) is not None, text
        else:
            assert evaluated(sql, expected) is None, text


@pytest.mark.parametrize(
    ("macro", "arguments"),
    [
        ("local_timestamp", ["%d.%m"]),
        ("local_timestamp", ["%d.%m.%Y %H"]),
        ("local_timestamp", ["%d.%m.%Y %I:%M"]),
        ("local_timestamp", ["%d.%m.%Y %H:%M %p"]),
        ("local_timestamp", ["%d.%m.%Y %M:%S"]),
        ("local_timestamp", ["%d.%d.%Y"]),
        ("local_timestamp", ["%d.%m.%Q"]),
        ("local_timestamp", ["TT.MM.JJJJ"]),
        ("local_number", [".", "."]),
        ("local_number", ["", "."]),
        ("local_number", [",", "x"]),
        ("epoch_as_text", ["minutes"]),
        ("local_boolean", ["ja", ["nein"]]),
        ("local_boolean", [["ja"], []]),
        ("local_boolean", [["x"], ["x"]]),
    ],
)
def test_a_wrong_argument_is_refused_with_what_was_expected(macros, macro, arguments):
    with pytest.raises(WrongUse, match=f"{macro}.*expected"):
        macros.call(macro, "given", *arguments)

"""What SQL calls JSON is what RFC 8259 calls so."""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loader.landing.json_problems import may_be_lenient, with_json_problems

PIECES = (
    *("{", "}", "[", "]", ",", ":", " ", "\t", '"', "\\", "\\\\", "é", "\u2028", "\x00", "\ufeff"),
    *(
        "\\u",
        "d83d",
        "\\ude00",
        "\\ud83d",
        '"a"',
        '"b":',
        "null",
        "true",
        "TRUE",
        "'a'",
        "/*c*/",
        "//c",
    ),
    *("1", "-1", "0", "-", "+", ".5", "1.", "1.5", "1e5", "E+", "01", '": NaN,"', '", ]"', '"NaN"'),
    *(
        "NaN",
        "nan",
        "-nan",
        "Infinity",
        "-inf",
        "INF",
        "nancy",
        '{"a":1,}',
        '{"a":[1,]}',
        '{"a":1}',
    ),
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        yield connection


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def problem_by_python(text: str) -> str | None:
    try:
        value: Any = json.loads(text, parse_constant=_refuse)
    except ValueError:
        return "malformed_json"
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "lone_surrogate"
    return None if isinstance(value, dict) else "not_an_object"


def problem_by_sql(connection: duckdb.DuckDBPyConnection, text: str) -> str | None:
    record = f"""
        select record, {may_be_lenient("record")} as may_be_lenient
        from (select ?::varchar as record)
    """
    ((problem,),) = connection.execute(
        f"select json_problem from ({with_json_problems(record)})", [text]
    ).fetchall()
    return problem


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
@example('{"a": [1, 2 ,\t]}')
@example('{"a": NaN}')
@example('{"a": [ -Infinity]}')
@example('{"a": "x, NaN, y", "b": ", ]"}')
@example('{"a": "\\\\\\ud800"}')
@example('{"a": "\\\\ud800"}')
@example('{"a": "\\ud83d\\ude00"}')
@example("NaN")
@example("[NaN]")
@example('"NaN"')
def test_sql_and_python_agree(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert problem_by_sql(connection, text) == problem_by_python(text)


@pytest.mark.parametrize("name", ["lone_surrogate", "malformed_json", "not_an_object"])
def test_each_problem_is_found(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    texts = {"lone_surrogate": '{"a":"\\ud800"}', "malformed_json": "{,}", "not_an_object": "1"}

    assert problem_by_sql(connection, texts[name]) == name

"""Lines that are taken apart by SQL become the rows that they would be in Python."""

from __future__ import annotations

import io
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.landing.insert import insert_records
from loader.readers import format_of, read_records
from loader.readers.batch import Lines

LINES = (
    *("", " ", "\t\t", " \t ", "\x0b", "\u00a0", "!", " {}", '{"k": 1}', "[]", "x", "é,€", "-,~"),
    *(",", "1,2", "1,2,3", '"x,y",z', '"",""', '""', 'a"b,c', "\r", "\r\n"),
)
FILES = {"a.ndjson": "", "a.csv": "a,b\n", "b.csv": "a\n", "c.csv": '"a""b",b\n'}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.app (load_id bigint, row_number bigint, record varchar, "
            "problem varchar, position varchar)"
        )
        yield connection


def inserted(
    connection: duckdb.DuckDBPyConnection, batch: Lines
) -> list[tuple[int, int, str, str | None]]:
    connection.execute("delete from raw.app")
    rows = insert_records(connection, "app", 7, 40, batch)
    found = connection.execute(
        "select load_id, row_number, record, problem from raw.app order by row_number"
    ).fetchall()
    assert rows == len(found)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
@given(lines=st.lists(st.sampled_from(LINES)), end=st.sampled_from(["", "\n"]))
def test_sql_takes_lines_apart_as_python_does(
    connection: duckdb.DuckDBPyConnection, name: str, lines: list[str], end: str
) -> None:
    content = FILES[name] + "\n".join(lines) + end
    for batch in read_records(io.BytesIO(content.encode()), format_of(name)):
        if not isinstance(batch, Lines):
            continue
        found = inserted(connection, batch)
        assert [row[:3] for row in found] == [
            (7, number, record) for number, record in enumerate(batch.records, start=41)
        ]
        if batch.form:
            assert [problem for *_, problem in found] == batch.problems


def test_blank_lines_alone_are_no_rows(connection: duckdb.DuckDBPyConnection) -> None:
    assert inserted(connection, Lines("\n \n\t\r\n")) == []


def test_what_is_no_object_is_told_apart(connection: duckdb.DuckDBPyConnection) -> None:
    lines = {"{}": None, ' \t{"a":1}': None, "[]": "not_an_object", "{": "malformed_json"}
    found = inserted(connection, Lines("\n".join(lines)))
    assert {record: problem for *_, record, problem in found} == lines

from __future__ import annotations

import gzip
import io
import json
import tempfile
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from loader.readers import detected_encoding, format_of, read_records
from loader.verification.count import count_records
from tests.support.readers import refusal, texts


@pytest.fixture
def written(tmp_path: Path, request: pytest.FixtureRequest) -> bytes:
    """The Parquet file that a query gives."""
    path = tmp_path / "t.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy ({request.param}) to '{path}' (row_group_size 2048)")
    return path.read_bytes()


VALUES = {
    "9007199254740993::bigint": "9007199254740993",
    "18446744073709551615::ubigint": "18446744073709551615",
    "1.10::decimal(10, 2)": "1.10",
    "123456789012345.678::decimal(18, 3)": "123456789012345.678",
    "12345678901234567890.123456789012345678::decimal(38, 18)": (
        "12345678901234567890.123456789012345678"
    ),
    "-0.50::decimal(2, 2)": "-0.50",
    "0.1::float": "0.1",
    "0.1::double": "0.1",
    "1e300::double": "1e+300",
    "'nan'::double": '"nan"',
    "'-inf'::float": '"-inf"',
    "true": "true",
    "null::integer": "null",
    "timestamp_ns '2025-01-15 08:00:00.123456789'": '"2025-01-15 08:00:00.123456789"',
    "timestamptz '2025-01-15 08:00:00+02'": '"2025-01-15 06:00:00+00"',
    "date '2025-01-15'": '"2025-01-15"',
    "'\\xAA\\x00a'::blob": '"\\\\xAA\\\\x00a"',
    "'a\"\\é' || chr(10) || chr(0)": '"a\\"\\\\é\\n\\u0000"',
    "'[1.10,  2]'::json": "[1.10,  2]",
    "[1.10::decimal(4, 2), null]": "[1.10,null]",
    "[]::double[]": "[]",
    "[[0.1::float], null]": "[[0.1],null]",
    "{'x y': 'inf'::double, 'b': {'c': [0.05::decimal(4, 3)]}}": (
        '{"x y":"inf","b":{"c":[0.050]}}'
    ),
    "map {'k\"': 0.5::decimal(3, 2), 'l': null}": '{"k\\"":0.50,"l":null}',
    "map {1: 'x'}": '{"1":"x"}',
    "null::struct(a double)": "null",
}


@pytest.mark.parametrize(
    ("written", "text"),
    [(f"select {value} as v", text) for value, text in VALUES.items()],
    indirect=["written"],
)
def test_a_value_keeps_all_its_digits(written: bytes, text: str) -> None:
    assert texts(written, "a.parquet") == [f'{{"v":{text}}}']
    json.loads(text, parse_float=Decimal)


NAMES = """select 1 as "a b", 2 as "c""d", 3 as "e'f", 4 as "100%", 5 as "é\\", 6 as "select" """


@pytest.mark.parametrize("written", [NAMES], indirect=True)
def test_columns_keep_their_names_and_order(written: bytes) -> None:
    (record,) = texts(written, "a.parquet")
    assert list(json.loads(record).items()) == list(
        zip(["a b", 'c"d', "e'f", "100%", "é\\", "select"], range(1, 7), strict=True)
    )


@pytest.mark.parametrize("written", ["select i from range(130000) t(i)"], indirect=True)
def test_rows_come_in_the_order_of_the_file_in_bounded_batches(written: bytes) -> None:
    batches = list(read_records(io.BytesIO(written), format_of("a.parquet")))
    assert [len(batch.records) for batch in batches] == [50_000, 50_000, 30_000]
    records = [record for batch in batches for record in batch.records]
    assert records == [f'{{"i":{number}}}' for number in range(130_000)]


@pytest.mark.parametrize("written", ["select 1 as a where false"], indirect=True)
def test_a_file_without_rows_has_no_record(written: bytes) -> None:
    assert texts(written, "a.parquet") == []


@pytest.mark.parametrize("written", ["select 1 as a"], indirect=True)
def test_a_compressed_file_is_read_and_its_encoding_is_binary(written: bytes) -> None:
    assert texts(gzip.compress(written), "a.parquet.gz") == ['{"a":1}']
    assert detected_encoding(io.BytesIO(written), format_of("a.parquet")) == "binary"


@pytest.mark.parametrize(
    "written", ["select md5(i::varchar) m from range(5000) t(i)"], indirect=True
)
def test_a_damaged_file_is_refused(written: bytes) -> None:
    for damaged in (
        b"id,name\n1,2\n",
        b"PAR1" + written[4:-8] + b"\xff\xff\xff\x7fPAR1",
        written[:-100] + b"\0" * 92 + written[-8:],
        b"PAR1" + b"\xff" * 200 + written[204:],
        b"PAR1PAR1",
    ):
        error = refusal(damaged, "a.parquet")
        assert error.reason == "damaged_parquet"


@pytest.mark.parametrize("written", ["select i from range(5000) t(i)"], indirect=True)
def test_a_file_cut_anywhere_is_truncated(written: bytes) -> None:
    for length in (0, 3, 4, 7, 1000, len(written) - 4, len(written) - 1):
        error = refusal(written[:length], "a.parquet")
        assert error.reason == "truncated_parquet"


@pytest.mark.slow
@pytest.mark.parametrize("written", ["select 1 as a"], indirect=True)
def test_nothing_is_left_behind_and_a_strange_temporary_folder_does_no_harm(
    written: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "it's [a] folder=1 *?"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert texts(written, "a.parquet") == ['{"a":1}']
    refusal(written[:-1], "a.parquet")
    reading = read_records(io.BytesIO(written), format_of("a.parquet"))
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert count_records(io.BytesIO(written), format_of("a.parquet")) == 1
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("written", "record"),
    [
        ("select 1 as a, 2 as xx", '{"a":1,"A":2}'),
        ("select {'b': 1, 'c': [2]} as s, 1 as a, 2 as xx", '{"s":{"b":1,"c":[2]},"a":1,"A":2}'),
    ],
    indirect=["written"],
)
def test_names_that_differ_by_case_only_stay_as_they_are(written: bytes, record: str) -> None:
    assert texts(renamed(written, b"xx", b"A"), "a.parquet") == [record]


@pytest.mark.parametrize("written", ["select 1 as a, 2 as xx"], indirect=True)
def test_two_columns_of_one_name_are_refused(written: bytes) -> None:
    error = refusal(renamed(written, b"xx", b"a"), "a.parquet")
    assert error.reason == "unsupported_parquet"
    assert "two columns have the same name 'a'" in str(error)


@pytest.mark.parametrize("written", ["select 1 as a, 2 as xx"], indirect=True)
def test_a_name_that_is_no_utf_8_is_damage(written: bytes) -> None:
    assert refusal(renamed(written, b"xx", b"\xff"), "a.parquet").reason == "damaged_parquet"


def renamed(written: bytes, old: bytes, new: bytes) -> bytes:
    """The file with another name of a column; DuckDB itself would write none that are alike."""
    footer = int.from_bytes(written[-8:-4], "little")
    body, tail = written[: -8 - footer], written[-8 - footer : -8]
    tail = tail.replace(bytes([len(old)]) + old, bytes([len(new)]) + new)
    return body + tail + len(tail).to_bytes(4, "little") + b"PAR1"


@pytest.mark.parametrize(
    "written", ["select * from (values (1.5::double), (null)) as t(v)"], indirect=True
)
def test_statistics_that_are_wrong_change_no_value(written: bytes) -> None:
    one_null, no_null = b"\x16\x02(\x08", b"\x16\x00(\x08"
    assert written.count(one_null) == 1
    assert texts(written.replace(one_null, no_null), "a.parquet") == ['{"v":1.5}', '{"v":null}']


def test_a_decimal_with_more_digits_than_declared_keeps_them(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    duckdb.execute(
        f"copy (select 0.10::decimal(2, 2) as v) to '{path}' (format parquet, "
        "compression uncompressed)"
    )
    written, too_wide = path.read_bytes(), (5055).to_bytes(4, "little")

    damaged = written.replace((10).to_bytes(4, "little"), too_wide)

    assert damaged != written
    assert texts(damaged, "a.parquet") == ['{"v":50.55}']


@pytest.mark.parametrize("written", [f"select {'[' * 10}1.5::double{']' * 10} as v"], indirect=True)
def test_lists_in_lists_are_read(written: bytes) -> None:
    assert texts(written, "a.parquet") == [f'{{"v":{"[" * 10}1.5{"]" * 10}}}']


@pytest.mark.parametrize("written", [f"select {'[' * 30}1.5::double{']' * 30} as v"], indirect=True)
def test_lists_too_deep_to_be_read_are_refused_at_once(written: bytes) -> None:
    assert refusal(written, "a.parquet").reason == "too_deep"

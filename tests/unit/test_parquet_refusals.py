"""What of a Parquet file cannot be had exactly is refused by its name; what is damaged is not."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from loader.readers import UnreadableFile, format_of, read_records
from loader.readers.parquet import process
from loader.readers.parquet.thrift import BINARY, I32, I64, STRUCT, Field, Struct
from tests.support.parquet_files import (
    chunk,
    column,
    edited,
    element,
    first_page,
    parquet_of,
    set_field,
    with_first_page,
)
from tests.support.readers import refusal, texts

BIG = Decimal("9" * 39)
INT64_MAX = 2**63 - 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "data_type", "named"),
    [
        ([BIG], pa.decimal256(39, 0), "DECIMAL(39, 0)"),
        ([[BIG]], pa.list_(pa.decimal256(76, 0)), "v.list.element: the type DECIMAL(76, 0)"),
        ([{"x": BIG}], pa.struct([("x", pa.decimal256(39, 0))]), "v.x: the type DECIMAL"),
        ([[("k", BIG)]], pa.map_(pa.string(), pa.decimal256(39, 0)), "DECIMAL(39, 0)"),
        ([2**31 - 1], pa.date32(), "DATE"),
        ([1 - 2**31], pa.date32(), "DATE"),
        ([[0], [2**31 - 1]], pa.list_(pa.date32()), "v.list.element: the type DATE"),
        *(
            ([value], pa.timestamp(unit, zone), f"TIMESTAMP({name})")
            for unit, name in (("ms", "MILLIS"), ("us", "MICROS"), ("ns", "NANOS"))
            for zone in (None, "UTC")
            for value in (INT64_MAX, -INT64_MAX, -INT64_MAX - 1)
        ),
        ([2**62], pa.timestamp("ms"), "TIMESTAMP(MILLIS)"),
        ([-9223372022400000001], pa.timestamp("us"), "TIMESTAMP(MICROS)"),
        ([-1], pa.time32("ms"), "TIME"),
    ],
)
def test_a_value_that_duckdb_does_not_hold_is_refused(
    values: list[Any], data_type: pa.DataType, named: str
) -> None:
    error = refusal(parquet_of({"v": pa.array(values, data_type)}), "a.parquet")

    assert error.reason == "unsupported_parquet"
    assert named in str(error)


@pytest.mark.parametrize(
    ("days", "nanoseconds"), [(110_000_000, 0), (2**31 - 1, 0), (-(2**31), 0), (0, INT64_MAX)]
)
def test_an_int96_beyond_the_years_of_a_timestamp_is_refused(days: int, nanoseconds: int) -> None:
    raw = nanoseconds.to_bytes(8, "little") + days.to_bytes(4, "little", signed=True)

    if days:
        error = refusal(_int96(raw), "a.parquet")
        assert error.reason == "unsupported_parquet"
        assert "column v: the type INT96" in str(error)
    else:
        assert texts(_int96(raw), "a.parquet") == ['{"v":"4421-03-04 (BC) 23:47:16.854775807"}']


def _int96(raw: bytes) -> bytes:
    def declare(footer: Struct) -> None:
        set_field(element(footer, 1), 1, 3)
        set_field(chunk(footer, 0), 1, 3)

    return edited(parquet_of({"v": pa.array([raw], pa.binary(12))}), declare)


def _variant(footer: Struct) -> None:
    element(footer, 1)[10] = Field(STRUCT, {16: Field(STRUCT, {})})


def _without_columns(footer: Struct) -> None:
    set_field(element(footer, 0), 5, 0)
    footer[2].value.values[:] = footer[2].value.values[:1]
    footer[4].value.values[0][1].value.values.clear()


def _two_alike(footer: Struct) -> None:
    set_field(element(footer, 3), 4, element(footer, 2)[4].value)


def _elsewhere(footer: Struct) -> None:
    column(footer, 0)[1] = Field(BINARY, b"other.parquet")


def _compressed_by(codec: int) -> Callable[[Struct], None]:
    return lambda footer: set_field(chunk(footer, 0), 4, codec)


STRUCT_OF_TWO = pa.array([{"metadata": b"\1", "value": b"\2"}])


@pytest.mark.parametrize(
    ("edit", "reason", "named"),
    [
        (_variant, "unsupported_parquet", "column v: the type VARIANT"),
        (_without_columns, "unsupported_parquet", "without any column"),
        (_two_alike, "unsupported_parquet", "column v: two columns have the same name 'metadata'"),
        (_elsewhere, "unsupported_parquet", "another file"),
        (_compressed_by(3), "unsupported_parquet", "LZO"),
        (_compressed_by(5), "unsupported_parquet", "LZ4"),
        (_compressed_by(99), "damaged_parquet", "compression"),
        (
            lambda footer: column(footer, 1).update({8: Field(STRUCT, {1: Field(STRUCT, {})})}),
            "encrypted_parquet",
            "column v.value is encrypted",
        ),
        (lambda footer: set_field(footer, 3, 2), "damaged_parquet", "rows"),
        (lambda footer: set_field(chunk(footer, 0), 5, 2), "damaged_parquet", "values"),
        (lambda footer: set_field(chunk(footer, 0), 9, 1 << 40), "damaged_parquet", "not where"),
        (lambda footer: set_field(chunk(footer, 0), 1, 1), "damaged_parquet", "type"),
        (lambda footer: set_field(element(footer, 1), 5, 3), "damaged_parquet", "schema"),
        (lambda footer: set_field(element(footer, 2), 4, b"\xff"), "damaged_parquet", "UTF-8"),
        (
            lambda footer: element(footer, 2).update({6: Field(I32, 6)}),
            "damaged_parquet",
            "the type DATE cannot be stored as BYTE_ARRAY",
        ),
        (lambda footer: footer.pop(2), "damaged_parquet", "footer"),
        (lambda footer: footer.update({3: Field(I64, -1)}), "damaged_parquet", "number"),
    ],
)
def test_what_a_footer_says_decides_the_reason(
    edit: Callable[[Struct], None], reason: str, named: str
) -> None:
    error = refusal(edited(parquet_of({"v": STRUCT_OF_TWO}), edit), "a.parquet")

    assert (error.reason, named in str(error)) == (reason, True), str(error)


def test_an_encrypted_footer_is_told_from_damage() -> None:
    whole = parquet_of({"v": [1]})

    assert refusal(b"PARE" + whole[4:-4] + b"PARE", "a.parquet").reason == "encrypted_parquet"
    assert refusal(b"PARE" + whole[4:], "a.parquet").reason == "damaged_parquet"
    assert refusal(whole[:-4] + b"PARE", "a.parquet").reason == "truncated_parquet"


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy"])
def test_one_bit_of_any_page_with_a_checksum_is_seen(version: str, compression: str) -> None:
    content = parquet_of(
        {"v": ["order_001", "order_002", None] * 50},
        write_page_checksum=True,
        data_page_version=version,
        compression=compression,
    )
    _, footer_of_pages, header = first_page(content)
    assert texts(content, "a.parquet")
    for place in (footer_of_pages, footer_of_pages + header[3].value - 1):
        flipped = bytearray(content)
        flipped[place] ^= 1

        error = refusal(bytes(flipped), "a.parquet")

        assert error.reason == "damaged_parquet"
        assert "checksum" in str(error)


def test_an_encoding_that_is_not_read_is_named() -> None:
    content = parquet_of(
        {"v": pa.array([b"abc"], pa.binary(3))},
        use_dictionary=False,
        column_encoding={"v": "BYTE_STREAM_SPLIT"},
    )

    error = refusal(content, "a.parquet")

    assert error.reason == "unsupported_parquet"
    assert "column v: the encoding BYTE_STREAM_SPLIT of FIXED_LEN_BYTE_ARRAY" in str(error)


def test_pages_that_deny_their_compression_are_not_supported() -> None:
    content = parquet_of({"v": ["x" * 99] * 9}, data_page_version="2.0", use_dictionary=False)

    def deny(header: Struct) -> None:
        set_field(header[8].value, 7, False)

    error = refusal(with_first_page(content, deny), "a.parquet")

    assert error.reason == "unsupported_parquet"
    assert "says it is not" in str(error)


@pytest.mark.parametrize("signal", [9, 11])
def test_a_file_that_ends_its_reader_is_held_and_the_next_one_lands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, signal: int
) -> None:
    program = tmp_path / "worker.py"
    program.write_text(
        f"import os, sys\nsys.stdin.readline()\nos.write(1, b'B')\nos.kill(os.getpid(), {signal})\n"
    )
    content = parquet_of({"v": [1]})
    process.READER.close()
    with monkeypatch.context() as patch:
        patch.setattr(process, "_PROGRAM", program)
        error = refusal(content, "a.parquet")

    assert error.reason == "read_error"
    assert str(-signal) in str(error)
    assert texts(content, "a.parquet") == ['{"v":1}']


def test_a_reader_that_ended_while_it_was_idle_is_started_again() -> None:
    content = parquet_of({"v": [1]})
    assert texts(content, "a.parquet") == ['{"v":1}']
    idle = process.READER._idle
    assert idle
    idle.kill()
    idle.wait()

    assert texts(content, "a.parquet") == ['{"v":1}']


def test_two_files_can_be_read_in_turn() -> None:
    content = parquet_of({"v": range(200_000)})
    first, second = (
        read_records(io.BytesIO(content), format_of("a.parquet")) for _file in range(2)
    )
    found = [(one.records, other.records) for one, other in zip(first, second, strict=True)]

    assert len(found) > 1
    assert all(one == other for one, other in found)
    assert sum(len(one) for one, _ in found) == 200_000


class TestMemory:
    def test_rows_too_big_to_be_read_together_are_read_in_parts(self) -> None:
        values = [f"{number:06}" * 50_000 for number in range(400)]
        content = parquet_of({"n": range(400), "v": values}, row_group_size=100)

        records = _records(content, "200MiB")

        assert records == [f'{{"n":{number},"v":"{text}"}}' for number, text in enumerate(values)]

    @pytest.mark.slow
    def test_many_columns_are_read_in_parts(self) -> None:
        table = {f"c{number}": [f"{number}", None] for number in range(900)}

        (first, second) = _records(parquet_of(table), "128MiB")

        assert first == "{" + ",".join(f'"c{n}":"{n}"' for n in range(900)) + "}"
        assert second == "{" + ",".join(f'"c{n}":null' for n in range(900)) + "}"

    @pytest.mark.slow
    def test_a_record_beyond_reason_is_told(self) -> None:
        content = parquet_of({"v": ["x" * (65 << 20)]})

        with pytest.raises(UnreadableFile) as caught:
            _records(content, "2GiB")

        assert caught.value.reason == "record_too_big"

    @pytest.mark.slow
    def test_a_small_file_cannot_take_more_than_the_limit(self, tmp_path: Path) -> None:
        indices = pa.array([0] * 3000, pa.int32())
        text = pa.DictionaryArray.from_arrays(indices, pa.array(["x" * 1_000_000]))
        path = tmp_path / "a.parquet"
        path.write_bytes(parquet_of({"v": text}, dictionary_pagesize_limit=2 << 20))
        assert path.stat().st_size < 100_000

        found = subprocess.run(
            [sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True
        )

        outcome, peak = found.stdout.split()
        # read in parts, it may just fit: the allocator decides; what counts is that none is lost
        assert outcome in ("out_of_memory", "3000")
        assert int(peak) < 450


# Reads a file, and tells its number of records, or why it gives none, and the peak of the reading
# process in MiB.
PEAK = """
import resource, sys
from loader.readers import UnreadableFile, format_of, read_records
from loader.readers.parquet.process import READER
try:
    with open(sys.argv[1], "rb") as file:
        batches = read_records(file, format_of("a.parquet"), "300MiB")
        print(sum(len(batch.records) for batch in batches))
except UnreadableFile as error:
    print(error.reason)
READER.close()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)
"""


def _records(content: bytes, memory: str) -> list[str]:
    batches = read_records(io.BytesIO(content), format_of("a.parquet"), memory)
    return [record for batch in batches for record in batch.records]

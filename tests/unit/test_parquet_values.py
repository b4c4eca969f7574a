"""Every value is what pyarrow reads, whatever its type and however it is nested."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from loader.readers.parquet.thrift import BINARY, I32, Field, Struct
from tests.support.parquet_files import chunk, edited, element, parquet_of, set_field
from tests.support.readers import texts

_UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}

VALUES: dict[str, tuple[list[Any], pa.DataType]] = {
    "bool": ([True, False], pa.bool_()),
    "int8": ([-128, 127], pa.int8()),
    "uint8": ([0, 255], pa.uint8()),
    "int16": ([-(2**15), 2**15 - 1], pa.int16()),
    "uint16": ([0, 2**16 - 1], pa.uint16()),
    "int32": ([-(2**31), 2**31 - 1], pa.int32()),
    "uint32": ([0, 2**32 - 1], pa.uint32()),
    "int64": ([-(2**63), 2**63 - 1, 2**53 + 1], pa.int64()),
    "uint64": ([0, 2**64 - 1], pa.uint64()),
    "float16": ([0.5, 65504.0], pa.float16()),
    "float32": ([0.1, -0.0, 3.4e38, 1e-45], pa.float32()),
    "float64": ([0.1, 1e300, 5e-324, -0.0, 2.0**53], pa.float64()),
    "not finite": ([float("nan"), float("inf"), float("-inf")], pa.float64()),
    "string": (['a"\\é\n\x00😀', ""], pa.string()),
    "binary": ([b'\xaa\x00a"\\\xff', b""], pa.binary()),
    "fixed binary": ([b"abc", b"\x00\xff\\"], pa.binary(3)),
    "date": ([0, -719162, 2932896], pa.date32()),
    "time ms": ([0, 86_399_999], pa.time32("ms")),
    "time us": ([0, 86_399_999_999], pa.time64("us")),
    "time ns": ([1, 86_399_999_999_999], pa.time64("ns")),
    "timestamp ms": ([0, -1, 253402300799999, -62135596800000], pa.timestamp("ms")),
    "timestamp us": ([0, -1, 253402300799999999], pa.timestamp("us")),
    "timestamp ns": ([0, -1, 2**63 - 2, 2 - 2**63], pa.timestamp("ns")),
    "timestamp us UTC": ([0, -1, 253402300799999999], pa.timestamp("us", "UTC")),
    "timestamp ns Berlin": ([0, 123456789], pa.timestamp("ns", "Europe/Berlin")),
    "decimal 9": ([Decimal("1.10"), Decimal("-0.05")], pa.decimal128(9, 2)),
    "decimal 18": ([Decimal("123456789012345.678")], pa.decimal128(18, 3)),
    "decimal 38": ([Decimal("9" * 20 + "." + "9" * 18)], pa.decimal128(38, 18)),
    "decimal 38 of 38": ([Decimal("-0." + "9" * 38)], pa.decimal128(38, 38)),
    "decimal256 of 38": ([Decimal("9" * 38)], pa.decimal256(38, 0)),
    "dictionary": (["x", "y", "x"], pa.dictionary(pa.int32(), pa.string())),
    "null": ([None], pa.null()),
}
Nest = Callable[[list[Any], pa.DataType], pa.Array]
NESTS: dict[str, Nest] = {
    "flat": lambda v, t: pa.array([*v, None], t),
    "list": lambda v, t: pa.array([[*v, None], None, []], pa.list_(t)),
    "struct": lambda v, t: pa.array([*({"x": x} for x in v), None], pa.struct([("x", t)])),
    "map": lambda v, t: pa.array(
        [[(f"k{n}", x) for n, x in enumerate(v)], None, []], pa.map_(pa.string(), t)
    ),
    "list of structs with lists": lambda v, t: pa.array(
        [[{"a": [v, None]}, None], None], pa.list_(pa.struct([("a", pa.list_(pa.list_(t)))]))
    ),
    "in a struct with odd names": lambda v, t: pa.array(
        [{"a": v, "A": v, "": v[:1]}],
        pa.struct([("a", pa.list_(t)), ("A", pa.list_(t)), ("", pa.list_(t))]),
    ),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "usual": {},
    "version 2": {"data_page_version": "2.0", "compression": "zstd"},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=list(OPTIONS))
@pytest.mark.parametrize("nest", NESTS.values(), ids=list(NESTS))
@pytest.mark.parametrize(("values", "data_type"), VALUES.values(), ids=list(VALUES))
def test_a_value_is_what_pyarrow_reads(
    values: list[Any], data_type: pa.DataType, nest: Nest, options: dict[str, Any]
) -> None:
    _check(parquet_of({"v": nest(values, data_type)}, **options))


@pytest.mark.parametrize("nest", NESTS.values(), ids=list(NESTS))
def test_an_int96_keeps_its_nanoseconds(nest: Nest) -> None:
    moments = [0, 1, -1, 999, 1_735_689_600_123_456_789, 2**63 - 2, 2 - 2**63]
    table = {"v": nest(moments, pa.timestamp("ns"))}
    _check(parquet_of(table, use_deprecated_int96_timestamps=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoding", "data_type"),
    [
        ("BYTE_STREAM_SPLIT", pa.float32()),
        ("BYTE_STREAM_SPLIT", pa.int64()),
        ("DELTA_BINARY_PACKED", pa.int32()),
        ("PLAIN", pa.int64()),
    ],
)
@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "brotli", "zstd", "lz4"])
def test_encodings_and_compressions_change_nothing(
    encoding: str, data_type: pa.DataType, compression: str
) -> None:
    array = pa.array([*range(3000), None], data_type)
    _check(
        parquet_of(
            {"v": array},
            use_dictionary=False,
            column_encoding=encoding,
            compression=compression,
            write_page_checksum=True,
            data_page_size=1000,
        )
    )


def test_a_column_of_json_is_json_only_where_it_is() -> None:
    held = ['{"a": 1.10}', "[1,\n 2]", "[1,]", "[NaN]", "-Infinity", "nan", '"N,]"', "{", None]

    def declare(footer: Struct) -> None:
        set_field(element(footer, 1), 6, 19)
        del element(footer, 1)[10]

    records = texts(edited(parquet_of({"v": held}), declare), "a.parquet")

    assert records == [
        '{"v":{"a": 1.10}}',
        '{"v":[1,\n 2]}',
        '{"v":"[1,]"}',
        '{"v":"[NaN]"}',
        '{"v":"-Infinity"}',
        '{"v":"nan"}',
        '{"v":"N,]"}',
        '{"v":"{"}',
        '{"v":null}',
    ]


@pytest.mark.parametrize("name", ["array", "v_tuple"])
def test_an_item_of_a_list_may_be_a_struct_of_one_column(name: str) -> None:
    """Lists of older writers have two levels: what repeats is the item itself."""

    def rename(footer: Struct) -> None:
        set_field(element(footer, 2), 4, name.encode())

    array = pa.array([[1, 2], None, []], pa.list_(pa.field("element", pa.int32())))

    records = texts(edited(parquet_of({"v": array}), rename), "a.parquet")

    assert records == ['{"v":[{"element":1},{"element":2}]}', '{"v":null}', '{"v":[]}']


def test_an_item_of_a_list_may_be_what_repeats() -> None:
    def flatten(footer: Struct) -> None:
        set_field(element(footer, 3), 3, 2)
        del footer[2].value.values[2]

    items = pa.field("element", pa.int32(), nullable=False)
    array = pa.array([[1, 2], None, []], pa.list_(items))

    records = texts(edited(parquet_of({"v": array}), flatten), "a.parquet")

    assert records == ['{"v":[1,2]}', '{"v":null}', '{"v":[]}']


def test_what_repeats_without_a_word_is_a_list() -> None:
    def forget(footer: Struct) -> None:
        for number in (6, 10):
            element(footer, 1).pop(number)

    array = pa.array([[1, 2], None, []], pa.list_(pa.int32()))

    records = texts(edited(parquet_of({"v": array}), forget), "a.parquet")

    assert records == [
        '{"v":{"list":[{"element":1},{"element":2}]}}',
        '{"v":null}',
        '{"v":{"list":[]}}',
    ]


def test_a_map_without_values_is_what_stands_there() -> None:
    set_like = pa.array([[{"key": "a"}, {"key": "b"}]], pa.list_(pa.struct([("key", pa.string())])))

    def declare(footer: Struct) -> None:
        set_field(element(footer, 1), 6, 1)
        del element(footer, 1)[10]

    records = texts(edited(parquet_of({"v": set_like}), declare), "a.parquet")

    assert records == ['{"v":{"list":[{"element":{"key":"a"}},{"element":{"key":"b"}}]}}']


@pytest.mark.parametrize("number", [17, 18, 99], ids=["geometry", "geography", "a newer type"])
def test_bytes_of_other_types_land_as_they_stand(number: int) -> None:
    def declare(footer: Struct) -> None:
        element(footer, 1)[10] = Field(12, {number: Field(12, {})})
        footer[5] = Field(9, _geo_metadata())

    point = b"\x01\x01\x00\x00\x00" + struct.pack("<dd", 1.5, -2.0)
    content = edited(parquet_of({"v": pa.array([point, b"no geometry"])}), declare)

    first, second = texts(content, "a.parquet")

    assert _bytes(json.loads(first)["v"]) == point
    assert second == '{"v":"no geometry"}'


def test_an_interval_keeps_its_parts() -> None:
    def declare(footer: Struct) -> None:
        element(footer, 1)[6] = Field(I32, 21)

    parts = pa.array([struct.pack("<III", 14, 3, 4500)], pa.binary(12))

    records = texts(edited(parquet_of({"v": parts}), declare), "a.parquet")

    assert records == ['{"v":"1 year 2 months 3 days 00:00:04.5"}']


def test_a_dictionary_at_place_0_is_none() -> None:
    def claim(footer: Struct) -> None:
        chunk(footer, 0)[11] = Field(6, 0)

    content = parquet_of({"v": [1, 2]}, use_dictionary=False)

    assert texts(edited(content, claim), "a.parquet") == ['{"v":1}', '{"v":2}']


def _geo_metadata() -> Any:
    from loader.readers.parquet.thrift import Items

    told = {"version": "1.0.0", "primary_column": "v", "columns": {"v": {"encoding": "WKB"}}}
    pair = {1: Field(BINARY, b"geo"), 2: Field(BINARY, json.dumps(told).encode())}
    return Items(12, [pair])


def _check(content: bytes) -> None:
    table = parquet.read_table(io.BytesIO(content))
    records = [json.loads(text, parse_float=str) for text in texts(content, "a.parquet")]
    assert len(records) == table.num_rows
    for record, scalar in zip(records, table.column("v"), strict=True):
        assert list(record) == ["v"]
        _check_value(record["v"], scalar)


def _check_value(found: Any, scalar: pa.Scalar) -> None:
    kind = scalar.type
    if not scalar.is_valid:
        assert found is None
    elif pa.types.is_map(kind):
        keys, values = scalar.values.field(0), scalar.values.field(1)
        assert list(found) == keys.to_pylist()
        for value, held in zip(found.values(), values, strict=True):
            _check_value(value, held)
    elif pa.types.is_list(kind):
        for value, held in zip(found, scalar.values, strict=True):
            _check_value(value, held)
    elif pa.types.is_struct(kind):
        names = [kind.field(number).name for number in range(kind.num_fields)]
        assert list(found) == names
        for number, name in enumerate(names):
            _check_value(found[name], scalar[number])
    else:
        assert _as_is(found, kind) == _value(scalar)


def _as_is(found: Any, kind: pa.DataType) -> Any:
    """What a landed value stands for, of a type."""
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _bytes(found)
    if pa.types.is_decimal(kind):
        return Decimal(str(found)).as_tuple()
    if pa.types.is_floating(kind):
        form = {16: "e", 32: "f", 64: "d"}[kind.bit_width]
        return "nan" if found == "nan" else struct.pack(form, float(found))
    return found


def _value(scalar: pa.Scalar) -> Any:
    kind = scalar.type
    if pa.types.is_timestamp(kind):
        return _moment(scalar.value * _UNITS[kind.unit]) + ("+00" if kind.tz else "")
    if pa.types.is_time(kind):
        return _moment(scalar.value * _UNITS[kind.unit]).partition(" ")[2]
    if pa.types.is_date(kind):
        return (date(1970, 1, 1) + timedelta(days=scalar.value)).isoformat()
    held = scalar.as_py()
    if pa.types.is_decimal(kind):
        return held.as_tuple()
    if pa.types.is_floating(kind):
        form = {16: "e", 32: "f", 64: "d"}[kind.bit_width]
        return "nan" if held != held else struct.pack(form, held)
    return held


def _moment(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    text = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).strftime("%H:%M:%S")
    day = (date(1970, 1, 1) + timedelta(days=seconds // 86_400)).isoformat()
    return f"{day} {text}" + (f".{rest:09}".rstrip("0") if rest else "")


def _bytes(text: str) -> bytes:
    """The bytes that a text of DuckDB stands for."""

    def parts() -> Iterator[bytes]:
        left = text
        while left:
            if left.startswith("\\x"):
                yield bytes.fromhex(left[2:4])
                left = left[4:]
            else:
                yield left[0].encode()
                left = left[1:]

    return b"".join(parts())

"""How DuckDB reads the values of a column, so that nothing of them is lost."""

from __future__ import annotations

from dataclasses import dataclass

from loader.readers.parquet.schema import (
    CONVERTED,
    LENGTH,
    LOGICAL,
    NAME,
    PHYSICAL,
    PRECISION,
    REPETITION,
    SCALE,
    TYPE,
    Node,
    damaged,
    unsupported,
)
from loader.readers.parquet.thrift import BINARY, I32, STRUCT, TRUE, Field, Struct

_MOST_DIGITS = 38
_MOST_BYTES_OF_INT = 16
_UTF8, _DECIMAL, _INTERVAL = 0, 5, 21
_UNSIGNED = {8: (13, "UINTEGER"), 16: (13, "UINTEGER"), 32: (13, "UINTEGER"), 64: (14, "UBIGINT")}
_PLAIN = {
    "BOOLEAN": "BOOLEAN",
    "INT32": "INTEGER",
    "INT64": "BIGINT",
    "FLOAT": "FLOAT",
    "DOUBLE": "DOUBLE",
    "BYTE_ARRAY": "BLOB",
    "FIXED_LEN_BYTE_ARRAY": "BLOB",
}
_TEXTS = ("STRING", "ENUM", "JSON")
# By logical type: how its values may be stored, and how many bytes each has.
_STORED: dict[str, tuple[tuple[str, ...], int]] = {
    **dict.fromkeys((*_TEXTS, "BSON", "GEOMETRY", "GEOGRAPHY"), (("BYTE_ARRAY",), 0)),
    "DECIMAL": (("INT32", "INT64", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"), 0),
    "DATE": (("INT32",), 0),
    "TIME": (("INT32", "INT64"), 0),
    "TIMESTAMP": (("INT64",), 0),
    "INTEGER": (("INT32", "INT64"), 0),
    "UUID": (("FIXED_LEN_BYTE_ARRAY",), 16),
    "FLOAT16": (("FIXED_LEN_BYTE_ARRAY",), 2),
    "INTERVAL": (("FIXED_LEN_BYTE_ARRAY",), 12),
}


@dataclass(frozen=True)
class Leaf:
    """A value. kind: how as_json.py writes it. shown: column and type, for people."""

    sql_type: str
    kind: str
    shown: str
    scale: int = 0
    is_utc: bool = False


def leaf_of(node: Node, elements: list[Struct], name: str) -> Leaf:
    """The way to read a column, whose element is added to those before it.

    Raises UnreadableFile 'unsupported_parquet', 'damaged_parquet'.
    """
    shown = f"column {node.path}: the type {node.shown_type()}"
    if node.logical in _STORED:
        physical, length = _STORED[node.logical]
        if node.physical not in physical or (length and node.length != length):
            raise damaged(f"{shown} cannot be stored as {node.physical}")
    if node.physical == "FIXED_LEN_BYTE_ARRAY" and node.length <= 0:
        raise damaged(f"{shown} has no length")
    sql_type, kind, more = _reading(node, shown)
    element: Struct = {
        TYPE: Field(I32, PHYSICAL.index(node.physical or "")),
        REPETITION: Field(I32, node.repetition),
        NAME: Field(BINARY, name.encode()),
    }
    if node.physical == "FIXED_LEN_BYTE_ARRAY":
        element[LENGTH] = Field(I32, node.length)
    elements.append(element | more)
    return Leaf(sql_type, kind, shown, node.details.get("scale", 0), node.details.get("utc", False))


def _reading(node: Node, shown: str) -> tuple[str, str, Struct]:
    """The type that DuckDB gives a leaf, the kind of its text, and what the element has for it."""
    physical, logical, details = node.physical or "", node.logical, node.details
    if physical == "INT96":
        # an INTERVAL has twelve bytes too, which DuckDB gives whole
        return (
            "INTERVAL",
            "int96",
            {
                TYPE: Field(I32, PHYSICAL.index("FIXED_LEN_BYTE_ARRAY")),
                LENGTH: Field(I32, 12),
                CONVERTED: Field(I32, _INTERVAL),
            },
        )
    if logical == "DECIMAL":
        return _decimal(node, shown)
    if logical in _TEXTS:
        kind = "json" if logical == "JSON" else "exact"
        return "VARCHAR", kind, {CONVERTED: Field(I32, _UTF8)}
    if logical == "DATE":
        return "INTEGER", "DATE", {}
    if logical == "TIMESTAMP":
        if details["unit"] == "unknown unit":
            raise unsupported(shown)
        return "BIGINT", details["unit"], {}
    if logical == "TIME":
        return _time(node, shown)
    if logical == "INTEGER" and not details["signed"] and details["bits"] in _UNSIGNED:
        converted, sql_type = _UNSIGNED[details["bits"]]
        if (details["bits"] == 64) != (physical == "INT64"):
            raise damaged(f"{shown} cannot be stored as {physical}")
        return sql_type, "exact", {CONVERTED: Field(I32, converted)}
    if logical == "UUID":
        return "UUID", "exact", _logical(14)
    if logical == "FLOAT16":
        return "FLOAT", "float", _logical(15)
    if logical == "INTERVAL":
        return "INTERVAL", "interval", {CONVERTED: Field(I32, _INTERVAL)}
    return _PLAIN[physical], "float" if physical in ("FLOAT", "DOUBLE") else "exact", {}


def _decimal(node: Node, shown: str) -> tuple[str, str, Struct]:
    precision, scale = node.details["precision"], node.details["scale"]
    if precision < 1 or not 0 <= scale <= precision:
        raise damaged(f"{shown} has more digits after its point than it has digits")
    if precision > _MOST_DIGITS:
        raise unsupported(f"{shown} has more than {_MOST_DIGITS} digits")
    if node.length > _MOST_BYTES_OF_INT:
        raise unsupported(f"{shown} in {node.length} bytes")
    more: Struct = {
        CONVERTED: Field(I32, _DECIMAL),
        SCALE: Field(I32, scale),
        PRECISION: Field(I32, precision),
    }
    return f"DECIMAL({precision}, {scale})", "decimal", more


def _time(node: Node, shown: str) -> tuple[str, str, Struct]:
    unit, is_utc = node.details["unit"], node.details["utc"]
    if unit == "unknown unit":
        raise unsupported(shown)
    if (unit == "MILLIS") != (node.physical == "INT32"):
        raise damaged(f"{shown} cannot be stored as {node.physical}")
    number = ("MILLIS", "MICROS", "NANOS").index(unit) + 1
    inner = {1: Field(TRUE, is_utc), 2: Field(STRUCT, {number: Field(STRUCT, {})})}
    sql_type = "TIME_NS" if unit == "NANOS" else "TIME WITH TIME ZONE" if is_utc else "TIME"
    return sql_type, "exact", _logical(7, inner)


def _logical(number: int, inner: Struct | None = None) -> Struct:
    return {LOGICAL: Field(STRUCT, {number: Field(STRUCT, inner or {})})}

"""How each column of a file is read by DuckDB, so that nothing of its values is lost.

DuckDB gets a schema of its own, with names and types that it leaves as they are: a timestamp as
its number, an INT96 as its twelve bytes. What the values stand for is written by as_json.py.
A type whose values cannot be had exactly is refused here, by its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from loader.readers.errors import UnreadableFile
from loader.readers.parquet.schema import (
    CHILDREN,
    CONVERTED,
    LENGTH,
    LOGICAL,
    NAME,
    PHYSICAL,
    PRECISION,
    REPEATED,
    REPETITION,
    SCALE,
    TYPE,
    Node,
    damaged,
)
from loader.readers.parquet.thrift import BINARY, I32, STRUCT, TRUE, Field, Struct

_MOST_DIGITS = 38
_MOST_BYTES_OF_INT = 16
_UTF8, _MAP, _LIST, _DECIMAL, _INTERVAL = 0, 1, 3, 5, 21
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


@dataclass(frozen=True)
class ListOf:
    """A list, as which DuckDB reads it."""

    item: Shape

    @property
    def sql_type(self) -> str:
        """The type that DuckDB gives it."""
        return f"{self.item.sql_type}[]"


@dataclass(frozen=True)
class Within:
    """What is read as a struct with one member, and stands for that member."""

    member: Shape

    @property
    def sql_type(self) -> str:
        """The type that DuckDB gives it."""
        return f"STRUCT(c0 {self.member.sql_type})"


@dataclass(frozen=True)
class Around:
    """A group with one column, where DuckDB gives what stands in it only. name: of the column."""

    name: str
    member: Shape

    @property
    def sql_type(self) -> str:
        """The type that DuckDB gives it."""
        return self.member.sql_type


@dataclass(frozen=True)
class MapOf:
    """A map."""

    key: Leaf
    value: Shape

    @property
    def sql_type(self) -> str:
        """The type that DuckDB gives it."""
        return f"MAP({self.key.sql_type}, {self.value.sql_type})"


@dataclass(frozen=True)
class StructOf:
    """A group. members: name in the file, name that DuckDB gets, shape."""

    members: tuple[tuple[str, str, Shape], ...]

    @property
    def sql_type(self) -> str:
        """The type that DuckDB gives it."""
        inner = ", ".join(f"{quoted(name)} {shape.sql_type}" for _, name, shape in self.members)
        return f"STRUCT({inner})"


Shape = Leaf | ListOf | Within | Around | MapOf | StructOf


def quoted(name: str) -> str:
    """The name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def unsupported(what: str) -> UnreadableFile:
    """The error for a sound file with something that cannot be read exactly."""
    return UnreadableFile("unsupported_parquet", what)


def plan(root: Node) -> tuple[StructOf, list[Struct]]:
    """The shape of a row, and the schema to give to DuckDB: elements, depth first.

    Raises UnreadableFile 'unsupported_parquet', 'damaged_parquet'.
    """
    if not root.children:
        raise unsupported("the file has rows without any column")
    elements: list[Struct] = []
    shape = _group(root, elements, "root", are_renamed=True)
    del elements[0][REPETITION]
    return shape, elements


def _of(node: Node, elements: list[Struct], name: str) -> Shape:
    """The shape of a node, whose elements are added to those before it."""
    shape = _once(node, elements, name)
    return ListOf(shape) if node.repetition == REPEATED else shape


def _once(node: Node, elements: list[Struct], name: str) -> Shape:
    """The same for each of what repeats."""
    if node.physical is not None:
        return _leaf(node, elements, name)
    if node.logical == "VARIANT":
        raise unsupported(f"column {node.path}: the type VARIANT")
    if not node.children:
        raise unsupported(f"column {node.path}: a group without columns")
    child = node.children[0]
    is_single = len(node.children) == 1 and child.repetition == REPEATED
    if node.logical == "LIST" and is_single:
        # by the format's own rules, what repeats is the item itself in lists of older writers
        is_item = len(child.children) != 1 or child.name in ("array", f"{node.name}_tuple")
        if not is_item:
            _add_group(elements, node, name, _LIST)
            _add_group(elements, child, "list")
            return ListOf(_of(child.children[0], elements, "element"))
        _add_group(elements, node, name)
        return Within(_of(child, elements, "c0"))
    if node.logical == "MAP" and is_single and len(child.children) == 2:
        key, value = child.children
        if key.physical is None or key.repetition == REPEATED:
            raise unsupported(f"column {node.path}: a MAP whose keys are no single values")
        _add_group(elements, node, name, _MAP)
        _add_group(elements, child, "key_value")
        shape = _leaf(key, elements, "key")
        return MapOf(shape, _of(value, elements, "value"))
    if node.repetition == REPEATED and len(node.children) == 1:
        _add_group(elements, node, name)
        return Around(child.name, _of(child, elements, "c0"))
    return _group(node, elements, name, are_renamed=not _are_plain(_names(node)))


def _group(node: Node, elements: list[Struct], name: str, *, are_renamed: bool) -> StructOf:
    if twice := [name for name, count in Counter(_names(node)).items() if count > 1]:
        where = f"column {node.path}" if node.level else "the file"
        raise unsupported(f"{where}: two columns have the same name {twice[0]!r}")
    _add_group(elements, node, name)
    members = []
    for number, child in enumerate(node.children):
        known_as = f"c{number}" if are_renamed else child.name
        members.append((child.name, known_as, _of(child, elements, known_as)))
    return StructOf(tuple(members))


def _names(group: Node) -> list[str]:
    return [child.name for child in group.children]


def _are_plain(names: Iterable[str]) -> bool:
    """Whether DuckDB keeps the names as they are: it tells no upper from lower case."""
    folded = [name.casefold() for name in names]
    return len(set(folded)) == len(folded) and all(name and name.isprintable() for name in folded)


def _add_group(elements: list[Struct], node: Node, name: str, converted: int | None = None) -> None:
    element = {
        REPETITION: Field(I32, node.repetition),
        NAME: Field(BINARY, name.encode()),
        CHILDREN: Field(I32, len(node.children)),
    }
    if converted is not None:
        element[CONVERTED] = Field(I32, converted)
    elements.append(element)


def _leaf(node: Node, elements: list[Struct], name: str) -> Leaf:
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
    more: dict[int, Any] = {
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

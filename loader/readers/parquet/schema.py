"""The schema of a Parquet file as a tree, with the types that its columns declare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from loader.readers.errors import UnreadableFile
from loader.readers.parquet.thrift import Items, Struct

REQUIRED, OPTIONAL, REPEATED = range(3)
PHYSICAL = (
    "BOOLEAN",
    "INT32",
    "INT64",
    "INT96",
    "FLOAT",
    "DOUBLE",
    "BYTE_ARRAY",
    "FIXED_LEN_BYTE_ARRAY",
)
# The numbers of the fields of a SchemaElement.
TYPE, LENGTH, REPETITION, NAME, CHILDREN, CONVERTED, SCALE, PRECISION, _, LOGICAL = range(1, 11)
# What the older way of declaring a type says, in the words of the newer.
_CONVERTED: dict[int, tuple[str, dict[str, Any]]] = {
    0: ("STRING", {}),
    1: ("MAP", {}),
    2: ("MAP", {}),
    3: ("LIST", {}),
    4: ("ENUM", {}),
    5: ("DECIMAL", {}),
    6: ("DATE", {}),
    7: ("TIME", {"unit": "MILLIS", "utc": True}),
    8: ("TIME", {"unit": "MICROS", "utc": True}),
    9: ("TIMESTAMP", {"unit": "MILLIS", "utc": True}),
    10: ("TIMESTAMP", {"unit": "MICROS", "utc": True}),
    **{11 + n: ("INTEGER", {"bits": 8 << n, "signed": False}) for n in range(4)},
    **{15 + n: ("INTEGER", {"bits": 8 << n, "signed": True}) for n in range(4)},
    19: ("JSON", {}),
    20: ("BSON", {}),
    21: ("INTERVAL", {}),
}
_LOGICAL = {
    1: "STRING",
    2: "MAP",
    3: "LIST",
    4: "ENUM",
    5: "DECIMAL",
    6: "DATE",
    7: "TIME",
    8: "TIMESTAMP",
    10: "INTEGER",
    11: "UNKNOWN",
    12: "JSON",
    13: "BSON",
    14: "UUID",
    15: "FLOAT16",
    16: "VARIANT",
    17: "GEOMETRY",
    18: "GEOGRAPHY",
}
_UNITS = {1: "MILLIS", 2: "MICROS", 3: "NANOS"}
_MOST_LEVELS = 100


@dataclass(frozen=True)
class Node:
    """A column or a group of columns.

    physical: the type of the values that are stored, None for a group.
    logical:  what they stand for, None where nothing is said or it is not known; with its details.
    optionals, repeats: how many of it and the groups around it may be absent, and may repeat.
    """

    name: str
    path: str
    level: int
    repetition: int
    physical: str | None
    length: int
    logical: str | None
    details: dict[str, Any]
    optionals: int
    repeats: int
    children: tuple[Node, ...]

    def leaves(self) -> Iterator[Node]:
        """The columns in it, in their order."""
        if self.physical is not None:
            yield self
        for child in self.children:
            yield from child.leaves()

    def shown_type(self) -> str:
        """The type in the words of the format."""
        details = self.details
        if self.logical == "DECIMAL":
            return f"DECIMAL({details['precision']}, {details['scale']})"
        if self.logical in ("TIME", "TIMESTAMP"):
            return f"{self.logical}({details['unit']})"
        return self.logical or self.physical or "group"


def damaged(what: str) -> UnreadableFile:
    """The error for a file that breaks the format."""
    return UnreadableFile("damaged_parquet", f"the Parquet file is damaged: {what}")


def unsupported(what: str) -> UnreadableFile:
    """The error for a sound file with something that cannot be read exactly."""
    return UnreadableFile("unsupported_parquet", what)


def schema_of(elements: list[Struct]) -> Node:
    """The root of the tree that a footer lists depth first. Raises UnreadableFile
    'damaged_parquet'."""
    if not elements:
        raise damaged("it has no schema")
    root, used = _node(elements, 0, None)
    if used != len(elements):
        raise damaged("its schema lists more columns than it has")
    if root.physical is not None:
        raise damaged("its schema has no root")
    return root


def _node(elements: list[Struct], place: int, above: Node | None) -> tuple[Node, int]:
    """The node at a place of the list, and the place after it and all below it."""
    level = above.level + 1 if above else 0
    if place >= len(elements) or level > _MOST_LEVELS:
        raise damaged("its schema lists fewer columns than it has, or nests them too deeply")
    element = elements[place]
    name = _text(element)
    path = f"{above.path}.{name}" if above and above.level else name
    repetition = _value(element, REPETITION, REQUIRED) if above else REQUIRED
    if repetition not in (REQUIRED, OPTIONAL, REPEATED):
        raise damaged(f"column {path} is neither required nor optional nor repeated")
    logical, details = _declared(element)
    node = Node(
        name=name,
        path=path,
        level=level,
        repetition=repetition,
        physical=_physical(element, path),
        length=_value(element, LENGTH, 0),
        logical=logical,
        details=details,
        optionals=(above.optionals if above else 0) + (repetition != REQUIRED),
        repeats=(above.repeats if above else 0) + (repetition == REPEATED),
        children=(),
    )
    children: list[Node] = []
    place += 1
    if node.physical is None:
        for _child in range(_value(element, CHILDREN, 0)):
            child, place = _node(elements, place, node)
            children.append(child)
    return replace(node, children=tuple(children)), place


def _physical(element: Struct, path: str) -> str | None:
    if _value(element, CHILDREN, 0) or TYPE not in element:
        return None
    number = _value(element, TYPE, 0)
    if not 0 <= number < len(PHYSICAL):
        raise damaged(f"column {path} has no type that there is")
    return PHYSICAL[number]


def _declared(element: Struct) -> tuple[str | None, dict[str, Any]]:
    """The logical type that an element declares, and its details."""
    logical: str | None = None
    details: dict[str, Any] = {}
    if LOGICAL in element and element[LOGICAL].value:
        # a type that is newer than this list says nothing of how its values are stored
        number, (_kind, inner) = next(iter(element[LOGICAL].value.items()))
        logical = _LOGICAL.get(number)
        if logical == "DECIMAL":
            details = {"scale": _value(inner, 1, 0), "precision": _value(inner, 2, 0)}
        elif logical in ("TIME", "TIMESTAMP"):
            unit = next(iter(_value(inner, 2, {})), 0)
            details = {"utc": _value(inner, 1, False), "unit": _UNITS.get(unit, "unknown unit")}
        elif logical == "INTEGER":
            details = {"bits": _value(inner, 1, 0), "signed": _value(inner, 2, False)}
    elif CONVERTED in element:
        logical, details = _CONVERTED.get(element[CONVERTED].value, (None, {}))
        if logical == "DECIMAL":
            details = {
                "scale": _value(element, SCALE, 0),
                "precision": _value(element, PRECISION, 0),
            }
    return logical, details


def _text(element: Struct) -> str:
    raw = _value(element, NAME, b"")
    try:
        return str(raw, "utf-8")
    except (UnicodeDecodeError, TypeError):
        raise damaged(f"the name {raw!r} is not UTF-8") from None


def _value(struct: Struct, number: int, default: Any) -> Any:
    """The value of a field, if the struct has it, of the kind of the default."""
    field = struct.get(number)
    if field is None:
        return default
    if isinstance(field.value, Items) or not isinstance(field.value, type(default)):
        raise damaged("its footer is not what a footer must be")
    return field.value

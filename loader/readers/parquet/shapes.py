"""How each column of a file is read by DuckDB, so that nothing of its values is lost.

DuckDB gets a schema of its own, with names and types that it leaves as they are: a timestamp as
its number, an INT96 as its twelve bytes. What the values stand for is written by as_json.py.
What cannot be had exactly is refused here and in leaves.py, by its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from loader.readers.parquet.leaves import Leaf, leaf_of
from loader.readers.parquet.schema import (
    CHILDREN,
    CONVERTED,
    NAME,
    REPEATED,
    REPETITION,
    Node,
    unsupported,
)
from loader.readers.parquet.thrift import BINARY, I32, Field, Struct

# Converted types of groups.
_MAP, _LIST = 1, 3


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
        return leaf_of(node, elements, name)
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
        shape = leaf_of(key, elements, "key")
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

"""The fields of sample records, nested ones by their path, with what stands in them."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hub.scaffold.samples.looks import is_blank, stripped

# Deeper, or of more members, an object is kept whole.
_DEEPEST = 4
_MOST_MEMBERS = 40
_MOST_FIELDS = 400
# Of so many names those that few records have are values, too.
_MANY_NAMES = 40
_FEW_RECORDS = 0.05
# A member that fewer of the objects have is a value that is used as a name.
_FEWEST_MEMBERS_SHARED = 0.25
# no path of the engine leads to these
_NOT_ADDRESSED = ("", "*")


class _Number(str):
    """A number with the digits that stand in the record."""

    __slots__ = ()


@dataclass(frozen=True)
class SampleField:
    """A field of the records of one file.

    path:   the names that lead to it.
    kinds:  string, number, boolean, object, array, null -> how many records have it so.
    values: what it says in each record, as text; None where it is absent or null.
    """

    path: tuple[str, ...]
    kinds: Mapping[str, int]
    values: tuple[str | None, ...] = field(repr=False)

    def __str__(self) -> str:
        return ".".join(self.path)

    @cached_property
    def texts(self) -> Counter[str]:
        """Its values without the white space around them, blank ones left out, and how often each
        stands there."""
        return Counter(
            stripped(value) for value in self.values if value is not None and not is_blank(value)
        )

    @cached_property
    def filled(self) -> int:
        """In how many records it has a value that is not blank."""
        return sum(self.texts.values())

    @property
    def records(self) -> int:
        """How many records there are."""
        return len(self.values)

    @property
    def is_structure(self) -> bool:
        """Whether some values are objects or arrays."""
        return bool(self.kinds.get("object") or self.kinds.get("array"))

    def without(self, words: Iterable[str]) -> "SampleField":
        """The same where some texts mean nothing."""
        nothing = frozenset(words)
        if nothing.isdisjoint(self.texts):
            return self
        return SampleField(
            self.path,
            self.kinds,
            tuple(
                None if value is not None and stripped(value) in nothing else value
                for value in self.values
            ),
        )


@dataclass(frozen=True)
class Fields:
    """What the records of a file have.

    all:      the fields to choose from, in the order of the records.
    declared: `fields` of the source's settings: name -> type; None where there are too many.
    left_out: names that no adapter can address, or that are too many, in words.
    """

    all: tuple[SampleField, ...]
    declared: Mapping[str, str] | None
    left_out: tuple[str, ...]


def fields_of(texts: Sequence[str]) -> Fields:
    """The fields of records that can be read.   texts: of these records, JSON objects."""
    records = [_parsed(text) for text in texts]
    left_out: list[str] = []
    found: list[SampleField] = []
    names = _names_of(records)
    usual = _usual_names(names, records)
    for name in usual:
        if name in _NOT_ADDRESSED:
            left_out.append(f"a field with the name '{name}': no path leads to it")
            continue
        found += _expanded((name,), [_member(record, name) for record in records], left_out)
    if len(usual) < len(names):
        left_out.append(f"{len(names) - len(usual)} fields: their names seem to be values")
    declared = None if len(usual) < len(names) else _declared(names, records)
    return Fields(tuple(found), declared, tuple(left_out))


def _usual_names(names: list[str], records: Sequence[Any]) -> list[str]:
    """The names without those that are values, where there are many."""
    if len(names) > _MANY_NAMES:
        often = Counter(name for record in records for name in record)
        names = [name for name in names if often[name] > _FEW_RECORDS * len(records)]
    return names[:_MOST_FIELDS]


# what stands for a field that a record does not have
_ABSENT = object()


def _parsed(text: str) -> Any:
    return json.loads(text, strict=False, parse_int=_Number, parse_float=_Number)


def _names_of(records: Iterable[Any]) -> list[str]:
    """The names of the members of objects, in the order in which they first stand there."""
    return list(
        dict.fromkeys(name for record in records if isinstance(record, dict) for name in record)
    )


def _member(record: Any, name: str) -> Any:
    return record.get(name, _ABSENT) if isinstance(record, dict) else _ABSENT


def _expanded(
    path: tuple[str, ...], values: Sequence[Any], left_out: list[str]
) -> list[SampleField]:
    """The field, or, where it is always the same kind of object, the fields in it."""
    kinds = Counter(kind_of(value) for value in values if value is not _ABSENT)
    objects = kinds["object"]
    names = _names_of(values)
    alike = (
        objects > 0
        and objects == kinds.total() - kinds["null"]
        and 0 < len(names) <= _MOST_MEMBERS
        and len(path) < _DEEPEST
        and not set(names) & set(_NOT_ADDRESSED)
        and sum(len(value) for value in values if isinstance(value, dict))
        >= _FEWEST_MEMBERS_SHARED * len(names) * objects
    )
    if not alike:
        return [SampleField(path, kinds, tuple(map(_text_of, values)))]
    return [
        found
        for name in names
        for found in _expanded((*path, name), [_member(value, name) for value in values], left_out)
    ]


def kind_of(value: Any) -> str:
    """What JSON calls a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, _Number):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array"


def _text_of(value: Any) -> str | None:
    if value is None or value is _ABSENT:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _declared(names: Sequence[str], records: Sequence[Any]) -> dict[str, str]:
    """The type of each field of the records themselves, with `?` where a record may lack it."""
    declared = {}
    for name in names:
        kinds = Counter(kind_of(record[name]) for record in records if name in record)
        given = [kind for kind in kinds if kind != "null"]
        kind = given[0] if len(given) == 1 else "any"
        is_optional = kinds.total() < len(records) or kinds["null"] > 0
        declared[name] = f"{kind}?" if is_optional else kind
    return declared

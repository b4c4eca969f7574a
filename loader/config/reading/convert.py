"""Converts plain values to the types that settings are declared as."""

from functools import cache
from types import UnionType
from typing import (
    Annotated,
    Any,
    Protocol,
    Self,
    TypeGuard,
    TypeVar,
    Union,
    get_args,
    get_origin,
    runtime_checkable,
)

import msgspec

T = TypeVar("T")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings by name, each with a type; a name that is not declared is refused."""


class Refused(ValueError):
    """Why a value is not taken, and what to write instead.

    at: the names that lead from the value to the part that is at fault.
    """

    def __init__(self, what: str, remedy: str, at: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.at = at


@runtime_checkable
class Parsed(Protocol):
    """A type of our own: made from what is written, or refused.

    remedy: what to write where it is missing.
    """

    remedy: str

    @classmethod
    def parse(cls, written: Any) -> Self:
        """The value that is meant. Raises Refused."""
        ...


class Secret:
    """Marks a setting whose text may hold a secret: an error does not show it."""


def read_as(kind: type[T], given: object, where: str) -> T:
    """The value as the type. Raises WrongUse, which names the part that does not fit.

    where: the place of the value, for errors. A setting with nothing behind its name counts as
    left out.
    """
    given = _without_blanks(kind, given)
    try:
        return msgspec.convert(given, kind, dec_hook=_parse)
    except msgspec.ValidationError as error:
        # a fault is looked for only where there is one
        from loader.config.reading.faults import fault_of

        raise fault_of(kind, given, where) from error


def fits(kind: Any, given: object) -> msgspec.ValidationError | None:
    """The reason why the value is not of the type, None where it is."""
    try:
        msgspec.convert(given, kind, dec_hook=_parse)
    except msgspec.ValidationError as error:
        return error
    return None


@cache
def declared(struct: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """The settings of a struct by the names that are written."""
    return {field.encode_name: field for field in msgspec.structs.fields(struct)}


def alternatives(kind: Any) -> tuple[tuple[Any, tuple[Any, ...]], ...]:
    """The types that a value may have, besides being left out, each with what annotates it."""
    notes: tuple[Any, ...] = ()
    if get_origin(kind) is Annotated:
        kind, *noted = get_args(kind)
        notes = tuple(noted)
    if get_origin(kind) not in (Union, UnionType):
        return ((kind, notes),)
    return tuple(
        (inner, (*notes, *inner_notes))
        for member in get_args(kind)
        if member is not type(None)
        for inner, inner_notes in alternatives(member)
    )


def struct_for(kind: Any, given: dict[str, Any]) -> type[msgspec.Struct] | None:
    """The struct that reads the mapping: of several, the one whose tag it has."""
    structs = [member for member, _ in alternatives(kind) if is_struct(member)]
    if len(structs) == 1:
        return structs[0]
    for struct in structs:
        config = struct.__struct_config__
        if config.tag_field and given.get(config.tag_field) == config.tag:
            return struct
    return None


def is_struct(kind: Any) -> TypeGuard[type[msgspec.Struct]]:
    """Whether a type is a struct."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _parse(kind: Any, written: object) -> Any:
    return kind.parse(written)


def _without_blanks(kind: Any, given: object) -> object:
    """The value without the settings that have nothing behind their names."""
    if not isinstance(given, dict) or (struct := struct_for(kind, given)) is None:
        return given
    fields = declared(struct)
    return {
        name: _without_blanks(fields[name].type, value) if name in fields else value
        for name, value in given.items()
        if value is not None or name not in fields
    }

"""Says where in a value that does not fit its type the fault lies, and what to write instead."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

import msgspec

from loader.config.reading.convert import (
    Parsed,
    Refused,
    Secret,
    alternatives,
    declared,
    fits,
    is_struct,
    struct_for,
)
from loader.config.reading.spelling import meant
from loader.errors import WrongUse


def fault_of(kind: Any, given: object, where: str) -> WrongUse:
    """The first fault of a value that is not of the type."""
    for name, part_kind, part in _parts(kind, given):
        if fits(part_kind, part):
            return fault_of(part_kind, part, f"{where}: {name}" if name else where)
    if isinstance(given, dict) and (fault := _fault_of_names(kind, given, where)):
        return fault
    cause = getattr(fits(kind, given), "__cause__", None)
    if isinstance(cause, Refused):
        return WrongUse(": ".join([where, *cause.at]), cause.what, cause.remedy)
    return _wrong_kind(kind, given, where)


def _parts(kind: Any, given: object) -> Iterator[tuple[str, Any, object]]:
    """The parts of a value: name, type, and what was given for it."""
    if isinstance(given, dict):
        struct = struct_for(kind, given)
        fields = declared(struct) if struct else {}
        for name, value in given.items():
            if name in fields:
                yield name, fields[name].type, value
    for member, _ in alternatives(kind):
        if isinstance(given, dict) and get_origin(member) is dict:
            for name, value in given.items():
                yield str(name), get_args(member)[1], value
        # a list of plain texts is one value, and is told of as such
        if (
            isinstance(given, list)
            and get_origin(member) is list
            and get_args(member)[0] is not str
        ):
            for value in given:
                yield "", get_args(member)[0], value


def _fault_of_names(kind: Any, given: dict[Any, Any], where: str) -> WrongUse | None:
    """A name that is none, is not known, or is missing."""
    for name in given:
        if not isinstance(name, str):
            return WrongUse(where, f"the name {name!r} is no text", f"Write it as '{name}'.")
    if tagged := [member for member, _ in alternatives(kind) if _tag(member)]:
        tag_field = _tag(tagged[0])[0]
        tags = [_tag(member)[1] for member in tagged]
        if given.get(tag_field) not in tags:
            return _unknown_word(given.get(tag_field), tags, f"{where}: {tag_field}")
    struct = struct_for(kind, given)
    if struct is None:
        return None
    fields = declared(struct)
    known = sorted({*fields, *_tag(struct)[:1]})
    for name in given:
        if name not in known:
            near = meant(name, known)
            hint = f"Did you mean '{near}'? " if near else ""
            return WrongUse(
                where, f"unknown key '{name}'", f"{hint}Expected one of {', '.join(known)}."
            )
    for name, field in fields.items():
        if field.required and name not in given:
            ((inner, _), *_) = alternatives(field.type)
            remedy = inner.remedy if isinstance(inner, Parsed) else f"Write `{name}: ...`."
            return WrongUse(f"{where}: {name}", "it is missing", remedy)
    return None


def _tag(kind: Any) -> tuple[str, ...]:
    """The field and the word by which a struct is told from the others; () where it is alone."""
    config = kind.__struct_config__ if is_struct(kind) else None
    return (str(config.tag_field), str(config.tag)) if config and config.tag_field else ()


def _wrong_kind(kind: Any, given: object, where: str) -> WrongUse:
    ((first, notes), *_) = alternatives(kind)
    if get_origin(first) is Literal:
        return _unknown_word(given, get_args(first), where)
    if first in (int, float):
        number = "a whole number" if first is int else "a number"
        return WrongUse(
            where,
            f"expected {number}, found {_shown(given)}",
            f"Write {number}{_bounds(notes)}.",
        )
    found = _shown(given, hidden=Secret in notes)
    if get_origin(first) is dict or is_struct(first):
        return WrongUse(where, f"expected a mapping, found {found}", "Write `name: value` lines.")
    if get_origin(first) is list:
        return WrongUse(where, f"expected a list of names, found {found}", "Write [name, ...].")
    return WrongUse(where, f"expected a text, found {found}", "Write it.")


def _unknown_word(given: object, known: Sequence[str], where: str) -> WrongUse:
    near = meant(given, known) if isinstance(given, str) else None
    hint = f"Did you mean {near}? " if near else ""
    return WrongUse(
        where,
        f"unknown value {_shown(given)}",
        f"{hint}Expected one of {', '.join(known)}.",
    )


def _bounds(notes: tuple[Any, ...]) -> str:
    (meta,) = [note for note in notes if isinstance(note, msgspec.Meta)] or [msgspec.Meta()]
    if meta.ge is not None and meta.le is not None:
        return f" from {meta.ge:g} to {meta.le:g}"
    if meta.gt is not None:
        return f" above {meta.gt:g}"
    return f" >= {meta.ge:g}" if meta.ge is not None else ""


def _shown(given: object, hidden: bool = False) -> str:
    """What was found, for people."""
    if given is None:
        return "nothing"
    if isinstance(given, dict):
        return "a mapping"
    if hidden and isinstance(given, list):
        return "a list"
    if hidden and not isinstance(given, bool):
        return "a text" if isinstance(given, str) else "a number"
    return repr(given)

"""Which field identifies a thing, and whether its texts need tidying up."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hub.scaffold.guesses.names import is_key_like
from hub.scaffold.guesses.readings import Habits, has_white_space_around
from hub.scaffold.guesses.types import is_amount, type_of
from hub.scaffold.samples.fields import SampleField
from loader.errors import WrongUse

_FEWEST_FILLED = 0.8
_LONGEST = 200


@dataclass(frozen=True)
class GuessedKey:
    """The field of the key, and in words what speaks for it and which others there are."""

    field: SampleField
    evidence: str
    others: tuple[str, ...]


def guess_key(fields: Sequence[SampleField], entity: str, habits: Habits, where: str) -> GuessedKey:
    """The field that identifies one of an entity.

    where: the file, for errors. Raises WrongUse where none can.
    """
    ranked = sorted(
        ((_points(field, entity, habits), -place, field) for place, field in enumerate(fields)),
        key=lambda each: each[:2],
        reverse=True,
    )
    possible = [(points, field) for points, _, field in ranked if points > 0]
    if not possible:
        raise WrongUse(
            where,
            "no field could be the key: none is filled in most records, and differs between them",
            f"Name it with --key. The fields are {names_of(fields)}.",
        )
    _, best = possible[0]
    evidence = (
        f"{best.filled} of {best.records} records have it, {len(best.texts)} different values"
    )
    if is_key_like(best.path[-1], entity):
        evidence += ", its name is that of a key"
    others = tuple(str(field) for points, field in possible[1:4] if points >= 2)
    return GuessedKey(best, evidence, others)


def names_of(fields: Sequence[SampleField]) -> str:
    """The names of fields, for errors."""
    return ", ".join(f"'{field}'" for field in fields[:30]) + (", ..." if len(fields) > 30 else "")


def _points(field: SampleField, entity: str, habits: Habits) -> float:
    """What speaks for a field as key; 0 where it cannot be."""
    if field.is_structure or field.filled < _FEWEST_FILLED * field.records or not field.filled:
        return 0
    by_name = is_key_like(field.path[-1], entity)
    unique = len(field.texts) / field.filled
    kind = type_of(field, habits).type
    if kind in ("boolean", "timestamp", "json") or max(map(len, field.texts)) > _LONGEST:
        return 0
    if kind != "string" and not by_name and is_amount(field):
        return 0
    nested = 0.5 * (len(field.path) - 1)
    if unique < 0.5 and field.filled > 3:
        # it repeats itself, as the key of a thing does that changes; only its name can tell
        return (by_name - 0.5 if by_name >= 3 else 0) - nested
    words = sum(count for text, count in field.texts.items() if " " in text) / field.filled
    is_like_text = 2 if words > 0.3 else 0
    is_like_amount = 2 if kind != "string" and not by_name else 0
    return max(0.1, 1 + by_name + 3 * unique**4 - nested - is_like_text - is_like_amount)


def normalized_by(fields: Sequence[SampleField]) -> tuple[tuple[str, ...], str]:
    """What `normalize` should say of a key, and in words why.   fields: one of each source."""
    steps: list[str] = []
    reasons: list[str] = []
    if around := sum(map(has_white_space_around, fields)):
        steps.append("trim")
        reasons.append(f"{around} values have white space around them")
    each = [set(field.texts) for field in fields]
    whole = set().union(*each)
    lowered = {text.lower() for text in whole}
    if len(lowered) < len(whole) and not any(map(_is_mixed, whole)):
        upper = sum(text.isupper() for text in whole)
        steps.append("upper" if upper * 2 >= len(whole) else "lower")
        reasons.append(f"{len(whole) - len(lowered)} values differ in case only")
    return tuple(steps), ", ".join(reasons)


def _is_mixed(text: str) -> bool:
    """Whether upper and lower case alternate, as in digests: then case has a meaning."""
    letters = [sign for sign in text if sign.isalpha()]
    changes = sum(one.isupper() != other.isupper() for one, other in pairwise(letters))
    return changes > 2

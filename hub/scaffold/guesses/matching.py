"""Which field of a source fills which column, by name, by type and by what stands in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.scaffold.guesses.names import is_key_like, likeness, snake
from hub.scaffold.guesses.readings import Habits, Reading, read_as
from hub.scaffold.samples.fields import SampleField
from hub.scaffold.samples.looks import stripped

# From so many points on, a guess is made without being needed.
_ENOUGH = 4.0
_SAME_NAME = 9.0
# The type is given, so that more values may be wrong than where it is guessed.
_MOST_MISFITS = 0.5
# A time that is not filled in so often is no event time.
_MOSTLY = 0.9


@dataclass(frozen=True)
class Wanted:
    """A column for which a field is looked for.

    required: whether records without it are rejected.
    allowed:  the texts that it may have; () for any.
    lowers:   whether the contract takes them in lower case.
    values:   what other sources say there, where that is known.
    """

    name: str
    type: str
    required: bool = False
    is_key: bool = False
    is_event_time: bool = False
    allowed: tuple[str, ...] = ()
    lowers: bool = False
    values: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True)
class Match:
    """The field for a column.

    evidence: what speaks for it, in words.
    is_named: whether a person said so.
    """

    column: str
    field: SampleField
    reading: Reading
    evidence: tuple[str, ...]
    is_named: bool = False


@dataclass(frozen=True)
class _Candidate:
    points: float
    match: Match


def match_fields(
    fields: Sequence[SampleField],
    columns: Sequence[Wanted],
    entity: str,
    habits: Habits,
    named: Mapping[str, SampleField] | None = None,
) -> dict[str, Match]:
    """The field for each column for which one was found: column -> match.

    named: the fields that a person said, by column.
    """
    found: dict[str, Match] = {}
    for column in columns:
        if named and column.name in named:
            given = named[column.name]
            reading = read_as(given, column.type, habits) or Reading(column.type)
            found[column.name] = Match(column.name, given, reading, ("as you said",), True)
    candidates = [
        candidate
        for column in columns
        for each in fields
        if (candidate := _candidate(each, column, entity, habits))
    ]
    # the best pairs first; of equal ones those that stand first
    candidates.sort(key=lambda candidate: -candidate.points)
    for candidate in candidates:
        if candidate.points >= _ENOUGH:
            _take(candidate.match, found)
    # what one column takes may leave a single field for another
    before = -1
    while len(found) > before:
        before = len(found)
        for column in columns:
            left = _left_for(column, candidates, found) if column.name not in found else None
            if left is not None:
                _take(left, found)
    return found


def _take(match: Match, found: dict[str, Match]) -> None:
    taken = {each.field.path for each in found.values()}
    if match.column not in found and match.field.path not in taken:
        found[match.column] = match


def _candidate(each: SampleField, column: Wanted, entity: str, habits: Habits) -> _Candidate | None:
    """A field as what may fill a column; None where it cannot be read as that."""
    points, why = likeness(each.path, column.name, entity)
    reading = read_as(each, column.type, habits, most_misfits=_MOST_MISFITS)
    if reading is None:
        # a name says more than values that are wrong
        if points < _SAME_NAME or each.is_structure:
            return None
        doubt = f"few of its values are read as {column.type}"
        return _Candidate(
            points - 2, Match(column.name, each, Reading(column.type, doubt=doubt), (why,))
        )
    evidence = [why] if why else []
    fitting = each.filled - reading.misfit
    if column.type not in ("string", "json") and each.filled:
        points += fitting / each.filled
        evidence.append(f"{fitting} of {each.filled} values are read as {column.type}")
    if column.allowed:
        allowed = {text.lower() if column.lowers else text for text in column.allowed}
        share = sum(
            count
            for text, count in each.texts.items()
            if (text.lower() if column.lowers else text) in allowed
        )
        if each.filled and share < 0.5 * each.filled:
            return (
                None if not why else _Candidate(points - 4, _match(column, each, reading, evidence))
            )
        points += 4 if each.filled else 0
        evidence.append(f"{share} of {each.filled} values are allowed")
    if column.values and column.type in ("string", "json"):
        common = len(column.values & set(each.texts))
        share_of_values = common / max(1, min(len(each.texts), len(column.values)))
        if common > 1 or share_of_values > 0.5:
            points += 6 * share_of_values
            evidence.append(f"{common} values are those of the other sources")
    if column.is_key:
        points += _points_as_key(each, evidence) + (is_key_like(each.path[-1], entity) > 2)
    if column.is_event_time or column.required:
        points -= 0 if each.filled >= _MOSTLY * each.records else 2
    return _Candidate(points, _match(column, each, reading, evidence))


def _match(column: Wanted, each: SampleField, reading: Reading, evidence: list[str]) -> Match:
    return Match(column.name, each, reading, tuple(evidence))


def _points_as_key(each: SampleField, evidence: list[str]) -> float:
    if each.filled < 0.5 * each.records:
        return -5.0
    share = len(each.texts) / max(1, each.filled)
    evidence.append(f"{len(each.texts)} different values in {each.filled}")
    return 1.5 if share > 0.9 else 0.5 if share > 0.5 else -1.0


def _left_for(
    column: Wanted, candidates: Sequence[_Candidate], found: Mapping[str, Match]
) -> Match | None:
    """The only field left that holds what a column does. An optional text is not guessed so."""
    taken = {each.field.path for each in found.values()}
    left = [
        candidate
        for candidate in candidates
        if candidate.match.column == column.name
        and candidate.match.field.path not in taken
        and candidate.match.field.filled
        and _is_of_kind(candidate.match, column)
    ]
    if not left or (not column.required and column.type in ("string", "json")):
        return None
    if column.is_key:
        best = max(left, key=lambda candidate: candidate.points)
        unique = [
            candidate
            for candidate in left
            if len(candidate.match.field.texts) == candidate.match.field.filled
        ]
        left = unique if unique and best in unique else left
    if len(left) > 1:
        return None
    match = left[0].match
    return Match(
        match.column,
        match.field,
        match.reading,
        (*match.evidence, "it is the only field left that fits"),
    )


def _is_of_kind(match: Match, column: Wanted) -> bool:
    """Whether a field is more than can be read as the type: no number is left for a text."""
    if column.type not in ("string", "json"):
        # a number is no time unless its name says so
        return not (
            column.type == "timestamp"
            and any(name == "epoch_as_text" for name, _ in match.reading.calls)
            and not set(snake(match.field.path[-1]).split("_"))
            & {"time", "ts", "at", "date", "epoch", "timestamp", "zeit", "when"}
        )
    each = match.field
    if column.is_key:
        return read_as(each, "timestamp", Habits()) is None
    return not (
        read_as(each, "timestamp", Habits()) or (column.type == "string" and _is_numeric(each))
    )


def _is_numeric(each: SampleField) -> bool:
    reading = read_as(each, "number", Habits())
    return reading is not None and each.filled > 0


def find_field(fields: Sequence[SampleField], name: str) -> SampleField | None:
    """The field of this name: as it stands, or else whatever its case, white space and signs."""
    for each in fields:
        if str(each) == name:
            return each
    alike = [each for each in fields if snake("_".join(each.path)) == snake(stripped(name))]
    return alike[0] if len(alike) == 1 and snake(name) else None

"""A contract for records of which only samples are known: columns, key, event time, and as many
rules as the samples give evidence for."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hub.scaffold.additions import Guess
from hub.scaffold.guesses.keys import GuessedKey, guess_key, names_of, normalized_by
from hub.scaffold.guesses.matching import Match, Wanted, find_field, match_fields
from hub.scaffold.guesses.names import column_name, singular, snake, words_of
from hub.scaffold.guesses.readings import Reading, has_white_space_around, read_as
from hub.scaffold.guesses.source_sample import SourceSample
from hub.scaffold.guesses.types import ENOUGH_VALUES, type_of
from hub.scaffold.samples.fields import SampleField
from hub.scaffold.written.contract import WrittenColumn, WrittenContract
from loader.errors import WrongUse

# What allowed values rest on: so many values, of few kinds, each of which stands there often.
ENOUGH_FOR_ALLOWED = 50
_MOST_ALLOWED = 8
_FEWEST_REPEATS = 5
_LONGEST_ALLOWED = 40
_OF_CLOSED_LISTS = re.compile(
    r"(?:^|_)(?:status|state|type|kind|category|class|level|priority|gender|sex|method|channel|tier|"
    r"plan|role|stage|phase|outcome|result|size|mode|segment|severity|zustand|art|kategorie)$"
)
_EVENT_TIMES = (
    (5, r"updated|modified|changed|last_change|lastmodified|geaendert|aktualisiert"),
    (4, r"event|occurred|happened|timestamp|ts|recorded|measured|logged|time|zeit|zeitpunkt|"
        r"zeitstempel|observed|received|taken|sampled|captured|seen|sent|reported"),
    (3, r"created|opened|ordered|placed|purchased|purchase|registered|date|datum|at|on|when|"
        r"inserted|erstellt|angelegt|signup|signed|joined|issued|paid|booked|posted|"
        r"published|order|invoice|bestellt"),
)  # fmt: skip
# they say what is planned, or never changes
_NO_EVENT_TIMES = re.compile(
    r"(?:^|_)(?:birth|birthday|birthdate|dob|born|geburt\w*|due|expir\w*|valid|until|end|ends|start|"
    r"starts|begin|deadline|planned|scheduled|delivery|deliver|eta|expected|from|to|next|cancel\w*|"
    r"closed|ablauf\w*|faellig\w*|check_in|check_out)(?:$|_)"
)


@dataclass(frozen=True)
class Proposal:
    """A contract, the fields that fill its columns by source, and the guesses that led to it."""

    contract: WrittenContract
    matches: Mapping[str, Mapping[str, Match]]
    guesses: tuple[Guess, ...]


@dataclass
class _Draft:
    """A column that is being made: its name, and the field of each source that fills it."""

    name: str
    fields: dict[str, SampleField] = field(default_factory=dict)
    evidence: dict[str, tuple[str, ...]] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)
    type: str = "string"
    doubt: str = ""

    @property
    def filled(self) -> int:
        return sum(each.filled for each in self.fields.values())

    @property
    def records(self) -> int:
        return sum(each.records for each in self.fields.values())

    @property
    def texts(self) -> Counter[str]:
        return sum((each.texts for each in self.fields.values()), Counter[str]())

    @property
    def misfit(self) -> int:
        return sum(reading.misfit for reading in self.readings.values())


def propose_contract(
    entity: str,
    samples: Sequence[SourceSample],
    key: str | None,
    has_history: bool,
    texts: Iterable[str] = (),
) -> Proposal:
    """A contract for the records of some sources.

    key:   the field or column of the key; None to find it.
    texts: columns that are to be kept as text, whatever they look like.
    Raises WrongUse where no field can be the key.
    """
    guessed = _key_of(entity, samples, key)
    drafts = _drafts(entity, samples, guessed.field)
    for draft in drafts:
        _settle_type(draft, samples, is_text=draft is drafts[0] or draft.name in texts)
    event_time, why_time = _event_time_of(drafts, samples)
    freshness = event_time or _freshness_of(drafts)
    guesses = [
        Guess(
            "key",
            drafts[0].name,
            _fields_in_words(drafts[0]),
            "as you said" if key else guessed.evidence,
            f"--key chooses another, such as {', '.join(guessed.others)}" if guessed.others else "",
        ),
        _guess_of_time(event_time, why_time),
    ]
    columns = [
        _column(draft, drafts[0].name, event_time, entity, samples, guesses)
        for draft in _in_order(drafts, event_time)
    ]
    contract = WrittenContract(
        entity, drafts[0].name, event_time, freshness, has_history, tuple(columns)
    )
    matches = {
        sample.source: {
            draft.name: Match(
                draft.name,
                draft.fields[sample.source],
                draft.readings[sample.source],
                draft.evidence.get(sample.source, ()),
            )
            for draft in drafts
            if sample.source in draft.fields
        }
        for sample in samples
    }
    return Proposal(contract, matches, tuple(guesses))


def _key_of(entity: str, samples: Sequence[SourceSample], key: str | None) -> GuessedKey:
    first = samples[0]
    if key is None:
        return guess_key(first.fields, entity, first.habits, str(first.sample.path))
    found = find_field(first.fields, key)
    if found is None:
        raise WrongUse(
            f"--key {key}",
            f"{first.sample.path} has no field of this name",
            f"Its fields are {names_of(first.fields)}.",
        )
    if found.is_structure:
        raise WrongUse(
            f"--key {key}", "it is an object or an array", "Name a field that holds a text."
        )
    return GuessedKey(found, "as you said", ())


def _drafts(entity: str, samples: Sequence[SourceSample], key: SampleField) -> list[_Draft]:
    """The columns, each with the field of each source that fills it; the key first."""
    first = samples[0]
    used: set[str] = set()
    drafts: list[_Draft] = []
    ordered = sorted(first.fields, key=lambda each: each.path != key.path)
    for each in ordered:
        _add(drafts, used, first.source, each)
    for sample in samples[1:]:
        wanted = [
            Wanted(
                draft.name,
                _type_to_match(draft, samples),
                is_key=place == 0,
                required=place == 0,
                values=frozenset(draft.texts),
            )
            for place, draft in enumerate(drafts)
        ]
        matches = match_fields(sample.fields, wanted, entity, sample.habits)
        if drafts[0].name not in matches:
            raise WrongUse(
                str(sample.sample.path),
                f"no field of it is surely the key, which is '{key}' in {first.sample.path}",
                f"Make the entity of {first.source} alone, then: hub new source {sample.source} "
                f"--entity {entity} --from FILE --map {drafts[0].name}=FIELD. "
                f"Its fields are {names_of(sample.fields)}.",
            )
        taken = set()
        for draft in drafts:
            if draft.name in matches:
                match = matches[draft.name]
                draft.fields[sample.source] = match.field
                draft.evidence[sample.source] = match.evidence
                taken.add(match.field.path)
        for each in sample.fields:
            if each.path not in taken:
                alike = _of_same_name(drafts, sample.source, each)
                if alike:
                    alike.fields[sample.source] = each
                    alike.evidence[sample.source] = ("the same name",)
                else:
                    _add(drafts, used, sample.source, each)
    return drafts


def _add(drafts: list[_Draft], used: set[str], source: str, each: SampleField) -> None:
    name = column_name(each.path, used, len(used) + 1)
    used.add(name)
    drafts.append(_Draft(name, {source: each}))


def _of_same_name(drafts: list[_Draft], source: str, each: SampleField) -> _Draft | None:
    """The column that has the field's name but, so far, no field of the source."""
    name = snake("_".join(each.path))
    for draft in drafts:
        if name and draft.name == name and source not in draft.fields:
            return draft
    return None


def _type_to_match(draft: _Draft, samples: Sequence[SourceSample]) -> str:
    source, each = next(iter(draft.fields.items()))
    habits = next(sample.habits for sample in samples if sample.source == source)
    kind = type_of(each, habits).type
    return "number" if kind == "integer" or kind.startswith("decimal") else kind


def _settle_type(draft: _Draft, samples: Sequence[SourceSample], is_text: bool) -> None:
    """Decide on the type of a column, and how each source's field is read as that."""
    habits = {sample.source: sample.habits for sample in samples}
    readings = {source: type_of(each, habits[source]) for source, each in draft.fields.items()}
    draft.type = "string" if is_text else _common_type(draft, readings)
    if is_text and any(each.is_structure for each in draft.fields.values()):
        draft.type = "json"
    for source, each in draft.fields.items():
        if readings[source].type == draft.type:
            draft.readings[source] = readings[source]
            continue
        reading = read_as(each, draft.type, habits[source])
        if reading is None or reading.doubt:
            draft.type = "string"
            break
        draft.readings[source] = reading
    if len(draft.readings) < len(draft.fields) or draft.type == "string":
        draft.readings = {
            source: readings[source]
            if readings[source].type == "string" and not is_text
            else Reading("string", evidence="text")
            for source in draft.fields
        }
    draft.doubt = ", ".join(filter(None, (each.doubt for each in draft.readings.values())))


def _common_type(draft: _Draft, readings: Mapping[str, Reading]) -> str:
    """The type that all sources' values have; those that are empty everywhere have no say."""
    types = {
        reading.type
        for source, reading in readings.items()
        if draft.fields[source].filled or len(readings) == 1
    } or {"string"}
    if len(types) == 1:
        return types.pop()
    if types <= {"integer", "number"} or (
        any(each.startswith("decimal") for each in types)
        and all(each in ("integer", "number") or each.startswith("decimal") for each in types)
    ):
        return "number"
    return "json" if "json" in types else "string"


def _event_time_of(
    drafts: Sequence[_Draft], samples: Sequence[SourceSample]
) -> tuple[str | None, str]:
    """The column that orders records of one key, and what speaks for it, or against all."""
    key = drafts[0]
    times = [draft for draft in drafts[1:] if draft.type == "timestamp"]
    possible = [
        draft
        for draft in times
        if all(
            sample.source in draft.fields and _has_time_for_each(draft, key, sample.source)
            for sample in samples
        )
        and not any(map(_is_future, draft.texts))
    ]
    ranked = [(points, draft) for draft in possible if (points := _points_as_event_time(draft)) > 0]
    if (
        not ranked
        and len(times) == len(possible) == 1
        and not _NO_EVENT_TIMES.search(possible[0].name)
    ):
        return possible[0].name, f"the only time, filled in all records ({possible[0].filled})"
    if not ranked:
        return None, "no time is in all records and, by its name, tells when they changed"
    points, best = max(ranked, key=lambda each: each[0])
    count = best.filled
    return best.name, f"filled in all records ({count}), and its name tells when they changed"


def _points_as_event_time(draft: _Draft) -> int:
    if _NO_EVENT_TIMES.search(draft.name):
        return 0
    for points, words in _EVENT_TIMES:
        if re.search(rf"(?:^|_)(?:{words})(?:$|_)", draft.name):
            return points
    return 0


def _has_time_for_each(draft: _Draft, key: _Draft, source: str) -> bool:
    """Whether a source says the time wherever it says the key."""
    times, keys = draft.fields[source], key.fields[source]
    return all(
        time is not None and time.strip() != ""
        for time, value in zip(times.values, keys.values, strict=True)
        if value is not None and value.strip() != ""
    )


def _is_future(text: str) -> bool:
    """Whether a time in the contract's own form lies ahead."""
    return text[:10] > f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}" and text[4:5] == "-"


def _freshness_of(drafts: Sequence[_Draft]) -> str | None:
    times = [draft for draft in drafts if draft.type == "timestamp"]
    best = max(times, key=_points_as_event_time, default=None)
    return best.name if best and _points_as_event_time(best) else None


def _guess_of_time(event_time: str | None, why: str) -> Guess:
    if event_time is None:
        return Guess(
            "event time",
            "none",
            "records of a key are kept in the order of arrival",
            why,
            "write 'event_time' in the contract to order them by a column",
        )
    return Guess(
        "event time",
        event_time,
        "the later record of a key wins",
        why,
        "write 'event_time': none in the contract to let the last to arrive win",
    )


def _in_order(drafts: Sequence[_Draft], event_time: str | None) -> list[_Draft]:
    """The key, other ids, values, flags, times."""

    def rank(draft: _Draft) -> int:
        if draft is drafts[0]:
            return 0
        if draft.type == "string" and words_of(draft.name)[-1:] == ("id",):
            return 1
        return {"boolean": 3, "timestamp": 4}.get(draft.type, 2)

    return sorted(drafts, key=rank)


def _column(
    draft: _Draft,
    key: str,
    event_time: str | None,
    entity: str,
    samples: Sequence[SourceSample],
    guesses: list[Guess],
) -> WrittenColumn:
    """What the contract says of a column; the guesses are noted."""
    is_key, is_event_time = draft.name == key, draft.name == event_time
    everywhere = all(sample.source in draft.fields for sample in samples)
    is_full = everywhere and draft.filled == draft.records and not draft.misfit
    required = is_key or is_event_time or (is_full and draft.records >= ENOUGH_VALUES)
    normalize, why_normal = _normalization(draft, is_key)
    allowed, why_allowed = (
        _allowed_values(draft, normalize) if not is_key and draft.type == "string" else ((), "")
    )
    if allowed and not normalize:
        normalize, why_normal = _tidied(draft)
        allowed, why_allowed = _allowed_values(draft, normalize)
    others = set(draft.fields)
    reconcile = len(others) > 1 and not is_key and not is_event_time and draft.type != "timestamp"
    evidence = ", ".join(
        dict.fromkeys(reading.evidence for reading in draft.readings.values() if reading.evidence)
    )
    guess = draft.type
    if required and not is_key and not is_event_time:
        guess += ", required"
        evidence += f", filled in all {draft.records} records"
    if normalize:
        guess += f", {' and '.join(normalize)}"
        evidence += f", {why_normal}"
    if allowed:
        guess += f", one of {', '.join(allowed)}"
        evidence += f", {why_allowed}"
    if reconcile:
        guess += ", reconciled"
        evidence += f", {' and '.join(draft.fields)} say it"
    doubt = draft.doubt
    if draft.misfit:
        shown = ", ".join(
            repr(text)
            for reading in draft.readings.values()
            for text in list(reading.misfits or {})
        )
        doubt = f"{draft.misfit} of {draft.filled} values do not fit: {shown}"
    guesses.append(
        Guess("column", draft.name, f"{guess} <- {_fields_in_words(draft)}", evidence, doubt)
    )
    return WrittenColumn(
        draft.name,
        draft.type,
        _description(draft, entity, is_key, is_event_time, required),
        required=required,
        normalize=normalize,
        allowed=allowed,
        reconcile=reconcile,
    )


def _fields_in_words(draft: _Draft) -> str:
    return ", ".join(f"{source} '{each}'" for source, each in draft.fields.items())


def _normalization(draft: _Draft, is_key: bool) -> tuple[tuple[str, ...], str]:
    if is_key:
        return normalized_by(list(draft.fields.values()))
    if draft.type == "string" and len(draft.texts) <= _MOST_ALLOWED * 3 and draft.filled >= 2:
        steps, why = _tidied(draft)
        # only where that makes equal what is not
        return (steps, why) if "lower" in steps else ((), "")
    return (), ""


def _tidied(draft: _Draft) -> tuple[tuple[str, ...], str]:
    """What makes spellings of one value equal."""
    steps: list[str] = []
    reasons: list[str] = []
    texts = draft.texts
    if around := sum(map(has_white_space_around, draft.fields.values())):
        steps.append("trim")
        reasons.append(f"{around} values have white space around them")
    if len({text.lower() for text in texts}) < len(texts):
        steps.append("lower")
        reasons.append("some values differ in case only")
    return tuple(steps), ", ".join(reasons)


def _allowed_values(draft: _Draft, normalize: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The values of a closed list, where the samples show one; () where they do not."""
    values: Counter[str] = Counter()
    for text, count in draft.texts.items():
        values[text.lower() if "lower" in normalize else text] += count
    is_closed = bool(_OF_CLOSED_LISTS.search(draft.name))
    enough = ENOUGH_FOR_ALLOWED if is_closed else 10 * ENOUGH_FOR_ALLOWED
    if (
        values.total() < enough
        or not 1 < len(values) <= (_MOST_ALLOWED if is_closed else _MOST_ALLOWED // 2)
        or min(values.values()) < _FEWEST_REPEATS
        or max(map(len, values)) > _LONGEST_ALLOWED
    ):
        return (), ""
    return tuple(sorted(values)), f"{values.total()} values, each of the {len(values)} often"


def _description(
    draft: _Draft, entity: str, is_key: bool, is_event_time: bool, required: bool
) -> str:
    if is_key:
        return f"Key of the {singular(entity).replace('_', ' ')}."
    words = draft.name.replace("_", " ")
    words = words[:1].upper() + words[1:]
    if draft.type == "timestamp":
        words += " (UTC)"
    if is_event_time:
        return f"{words}; orders the records of a key."
    return f"{words}." if required else f"{words}; NULL where there is none."

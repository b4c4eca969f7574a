"""What a contract says of a column: as many rules as the samples give evidence for."""

import re
from collections import Counter
from collections.abc import Sequence

from hub.scaffold.additions import Guess
from hub.scaffold.guesses.drafts import Draft
from hub.scaffold.guesses.keys import normalized_by
from hub.scaffold.guesses.names import singular
from hub.scaffold.guesses.readings import has_white_space_around
from hub.scaffold.guesses.source_sample import SourceSample
from hub.scaffold.guesses.types import ENOUGH_VALUES
from hub.scaffold.written.contract import WrittenColumn

# What allowed values rest on: so many values, of few kinds, each of which stands there often.
ENOUGH_FOR_ALLOWED = 50
_MOST_ALLOWED = 8
_FEWEST_REPEATS = 5
_LONGEST_ALLOWED = 40
_OF_CLOSED_LISTS = re.compile(
    r"(?:^|_)(?:status|state|type|kind|category|class|level|priority|gender|sex|method|channel|tier|"
    r"plan|role|stage|phase|outcome|result|size|mode|segment|severity|zustand|art|kategorie)$"
)


def column_of(
    draft: Draft,
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
    guesses.append(Guess("column", draft.name, f"{guess} <- {draft.in_words()}", evidence, doubt))
    return WrittenColumn(
        draft.name,
        draft.type,
        _description(draft, entity, is_key, is_event_time, required),
        required=required,
        normalize=normalize,
        allowed=allowed,
        reconcile=reconcile,
    )


def _normalization(draft: Draft, is_key: bool) -> tuple[tuple[str, ...], str]:
    if is_key:
        return normalized_by(list(draft.fields.values()))
    if draft.type == "string" and len(draft.texts) <= _MOST_ALLOWED * 3 and draft.filled >= 2:
        steps, why = _tidied(draft)
        # only where that makes equal what is not
        return (steps, why) if "lower" in steps else ((), "")
    return (), ""


def _tidied(draft: Draft) -> tuple[tuple[str, ...], str]:
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


def _allowed_values(draft: Draft, normalize: Sequence[str]) -> tuple[tuple[str, ...], str]:
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
    draft: Draft, entity: str, is_key: bool, is_event_time: bool, required: bool
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

"""A contract for records of which only samples are known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.scaffold.additions import Guess
from hub.scaffold.guesses.column_rules import column_of
from hub.scaffold.guesses.drafts import Draft, drafts_of, settle_type
from hub.scaffold.guesses.event_times import event_time_of, freshness_of, guess_of_time
from hub.scaffold.guesses.keys import GuessedKey, guess_key, names_of
from hub.scaffold.guesses.matching import Match, find_field
from hub.scaffold.guesses.names import words_of
from hub.scaffold.guesses.source_sample import SourceSample
from hub.scaffold.written.contract import WrittenContract
from loader.errors import WrongUse


@dataclass(frozen=True)
class Proposal:
    """A contract, the fields that fill its columns by source, and the guesses that led to it."""

    contract: WrittenContract
    matches: Mapping[str, Mapping[str, Match]]
    guesses: tuple[Guess, ...]


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
    drafts = drafts_of(entity, samples, guessed.field)
    for draft in drafts:
        settle_type(draft, samples, is_text=draft is drafts[0] or draft.name in texts)
    event_time, why_time = event_time_of(drafts, samples)
    freshness = event_time or freshness_of(drafts)
    guesses = [
        Guess(
            "key",
            drafts[0].name,
            drafts[0].in_words(),
            "as you said" if key else guessed.evidence,
            f"--key chooses another, such as {', '.join(guessed.others)}" if guessed.others else "",
        ),
        guess_of_time(event_time, why_time),
    ]
    columns = [
        column_of(draft, drafts[0].name, event_time, entity, samples, guesses)
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


def _in_order(drafts: Sequence[Draft], event_time: str | None) -> list[Draft]:
    """The key, other ids, values, flags, times."""

    def rank(draft: Draft) -> int:
        if draft is drafts[0]:
            return 0
        if draft.type == "string" and words_of(draft.name)[-1:] == ("id",):
            return 1
        return {"boolean": 3, "timestamp": 4}.get(draft.type, 2)

    return sorted(drafts, key=rank)

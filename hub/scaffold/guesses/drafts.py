"""The columns of a contract that is being made: which fields fill each, and of which type it is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.scaffold.guesses.keys import names_of
from hub.scaffold.guesses.matching import Wanted, match_fields
from hub.scaffold.guesses.names import column_name, snake
from hub.scaffold.guesses.readings import Reading, read_as
from hub.scaffold.guesses.source_sample import SourceSample
from hub.scaffold.guesses.types import type_of
from hub.scaffold.samples.fields import SampleField
from loader.errors import WrongUse


@dataclass
class Draft:
    """A column that is being made: its name, and the field of each source that fills it."""

    name: str
    fields: dict[str, SampleField] = field(default_factory=dict)
    evidence: dict[str, tuple[str, ...]] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)
    type: str = "string"
    doubt: str = ""

    def in_words(self) -> str:
        """The fields that fill it."""
        return ", ".join(f"{source} '{each}'" for source, each in self.fields.items())

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


def drafts_of(entity: str, samples: Sequence[SourceSample], key: SampleField) -> list[Draft]:
    """The columns, each with the field of each source that fills it; the key first."""
    first = samples[0]
    used: set[str] = set()
    drafts: list[Draft] = []
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


def _add(drafts: list[Draft], used: set[str], source: str, each: SampleField) -> None:
    name = column_name(each.path, used, len(used) + 1)
    used.add(name)
    drafts.append(Draft(name, {source: each}))


def _of_same_name(drafts: list[Draft], source: str, each: SampleField) -> Draft | None:
    """The column that has the field's name but, so far, no field of the source."""
    name = snake("_".join(each.path))
    for draft in drafts:
        if name and draft.name == name and source not in draft.fields:
            return draft
    return None


def _type_to_match(draft: Draft, samples: Sequence[SourceSample]) -> str:
    source, each = next(iter(draft.fields.items()))
    habits = next(sample.habits for sample in samples if sample.source == source)
    kind = type_of(each, habits).type
    return "number" if kind == "integer" or kind.startswith("decimal") else kind


def settle_type(draft: Draft, samples: Sequence[SourceSample], is_text: bool) -> None:
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


def _common_type(draft: Draft, readings: Mapping[str, Reading]) -> str:
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

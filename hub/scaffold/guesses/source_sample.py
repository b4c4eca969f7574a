"""A sample of one source: its file, its fields, and its habits of writing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.scaffold.guesses.readings import Habits, habits_of, nothing_words
from hub.scaffold.samples.fields import Fields, SampleField, fields_of
from hub.scaffold.samples.reading import Sample, read_sample


@dataclass(frozen=True)
class SourceSample:
    """What is known of a source by its sample.

    fields: without the texts that mean nothing.
    nulls:  these texts, as the source's settings list them.
    """

    source: str
    sample: Sample
    fields: tuple[SampleField, ...]
    found: Fields
    nulls: tuple[str, ...]
    habits: Habits


def read_source_sample(
    source: str, path: Path, header: Sequence[str] | None = None
) -> SourceSample:
    """The sample of a source in a file. Raises WrongUse, as read_sample."""
    sample = read_sample(path, header)
    found = fields_of(sample.texts)
    nulls = nothing_words(found.all)
    fields = tuple(field.without(nulls) for field in found.all)
    habits = habits_of(fields, sample.declared.get("delimiter"))
    return SourceSample(source, sample, fields, found, nulls, habits)

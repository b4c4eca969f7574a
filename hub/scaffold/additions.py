"""What `hub new` adds to a project: the files, and the guesses that they stand on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.scaffold.guesses.matching import Match
from hub.scaffold.guesses.source_sample import SourceSample
from hub.scaffold.trial import Trial
from hub.scaffold.written.project_files import FileChange


@dataclass(frozen=True)
class Guess:
    """A guess.

    about:    what was guessed: key, event time, column, rule, file ...
    name:     of which column, source or file.
    guess:    what was guessed, in words.
    evidence: what speaks for it.
    note:     what speaks against it, or how to change it; empty for neither.
    """

    about: str
    name: str
    guess: str
    evidence: str
    note: str = ""


@dataclass(frozen=True)
class SampleOutcome:
    """What would become of the records of a sample.

    unreadable: how many cannot be read, by their problem.
    rejected:   how many there are of each reason for rejection.
    is_part:    whether the file has more records than were looked at.
    """

    source: str
    file: str
    records: int
    accepted: int
    unreadable: Mapping[str, int]
    rejected: Mapping[str, int]
    is_part: bool


@dataclass(frozen=True)
class Addition:
    """What would be added, or was.

    written: whether the files are in the project now.
    """

    entity: str
    sources: tuple[str, ...]
    files: tuple[FileChange, ...]
    guesses: tuple[Guess, ...]
    outcomes: tuple[SampleOutcome, ...]
    written: bool = False


def outcome_of(sample: SourceSample, trial: Trial) -> SampleOutcome:
    """What became of a sample in a trial."""
    return SampleOutcome(
        sample.source,
        str(sample.sample.path),
        sample.sample.read,
        trial.accepted,
        dict(sample.sample.unreadable),
        dict(trial.rejected),
        sample.sample.is_part,
    )


def guesses_of_file(sample: SourceSample) -> list[Guess]:
    """What was found of a sample's file."""
    guesses = [
        Guess("file", sample.source, sample.sample.kind, evidence)
        for evidence in sample.sample.evidence
    ]
    if sample.nulls:
        words = ", ".join(f"'{word}'" for word in sample.nulls)
        guesses.append(
            Guess(
                "nulls",
                sample.source,
                f"{words} mean nothing",
                "programs write them where there is no value",
                "`nulls` in its YAML lists them",
            )
        )
    guesses += [Guess("left out", sample.source, each, "") for each in sample.found.left_out]
    if sample.found.declared is None:
        guesses.append(Guess("fields", sample.source, "are not declared", "there are too many"))
    return guesses


def guesses_of_matches(
    sample: SourceSample, columns: Sequence[str], matches: Mapping[str, Match]
) -> list[Guess]:
    """Which field fills which column, and which fields fill none."""
    guesses = []
    for name in columns:
        match = matches.get(name)
        if match is None:
            guesses.append(Guess("column", name, f"NULL: {sample.source} has no field for it", ""))
            continue
        evidence = ", ".join(match.evidence)
        if match.reading.calls:
            evidence = ", ".join(filter(None, (evidence, match.reading.evidence)))
        doubt = match.reading.doubt
        if match.reading.misfit:
            shown = ", ".join(repr(text) for text in list(match.reading.misfits or {})[:3])
            doubt = ", ".join(
                filter(None, (doubt, f"{match.reading.misfit} values do not fit: {shown}"))
            )
        guesses.append(
            Guess("column", name, f"field '{match.field}' of {sample.source}", evidence, doubt)
        )
    taken = {match.field.path for match in matches.values()}
    unused = [str(field) for field in sample.fields if field.path not in taken]
    if unused:
        shown = ", ".join(f"'{name}'" for name in unused[:20])
        guesses.append(
            Guess(
                "not taken",
                sample.source,
                f"{shown}{', ...' if len(unused) > 20 else ''}",
                "no column of the contract is like them",
                "a column more in the contract, and a line in the adapter, takes one up",
            )
        )
    return guesses


def settings_of_source(sample: SourceSample) -> dict[str, object]:
    """What stands under `meta` of the source's YAML."""
    settings: dict[str, object] = {}
    if sample.sample.declared:
        settings["format"] = dict(sample.sample.declared)
    if sample.nulls:
        settings["nulls"] = list(sample.nulls)
    if sample.found.declared and not any(_is_jinja(name) for name in sample.found.declared):
        settings["fields"] = dict(sample.found.declared)
    return settings


def _is_jinja(name: str) -> bool:
    return any(tag in name for tag in ("{{", "{%", "{#"))

"""`hub new entity`: a contract and its sources, from samples of their records."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.scaffold.additions import Addition, Guess, guesses_of_file, outcome_of
from hub.scaffold.derived.files import write_stale_files
from hub.scaffold.guesses.contract import Proposal, propose_contract
from hub.scaffold.guesses.source_sample import SourceSample, read_source_sample
from hub.scaffold.names_to_take import require_new_entity, require_new_source
from hub.scaffold.new_source import source_yaml
from hub.scaffold.trial import Trial, try_records
from hub.scaffold.written.adapter import adapter_path, adapter_text
from hub.scaffold.written.contract import contract_path, contract_text
from hub.scaffold.written.project_files import (
    FileChange,
    changes_in,
    copied_project,
    require_absent,
    write_texts,
)
from hub.scaffold.written.registration import FILE, with_source
from hub.scaffold.written.source_yaml import yaml_path
from loader.config.project import Project
from loader.errors import WrongUse


@dataclass(frozen=True)
class SampleFile:
    """A file of samples, and the source that it is of."""

    source: str
    path: Path


def plan_entity(
    project: Project,
    name: str,
    files: Sequence[SampleFile],
    *,
    key: str | None = None,
    header: Sequence[str] | None = None,
    has_history: bool = False,
) -> Addition:
    """The files of a new entity, which are not written yet.

    files:  a sample of each source, the most trusted first.
    key:    the field of the key; None to find it.
    header: the names of the fields of a CSV file that has no line for them.
    Raises WrongUse.
    """
    project.require_sound()
    require_new_entity(project, name)
    names = [file.source for file in files]
    for source in names:
        require_new_source(project, source)
        if names.count(source) > 1:
            raise WrongUse(
                f"source '{source}'",
                "two files are of it",
                "Give each its source: --from SOURCE=FILE; of one source a file is enough.",
            )
    require_absent(
        project.root,
        [contract_path(name)]
        + [path for s in names for path in (adapter_path(s, name), yaml_path(s))],
    )
    samples = [read_source_sample(file.source, file.path, header) for file in files]
    texts: set[str] = set()
    while True:
        proposal = propose_contract(name, samples, key, has_history, texts)
        changes, trials = _worked_out(project, name, samples, proposal)
        surprising = _columns_that_surprise(proposal, trials) - texts
        if not surprising:
            break
        # what the engine reads otherwise than was thought stays text
        texts |= surprising
    guesses = [
        *(guess for sample in samples for guess in guesses_of_file(sample)),
        *proposal.guesses,
        *(Guess("text", column, "kept as text", "no type fits its values") for column in texts),
    ]
    outcomes = [outcome_of(s, trial) for s, trial in zip(samples, trials, strict=True)]
    return Addition(name, tuple(names), tuple(changes), tuple(guesses), tuple(outcomes))


def _worked_out(
    project: Project, name: str, samples: Sequence[SourceSample], proposal: Proposal
) -> tuple[list[FileChange], list[Trial]]:
    """The files that would change, and what becomes of the samples."""
    columns = [column.name for column in proposal.contract.columns]
    trials: list[Trial] = []
    with copied_project(project.root) as copy:
        registered = (copy / FILE).read_text(encoding="utf-8")
        texts = {contract_path(name): contract_text(proposal.contract)}
        for sample in samples:
            registered = with_source(registered, name, sample.source)
            adapter = adapter_text(sample.source, columns, proposal.matches[sample.source])
            texts[adapter_path(sample.source, name)] = adapter
        write_texts(copy, {**texts, FILE: registered})
        write_stale_files(copy)
        for sample in samples:
            adapter = texts[adapter_path(sample.source, name)]
            trials.append(try_records(copy, name, adapter, sample.sample.texts, sample.nulls))
            yaml = source_yaml(sample, name, trials[-1])
            write_texts(copy, {yaml_path(sample.source): yaml})
        return changes_in(copy, project.root), trials


def _columns_that_surprise(proposal: Proposal, trials: Sequence[Trial]) -> set[str]:
    """The columns of which the contract rejects more values than were thought not to fit."""
    expected: dict[str, int] = {}
    rejected: dict[str, int] = {}
    for matches, trial in zip(proposal.matches.values(), trials, strict=True):
        for column, match in matches.items():
            reason = f"invalid_{column}"
            if column == proposal.contract.event_time:
                reason = "invalid_timestamp"
            expected[column] = expected.get(column, 0) + match.reading.misfit
            rejected[column] = rejected.get(column, 0) + trial.rejected.get(reason, 0)
    return {
        column
        for column, count in rejected.items()
        if count > expected[column]
        and not any(each.name == column and each.allowed for each in proposal.contract.columns)
    }

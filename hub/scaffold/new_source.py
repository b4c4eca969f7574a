"""`hub new source`: a source of an entity that is there, from a sample of its records."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hub.scaffold.additions import (
    Addition,
    Guess,
    guesses_of_file,
    guesses_of_matches,
    outcome_of,
    settings_of_source,
)
from hub.scaffold.contract import Contract, read_contract
from hub.scaffold.guesses.keys import names_of
from hub.scaffold.guesses.matching import Match, Wanted, find_field, match_fields
from hub.scaffold.guesses.source_sample import SourceSample, read_source_sample
from hub.scaffold.names_to_take import require_entity, require_new_source
from hub.scaffold.samples.fields import SampleField
from hub.scaffold.trial import Trial, try_records
from hub.scaffold.written.adapter import adapter_path, adapter_text
from hub.scaffold.written.project_files import (
    apply_changes,
    changes_in,
    copied_project,
    require_absent,
    write_texts,
)
from hub.scaffold.written.registration import FILE, with_source
from hub.scaffold.written.source_yaml import golden_rows, yaml_path, yaml_text_of
from loader.config.project import Project
from loader.errors import WrongUse


def plan_source(
    project: Project,
    name: str,
    entity: str,
    path: Path,
    header: Sequence[str] | None = None,
    named: Mapping[str, str] | None = None,
) -> Addition:
    """The files of a new source, which are not written yet.

    path:   a file with sample records.
    header: the names of the fields of a CSV file that has no line for them.
    named:  the fields that a person said, by column.
    Raises WrongUse.
    """
    project.require_sound()
    require_entity(project, entity)
    require_new_source(project, name)
    require_absent(project.root, [adapter_path(name, entity), yaml_path(name)])
    contract = read_contract(project.root, entity)
    sample = read_source_sample(name, path, header)
    columns = [column.name for column in contract.columns]
    matches = match_fields(
        sample.fields,
        wanted_of(contract),
        entity,
        sample.habits,
        _fields_named(named or {}, columns, sample, path),
    )
    _require_filled(contract, matches, sample)
    with copied_project(project.root) as copy:
        text = with_source((copy / FILE).read_text(encoding="utf-8"), entity, name)
        adapter = adapter_text(name, columns, matches)
        write_texts(copy, {FILE: text, adapter_path(name, entity): adapter})
        trial = try_records(copy, entity, adapter, sample.sample.texts, sample.nulls)
        write_texts(copy, {yaml_path(name): source_yaml(sample, entity, trial)})
        changes = changes_in(copy, project.root)
    guesses = [
        *guesses_of_file(sample),
        *guesses_of_matches(sample, columns, matches),
        *_doubts_of(contract, trial),
    ]
    return Addition(entity, (name,), tuple(changes), tuple(guesses), (outcome_of(sample, trial),))


def write_addition(project: Project, addition: Addition) -> Addition:
    """Write the files of an addition: all, or, raising HubError, none."""
    apply_changes(project.root, list(addition.files))
    return replace(addition, written=True)


def source_yaml(sample: SourceSample, entity: str, trial: Trial) -> str:
    """The text of a source's YAML."""
    return yaml_text_of(
        sample.source,
        entity,
        sample.sample.kind,
        settings_of_source(sample),
        trial.columns,
        golden_rows(sample.sample.texts, trial.columns, trial.rows),
    )


def wanted_of(contract: Contract) -> list[Wanted]:
    """What the columns of a contract are to be filled with, the key first."""
    wanted = [
        Wanted(
            column.name,
            column.type,
            required=bool(column.words.get("required")),
            is_key=column.name == contract.key,
            is_event_time=column.name == contract.event_time,
            allowed=tuple(map(str, column.words.get("allowed") or ())),
            lowers="lower" in (column.words.get("normalize") or ()),
        )
        for column in contract.columns
    ]
    return sorted(wanted, key=lambda column: not column.is_key)


def _fields_named(
    named: Mapping[str, str], columns: Sequence[str], sample: SourceSample, path: Path
) -> dict[str, SampleField]:
    found = {}
    for column, name in named.items():
        if column not in columns:
            raise WrongUse(
                f"--map {column}={name}",
                f"the contract has no column '{column}'",
                f"Its columns are {', '.join(columns)}.",
            )
        field = find_field(sample.fields, name)
        if field is None:
            raise WrongUse(
                f"--map {column}={name}",
                f"{path} has no field '{name}'",
                f"Its fields are {names_of(sample.fields)}.",
            )
        found[column] = field
    return found


def _require_filled(contract: Contract, matches: Mapping[str, Match], sample: SourceSample) -> None:
    """Raise WrongUse where every record would be rejected, for a column that no field fills."""
    lacking = [
        column.name
        for column in contract.columns
        if column.name not in matches
        and (column.words.get("required") or column.name in (contract.key, contract.event_time))
    ]
    if not lacking:
        return
    taken = {match.field.path for match in matches.values()}
    left = [field for field in sample.fields if field.path not in taken]
    raise WrongUse(
        f"{sample.sample.path}",
        f"no field of it is surely the one for {', '.join(lacking)}, which {contract.entity} need",
        f"Say it: {' '.join(f'--map {name}=FIELD' for name in lacking)}. Left are {names_of(left)}."
        if left
        else "No field is left: give a sample that has it, or write the adapter by hand.",
    )


def _doubts_of(contract: Contract, trial: Trial) -> list[Guess]:
    """What of the sample the contract rejects, by reason."""
    meanings = {reason.name: reason.meaning for reason in contract.reasons}
    return [
        Guess(
            "rejected",
            reason,
            f"{count} of {len(trial.rows)} records",
            meanings[reason],
            "change the contract or the adapter if that is not meant",
        )
        for reason, count in trial.rejected.items()
    ]

"""Visits the landing folder: which files are there, and which belong to nobody."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from loader.config.project import Project
from loader.errors import HubError, WrongUse
from loader.landing.file import FileOutcome, land_file
from loader.landing.names import written_out

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Landing:
    """What a visit to the landing folder found: its files, and what no source claims."""

    files: tuple[FileOutcome, ...]
    unclaimed: tuple[str, ...]

    def warnings(self) -> list[str]:
        """What was found amiss, for the receipt."""
        not_landed = [
            f"{outcome.file}: {outcome.status}: {outcome.reason}"
            for outcome in self.files
            if outcome.status not in ("landed", "known")
        ]
        return not_landed + [
            f"landing/{name}: no registered source claims it, left as it is"
            for name in self.unclaimed
        ]


def land(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    names: Iterable[str] = (),
    run_id: str | None = None,
) -> Landing:
    """Land what is new in the folders of the named sources, or of all.

    Raises WrongUse for an unknown source, HubError where the landing folder is missing.
    """
    names = tuple(names) or tuple(project.sources)
    for name in names:
        if name not in project.sources:
            raise WrongUse(
                f"source '{name}'",
                "it is not registered",
                f"Known are {', '.join(project.sources)} (dbt_project.yml: vars: sources).",
            )
    if not project.landing.is_dir():
        raise HubError(
            f"landing folder {project.landing}",
            "there is no such folder",
            "Create it, or name another with --landing.",
        )
    outcomes = []
    for name in names:
        try:
            paths = _entries(project.landing / name)
        except OSError as error:
            outcomes.append(FileOutcome(name, f"{name}/", "refused", reason=error.strerror))
            continue
        outcomes += [land_file(connection, project.sources[name], path, run_id) for path in paths]
    for outcome in outcomes:
        level = logging.INFO if outcome.status in ("landed", "known") else logging.WARNING
        log.log(
            level,
            "%s: %s%s%s",
            outcome.file,
            outcome.status,
            f", {outcome.rows} rows" if outcome.status == "landed" else "",
            f" ({outcome.reason})" if outcome.reason else "",
        )
    return Landing(tuple(outcomes), tuple(_unclaimed(project)))


def _entries(folder: Path) -> list[Path]:
    """What lies in a source's folder, in the order of names; hidden files are no data."""
    if not folder.is_dir() or folder.is_symlink():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _unclaimed(project: Project) -> list[str]:
    """Names in the landing folder that belong to no registered source."""
    return sorted(
        written_out(path.name)
        for path in project.landing.iterdir()
        if not path.name.startswith(".")
        and (path.name not in project.sources or not path.is_dir() or path.is_symlink())
    )

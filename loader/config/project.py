"""The project that a command works on: its folders, its vars and its registered sources."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loader.config.sources import Source, declared_sources, read_sources
from loader.config.stages import Stages, read_stages
from loader.config.yaml_files import mapping, read_yaml
from loader.errors import WrongUse

SCHEMAS = ("raw", "staging", "intermediate", "marts", "ops")
_KEEP_RECEIPTS = 100


@dataclass(frozen=True)
class Project:
    """Where things are, and what dbt_project.yml says.

    root:     the folder of dbt_project.yml.
    database: the DuckDB file.
    landing:  the drop folder, with a folder for each source.
    vars:     the `vars` of dbt_project.yml.
    stages:   the stages of a build.
    sources:  the registered sources by name.
    declared_sources: the names of all sources that have a YAML, registered or not.
    wait:     seconds to wait for other processes that have the warehouse; None for what the command
              does by itself.
    """

    root: Path
    database: Path
    landing: Path
    vars: dict[str, Any]
    stages: Stages
    sources: dict[str, Source]
    declared_sources: tuple[str, ...]
    wait: float | None = None

    @property
    def receipts(self) -> Path:
        """The folder of the receipts, beside the database."""
        return self.database.parent / "receipts"

    @property
    def keep_receipts(self) -> int:
        """How many receipts of runs are kept."""
        return int(self.vars.get("keep_receipts", _KEEP_RECEIPTS))

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities in the order of `vars: sources`."""
        return tuple(self.vars["sources"])


def open_project(
    database: str | None = None,
    landing: str | None = None,
    folder: str | None = None,
    wait: float | None = None,
) -> Project:
    """The project in a folder, by default the one around the current folder.

    database, landing, folder: paths that override HUB_DATABASE, HUB_LANDING and HUB_PROJECT;
    without any, the first two are warehouse.duckdb and landing in the project's folder.
    wait: as in Project. Raises WrongUse.
    """
    given_folder = folder or os.environ.get("HUB_PROJECT")
    root = _root_in(Path(given_folder)) if given_folder else _root_around(Path.cwd())
    settings = read_yaml(root / "dbt_project.yml", "dbt_project.yml")
    project_vars = mapping(settings.get("vars"), "dbt_project.yml: vars")
    _check_sources(root, project_vars)
    stages = read_stages(root)
    _check_stages(stages, project_vars)
    _check_keep_receipts(project_vars)
    given = database or os.environ.get("HUB_DATABASE") or str(root / "warehouse.duckdb")
    drop_folder = landing or os.environ.get("HUB_LANDING") or str(root / "landing")
    return Project(
        root,
        _database_path(given),
        Path(drop_folder).absolute(),
        project_vars,
        stages,
        read_sources(root, project_vars["sources"]),
        declared_sources(root),
        wait,
    )


def _root_in(folder: Path) -> Path:
    if (folder / "dbt_project.yml").is_file():
        return folder.absolute()
    raise WrongUse(
        f"project folder {folder}",
        "it holds no dbt_project.yml" if folder.is_dir() else "there is no such folder",
        "Name the project's folder with --project-dir or HUB_PROJECT.",
    )


def _root_around(start: Path) -> Path:
    for folder in (start, *start.parents):
        if (folder / "dbt_project.yml").is_file():
            return folder
    raise WrongUse(
        str(start),
        "neither this folder nor one above it holds a dbt_project.yml",
        "Change to the project's folder, or name it with --project-dir.",
    )


def _check_sources(root: Path, project_vars: dict[str, Any]) -> None:
    where = "dbt_project.yml: vars: sources"
    registered = mapping(project_vars.get("sources"), where)
    if not registered:
        raise WrongUse(where, "no source is registered", "Write `entity: [source, ...]` lines.")
    for entity, names in registered.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise WrongUse(
                f"{where}: {entity}",
                f"expected a list of names, found {names!r}",
                f"Write `{entity}: [source, ...]`.",
            )
        if not (root / "macros" / "contracts" / f"{entity}.sql").is_file():
            known = sorted(path.stem for path in (root / "macros" / "contracts").glob("*.sql"))
            raise WrongUse(
                where, f"no contract for the entity '{entity}'", f"Known are {', '.join(known)}."
            )


def _check_stages(stages: Stages, project_vars: dict[str, Any]) -> None:
    where = "dbt_project.yml: vars: skip"
    skip = project_vars.get("skip") or []
    if not isinstance(skip, list):
        raise WrongUse(where, f"expected a list, found {skip!r}", "Write [] for none.")
    for word in skip:
        stages.named(str(word), where)
    where = "dbt_project.yml: vars: rollout"
    for word, share in mapping(project_vars.get("rollout"), where).items():
        if stages.named(str(word), where) == "adapt":
            raise WrongUse(where, "adapt has no keys yet to cover", "Use `vars: skip` for it.")
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 100:
            raise WrongUse(
                f"{where}: {word}", f"no percentage: {share!r}", "Write a number from 0 to 100."
            )


def _check_keep_receipts(project_vars: dict[str, Any]) -> None:
    kept = project_vars.get("keep_receipts", _KEEP_RECEIPTS)
    if isinstance(kept, bool) or not isinstance(kept, int) or kept < 1:
        raise WrongUse(
            "dbt_project.yml: vars: keep_receipts",
            f"no number of receipts: {kept!r}",
            "Write a whole number from 1 on.",
        )


def _database_path(given: str) -> Path:
    if given == ":memory:":
        raise WrongUse(
            "database ':memory:'",
            "a warehouse in memory is gone with the process, and with it every record",
            "Name a file.",
        )
    path = Path(given).absolute()
    if path.stem in SCHEMAS:
        raise WrongUse(
            f"database {path.name}",
            f"DuckDB would confuse the file's name with the schema '{path.stem}'",
            "Give the file another name.",
        )
    return path

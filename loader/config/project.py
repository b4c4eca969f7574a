"""The project that a command works on: its folders, its vars and its registered sources."""

from dataclasses import dataclass
from pathlib import Path

from loader.config.entities import check_entities
from loader.config.environment import read_environment
from loader.config.profile import check_profile
from loader.config.project_vars import ProjectVars, read_vars
from loader.config.reading import Problems, read_model_files, read_yaml
from loader.config.sources import Source, read_sources
from loader.config.stages import Stages, read_stages
from loader.errors import WrongUse

SCHEMAS = ("raw", "staging", "intermediate", "marts", "ops")


@dataclass(frozen=True)
class Project:
    """Where things are, and what dbt_project.yml says.

    root:     the folder of dbt_project.yml.
    database: the DuckDB file.
    landing:  the drop folder, with a folder for each source.
    vars:     what `vars` in dbt_project.yml say.
    stages:   the stages of a build.
    sources:  the registered sources by name.
    declared_sources: the names of all sources that have a YAML, registered or not.
    problems: what is wrong with single entities and sources: whoever only reads what is stored
              goes on.
    wait:     seconds to wait for other processes that have the warehouse; None for what the command
              does by itself.
    """

    root: Path
    database: Path
    landing: Path
    vars: ProjectVars
    stages: Stages
    sources: dict[str, Source]
    declared_sources: tuple[str, ...]
    problems: tuple[WrongUse, ...] = ()
    wait: float | None = None

    @property
    def receipts(self) -> Path:
        """The folder of the receipts, beside the database."""
        return self.database.parent / "receipts"

    @property
    def exports(self) -> Path:
        """The folder of the exports, beside the database."""
        return self.database.parent / "exports"

    @property
    def archive(self) -> Path:
        """The folder for files that have landed, beside the landing folder."""
        return self.landing.parent / "archive"

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities in the order of `vars: sources`."""
        return tuple(self.vars.sources)

    def require_sound(self) -> None:
        """Raise WrongUse where there are problems: then nothing may be landed or built."""
        for problem in self.problems:
            raise problem

    def require_entity(self, name: str) -> None:
        """Raise WrongUse where the project has no entity of that name."""
        if name not in self.entities:
            raise WrongUse(
                f"entity '{name}'", "there is none", f"Known are {', '.join(self.entities)}."
            )


def open_project(
    database: str | None = None,
    landing: str | None = None,
    folder: str | None = None,
    wait: float | None = None,
) -> Project:
    """The project in a folder, by default the one around the current folder.

    database, landing, folder: paths that override HUB_DATABASE, HUB_LANDING and HUB_PROJECT;
    without any, the first two are warehouse.duckdb and landing in the project's folder.
    wait: as in Project.
    Raises WrongUse; what is wrong with single entities and sources is kept as the project's
    problems.
    """
    environment = read_environment()
    given_folder = folder or environment.project
    root = _root_in(Path(given_folder)) if given_folder else _root_around(Path.cwd())
    check_profile(root)
    project_vars = read_vars(read_yaml(root / "dbt_project.yml", "dbt_project.yml").get("vars"))
    stages = read_stages(root)
    _check_stages(stages, project_vars)
    problems = Problems()
    files = read_model_files(root, problems)
    check_entities(files, project_vars.sources, problems)
    sources, declared = read_sources(files, project_vars.sources, problems)
    return Project(
        root,
        _database_path(database or environment.database or str(root / "warehouse.duckdb")),
        Path(landing or environment.landing or str(root / "landing")).absolute(),
        project_vars,
        stages,
        sources,
        declared,
        tuple(problems),
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


def _check_stages(stages: Stages, project_vars: ProjectVars) -> None:
    for word in project_vars.skip:
        stages.named(word, "dbt_project.yml: vars: skip")
    where = "dbt_project.yml: vars: rollout"
    for word in project_vars.rollout:
        if stages.named(word, where) == "adapt":
            raise WrongUse(where, "adapt has no keys yet to cover", "Use `vars: skip` for it.")


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

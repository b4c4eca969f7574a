"""Whether a name can be given to a new source or entity."""

from pathlib import Path

from hub.scaffold.guesses.names import reserved_words, snake
from loader.config.project import SCHEMAS, Project
from loader.config.sources import RESERVED_NAMES, is_name
from loader.errors import WrongUse

_LONGEST = 40
_PARTS_OF_CHAIN = (
    "_decisions",
    "_reconciliation",
    "_history",
    "_unioned",
    "_checked",
    "_accepted",
    "_ended",
)


def require_new_source(project: Project, name: str) -> None:
    """Raise WrongUse where a new source cannot have the name."""
    where = f"source '{name}'"
    _require_identifier(where, name)
    if name in RESERVED_NAMES:
        raise WrongUse(where, f"the loader keeps a table raw.{name} itself", "Choose another name.")
    if name in project.sources:
        entity = project.sources[name].entity
        raise WrongUse(where, f"it is a source already, of {entity}", "Choose another name.")
    folder = project.root / "models" / "staging" / name
    if name in project.declared_sources or folder.exists():
        raise WrongUse(
            where,
            f"models/staging/{name} is there, though vars: sources does not name it",
            f"Register it in dbt_project.yml, or remove models/staging/{name}.",
        )


def require_new_entity(project: Project, name: str) -> None:
    """Raise WrongUse where a new entity cannot have the name."""
    where = f"entity '{name}'"
    _require_identifier(where, name)
    if name in project.entities:
        raise WrongUse(
            where,
            "it is an entity already",
            f"Add a source to it: hub new source NAME --entity {name} --from FILE.",
        )
    if (project.root / "macros" / "contracts" / f"{name}.sql").exists():
        raise WrongUse(
            where,
            f"macros/contracts/{name}.sql is there, though vars: sources does not name it",
            "Register it in dbt_project.yml, choose another name, or remove the file.",
        )
    if name.endswith(_PARTS_OF_CHAIN):
        raise WrongUse(
            where, "its end is that of a model of another entity", "Choose another name."
        )
    taken = _names_of_models(project.root)
    for model in (name, f"{name}_decisions", f"{name}_reconciliation", f"{name}_history"):
        if model in taken:
            raise WrongUse(
                where, f"there is a model {model}: {taken[model]}", "Choose another name."
            )


def require_entity(project: Project, name: str) -> None:
    """Raise WrongUse where there is no such entity to add a source to."""
    if name not in project.entities:
        raise WrongUse(
            f"entity '{name}'",
            "there is none of this name",
            f"Known are {', '.join(project.entities)}. "
            f"A new one: hub new entity {name} --from FILE.",
        )
    for source in project.sources.values():
        if source.entity == name and source.delivery == "full":
            raise WrongUse(
                f"source '{source.name}'",
                f"it delivers the whole state of {name}, so that no other source can feed it",
                "Write `delivery: incremental` in its YAML first, or make an entity of its own.",
            )


def source_name_for(path: Path, landing: Path) -> str:
    """The name of a source by a sample of it: of its folder in the landing folder, or else of the
    file without its endings."""
    absolute = path.absolute()
    for folder in (landing, landing.parent / "samples"):
        if absolute.is_relative_to(folder) and absolute.parent != folder:
            return absolute.relative_to(folder).parts[0]
    name = snake(path.name.lstrip(".").split(".")[0])
    return f"source_{name}" if not name or name[0].isdigit() else name[:_LONGEST].rstrip("_")


def _require_identifier(where: str, name: str) -> None:
    if not is_name(name) or "__" in name or name.endswith("_") or len(name) > _LONGEST:
        raise WrongUse(
            where,
            "it cannot be a name",
            f"Use lower case letters, digits and single _, a letter first, {_LONGEST} at most.",
        )
    if name in SCHEMAS or name in reserved_words():
        what = "a schema of the warehouse" if name in SCHEMAS else "a word of SQL"
        raise WrongUse(where, f"it is {what}", "Choose another name.")


def _names_of_models(root: Path) -> dict[str, str]:
    """The names of models, seeds and snapshots, and the files that have them."""
    return {
        path.stem: str(path.relative_to(root))
        for folder in ("models", "seeds", "snapshots")
        for path in sorted((root / folder).rglob("*"))
        if path.suffix in (".sql", ".csv")
    }

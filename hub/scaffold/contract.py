"""Reads the contracts of the entities as the macros write them, without dbt."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loader.config.macros import Macros
from loader.config.project_vars import read_vars
from loader.config.reading import read_yaml
from loader.errors import WrongUse

# as which type of dbt's a column of a contract is stored; decimal(p, s) as what it is
_STORED_AS = {
    "string": "string",
    "json": "string",
    "number": "double",
    "integer": "bigint",
    "boolean": "boolean",
    "timestamp": "timestamp",
}


@dataclass(frozen=True)
class Column:
    """A column of a contract: its name, its type, what it holds, and its other words."""

    name: str
    type: str
    description: str
    words: Mapping[str, Any]

    @property
    def stored_as(self) -> str:
        """The type of the column in a table."""
        return _STORED_AS.get(self.type, self.type)

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers: number, integer or decimal(p, s)."""
        return self.stored_as in ("double", "bigint") or self.type.startswith("decimal(")

    @property
    def is_compared(self) -> bool:
        """Whether reconciliation compares what the sources say of it."""
        return bool(self.words.get("reconcile"))

    @property
    def is_masked(self) -> bool:
        """Whether all its values are stored alike."""
        return self.words.get("sensitive") == "mask"

    @property
    def has_comparable(self) -> bool:
        """Whether `<name>_comparable` stands beside it until the sources are compared: text, which
        is exact where the column is not."""
        return self.is_compared and (self.type == "json" or self.is_number or self.is_masked)


@dataclass(frozen=True)
class Reason:
    """Why a record is rejected. always: also where validation is off."""

    name: str
    meaning: str
    always: bool


@dataclass(frozen=True)
class Contract:
    """The contract of an entity, with all that it leaves unsaid filled in.

    prefer:      the sources, most trusted first; none where the newest record wins.
    deletion:    the column, and the texts in it, by which a record deletes its key; none without.
    has_history: whether every state of a row is kept in marts.<entity>_history.
    """

    entity: str
    version: str
    key: str
    event_time: str | None
    prefer: tuple[str, ...]
    has_history: bool
    columns: tuple[Column, ...]
    reasons: tuple[Reason, ...]
    deletion: tuple[str, tuple[str, ...]] | None = None

    @property
    def file(self) -> str:
        """The file that it is written in, from the project's folder."""
        return f"macros/contracts/{self.entity}.sql"

    @property
    def compared(self) -> tuple[Column, ...]:
        """The columns that reconciliation compares; without one there is no reconciliation."""
        return tuple(column for column in self.columns if column.is_compared)


def read_contracts(root: Path) -> list[Contract]:
    """The contracts of the entities registered in dbt_project.yml, in the order of registration.

    root: the project's folder.
    Raises WrongUse where one is missing, breaks a rule of contracts or describes no column.
    """
    project_vars = read_vars(read_yaml(root / "dbt_project.yml", "dbt_project.yml").get("vars"))
    registered = project_vars.sources
    macros = Macros(root, project_vars)
    written: dict[str, dict[str, Any]] = {}
    for entity in registered:
        if f"contract_{entity}" not in macros:
            raise WrongUse(
                f"dbt_project.yml: vars: sources: {entity}",
                f"the entity has no contract: macros/contracts/{entity}.sql is missing",
                f"Write it with a macro contract_{entity}, or take the entity out.",
            )
        written[entity] = macros.call(f"contract_{entity}")
    # those that are written, also where the list of them is not generated yet
    macros.replace("entity_contracts", lambda: written)
    return [_contract(macros, entity, written[entity]) for entity in registered]


def sensitive_entities(root: Path) -> frozenset[str]:
    """The registered entities whose contracts have sensitive columns, or cannot be read: then they
    may have.

    root: the project's folder.
    """
    project_vars = read_vars(read_yaml(root / "dbt_project.yml", "dbt_project.yml").get("vars"))
    macros = Macros(root, project_vars)
    return frozenset(entity for entity in project_vars.sources if _may_be_sensitive(macros, entity))


def _may_be_sensitive(macros: Macros, entity: str) -> bool:
    try:
        columns = macros.call(f"contract_{entity}")["columns"]
        return any("sensitive" in words for words in columns.values())
    except (WrongUse, LookupError, AttributeError, TypeError):
        return True


def read_contract(root: Path, entity: str) -> Contract:
    """The contract of a registered entity. Raises WrongUse as read_contracts does."""
    return next(contract for contract in read_contracts(root) if contract.entity == entity)


def _contract(macros: Macros, entity: str, written: dict[str, Any]) -> Contract:
    checked = macros.call("contract", entity)
    return Contract(
        entity=entity,
        version=checked["version"],
        key=checked["key"],
        event_time=checked.get("event_time"),
        prefer=() if checked["prefer"] == "newest" else tuple(checked["prefer"]),
        deletion=_deletion(checked.get("deleted_when")),
        has_history=bool(written.get("history")),
        columns=tuple(
            Column(
                name,
                words["type"],
                _description(entity, name, written["columns"][name]),
                {word: value for word, value in words.items() if word != "type"},
            )
            for name, words in checked["columns"].items()
        ),
        reasons=tuple(
            Reason(reason["name"], reason["meaning"], reason["always"])
            for reason in macros.call("contract_reasons", entity)
        ),
    )


def _deletion(words: dict[str, Any] | None) -> tuple[str, tuple[str, ...]] | None:
    return (words["column"], tuple(map(str, words["values"]))) if words else None


def _description(entity: str, name: str, words: dict[str, Any]) -> str:
    description = str(words.get("description") or "").strip()
    where = f"macros/contracts/{entity}.sql: {name}"
    if not description:
        raise WrongUse(where, "the column has no description", "Say in a sentence what it holds.")
    # dbt would take them for Jinja
    if any(mark in description for mark in ("{{", "{%", "{#")):
        raise WrongUse(where, "its description holds two braces in a row", "Write it without.")
    return description

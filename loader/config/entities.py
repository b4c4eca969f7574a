"""Checks that every registered entity has all the files that its records pass through."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loader.config.reading import ModelFiles, Problems
from loader.config.sources import is_name
from loader.errors import WrongUse

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_PROOFS = ("accounts_for_every_record", "holds_the_greatest_of_each_key")


def check_entities(files: ModelFiles, registered: dict[str, list[str]], problems: Problems) -> None:
    """Raise WrongUse for an entity that is not known; keep, with all that is missing, that one is
    not complete.

    Without one of its parts a build would still succeed, and leave relations of the wrong kind, or
    loads that are never complete, or records that no test accounts for.
    """
    blocks: dict[str, dict[str, Any]] = {
        str(block.get("name")): block for _, block in files.declared("models", problems)
    }
    for entity in registered:
        _check_known(files, entity, blocks)
    missing = {
        entity: list(_missing(files, entity, len(sources), blocks))
        for entity, sources in registered.items()
    }
    lists = [f"{entity} lacks {', '.join(parts)}" for entity, parts in missing.items() if parts]
    if lists:
        with problems.caught():
            raise WrongUse(
                "dbt_project.yml: vars: sources",
                f"an entity is not complete: {'; '.join(lists)}",
                "Write its contract and run `make contracts`, which writes the rest; or take the "
                "entity out.",
            )


def _check_known(files: ModelFiles, entity: str, blocks: dict[str, dict[str, Any]]) -> None:
    """Raise WrongUse for a name of which there is nothing at all."""
    folder = files.root / "macros" / "contracts"
    if is_name(entity) and (
        (folder / f"{entity}.sql").is_file()
        or any(name in files.sql or name in blocks for name, _ in _chain(entity))
    ):
        return
    known = sorted(path.stem for path in folder.glob("*.sql"))
    raise WrongUse(
        "dbt_project.yml: vars: sources",
        f"no contract for the entity '{entity}'",
        f"Known are {', '.join(known)}.",
    )


def _chain(
    entity: str, *, compared: bool = False, has_history: bool = False
) -> Iterator[tuple[str, str]]:
    """The models of an entity in the order of the build, each with the file of its YAML.

    compared: whether what its sources say is compared.   has_history: whether it keeps one.
    """
    steps = ["unioned", "checked", *["accepted"] * compared, *["ended"] * has_history]
    for step in steps:
        name = f"int_{entity}__{step}"
        yield name, f"models/intermediate/{name}.yml"
    yield f"{entity}_decisions", f"models/ops/{entity}_decisions.yml"
    for name in (entity, *((f"{entity}_reconciliation",) if compared else ())):
        yield name, f"models/marts/{name}.yml"


def _missing(
    files: ModelFiles, entity: str, sources: int, blocks: dict[str, dict[str, Any]]
) -> Iterator[str]:
    """What an entity lacks, in words."""
    contract = files.root / "macros" / "contracts" / f"{entity}.sql"
    if not contract.is_file():
        yield f"macros/contracts/{entity}.sql"
    if f"contract_{entity}()" not in _code(files, "entity_contracts"):
        yield "its line in the macro entity_contracts"
    compared = sources > 1 and _says(contract, r"[\"']reconcile[\"']\s*:")
    has_history = _says(contract, r"[\"']history[\"']\s*:\s*true")
    chain = list(_chain(entity, compared=compared, has_history=has_history))
    for name, yaml in chain:
        if name not in files.sql:
            yield f"{yaml.rpartition('/')[0]}/{name}.sql"
        if name not in blocks:
            yield f"the block of {name} in {yaml}"
    # a reconciliation stays where all sources but one were taken out
    last = f"{entity}_reconciliation"
    if last not in files.sql and last not in dict(chain):
        last = entity
    if last in files.sql and last in blocks and not _completes(files, last, blocks[last], entity):
        yield f"the post_hook complete_loads('{entity}') of {last}"
    proven = {name for block in blocks.values() for name in _tests_of(block, entity)}
    for name in _PROOFS:
        if name not in proven:
            yield f"the data test {name} of {entity}"


def _says(contract: Path, pattern: str) -> bool:
    """Whether a regular expression matches in a contract, its comments left out."""
    text = contract.read_text(encoding="utf-8", errors="replace") if contract.is_file() else ""
    return re.search(pattern, _COMMENT.sub("", text)) is not None


def _completes(files: ModelFiles, model: str, block: dict[str, Any], entity: str) -> bool:
    """Whether the model, when it is built, marks the entity's loads as complete."""
    written = json.dumps(block.get("config"), default=str)
    written += (files.root / files.sql[model]).read_text(encoding="utf-8", errors="replace")
    return re.search(rf"complete_loads\(\s*\\?[\"']{entity}\\?[\"']", written) is not None


def _tests_of(block: dict[str, Any], entity: str) -> Iterator[str]:
    """The data tests of a model that are about the entity."""
    tests = block.get("data_tests") or block.get("tests")
    for test in tests if isinstance(tests, list) else []:
        for name, written in test.items() if isinstance(test, dict) else ():
            given = written if isinstance(written, dict) else {}
            if (given.get("arguments") or given).get("entity") == entity:
                yield str(name)


def _code(files: ModelFiles, macro: str) -> str:
    """The text of a macro without its comments; of one that is missing, none."""
    texts = [
        path.read_text(encoding="utf-8", errors="replace")
        for path in (files.root / "macros").rglob(f"{macro}.sql")
    ]
    return _COMMENT.sub("", "".join(texts))

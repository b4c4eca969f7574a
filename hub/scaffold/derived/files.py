"""The derived files of a project: what they should say, which are stale, and how to write them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.scaffold.contract import Contract, read_contracts
from hub.scaffold.derived import contracts_page
from hub.scaffold.derived.chain import chain_of
from hub.scaffold.derived.relation import MARK
from hub.scaffold.vocabulary import Vocabulary, read_vocabulary

_LIST_OF_CONTRACTS = "macros/contract/entity_contracts.sql"
_FOLDERS = ("models", "snapshots")
_REASONS = "seeds/reasons.csv"


@dataclass(frozen=True)
class StaleFile:
    """A derived file that is not as the contracts say.

    path: from the project's folder.
    text: what it should say, None where it should not be there any more.
    """

    path: str
    text: str | None
    is_missing: bool

    def __str__(self) -> str:
        if self.text is None:
            return f"{self.path} follows from no contract any more"
        return f"{self.path} is {'missing' if self.is_missing else 'stale'}"


def entity_files(contract: Contract, words: Vocabulary) -> dict[str, str]:
    """The files of one entity that follow from its contract: path -> text.

    They are all that an entity needs besides its contract, its sources and its unit tests.
    """
    files: dict[str, str] = {}
    for relation in chain_of(contract, words):
        files |= relation.files()
    return files


def derived_files(
    contracts: Sequence[Contract], words: Vocabulary, reasons_csv: str
) -> dict[str, str]:
    """All files of a project that follow from its contracts: path -> text.

    contracts:   of all registered entities, in the order of registration.
    words:       what the columns hold that all entities share.
    reasons_csv: the reasons for rejection that no contract names.
    """
    files: dict[str, str] = {}
    for contract in contracts:
        files |= entity_files(contract, words)
    files[_LIST_OF_CONTRACTS] = _list_of_contracts(contracts)
    files[contracts_page.PATH] = contracts_page.contracts_page(contracts, reasons_csv)
    return files


def stale_files(root: Path) -> list[StaleFile]:
    """The derived files of the project in the folder `root` that are not as they should be.

    Raises WrongUse where a contract cannot be read.
    """
    reasons_csv = (root / _REASONS).read_text(encoding="utf-8")
    expected = derived_files(read_contracts(root), read_vocabulary(root), reasons_csv)
    stale = []
    for path, text in expected.items():
        file = root / path
        found = file.read_text(encoding="utf-8") if file.is_file() else None
        if found != text:
            stale.append(StaleFile(path, text, is_missing=found is None))
    return stale + [
        StaleFile(path, None, is_missing=False)
        for path in _marked_files(root)
        if path not in expected
    ]


def write_stale_files(root: Path) -> list[StaleFile]:
    """Bring the derived files of the project in the folder `root` up to date: those that were
    stale. Removes a file that follows from no contract any more. Raises WrongUse."""
    stale = stale_files(root)
    for each in stale:
        file = root / each.path
        if each.text is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(each.text, encoding="utf-8")
    return stale


def _marked_files(root: Path) -> list[str]:
    """The models and snapshots whose first line says that they are generated."""
    marked = []
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".sql", ".yml"):
                with path.open(encoding="utf-8") as file:
                    if MARK in file.readline():
                        marked.append(path.relative_to(root).as_posix())
    return marked


def _list_of_contracts(contracts: Sequence[Contract]) -> str:
    lines = "\n".join(
        f"        '{contract.entity}': contract_{contract.entity}()," for contract in contracts
    )
    return f"""\
{{#
    The contracts of all entities by name. dbt sees only macros that are called by name, so they
    cannot be looked up. {MARK} from `vars: sources`.
#}}
{{% macro entity_contracts() %}}
    {{{{ return({{
{lines}
    }}) }}}}
{{% endmacro %}}
"""

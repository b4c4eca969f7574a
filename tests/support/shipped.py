"""Copies of the project as it is shipped: without the sources and entities that its user added.

The tests of the product run on such a copy, so that nobody's own sources, entities, data or
warehouse changes what they find. The house rules and the data tests apply to everything.
"""

import re
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
# in the order in which they are registered; each source has a folder in samples/
SHIPPED = {
    "events": ["app"],
    "orders": ["alpha", "beta"],
    "clicks": ["web"],
    "measurements": ["plant", "partner"],
}
_PARTS = ("models", "macros", "seeds", "snapshots", "tests/generic", "samples")
_FILES = ("dbt_project.yml", "profiles.yml", "alerts.yml")
_CONTRACTS = "macros/contract/entity_contracts.sql"


def copy_shipped(root: Path) -> None:
    """Copy the shipped sources and entities, and all that they share, into the folder `root`."""
    sources = {name for names in SHIPPED.values() for name in names}
    added_sources = _names_in(PROJECT / "models" / "staging") - sources
    added_entities = _names_in(PROJECT / "macros" / "contracts") - set(SHIPPED)
    is_added = _is_of(added_entities)

    def to_leave_out(folder: str, names: list[str]) -> list[str]:
        below = Path(folder).relative_to(PROJECT)
        if below == Path("models/staging"):
            return [name for name in names if Path(name).stem in added_sources]
        return [name for name in names if "." in name and is_added(Path(name).stem)]

    copy_everything(root, to_leave_out)
    if added_entities:
        contracts = root / _CONTRACTS
        calls = rf"^.*\bcontract_({'|'.join(map(re.escape, added_entities))})\(.*\n"
        contracts.write_text(re.sub(calls, "", contracts.read_text(), flags=re.MULTILINE))
        for path in (root / "models").rglob("*.yml"):
            _drop_entries(path, is_added)
    register(root, SHIPPED)


def copy_everything(
    root: Path, to_leave_out: Callable[[str, list[str]], list[str]] | None = None
) -> None:
    """Copy all files of the dbt project, with what its user added, into the folder `root`."""
    for part in _PARTS:
        shutil.copytree(PROJECT / part, root / part, ignore=to_leave_out)
    for name in _FILES:
        shutil.copy(PROJECT / name, root / name)


def _names_in(folder: Path) -> set[str]:
    return {path.stem for path in folder.iterdir() if not path.name.startswith((".", "_"))}


def _is_of(entities: Collection[str]) -> Callable[[str], bool]:
    """Whether a model, snapshot or contract of this name belongs to one of the entities."""
    names = "|".join(map(re.escape, entities))
    own = re.compile(
        rf"({names})(_decisions|_reconciliation|_history)?|int_({names})__\w+|stg_\w+__({names})"
    )
    return lambda name: bool(entities) and bool(own.fullmatch(name))


def _drop_entries(path: Path, is_added: Callable[[str], bool]) -> None:
    """Take what is said of models of added entities out of a file that entities share."""
    content: dict[str, Any] = yaml.safe_load(path.read_text()) or {}
    kept = {
        kind: [
            entry
            for entry in entries
            if not is_added(entry["model"] if kind == "unit_tests" else entry["name"])
        ]
        for kind, entries in content.items()
        if kind in ("models", "unit_tests")
    }
    if any(len(kept[kind]) < len(content[kind]) for kind in kept):
        path.write_text(yaml.safe_dump({**content, **kept}, sort_keys=False))


def register(root: Path, sources: dict[str, list[str]]) -> None:
    """Write these as the registered sources into dbt_project.yml, in place of those there are."""
    path = root / "dbt_project.yml"
    lines = "".join(f"    {entity}: [{', '.join(names)}]\n" for entity, names in sources.items())
    written, count = re.subn(
        r"^  sources:\n(    .*\n)+", f"  sources:\n{lines}", path.read_text(), flags=re.MULTILINE
    )
    assert count == 1, f"{path} has no `vars: sources`"
    path.write_text(written)

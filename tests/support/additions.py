"""What a user adds to a project: a source that speaks like another one, an entity like another."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.shipped import register


def add_source(
    root: Path, name: str, *, like: str, entity: str, fields: Mapping[str, str] | None = None
) -> None:
    """Write the files of a source of an entity, with these other names of fields; register it."""
    staging = root / "models" / "staging"
    shutil.copytree(staging / like, staging / name)
    for path in list((staging / name).iterdir()):
        path.write_text(_renamed(path.read_text(), {like: name, **(fields or {})}))
        path.rename(path.with_name(_renamed(path.name, {like: name})))
    _register(root, entity, name)


def add_entity(root: Path, name: str, *, like: str, source: str, source_like: str) -> None:
    """Write the files of an entity with one source, both like others; register them."""
    names = {like: name, source_like: source}
    staging = root / "models" / "staging"
    shutil.copytree(staging / source_like, staging / source)
    copied = [
        *(staging / source).iterdir(),
        *_copies(root / "macros" / "contracts", like, name),
        *_copies(root / "models", like, name),
    ]
    for path in copied:
        path.write_text(_renamed(path.read_text(), names))
        path.rename(path.with_name(_renamed(path.name, names)))
    for path in (root / "models").rglob("*.yml"):
        _add_entries(path, like, names)
    contracts = root / "macros" / "contract" / "entity_contracts.sql"
    line = f"        '{like}': contract_{like}(),\n"
    text = contracts.read_text()
    assert line in text
    contracts.write_text(text.replace(line, line + line.replace(like, name)))
    _register(root, name, source)


def _copies(folder: Path, like: str, name: str) -> list[Path]:
    """Copies of the files that are named after an entity, beside them."""
    own = re.compile(rf"({like}|{like}_\w+|int_{like}__\w+)\.(sql|yml)")
    return [
        Path(shutil.copy(path, path.with_name(path.name.replace(like, name))))
        for path in sorted(folder.rglob("*"))
        if own.fullmatch(path.name)
    ]


def _add_entries(path: Path, like: str, names: Mapping[str, str]) -> None:
    """Say of the new entity's models what is said of those of the other in a file they share."""
    content: dict[str, Any] = yaml.safe_load(path.read_text()) or {}
    if like in path.stem or path.parent.name in names.values():
        return
    added = False
    for kind in ("models", "unit_tests"):
        for entry in list(content.get(kind, [])):
            model = entry["model"] if kind == "unit_tests" else entry["name"]
            if _renamed(model, names) == model or model.startswith("stg_"):
                continue
            new = yaml.safe_load(_renamed(yaml.safe_dump(entry), names))
            if kind == "unit_tests":
                new["name"] = f"{names[like]}_{new['name']}"
            content[kind].append(new)
            added = True
    if added:
        path.write_text(yaml.safe_dump(content, sort_keys=False))


def _register(root: Path, entity: str, source: str) -> None:
    settings = yaml.safe_load((root / "dbt_project.yml").read_text())
    registered = settings["vars"]["sources"]
    register(root, {**registered, entity: [*registered.get(entity, []), source]})


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with other words for these, where no letter stands at either side; descriptions
    that are shared keep their names."""
    for old, new in names.items():
        word = rf"(?<![A-Za-z])(?<!doc\(['\"]){re.escape(old)}(?![A-Za-z])"
        text = re.sub(word, new, text)
    return text

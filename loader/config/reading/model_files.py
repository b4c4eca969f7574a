"""Reads the files under models/: what their YAML declares, and which SQL there is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loader.config.reading.convert import read_as
from loader.config.reading.problems import Problems
from loader.config.reading.yaml_files import parse_yaml, read_text

STAGING = "models/staging/"
# those of unit tests alone, and of the loader's own tables, take longest to parse
_DECLARES_MODELS = re.compile(r"\bmodels[\"']?\s*:")


@dataclass(frozen=True)
class ModelFiles:
    """The files under models/ by their path in the project's folder.

    yaml: the content of those that declare models, and of all under models/staging.
    sql:  the path of each model by its name.
    """

    root: Path
    yaml: dict[str, dict[str, Any]]
    sql: dict[str, str]

    def declared(self, kind: str, problems: Problems) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each model, or group of sources, that is declared: its file and what stands there.

        kind: models or sources.
        """
        for path, content in self.yaml.items():
            blocks: list[dict[str, Any]] = []
            with problems.caught():
                blocks = read_as(list[dict[str, Any]], content.get(kind) or [], f"{path}: {kind}")
            for block in blocks:
                yield path, block


def read_model_files(root: Path, problems: Problems) -> ModelFiles:
    """The files under models/ of the project in `root`."""
    found: dict[str, dict[str, Any]] = {}
    sql: dict[str, str] = {}
    for path in sorted((root / "models").rglob("*")):
        shown_as = str(path.relative_to(root))
        if path.suffix == ".sql":
            sql[path.stem] = shown_as
        elif path.suffix in (".yml", ".yaml"):
            with problems.caught():
                text = read_text(path, shown_as)
                if shown_as.startswith(STAGING) or _DECLARES_MODELS.search(text):
                    found[shown_as] = parse_yaml(text, shown_as)
    return ModelFiles(root, found, sql)

"""Reads the descriptions of the columns that all entities share, from models/vocabulary.md."""

import re
from collections.abc import ItemsView
from pathlib import Path

from loader.errors import WrongUse

FILE = "models/vocabulary.md"
_BLOCK = re.compile(r"\{%\s*docs\s+(\w+)\s*%\}(.*?)\{%\s*enddocs\s*%\}", re.DOTALL)


class Vocabulary:
    """What a shared column holds, by its name or by a name of its own for one table."""

    def __init__(self, text: str) -> None:
        self._blocks = {name: " ".join(block.split()) for name, block in _BLOCK.findall(text)}

    def items(self) -> ItemsView[str, str]:
        """All terms with their descriptions."""
        return self._blocks.items()

    def __getitem__(self, name: str) -> str:
        """The description under a name. Raises WrongUse."""
        if name not in self._blocks:
            raise WrongUse(
                FILE, f"it does not describe '{name}'", f"Add a block {{% docs {name} %}}."
            )
        return self._blocks[name]


def read_vocabulary(root: Path) -> Vocabulary:
    """The vocabulary of the project in the folder `root`. Raises WrongUse."""
    try:
        return Vocabulary((root / FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(FILE, f"cannot be read ({error})", "Check the file.") from error

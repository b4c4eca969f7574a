"""The stages of a build, as macros/stages/stages.sql lists them for the models."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loader.errors import HubError, WrongUse

_FILE = Path("macros", "stages", "stages.sql")


@dataclass(frozen=True)
class Stages:
    """The stages in their order.

    reported_as: stage -> the word that reports use for it; settings may use either.
    """

    reported_as: Mapping[str, str]

    def named(self, word: str, where: str = "--skip") -> str:
        """The stage that a word stands for, `cache` being deduplicate. Raises WrongUse.

        where: the setting that the word comes from.
        """
        for stage, reported_as in self.reported_as.items():
            if word in (stage, reported_as):
                return stage
        other_words = [
            f"{reported_as}, which is {stage}"
            for stage, reported_as in self.reported_as.items()
            if stage != reported_as
        ]
        raise WrongUse(
            where,
            f"there is no stage '{word}'",
            f"Known are {', '.join(self.reported_as)} (or {', '.join(other_words)}).",
        )


def read_stages(root: Path) -> Stages:
    """The stages of the project at `root`. Raises HubError where the file is not as it was."""
    try:
        text = (root / _FILE).read_text(encoding="utf-8")
        listed = re.search(r"return\((\{.*?\})\)", text, re.DOTALL)
        return Stages(dict(ast.literal_eval(listed[1] if listed else "")))
    except (OSError, SyntaxError, ValueError, TypeError) as error:
        raise HubError(
            str(_FILE), "this is no dictionary of texts", "Restore the file from the repository."
        ) from error

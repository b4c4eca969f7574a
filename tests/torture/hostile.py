"""Files that are hostile on purpose: whatever they hold, nothing of them may be lost.

The files and what is expected of them come from tests/hostile_files.py, which the tests use, too.
"""

from dataclasses import dataclass

from .playground import Playground
from .verdicts import Verdict


@dataclass(frozen=True)
class Hostile:
    """So many mutations of hostile files, all landed."""

    mutations: int

    @property
    def trial(self) -> str:
        return "hostile files"

    def carry_out(self, ground: Playground) -> Verdict:
        return Verdict(self.trial, skipped="tests/hostile_files.py is not there")


def hostile_trials(mutations: int) -> list[Hostile]:
    """One trial of them all."""
    return [Hostile(mutations)]

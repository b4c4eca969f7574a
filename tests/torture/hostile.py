"""Files that senders should not send, but do: none of them may lose or change a record.

They and what is expected of them are those of tests/e2e/landing/test_hostile_files.py, which is
asked for more files with random damage than it tries with each run of the tests.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass

from tests.support.workbench import PROJECT
from tests.torture.playground import Playground
from tests.torture.verdicts import Verdict

_TESTS = PROJECT / "tests/e2e/landing/test_hostile_files.py"


@dataclass(frozen=True)
class Hostile:
    """All hostile files, and so many with random damage."""

    mutations: int

    @property
    def trial(self) -> str:
        return "hostile files landed"

    def carry_out(self, ground: Playground) -> Verdict:
        if not _TESTS.exists():
            return Verdict(self.trial, skipped=f"there is no {_TESTS.name}")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--quiet", str(_TESTS)],
            cwd=PROJECT,
            env={**os.environ, "HUB_HOSTILE": str(self.mutations)},
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            return Verdict(self.trial, self.mutations)
        failed = re.search(r"(\d+) failed", done.stdout)
        count = int(failed[1]) if failed else 1
        return Verdict(self.trial, self.mutations, different=count, notes=(done.stdout[-3000:],))

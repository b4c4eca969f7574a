"""Stand-ins for programs that a script calls: they note each call, and answer as told."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

_PROGRAM = """#!/bin/sh
echo "$(basename "$0") $*{seen}" >> "{calls}"
{body}
"""


@dataclass
class Programs:
    """A folder of stand-ins that comes first in PATH."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, body: str, seen: str = "") -> None:
        """A program.   body: its shell script.   seen: what its note says besides the arguments."""
        path = self.folder / name
        path.write_text(_PROGRAM.format(calls=self._calls, body=body, seen=seen))
        path.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """How they were called, in order."""
        return self._calls.read_text().splitlines() if self._calls.exists() else []

    def run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command that finds them first, and of other programs only those of the system."""
        return subprocess.run(
            command,
            cwd=cwd,
            env={
                "PATH": f"{self.folder}:/usr/bin:/bin",
                "HOME": str(self.folder),
                **self.variables,
            },
            capture_output=True,
            text=True,
            timeout=60,
        )

    @property
    def _calls(self) -> Path:
        return self.folder / "calls.txt"

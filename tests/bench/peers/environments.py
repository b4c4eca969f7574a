"""Which tools there are, what each keeps, and an environment of its own for each."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_PROGRAMS = Path(__file__).parent


@dataclass(frozen=True)
class Peer:
    """A tool that is compared.

    name:         as it is shown.
    program:      the name of its program in this folder, without its ending.
    requirements: what pip installs for it.
    keeps:        what it keeps of a delivery beside the target, in words.
    form:         in which form the program is to take the file, where it knows several.
    """

    name: str
    program: str
    requirements: tuple[str, ...]
    keeps: str
    form: str | None = None

    def command(self, python: Path, file: Path) -> list[str | Path]:
        """What takes a file, with a Python that has the tool."""
        form = [self.form] if self.form else []
        return [python, "-I", _PROGRAMS / f"{self.program}.py", *form, file]


_DLT = ("dlt[duckdb]==1.31.0", "duckdb==2.0.1", "pyarrow==26.0.1")
DLT_JSON = Peer("dlt", "dlt_merge", _DLT, "the load of each row", "json")
DLT_ARROW = Peer("dlt by Arrow", "dlt_merge", _DLT, "the load of each row", "arrow")
PEERS = (
    DLT_ARROW,
    Peer("SQLMesh by unique key", "sqlmesh_upsert", ("sqlmesh==0.236.4",), "nothing"),
    Peer("a polars script", "polars_upsert", ("polars==2.1.0",), "nothing"),
)


def python_of(peer: Peer, folder: Path) -> Path | None:
    """The Python that has a tool, in an environment of its own below the folder, which is made
    where it is not there; None, with a line that says why, where it cannot be made."""
    environment = folder / peer.requirements[0].replace("[", "-").replace("]", "")
    python = environment / "bin" / "python"
    whole = environment / "whole"
    if whole.exists():
        return python
    for command in (
        [sys.executable, "-m", "venv", "--clear", environment],
        [python, "-m", "pip", "install", "--quiet", *peer.requirements],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            print(f"  {peer.name} is left out: it cannot be installed: {said}", flush=True)
            return None
    whole.touch()
    return python

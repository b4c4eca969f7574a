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
    """

    name: str
    program: str
    requirements: tuple[str, ...]
    keeps: str

    @property
    def path(self) -> Path:
        """The file of its program."""
        return _PROGRAMS / f"{self.program}.py"


_DLT = ("dlt[duckdb]==1.31.0", "duckdb==2.0.1", "pyarrow==26.0.1")
DLT_JSON = Peer("dlt", "dlt_json", _DLT, "the load of each row")
DLT_ARROW = Peer("dlt by Arrow", "dlt_arrow", _DLT, "the load of each row")
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

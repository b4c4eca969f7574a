"""Pulls the sample source `partner` from a sample API that fails now and then, and shows what
became of its records; then the API corrects one, and its window is pulled once more. The warehouse
is a temporary one."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.demo.api import Fault, SampleApi

_ROOT = Path(__file__).resolve().parent.parent.parent
_TOKEN = "the-token-of-the-sample-api"
_CATEGORIES = ("temperature", "pressure", "flow")
_COMMANDS = ("pull partner", "run", "report --entity measurements", "why m-107", "pull partner")
_BACKFILL = ("pull partner --since 2025-01-16 --until 2025-01-16T06:00", "run")


def records() -> list[str]:
    """A dozen measurements; one of them has no number."""
    return [
        json.dumps(
            {
                "id": f"m-{100 + number}",
                "value": "n/a" if number == 7 else 20 + number / 4,
                "category": _CATEGORIES[number % 3],
                "timestamp": f"2025-01-16T{number:02}:00:00Z",
            }
        )
        for number in range(12)
    ]


def fault(number: int) -> Fault:
    """One in three requests fails, each time in another way."""
    return {1: "503", 3: "cut", 5: "429 seconds"}.get(number)


def main() -> None:
    """Start the API, run the commands one after the other, end it."""
    with tempfile.TemporaryDirectory(prefix="hub-demo-") as folder:
        shutil.copytree(_ROOT / "samples", Path(folder) / "landing")
        with SampleApi(records(), sizes=(5, 4), faults=fault, token=_TOKEN) as api:
            environment = {
                **os.environ,
                "HUB_DATABASE": str(Path(folder) / "warehouse.duckdb"),
                "HUB_LANDING": str(Path(folder) / "landing"),
                "PARTNER_URL": api.url,
                "PARTNER_TOKEN": _TOKEN,
            }
            _run(_COMMANDS, environment)
            print("\nThe partner corrects m-103, and gives it the time that it had.", flush=True)
            api.records[3] = json.dumps({**json.loads(api.records[3]), "value": 19.5})
            _run(_BACKFILL, environment)


def _run(commands: tuple[str, ...], environment: dict[str, str]) -> None:
    for command in commands:
        print(f"\n$ hub {command}", flush=True)
        hub = [str(Path(sys.executable).with_name("hub")), *command.split()]
        subprocess.run(hub, cwd=_ROOT, env=environment, check=True)


if __name__ == "__main__":
    main()

"""Writes receipts beside the warehouse, so that a reader never meets half a file."""

import json
import re
from pathlib import Path
from typing import Any

from loader.warehouse.leftovers import write_whole

# What start_run, and dbt without the hub command, make as the identity of a run.
_RECEIPT_NAME = re.compile(r"\d{8}T\d{9}-[0-9a-f]{8}\.json")


def write_receipt(folder: Path, receipt: dict[str, Any], keep: int) -> None:
    """Write a receipt as <run_id>.json and as latest.json into `folder`, and remove the oldest
    receipts of runs, so that `keep` of them stay."""
    folder.mkdir(exist_ok=True)
    for name in (receipt["run_id"], "latest"):
        write_json(folder / f"{name}.json", receipt)
    # a run's identity begins with its time; the folder may hold files of others
    runs = sorted(path for path in folder.iterdir() if _RECEIPT_NAME.fullmatch(path.name))
    for path in runs[:-keep]:
        path.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write `content` as JSON, aside and then renamed."""
    write_whole(path, f"{json.dumps(content, indent=2)}\n".encode())

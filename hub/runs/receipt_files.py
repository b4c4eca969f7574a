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
    for path in receipts_of_runs(folder)[:-keep]:
        path.unlink(missing_ok=True)


def receipts_of_runs(folder: Path) -> list[Path]:
    """The receipts of runs in a folder, the oldest first; latest.json is none of them."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _RECEIPT_NAME.fullmatch(path.name))


def write_json(path: Path, content: Any) -> None:
    """Write `content` as JSON, aside and then renamed."""
    write_whole(path, f"{json.dumps(content, indent=2)}\n".encode())

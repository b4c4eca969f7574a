"""Writes receipts beside the warehouse, so that a reader never meets half a file."""

import json
from pathlib import Path
from typing import Any

from loader.warehouse.leftovers import aside_of


def write_receipt(folder: Path, receipt: dict[str, Any]) -> None:
    """Write a receipt as <run_id>.json and as latest.json into `folder`."""
    folder.mkdir(exist_ok=True)
    for name in (receipt["run_id"], "latest"):
        write_json(folder / f"{name}.json", receipt)


def write_json(path: Path, content: Any) -> None:
    """Write `content` as JSON, aside and then renamed."""
    aside = aside_of(path)
    try:
        aside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)

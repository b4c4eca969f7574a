"""Writes receipts beside the warehouse, so that a reader never meets half a file."""

import json
import os
from pathlib import Path
from typing import Any


def write_receipt(folder: Path, receipt: dict[str, Any]) -> None:
    """Write a receipt as <run_id>.json and as latest.json into `folder`."""
    folder.mkdir(exist_ok=True)
    for name in (receipt["run_id"], "latest"):
        write_json(folder / f"{name}.json", receipt)


def write_json(path: Path, content: Any) -> None:
    """Write `content` as JSON, aside and then renamed."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)

"""What a watcher took up as text."""

from typing import Any

from hub.text.lines import text_of
from hub.text.receipt import render_receipt


def render_watch(summary: dict[str, Any]) -> str:
    """What a watcher took up, under it the receipt of its last run."""
    line = (
        f"watch ended: {summary['files']:,} files with {summary['records']:,} records in "
        f"{summary['runs']:,} runs, {summary['failures']:,} failed attempts"
    )
    last = summary["receipt"]
    return text_of([line]) + (f"\n\n{render_receipt(last)}" if last else "")

"""What a stream took up as text."""

from typing import Any

from hub.text.lines import text_of
from hub.text.receipt import render_receipt


def render_stream(summary: dict[str, Any]) -> str:
    """What a stream took up, under it the receipt of its last run."""
    lines = [
        f"stream ended: {summary['records']:,} records in {summary['batches']:,} batches, "
        f"{summary['failures']:,} failed attempts"
    ]
    lines += [f"{name}: {records:,} records" for name, records in summary["sources"].items()]
    last = summary["receipt"]
    return text_of(lines) + (f"\n\n{render_receipt(last)}" if last else "")

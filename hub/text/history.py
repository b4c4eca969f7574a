"""The latest runs as text."""

from typing import Any

from hub.text.lines import table, text_of


def render_history(entries: list[dict[str, Any]]) -> str:
    """A line for each run."""
    rows = [("run", "command", "status", "started", "ms")]
    rows += [
        (
            entry["run_id"],
            entry["command"],
            entry["status"],
            entry["started_at"],
            "-" if entry["duration_ms"] is None else f"{entry['duration_ms']:,}",
        )
        for entry in entries
    ]
    return text_of(table(rows))

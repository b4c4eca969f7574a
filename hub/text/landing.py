"""A landing as text."""

from hub.text.lines import table, text_of
from loader.landing.folder import Landing


def render_landing(landing: Landing) -> str:
    """A line for each file, what was passed over, and what no source claims."""
    rows = [
        (
            outcome.file,
            outcome.status,
            f"{outcome.rows:,} rows" if outcome.status == "landed" else outcome.reason or "",
        )
        for outcome in landing.files
    ]
    lines = table(rows) if rows else ["no files"]
    lines += [f"{name}: hidden, passed over" for name in landing.hidden]
    lines += [f"{name}: no registered source claims it" for name in landing.unclaimed]
    return text_of(lines)

"""A compaction as text."""

from collections.abc import Sequence

from hub.text.lines import table, text_of
from loader.delta.compaction import KEPT_HOURS, Compacted


def render_compaction(done: Sequence[Compacted]) -> str:
    """A line for each table, and how long old files stay."""
    rows = [
        (
            each.table,
            f"{each.files_before:,} files",
            f"now {each.files_after:,}",
            f"{each.removed:,} removed" if each.removed else "",
        )
        for each in done
    ]
    return text_of(
        [*table(rows), f"Files that no table needs any more are removed after {KEPT_HOURS} hours."]
    )

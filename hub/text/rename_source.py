"""A renamed source as text."""

from hub.runs.rename_source import RenamedSource
from hub.text.lines import text_of


def render_renamed(renamed: RenamedSource) -> str:
    """What was renamed, and what is left to do."""
    lines = [
        f"{renamed.old} is {renamed.new} now: {renamed.loads:,} loads, {renamed.records:,} records "
        f"of {renamed.entity}, {renamed.dead_letters:,} dead letters"
    ]
    if renamed.request_id is not None:
        lines.append("`hub run` completes it: it decides the records again under their new name")
    return text_of([*lines, *renamed.notes])

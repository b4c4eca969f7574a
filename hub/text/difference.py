"""What a contract would change as text."""

from typing import Any

from hub.text.lines import text_of
from hub.text.samples import rules_and_samples


def render_difference(difference: dict[str, Any]) -> str:
    """What a contract would decide otherwise, with samples."""
    lines = [
        f"{difference['entity']}: contract {difference['contract_version']}, decided under "
        f"{', '.join(difference['stored_versions']) or 'none'}"
    ]
    for side, title in (("newly_rejected", "would be rejected"), ("newly_accepted", "would pass")):
        part = difference[side]
        lines.append(f"{part['total']:,} records {title}")
        lines += rules_and_samples(part)
    if difference["needs_major"]:
        lines.append("breaking: accepted records would be rejected; raise the major version")
    elif difference["is_breaking"]:
        lines.append("breaking, as the new major version says")
    return text_of(lines)

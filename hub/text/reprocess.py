"""What a reprocess changed as text."""

from typing import Any

from hub.text.lines import counted, text_of
from hub.text.run_lines import changed_keys, headline, remarks
from hub.text.samples import rules_and_samples


def render_reprocess(changes: list[dict[str, Any]], receipt: dict[str, Any]) -> str:
    """Which records changed sides, with samples, under the run's headline."""
    lines = [headline(receipt), ""]
    moved = [change for change in changes if change["before"] != change["after"]]
    for change in moved:
        records = counted(change["total"], "record")
        lines.append(f"{records} {change['before']} -> {change['after']}")
        lines += rules_and_samples(change)
    stayed = sum(change["total"] for change in changes if change["before"] == change["after"])
    lines.append(f"{counted(stayed, 'record')} decided as before")
    for entity, part in receipt["entities"].items():
        lines += changed_keys(entity, part)
    if receipt["errors"]:
        lines += ["", *remarks(receipt)]
    return text_of(lines)

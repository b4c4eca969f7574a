"""Backups, written or restored, as text."""

from hub.backup.manifest import LATEST, WAREHOUSE, Manifest
from hub.backup.restore import Restored
from hub.backup.write import Backup
from hub.text.findings import render_findings
from hub.text.lines import counted, text_of


def render_backup(made: Backup) -> str:
    """What was written, and what it is of."""
    lines = [
        f"wrote {made.path}: {made.size / 1e6:.1f} MB{', encrypted' if made.is_encrypted else ''}",
        _of(made.manifest),
    ]
    if made.behind:
        lines.append(f"the warehouse may be newer: {made.behind}")
    return text_of(lines)


def render_restored(restored: Restored) -> str:
    """What was restored, or could be; what the checks found."""
    if restored.is_dry:
        done = f"{restored.file} can be restored; nothing has changed"
    else:
        done = f"restored {restored.database}{' over another' if restored.replaced else ''}"
    return f"{text_of([done, _of(restored.manifest)])}\n{render_findings([*restored.findings])}"


def _of(manifest: Manifest) -> str:
    size = sum(member.bytes for member in manifest.members)
    receipts = [member for member in manifest.members if member.name not in (WAREHOUSE, LATEST)]
    ended = f", ended {manifest.run_ended_at:%Y-%m-%d %H:%M:%S}" if manifest.run_ended_at else ""
    return (
        f"state of run {manifest.run_id}{ended}: "
        f"{size / 1e6:.1f} MB, {counted(len(receipts), 'receipt')}"
    )

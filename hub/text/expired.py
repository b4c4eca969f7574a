"""What has expired, as text."""

from hub.runs.expire import Expired


def render_expired(expired: Expired, *, dry: bool) -> str:
    """What was removed, or would be."""
    if not expired.runs and not expired.receipts:
        return "nothing has expired"
    would = "would be " if dry else ""
    return f"{would}removed: {expired.runs:,} runs from the log, {expired.receipts:,} receipts"

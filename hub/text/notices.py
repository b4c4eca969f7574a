"""What stands above a result: that nothing was changed, or what it is of."""

from typing import Any


def render_dry_run(shown: str) -> str:
    """What a run on a copy printed, marked as such."""
    separator = "\n" if "\n" in shown else " "
    return f"dry run, nothing was changed:{separator}{shown}"


def render_as_of(as_of: dict[str, Any]) -> str:
    """What an answer from a published snapshot is of."""
    return (
        f"as of {as_of['ended_at'] or 'the start of it'} UTC, run {as_of['run_id']}: "
        "another process is at work on the warehouse"
    )

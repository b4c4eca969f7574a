"""The lines that the texts of all runs share."""

from collections.abc import Iterable
from typing import Any

from hub.text.lines import shortened


def headline(receipt: dict[str, Any]) -> str:
    """Which run it was, how it ended, how long it took."""
    duration = receipt["duration_ms"]
    took = f" in {duration / 1000:.1f} s" if duration is not None else ""
    return f"run {receipt['run_id']} {receipt['status']}{took}"


def remarks(receipt: dict[str, Any]) -> Iterable[str]:
    """A line for each warning, and for each line of each error."""
    yield from (f"warning: {shortened(warning)}" for warning in receipt["warnings"])
    for error in receipt["errors"]:
        first, *others = error.split("\n")
        yield f"error: {first}"
        # no line of a message may look like one of the receipt
        yield from (f"       {line}" for line in others)

"""The lines that the texts of all runs share."""

from collections.abc import Iterable
from typing import Any

from hub.text.lines import shortened


def headline(receipt: dict[str, Any]) -> str:
    """Which run it was, how it ended, how long it took."""
    duration = receipt["duration_ms"]
    took = f" in {duration / 1000:.1f} s" if duration is not None else ""
    return f"run {receipt['run_id']} {receipt['status']}{took}"


def changed_keys(entity: str, part: dict[str, Any]) -> Iterable[str]:
    """A line for the keys of an entity that a run changed, if it projected any.

    part: the entity's part of the receipt.
    """
    counts = {name: n for name, n in (part["changes"] or {}).items() if name.endswith("_keys")}
    if any(counts.values()):
        first, last = part["changes"]["first_event"], part["changes"]["last_event"]
        told = ", ".join(f"{n:,} {name.removesuffix('_keys')}" for name, n in counts.items())
        span = f", of {first} to {last}" if first else ""
        yield f"keys of {entity}: {told}{span}"


def remarks(receipt: dict[str, Any]) -> Iterable[str]:
    """A line for each warning, and for each line of each error."""
    yield from (f"warning: {shortened(warning)}" for warning in receipt["warnings"])
    for error in receipt["errors"]:
        first, *others = error.split("\n")
        yield f"error: {first}"
        # no line of a message may look like one of the receipt
        yield from (f"       {line}" for line in others)

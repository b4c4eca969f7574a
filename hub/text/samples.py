"""By which rules records changed sides, with samples."""

from typing import Any


def rules_and_samples(part: dict[str, Any]) -> list[str]:
    """A line for each rule that turned records away, then one for each sample."""
    return [
        *(f"  {rule}: {count:,}" for rule, count in part["by_rule"].items()),
        *(f"    {sample['place']}: {sample['explanation'] or ''}" for sample in part["samples"]),
    ]

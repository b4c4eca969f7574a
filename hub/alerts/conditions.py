"""What it is that a rule finds, and what all rules share."""

from datetime import datetime

import msgspec

from hub.alerts.rules import AnyRule, OfSources, kind_of
from loader.config.project import Project

# Structs instead of dataclasses, which take a millisecond each to make, in every command.


class Condition(msgspec.Struct, frozen=True):
    """A rule that is broken now.

    rule, kind: its name, and its `when`.
    source, entity: of which it is told; both None where it is of the whole.
    value, threshold: in the unit of the rule.
    summary: in words; nothing in it comes from a record.
    """

    rule: str
    kind: str
    severity: str
    source: str | None
    entity: str | None
    value: float
    threshold: float
    summary: str


class Observation(msgspec.Struct, frozen=True):
    """What a look at the warehouse found.

    as_of:      the newest run in it.
    conditions: of the rules that only a run can change.
    unjudged:   the rules of those that could not be asked, as an entity is broken.
    landed_at:  per source, when it last landed something (UTC).
    """

    as_of: str
    conditions: tuple[Condition, ...]
    unjudged: tuple[str, ...]
    landed_at: dict[str, datetime]


def condition(
    name: str,
    rule: AnyRule,
    value: float,
    summary: str,
    *,
    source: str | None = None,
    entity: str | None = None,
) -> Condition:
    """A rule's condition, as it is now."""
    return Condition(
        name, kind_of(rule), rule.severity, source, entity, value, rule.threshold, summary
    )


def chosen(rule: OfSources, project: Project) -> list[str]:
    """The sources that a rule is judged for."""
    return [name for name in project.sources if rule.sources is None or name in rule.sources]


def duration(seconds: float) -> str:
    """A duration in the largest unit of which it has two."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"

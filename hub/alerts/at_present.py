"""Judges the rules that time and the machine alone can break, when nothing runs, too."""

import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from hub.alerts.conditions import Condition, chosen, condition, duration
from hub.alerts.rules import AnyRule, DiskOver, FreshnessOver, kind_of
from loader.config.project import Project


def judge_now(
    project: Project, rules: dict[str, AnyRule], landed_at: dict[str, datetime], now: datetime
) -> list[Condition]:
    """What holds now of the rules that time and the machine alone can break.

    landed_at: as in Observation.   now: with a zone.
    """
    found: list[Condition] = []
    for name, rule in rules.items():
        match rule:
            case FreshnessOver():
                found += _freshness(project, name, rule, landed_at, now)
            case DiskOver():
                found += _disk(project.database.parent, name, rule)
    return found


def is_judged_now(kind: str) -> bool:
    """Whether rules of this kind are judged by judge_now."""
    return kind in {kind_of(FreshnessOver), kind_of(DiskOver)}


def _freshness(
    project: Project,
    name: str,
    rule: FreshnessOver,
    landed_at: dict[str, datetime],
    now: datetime,
) -> Iterable[Condition]:
    for source in chosen(rule, project):
        if (landed := landed_at.get(source)) is None:
            continue
        age = (now - landed).total_seconds()
        if age > rule.threshold:
            yield condition(
                name,
                rule,
                age,
                f"{source} has landed nothing for {duration(age)}, since "
                f"{landed:%Y-%m-%d %H:%M} UTC",
                source=source,
            )


def _disk(folder: Path, name: str, rule: DiskOver) -> Iterable[Condition]:
    usage = shutil.disk_usage(folder)
    # what is kept for the system is not free to us
    used = 1 - usage.free / (usage.used + usage.free)
    if used > rule.threshold:
        yield condition(
            name,
            rule,
            used,
            f"the disk of the warehouse is {used:.1%} full, {usage.free / 1e9:.1f} GB are free",
        )

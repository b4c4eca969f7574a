"""The rules of alerts.yml as typed settings, and the webhook that alerts are told to."""

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from loader.config.project import Project
from loader.config.reading import Settings, meant, read_as, read_yaml
from loader.config.values import Count, Seconds, Share
from loader.errors import WrongUse

FILE = "alerts.yml"
WEBHOOK = "WEBHOOK_URL"

_NAME = re.compile(r"[A-Za-z0-9_-]+")

Severity = Literal["info", "warning", "critical"]
Whole = Annotated[int, Meta(ge=0)]


class Rule(Settings, frozen=True, tag_field="when", kw_only=True):
    """What all rules have.

    severity: how urgent it is.
    """

    severity: Severity = "warning"


class OfSources(Rule, frozen=True, kw_only=True):
    """A rule that is judged for each source.   sources: by default all registered ones."""

    sources: list[str] | None = None


class QualityUnder(OfSources, frozen=True, kw_only=True, tag="quality_under"):
    """The share of accepted records of the newest run that decided some of the source.

    threshold:      from 0 to 1.
    stream_seconds: of a streamed source, the batches of so many seconds before its newest count
                    together: one bad record in a batch of two is no alert.
    """

    threshold: Share
    stream_seconds: Seconds = 600


class FreshnessOver(OfSources, frozen=True, kw_only=True, tag="freshness_over"):
    """Seconds since the source landed something. One that never did is not judged."""

    threshold: Seconds


class LagOver(OfSources, frozen=True, kw_only=True, tag="lag_over"):
    """Records that a stream is behind the end of its topic."""

    threshold: Whole


class CircuitOpen(OfSources, frozen=True, kw_only=True, tag="circuit_open"):
    """A stream whose circuit is open (`vars: stream`), or an API that was pulled in vain.

    threshold: so many pulls of the source failed in a row.
    """

    threshold: Count = 3


class LettersGrowing(Rule, frozen=True, kw_only=True, tag="letters_growing"):
    """How many more dead letters an entity has open than some time ago.

    threshold: more than so many more.   within: seconds.   entities: by default all.
    """

    threshold: Whole
    within: Seconds = 86_400
    entities: list[str] | None = None


class RunFailed(Rule, frozen=True, kw_only=True, tag="run_failed"):
    """Runs that failed since the last build that succeeded.   threshold: so many of them."""

    threshold: Count = 1


class DiskOver(Rule, frozen=True, kw_only=True, tag="disk_over"):
    """The used share of the disk that holds the warehouse.   threshold: from 0 to 1."""

    threshold: Share


AnyRule = (
    QualityUnder | FreshnessOver | LagOver | CircuitOpen | LettersGrowing | RunFailed | DiskOver
)


class AlertsFile(Settings, frozen=True):
    """alerts.yml.   rules: by the name that an alert bears."""

    rules: dict[str, AnyRule]


def read_rules(project: Project) -> dict[str, AnyRule]:
    """The rules of the project by name; none where it has no alerts.yml. Raises WrongUse."""
    path = project.root / FILE
    if not path.exists():
        return {}
    content = read_yaml(Path(path), FILE)
    rules = read_as(AlertsFile, content, FILE).rules if content else {}
    for name, rule in rules.items():
        where = f"{FILE}: rules: {name}"
        if not _NAME.fullmatch(name):
            raise WrongUse(
                f"{FILE}: rules",
                f"{name!r} is no name of a rule",
                "Write it with letters, digits, _ and - only.",
            )
        if isinstance(rule, OfSources):
            _check_names(rule.sources, project.sources, f"{where}: sources")
        if isinstance(rule, LettersGrowing):
            _check_names(rule.entities, project.entities, f"{where}: entities")
    return rules


def kind_of(rule: AnyRule | type[AnyRule]) -> str:
    """What a rule watches for, as its `when` says."""
    return str(rule.__struct_config__.tag)


def webhook_url() -> str | None:
    """Where alerts are told to, None where nobody says so. Raises WrongUse, which does not show the
    address: with most receivers, it is a secret."""
    if not (url := os.environ.get(WEBHOOK, "").strip()):
        return None
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        is_sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_sound = False
    if not is_sound:
        raise WrongUse(
            f"the environment: {WEBHOOK}",
            "it is no address of a webhook",
            "Write https://host/path, or leave it out: then alerts are only logged.",
        )
    return url


def _check_names(names: list[str] | None, known: Collection[str], where: str) -> None:
    for name in names or ():
        if name not in known:
            near = meant(name, known)
            raise WrongUse(
                where,
                f"'{name}' is not registered",
                f"{f'Did you mean {near}? ' if near else ''}Known are {', '.join(known)}.",
            )

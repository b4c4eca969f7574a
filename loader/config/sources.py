"""The settings of the sources, as written under `meta` in each source's YAML."""

import codecs
import re
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loader.config.http import HttpSettings, read_http
from loader.config.kafka import KafkaSettings, parse_kafka
from loader.config.yaml_files import mapping, one_of, only_known, read_yaml
from loader.errors import WrongUse
from loader.readers import UnreadableFile, format_of

LATE_POLICIES = ("apply", "skip", "dead_letter")
FIELD_TYPES = ("string", "number", "boolean", "object", "array", "any")
_META_KEYS = ("late", "allowed_lateness", "timezone", "format", "fields", "kafka", "http")
_FORMAT_KEYS = ("kind", "encoding", "delimiter", "quote", "escape")
# tables of the loader itself stand in the same schema
_RESERVED = ("loads", "sources", "fields", "source_fields")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Field:
    """A field that a source's records are declared to have."""

    type: str
    optional: bool


@dataclass(frozen=True)
class Source:
    """One registered source.

    allowed_lateness is in seconds. format holds what the YAML declares of its files; what it
    leaves out follows from each file's name. kafka is set where its records are on a topic, http
    where they are pulled from an API.
    """

    name: str
    entity: str
    adapter: Path
    late: str = "apply"
    allowed_lateness: int = 0
    timezone: str = "UTC"
    format: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    kafka: KafkaSettings | None = None
    http: HttpSettings | None = None


def read_sources(root: Path, registered: dict[str, list[str]]) -> dict[str, Source]:
    """The settings of all registered sources, by name, in the order of registration.

    root:       the project's folder.
    registered: source names by entity, from `vars: sources`.
    Raises WrongUse where a source has no YAML or adapter, two of one name, or a wrong setting.
    """
    where = "dbt_project.yml: vars: sources"
    for name in chain.from_iterable(registered.values()):
        _check_name(name, where)
    declared = _declared_tables(root)
    sources: dict[str, Source] = {}
    for entity, names in registered.items():
        for name in names:
            if name in sources:
                raise WrongUse(
                    where,
                    f"two sources of the name '{name}' (under {sources[name].entity} and {entity})",
                    "Give each source a name of its own.",
                )
            sources[name] = _read_source(root, name, entity, declared)
    return sources


def declared_sources(root: Path) -> tuple[str, ...]:
    """The names of all sources that a YAML under models/staging declares, registered or not."""
    return tuple(_declared_tables(root))


def _check_name(name: str, where: str) -> None:
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise WrongUse(
            where,
            f"'{name}' cannot be the name of a source",
            f"Use lower case letters, digits and _, and none of {', '.join(_RESERVED)}.",
        )


def _declared_tables(root: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every table of the dbt source `raw` under models/staging: its file and its YAML."""
    tables: dict[str, tuple[str, dict[str, Any]]] = {}
    staging = root / "models" / "staging"
    for path in sorted([*staging.rglob("*.yml"), *staging.rglob("*.yaml")]):
        shown_as = str(path.relative_to(root))
        for group in read_yaml(path, shown_as).get("sources") or []:
            if mapping(group, f"{shown_as}: sources").get("name") != "raw":
                continue
            for table in group.get("tables") or []:
                name = str(mapping(table, f"{shown_as}: sources: raw").get("name"))
                _check_name(name, shown_as)
                if name in tables:
                    raise WrongUse(
                        shown_as,
                        f"two sources of the name '{name}': {tables[name][0]} declares it, too",
                        "Rename one of them.",
                    )
                tables[name] = (shown_as, table)
    return tables


def _read_source(
    root: Path, name: str, entity: str, declared: dict[str, tuple[str, dict[str, Any]]]
) -> Source:
    adapter = root / "models" / "staging" / name / f"stg_{name}__{entity}.sql"
    if name not in declared:
        raise WrongUse(
            f"source '{name}'",
            "it is registered in dbt_project.yml but no YAML under models/staging declares it",
            f"Write models/staging/{name}/{name}.yml (README: Add a source) or take the name "
            "out of vars: sources.",
        )
    if not adapter.is_file():
        raise WrongUse(
            f"source '{name}'",
            f"its adapter {adapter.relative_to(root)} is missing",
            f"Write it, or register '{name}' under the entity that it feeds.",
        )
    shown_as, table = declared[name]
    config = mapping(table.get("config"), f"{shown_as}: {name}: config")
    where = f"{shown_as}: source '{name}': meta"
    meta = mapping(config.get("meta"), where)
    only_known(meta, _META_KEYS, where)
    return Source(
        name=name,
        entity=entity,
        adapter=adapter,
        late=one_of(meta.get("late", "apply"), LATE_POLICIES, f"{where}: late"),
        allowed_lateness=_seconds(meta.get("allowed_lateness", 0), f"{where}: allowed_lateness"),
        timezone=_zone(meta.get("timezone", "UTC"), f"{where}: timezone"),
        format=_format(meta.get("format"), f"{where}: format"),
        fields=_fields(meta.get("fields"), f"{where}: fields"),
        kafka=parse_kafka(meta.get("kafka"), f"{where}: kafka"),
        http=read_http(meta, where),
    )


def _seconds(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise WrongUse(where, f"expected seconds, found {value!r}", "Write a whole number >= 0.")
    return int(value)


def _zone(value: Any, where: str) -> str:
    try:
        ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise WrongUse(
            where, f"no time zone {value!r}", "Use a name such as UTC or Europe/Berlin."
        ) from error
    return str(value)


def _format(value: Any, where: str) -> dict[str, str]:
    given = mapping(value, where)
    only_known(given, _FORMAT_KEYS, where)
    settings = {key: str(word) for key, word in given.items()}
    try:
        format_of("any.csv", **settings)
        codecs.lookup(settings.get("encoding", "utf-8"))
    except (UnreadableFile, LookupError) as error:
        raise WrongUse(
            where, str(error), "Correct it (README: Settings), or leave it out for the default."
        ) from error
    return settings


def _fields(value: Any, where: str) -> dict[str, Field]:
    """Fields written as `name: type`, with a question mark behind the type of an optional one."""
    fields = {}
    for name, written in mapping(value, where).items():
        kind = one_of(str(written).removesuffix("?"), FIELD_TYPES, f"{where}: {name}")
        fields[str(name)] = Field(kind, str(written).endswith("?"))
    return fields

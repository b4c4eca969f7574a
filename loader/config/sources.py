"""The settings of the sources, as written under `meta` in each source's YAML."""

import codecs
import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, field
from msgspec.structs import asdict

from loader.config.http import HttpSettings
from loader.config.kafka import KafkaSettings
from loader.config.reading import (
    STAGING,
    ModelFiles,
    Problems,
    Refused,
    Secret,
    Settings,
    meant,
    read_as,
)
from loader.config.values import NullTexts, ObjectPath, Seconds, TimeZone
from loader.errors import WrongUse
from loader.readers import UnreadableFile, format_of

# a question mark behind the type: a record may lack the field
_DeclaredType = Literal[
    "string",
    "number",
    "boolean",
    "object",
    "array",
    "any",
    "string?",
    "number?",
    "boolean?",
    "object?",
    "array?",
    "any?",
]

# tables of the loader itself stand in the same schema
RESERVED_NAMES = ("loads", "sources", "fields", "source_fields", "salt")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class FormatSettings(Settings, frozen=True):
    """What the YAML declares of a source's files; what it leaves out follows from a file's name."""

    kind: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    header: list[str] | None = None
    skip_lines: Annotated[int, Meta(ge=0)] = 0
    comment: str | None = None

    def __post_init__(self) -> None:
        try:
            format_of("any.csv", **self.declared())
            codecs.lookup(self.encoding or "utf-8")
        except (UnreadableFile, LookupError) as error:
            raise Refused(
                str(error), "Correct it (docs/extending.md: Settings of a source), or leave it out."
            ) from error

    def declared(self) -> dict[str, Any]:
        """What is declared, by name."""
        return {name: value for name, value in asdict(self).items() if value not in (None, 0)}


@dataclass(frozen=True)
class Field:
    """A field that a source's records are declared to have."""

    type: str
    optional: bool


class SourceSettings(Settings, frozen=True):
    """What `meta` in a source's YAML says.

    late:             what becomes of a late record.
    allowed_lateness: seconds before the watermark within which a record is not late.
    timezone:         of times without an offset.
    nulls:            the texts that mean nothing; None: none do.
    delivery:         full: each file is the whole state of the source, and deletes the keys that it
                      lacks; incremental: it is no more than what is new.
    stale_after:      seconds after its last delivery from which the source counts as stale; None:
                      never.
    path:             where its files are, such as s3://bucket/prefix/, besides its own folder.
    after_landing:    archive: its files are moved out of the landing folder when they have landed.
    format, fields:   what its files and its records look like.
    kafka:            where its records are on a topic.
    http:             where they are pulled from an API.
    """

    late: Literal["apply", "skip", "dead_letter"] = "apply"
    allowed_lateness: Annotated[int, Meta(ge=0)] = 0
    timezone: TimeZone = TimeZone("UTC")
    nulls: NullTexts | None = None
    delivery: Literal["incremental", "full"] = "incremental"
    stale_after: Seconds | None = None
    path: Annotated[ObjectPath, Secret] | None = None
    after_landing: Literal["keep", "archive"] = "keep"
    format: FormatSettings = FormatSettings()
    fields: dict[str, _DeclaredType] = field(default_factory=dict)
    kafka: Annotated[KafkaSettings, Secret] | None = None
    http: Annotated[HttpSettings, Secret] | None = None

    def __post_init__(self) -> None:
        if self.http and (self.format.kind or self.format.encoding):
            raise Refused(
                "pages are written as NDJSON or JSON in UTF-8, but `format` declares the files' "
                "kind or encoding",
                "Take kind and encoding out of `format`.",
                at=("http",),
            )
        if self.delivery == "full" and (self.kafka or self.http):
            raise Refused(
                "only files can hold the whole state of a source, but "
                f"`{'kafka' if self.kafka else 'http'}` is declared, too",
                f"Write incremental, or take `{'kafka' if self.kafka else 'http'}` out.",
                at=("delivery",),
            )

    def declared_fields(self) -> dict[str, Field]:
        """The fields that are declared, by name."""
        return {
            name: Field(written.removesuffix("?"), written.endswith("?"))
            for name, written in self.fields.items()
        }


class Source(SourceSettings, frozen=True, kw_only=True):
    """One registered source, with its settings."""

    name: str
    entity: str
    adapter: Path


@dataclass(frozen=True)
class _Table:
    """A table of the dbt source `raw`: its file, and what is written of it and of its group."""

    file: str
    written: dict[str, Any]
    group: dict[str, Any]


_OF_DBT = {"name", "description", "config", "meta", "quoting", "freshness", "tags", "tests"} | {
    *("data_tests", "loaded_at_field", "loaded_at_query", "database", "schema", "loader"),
    *("overrides", "tables", "identifier", "external", "columns", "docs", "enabled"),
    *("event_time", "static_analysis"),
}
_OURS = SourceSettings.__struct_encode_fields__


def read_sources(
    files: ModelFiles, registered: dict[str, list[str]], problems: Problems
) -> tuple[dict[str, Source], tuple[str, ...]]:
    """The settings of all registered sources by name, in the order of registration; and the names
    of all that have a YAML under models/staging, registered or not.

    registered: source names by entity, from `vars: sources`.
    Raises WrongUse where a registered name cannot be used. Kept as problems: a source without YAML
    or adapter, or with a wrong setting; it then has the default settings.
    """
    where = "dbt_project.yml: vars: sources"
    for name in chain.from_iterable(registered.values()):
        _check_name(name, where)
    tables = _declared_tables(files, problems)
    sources: dict[str, Source] = {}
    for entity, names in registered.items():
        for name in names:
            if name in sources:
                raise WrongUse(
                    where,
                    f"two sources of the name '{name}' (under {sources[name].entity} and {entity})",
                    "Give each source a name of its own.",
                )
            settings = SourceSettings()
            adapter = files.root / "models" / "staging" / name / f"stg_{name}__{entity}.sql"
            with problems.caught():
                settings = _settings_of(name, names, tables.get(name))
                if not adapter.is_file():
                    raise WrongUse(
                        f"source '{name}'",
                        f"its adapter {adapter.relative_to(files.root)} is missing",
                        f"Write it, or register '{name}' under the entity that it feeds.",
                    )
            sources[name] = Source(name=name, entity=entity, adapter=adapter, **asdict(settings))
    return sources, tuple(tables)


def is_name(text: str) -> bool:
    """Whether the text can be the name of a source or an entity."""
    return _NAME.fullmatch(text) is not None


def _check_name(name: str, where: str) -> None:
    if not is_name(name) or name in RESERVED_NAMES:
        raise WrongUse(
            where,
            f"'{name}' cannot be the name of a source",
            f"Use lower case letters, digits and _, and none of {', '.join(RESERVED_NAMES)}.",
        )


def _declared_tables(files: ModelFiles, problems: Problems) -> dict[str, _Table]:
    """Every table of the dbt source `raw` under models/staging."""
    tables: dict[str, _Table] = {}
    for file, group in files.declared("sources", problems):
        if not file.startswith(STAGING) or group.get("name") != "raw":
            continue
        with problems.caught():
            where = f"{file}: sources: raw: tables"
            for table in read_as(list[dict[str, Any]], group.get("tables") or [], where):
                name = str(table.get("name"))
                _check_name(name, file)
                if name in tables:
                    raise WrongUse(
                        file,
                        f"two sources of the name '{name}': {tables[name].file} declares it, too",
                        "Rename one of them.",
                    )
                tables[name] = _Table(file, table, group)
    return tables


def _settings_of(name: str, names: list[str], table: _Table | None) -> SourceSettings:
    """The settings of a source. Raises WrongUse.

    names: of all sources of its entity.
    """
    if table is None:
        raise WrongUse(
            f"source '{name}'",
            "it is registered in dbt_project.yml but no YAML under models/staging declares it",
            f"Write models/staging/{name}/{name}.yml (docs/extending.md) or take the name "
            "out of vars: sources.",
        )
    where = f"{table.file}: source '{name}'"
    config = read_as(dict[str, Any], table.written.get("config") or {}, f"{where}: config")
    _refuse_misplaced(table, config, where)
    settings = read_as(SourceSettings, config.get("meta") or {}, f"{where}: meta")
    if settings.delivery == "full" and len(names) > 1:
        others = ", ".join(other for other in names if other != name)
        raise WrongUse(
            f"{where}: meta: delivery",
            f"full is for the only source of an entity: a key that a file lacks may be of {others}",
            f"Write incremental, or take {others} out of vars: sources.",
        )
    return settings


def _refuse_misplaced(table: _Table, config: dict[str, Any], where: str) -> None:
    """Raise WrongUse where what seems to be a setting of the hub stands where the hub, and dbt,
    would pass over it."""
    group = f"{table.file}: sources: raw"
    places = {where: table.written, f"{where}: config": config, group: table.group}
    for place, written in places.items():
        for key in written:
            near = None if key in _OF_DBT else meant(key, ("config", "meta", *_OURS))
            if near in ("config", "meta"):
                raise WrongUse(place, f"unknown key '{key}'", f"Write `{near}`.")
            if near:
                raise WrongUse(
                    place,
                    f"'{key}' stands beside `meta`, where nothing reads it",
                    f"Write `{near}` under `config: meta:` of the table.",
                )
    elsewhere = {where: table.written, group: table.group}
    if isinstance(of_group := table.group.get("config"), dict):
        elsewhere[f"{group}: config"] = of_group
    for place, written in elsewhere.items():
        meta = written.get("meta")
        for key in meta if isinstance(meta, dict) else ():
            if meant(key, _OURS):
                raise WrongUse(
                    f"{place}: meta",
                    f"the hub does not read '{key}' here",
                    f"Move it under `config: meta:` of the table '{table.written['name']}'.",
                )

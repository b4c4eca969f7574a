"""The settings of the whole project, under `vars` in dbt_project.yml."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, field
from msgspec.structs import fields

from loader.config.kafka import Persistence
from loader.config.reading import Settings, meant, read_as
from loader.config.values import Amount, Count, Days, Percent, Share, Text
from loader.errors import WrongUse

# what stays as long as the warehouse does, and why
_KEPT = {
    "raw": "raw records do not expire: a rebuild decides from all of them, and without one that "
    "did not win its key, another might win",
    "dead_letters": "dead letters do not expire: they are made from the decisions, and each raw "
    "record keeps its own",
}


class Retention(Settings, frozen=True):
    """For how many days `hub expire` keeps what nothing is made from; None: for ever.

    runs:     lines in the log of runs that no other table names.
    receipts: files in receipts/.
    """

    runs: Days | None = None
    receipts: Days | None = None


class ProjectVars(Settings, frozen=True):
    """The vars that the hub knows; dbt's models may use others.

    sources:     the registered sources of each entity, by name.
    skip:        stages to switch off.
    rollout:     stages that cover a part of the keys only, in percent.
    now:         the moment that counts as now (UTC) in a plain `dbt build`; None for the present.
    max_age:     seconds after which a row is flagged stale.
    min_quality: the share of accepted records below which a run warns.
    keep_receipts: how many receipts are kept in receipts/.
    retention:   for how long `hub expire` keeps what may go.
    stream:      how streams try again.
    publish:     whether the warehouse is published for readers after each run.
    exports:     the format of the file that each target is written to after a run, by entity.
    full_count_every: of so many runs without dbt, one counts and proves all that there is.
    """

    sources: dict[str, list[str]] = field(default_factory=dict)
    skip: list[str] = field(default_factory=list)
    rollout: dict[str, Percent] = field(default_factory=dict)
    now: Text | None = None
    # as it is written: it becomes part of SQL that is compared with dbt's
    max_age: Amount | Annotated[int, Meta(ge=0, lt=10**12)] = 600
    min_quality: Share = 0.99
    keep_receipts: Count = 100
    retention: Retention = Retention()
    stream: Persistence = Persistence()
    publish: bool = True
    exports: dict[str, Literal["parquet", "csv", "ndjson"]] = field(default_factory=dict)
    full_count_every: Annotated[int, Meta(ge=1, le=20)] = 10


def read_vars(given: object) -> ProjectVars:
    """What `vars` in dbt_project.yml say. Raises WrongUse."""
    where = "dbt_project.yml: vars"
    written: Mapping[Any, Any] = read_as(dict[str, Any], given or {}, where)
    known = [var.encode_name for var in fields(ProjectVars)]
    for name in written:
        near = None if name in known else meant(name, known)
        if near:
            raise WrongUse(
                where,
                f"unknown name '{name}'",
                f"Write '{near}'; if it is a var of your own, give it another name.",
            )
    retention = written.get("retention")
    for name, reason in _KEPT.items():
        if isinstance(retention, dict) and name in retention:
            raise WrongUse(
                f"{where}: retention: {name}",
                reason,
                "Take it out; `retention` knows runs and receipts.",
            )
    ours = {name: value for name, value in written.items() if name in known}
    read = read_as(ProjectVars, ours, where)
    if not read.sources:
        raise WrongUse(
            f"{where}: sources",
            "no source is registered",
            "Write `entity: [source, ...]` lines.",
        )
    for entity in read.exports:
        if entity not in read.sources:
            raise WrongUse(
                f"{where}: exports",
                f"there is no entity '{entity}'",
                f"Known are {', '.join(read.sources)}.",
            )
    return read

"""All that a warehouse says of the files it was given, and how two such accounts differ.

An account leaves out what may differ between a disturbed and an undisturbed run: times, run ids,
and which of the accepted records of a key was applied when.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tests.support.oracle import ENTITIES, SOURCES

Rows = list[tuple[Any, ...]]
Account = dict[tuple[Any, ...], list[tuple[Any, ...]]]

# aspect -> how many leading columns identify the thing told of, and the query. A row of raw
# without its ledger row has no digest: it is then one too many. Of two files with the same bytes
# either may be the one that landed.
_LANDED: dict[str, tuple[int, str]] = {
    "ledger": (2, "select source, sha256, size, encoding, rows, status, reason from raw.loads"),
    "fields": (
        3,
        "select loads.sha256, fields.field, fields.type, fields.records from raw.fields as fields "
        "left join raw.loads as loads on loads.load_id = fields.load_id",
    ),
    "settings": (1, "select * from raw.sources"),
}
_RAW = (
    "select '{source}', loads.sha256, raw.row_number, raw.record, raw.problem "
    "from raw.{source} as raw left join raw.loads as loads on loads.load_id = raw.load_id"
)
_DECIDED: dict[str, tuple[int, str]] = {
    # the last one on each record: a command that was killed may have decided it once more
    "decision": (
        3,
        "select entity, file, row_number, "
        "case when outcome in ('applied', 'superseded', 'outdated') then 'accepted' "
        "else outcome end, reasons, content_hash from ops.record_outcomes",
    ),
    "letter": (
        3,
        "select source, file, row_number, record, reasons from ops.dead_letters "
        "where status = 'open'",
    ),
    "watermark": (1, "select source, watermark, stored from ops.watermarks"),
    "finished": (
        3,
        "select finished.entity, finished.part, loads.file from ops.completed_loads as finished "
        "left join raw.loads as loads on loads.load_id = finished.load_id",
    ),
}
_HISTORIES = ("events", "orders")
_RECONCILED = ("orders", "measurements")


@dataclass(frozen=True)
class Comparison:
    """How many things were lost, doubled or are told otherwise, and the first of them."""

    lost: int = 0
    doubled: int = 0
    different: int = 0
    notes: tuple[str, ...] = ()


def account_of(database: Path, *, built: bool = True) -> Account:
    """Everything that must not depend on how the warehouse came to be.

    built: also what dbt made of the landed records.
    """
    with duckdb.connect(str(database)) as connection:

        def sql(query: str) -> Rows:
            return connection.execute(query).fetchall()

        account: Account = defaultdict(list)
        known = {name for (name,) in sql("select source from raw.sources")}
        queries = dict(_LANDED)
        queries |= {
            f"raw.{name}": (3, _RAW.format(source=name)) for name in SOURCES if name in known
        }
        if built:
            queries |= _DECIDED | dict(_projections(sql))
        for aspect, (width, query) in queries.items():
            for row in sql(query):
                account[(aspect, *row[:width])].append(row[width:])
        return dict(account)


def _projections(sql: Callable[[str], Rows]) -> list[tuple[str, tuple[int, str]]]:
    queries = []
    for name, entity in ENTITIES.items():
        others = [column for column in entity.columns if column != entity.key]
        columns = ", ".join([entity.key, *others])
        queries.append((f"target {name}", (1, f"select {columns} from marts.{name}")))
        if name in _HISTORIES:
            latest = f"select {columns} from marts.{name}_history where dbt_valid_to is null"
            queries.append((f"history {name}", (1, latest)))
        if name in _RECONCILED:
            compared = (
                f"select {entity.key}, status, differing_columns from marts.{name}_reconciliation"
            )
            queries.append((f"reconciliation {name}", (1, compared)))
    return queries


def compare(expected: Account, found: Account) -> Comparison:
    """Hold what was found against what an undisturbed run left."""
    lost = doubled = different = 0
    notes = []
    for thing in sorted({*expected, *found}, key=str):
        ours, theirs = expected.get(thing, []), found.get(thing, [])
        if len(ours) == len(theirs) and sorted(ours, key=str) == sorted(theirs, key=str):
            continue
        lost += max(len(ours) - len(theirs), 0)
        doubled += max(len(theirs) - len(ours), 0)
        different += len(ours) == len(theirs)
        notes.append(f"{' '.join(map(str, thing))}: expected {ours}, found {theirs}")
    return Comparison(lost, doubled, different, tuple(notes[:5]))


def half_done(sql: Callable[[str], Rows]) -> list[str]:
    """Loads of which raw and ledger do not agree. There are none, at any moment."""
    existing = {name for (name,) in sql("select table_name from duckdb_tables()")}
    if not existing.issuperset({"loads", "sources"}):
        return []
    counts = " union all ".join(
        f"select '{name}' as source, load_id, count(*) as rows from raw.{name} group by load_id"
        for name in SOURCES
        if name in existing
    )
    if not counts:
        return []
    return [
        f"load {load} of {source}: the ledger has {told} rows, raw {held}"
        for load, source, told, held in sql(
            "select coalesce(loads.load_id, held.load_id), coalesce(loads.source, held.source), "
            "coalesce(loads.rows, 0), coalesce(held.rows, 0) "
            f"from raw.loads as loads full outer join ({counts}) as held "
            "on held.load_id = loads.load_id and held.source = loads.source "
            "where coalesce(loads.rows, 0) <> coalesce(held.rows, 0)"
        )
    ]

"""What the sources of an entity say of each key, compared."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import Any

from tests.support.oracle.entities import Column, Entity
from tests.support.oracle.records import Record

Reconciled = tuple[str, frozenset[str]]  # the status, and the columns that differ


def reconciled(
    contract: Entity,
    rows: Iterable[Record],
    sources: Collection[str],
    order: Callable[[Record], Any],
) -> dict[str, Reconciled]:
    """The status of each key: what each of these sources said last of it, compared.

    A source that deleted the key is silent. order: the greatest record of a key is the last.
    """
    latest: dict[str, dict[str, Record]] = defaultdict(dict)
    for row in rows:
        if row.source in sources and row.is_decided and row.last.contends:
            of_key = latest[str(row.key)]
            of_key[row.source] = max(of_key.get(row.source, row), row, key=order)
    statuses = {}
    for key, by_source in latest.items():
        said = [row for row in by_source.values() if not row.last.checked.is_deletion]
        differing = frozenset(
            name
            for name, column in contract.columns.items()
            if column.compared
            and said
            and not _agree(column, [row.last.checked.compared[name] for row in said])
        )
        if len(said) == 1:
            statuses[key] = ("single_source", differing)
        elif said:
            statuses[key] = ("mismatched" if differing else "matched", differing)
    return statuses


def _agree(column: Column, values: list[Any]) -> bool:
    if column.kind == "number" and None not in values:
        return bool(max(values) - min(values) <= column.tolerance)
    return all(value == values[0] for value in values)

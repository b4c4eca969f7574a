"""What a commit of records says of its load: the ledger row, and the fields of the records."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from loader.warehouse.ledger import Load

if TYPE_CHECKING:
    from deltalake import DeltaTable

_LOAD = "hub.load"
_FIELDS = "hub.fields"
# name, type, number of records
Field = tuple[str, str, int]


@dataclass(frozen=True)
class LoadCommit:
    """A commit of records.   landed_at: in UTC."""

    load: Load
    landed_at: datetime
    fields: list[Field]


def metadata_of(load: Load, landed_at: datetime, fields: Sequence[Field]) -> dict[str, str]:
    """The metadata of the commit of a load's records."""
    row = asdict(load) | {"landed_at": landed_at}
    return {_LOAD: json.dumps(row, default=datetime.isoformat), _FIELDS: json.dumps(fields)}


def load_commits(table: "DeltaTable", since: int) -> list[LoadCommit]:
    """The commits of records after a version of a source's table, up to that in which it was
    opened, in their order."""
    last = table.version()
    asked = last - since
    found: list[dict[str, Any]] = []
    # the latest so many are told of, and some of them may be later than the table was opened
    while asked > 0:
        found = table.history(asked)
        if len(found) < asked or found[-1]["version"] <= since + 1:
            break
        asked *= 2
    return [
        _load_commit(commit[_LOAD], commit[_FIELDS])
        for commit in sorted(found, key=lambda commit: commit["version"])
        if _LOAD in commit and since < commit["version"] <= last
    ]


def _load_commit(load: str, fields: str) -> LoadCommit:
    row = json.loads(load)
    landed_at = datetime.fromisoformat(row.pop("landed_at"))
    if row["modified_at"]:
        row["modified_at"] = datetime.fromisoformat(row["modified_at"])
    return LoadCommit(Load(**row), landed_at, [tuple(each) for each in json.loads(fields)])

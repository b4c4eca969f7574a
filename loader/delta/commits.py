"""What a commit of records says of its load: the ledger row, and the fields of the records."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

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
    """The commits of records after a version of a source's table, in their order."""
    behind = table.version() - since
    found = table.history(behind) if behind > 0 else []
    return [
        _load_commit(commit[_LOAD], commit[_FIELDS])
        for commit in reversed(found)
        if _LOAD in commit and commit["version"] > since
    ]


def _load_commit(load: str, fields: str) -> LoadCommit:
    row = json.loads(load)
    landed_at = datetime.fromisoformat(row.pop("landed_at"))
    if row["modified_at"]:
        row["modified_at"] = datetime.fromisoformat(row["modified_at"])
    return LoadCommit(Load(**row), landed_at, [tuple(each) for each in json.loads(fields)])

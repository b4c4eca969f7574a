"""The source `partner`: how an API is asked for it, and what is kept of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.commands.pulling import PullResult
from tests.support.workbench import Workbench

FAST = {"attempts": 8, "seconds": 60, "first_wait": 0.001, "longest_wait": 0.01}
TOKEN = "s3cr3t/7f+3a=="
CURSOR = {"kind": "cursor", "parameter": "cursor", "path": "meta.next"}
PAGE = {"kind": "page", "parameter": "page"}
LINK = {"kind": "link"}
PAGINATIONS = [
    PAGE,
    {**PAGE, "has_more": "meta.more"},
    {**PAGE, "total": "meta.total", "size_parameter": "size"},
    CURSOR,
    LINK,
]

# Pull partner from an API, with changes to its settings.
Pull = Callable[..., PullResult]


def measurements(count: int, first: int = 0) -> list[str]:
    return [
        json.dumps(
            {
                "id": f"m-{number:04}",
                "value": number / 10,
                "category": "flow",
                "timestamp": f"2025-01-{1 + number // 1440:02}T"
                f"{number // 60 % 24:02}:{number % 60:02}:00Z",
            }
        )
        for number in range(first, first + count)
    ]


def landed(bench: Workbench) -> list[str]:
    """The records in raw, in the order of arrival."""
    return [
        record
        for (record,) in bench.sql("select record from raw.partner order by load_id, row_number")
    ]


def files(bench: Workbench) -> list[Path]:
    folder = bench.root / "landing" / "partner"
    return sorted(folder.iterdir()) if folder.exists() else []


def told(result: PullResult) -> str:
    """What is said of a pull that failed."""
    (outcome,) = result.sources
    assert outcome.status == "failed"
    assert result.exit_code == 1
    error = outcome.error or ""
    assert error.startswith("source 'partner': ")
    assert error.count("\n") == 0
    return error


def states(bench: Workbench) -> dict[str, Any]:
    (row,) = bench.sql("select to_json(pulls) from ops.pulls where source = 'partner'")
    state: dict[str, Any] = json.loads(row[0])
    return state

"""What tests of landing look at: outcomes by file, raw text, the ledger."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO

import pytest

from loader.landing import file as file_landing
from loader.landing.folder import Landing
from tests.support.workbench import Workbench

# Lands a small file and then another one; tells by how many MiB the process has then grown.
_GROWTH = """
import resource
from hub.commands import landing
from loader.config.project import open_project
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
landing.land_files(open_project(), ("web",))
before = peak()
(outcome,) = landing.land_files(open_project(), ("app",)).files
print(outcome.status, outcome.rows, peak() - before)
"""


def growth_of_landing(bench: Workbench) -> tuple[str, int, int]:
    """Lands the small files of web, then the one of app, in a process of its own: the status of
    that one, its rows, and by how many MiB the process has grown at most. On Linux only."""
    done = subprocess.run(
        [sys.executable, "-c", _GROWTH], cwd=bench.root, capture_output=True, text=True, check=True
    )
    *_, status, rows, growth = done.stdout.split()
    return status, int(rows), int(growth)


def statuses(landing: Landing) -> dict[str, str]:
    return {outcome.file: outcome.status for outcome in landing.files}


def reasons(landing: Landing) -> dict[str, str]:
    return {outcome.file: (outcome.reason or "").split(":")[0] for outcome in landing.files}


def raw(bench: Workbench, source: str = "app") -> list[str]:
    return [
        record
        for (record,) in bench.sql(f"select record from raw.{source} order by load_id, row_number")
    ]


def watched_digests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are digested from now on."""
    digested: list[str] = []
    digest_of = file_landing.digest_of

    def watched(file: BinaryIO, name: str, declared: Mapping[str, Any]) -> str:
        digested.append(name)
        return digest_of(file, name, declared)

    monkeypatch.setattr(file_landing, "digest_of", watched)
    return digested


def ledger(bench: Workbench) -> list[tuple[str, str, int]]:
    return bench.sql("select file, status, rows from raw.loads order by load_id")

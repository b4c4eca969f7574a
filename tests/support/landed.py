"""What tests of landing look at: outcomes by file, raw text, the ledger."""

from collections.abc import Mapping
from typing import Any, BinaryIO

import pytest

from loader.landing import file as file_landing
from loader.landing.folder import Landing
from tests.support.workbench import Workbench


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

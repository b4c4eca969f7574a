"""Fixtures: a project with its tables, whose `partner` is pulled from the API of a test."""

from typing import Any

import pytest

from hub.commands import pulling
from hub.commands.pulling import PullResult
from tests.demo.api import SampleApi
from tests.support.first_build import add_tables
from tests.support.partner import CURSOR, FAST, Pull
from tests.support.workbench import Workbench


@pytest.fixture
def own_project(own_project: Workbench) -> Workbench:
    """With its tables: none of these tests asks how they are made."""
    add_tables(own_project.root)
    return own_project


@pytest.fixture
def pull(own_project: Workbench, monkeypatch: pytest.MonkeyPatch) -> Pull:
    def call(
        api: SampleApi,
        full: bool = False,
        of: tuple[str | None, str | None] = (None, None),
        **settings: Any,
    ) -> PullResult:
        http = {
            "url": "${PARTNER_URL}",
            "items": "data.items",
            "pagination": CURSOR,
            "timeout": 5,
            "retries": FAST,
            **settings,
        }
        own_project.set_meta("partner", http=http)
        monkeypatch.setenv("PARTNER_URL", api.url)
        since, until = of
        return pulling.pull(own_project.project, ("partner",), full=full, since=since, until=until)

    return call

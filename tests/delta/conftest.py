"""Fixtures: a lakehouse in a temporary folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.commands import landing
from loader.landing.folder import Landing
from tests.delta.lake import Lake
from tests.support.workbench import Workbench

Land = Callable[..., Landing]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def land(bench: Workbench, lake: Lake) -> Land:
    """`hub land --to` of what lies in the landing folder."""
    return lambda *sources: landing.land_into_lakehouse(bench.project, sources, lake.root)

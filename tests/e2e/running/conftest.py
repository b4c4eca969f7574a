"""Fixtures: the `hub` command in this process."""

import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from hub.main import main
from tests.support.command_line import Answer, Command


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """Run `hub` in this process, as a terminal would."""

    def call(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["hub", *arguments])
        capsys.readouterr()
        code: Any = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        return Answer(int(code or 0), *capsys.readouterr())

    yield call
    for package in ("hub", "loader"):
        logging.getLogger(package).handlers.clear()

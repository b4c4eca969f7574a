"""Fixtures: a webhook, and the `hub` command in this process."""

from collections.abc import Iterator

import pytest

from tests.e2e.running.conftest import command as command
from tests.support.receiver import Receiver, receiver


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiver() as listening:
        monkeypatch.setenv("WEBHOOK_URL", listening.url)
        yield listening

"""Fixtures: a collector, and a fresh start of what a process keeps of telemetry."""

from collections.abc import Iterator

import pytest

from hub.telemetry import emitter
from loader import tracing
from tests.support.receiver import Receiver, receiver


@pytest.fixture
def collector() -> Iterator[Receiver]:
    with receiver() as listening:
        yield listening


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    yield
    tracing.listen(None)
    for each in emitter._emitters.values():
        each.close()
    emitter._emitters.clear()

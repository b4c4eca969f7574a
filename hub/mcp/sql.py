"""Queries of others, answered by a process of its own that may take only so much."""

import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from hub.mcp.sql_worker import Failed, Found, Order
from loader.errors import HubError

_TOO_MUCH = "Ask for less: fewer rows, fewer columns, or numbers of them."
# what the worker may take on top before the system ends it, if nobody else does
_GRACE_SECONDS = 5.0
# nothing of this process's own, such as its secrets; few arenas, as each reserves 64 MB
_ENVIRONMENT = {"TZ": "UTC", "MALLOC_ARENA_MAX": "2"}


@dataclass(frozen=True)
class SqlLimits:
    """What a query may take, and its answer have.

    memory: what DuckDB may take, in bytes.   address_space: what its process may, in bytes.
    characters: of the answer, as JSON.   text: characters of one text in it.
    at_once: how many queries may be at work; more wait for their turn.
    """

    seconds: float = 20.0
    memory: int = 512 << 20
    address_space: int = 2 << 30
    characters: int = 50_000
    text: int = 2_000
    at_once: int = 2


class QueryFailed(HubError):
    """A query that cannot be answered."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__("the query", what, remedy)


@dataclass(frozen=True)
class Queries:
    """Answers queries, a few at once."""

    limits: SqlLimits = SqlLimits()
    _slots: threading.BoundedSemaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_slots", threading.BoundedSemaphore(self.limits.at_once))

    def answer(self, snapshot: Path, query: str, rows: int) -> Found:
        """The rows of a query on a snapshot, as far as the limits. Raises QueryFailed where it is
        not one query that only reads, needs too much, or is wrong."""
        limits = self.limits
        order = Order(
            path=str(snapshot),
            query=query,
            memory=limits.memory,
            address_space=limits.address_space,
            seconds=limits.seconds + _GRACE_SECONDS,
            rows=rows,
            characters=limits.characters,
            cell=limits.text,
        )
        with self._slots:
            return _decoded(self._work(msgspec.json.encode(order)), limits)

    def _work(self, order: bytes) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(  # nosec B603
                [sys.executable, "-I", "-m", "hub.mcp.sql_worker"],
                input=order,
                capture_output=True,
                timeout=self.limits.seconds,
                env=_ENVIRONMENT,
            )
        except subprocess.TimeoutExpired as error:
            raise QueryFailed(
                f"it was ended after {self.limits.seconds:g} s", _TOO_MUCH
            ) from error


def _decoded(done: subprocess.CompletedProcess[bytes], limits: SqlLimits) -> Found:
    needs_memory = f"it needs more memory than the {limits.memory >> 20} MB that it may take"
    if done.returncode != 0 or not done.stdout:
        # DuckDB ends the process where it gets no memory in the wrong place
        ended = (
            signal.Signals(-done.returncode).name if done.returncode < 0 else str(done.returncode)
        )
        raise QueryFailed(f"its process ended with {ended}: mostly for want of memory", _TOO_MUCH)
    answer = msgspec.json.decode(done.stdout, type=Found | Failed)
    if isinstance(answer, Found):
        return answer
    if answer.out_of_memory:
        raise QueryFailed(needs_memory, _TOO_MUCH)
    raise QueryFailed(answer.error, "Correct it, and ask again.")

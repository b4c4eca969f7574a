"""Queries of others, answered by a process of its own that may take only so much."""

import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
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


class Queries:
    """Answers queries, a few at once."""

    def __init__(self, limits: SqlLimits | None = None) -> None:
        self.limits = limits or SqlLimits()
        self._slots = threading.BoundedSemaphore(self.limits.at_once)
        self._at_work: set[subprocess.Popen[bytes]] = set()

    def answer(
        self, snapshot: Path, query: str, rows: int, open_sources: list[str] | None = None
    ) -> Found:
        """The rows of a query on a snapshot, as far as the limits. Raises QueryFailed where it is
        not one query that only reads, needs too much, or is wrong.

        open_sources: the sources whose raw text may be seen, None for all.
        """
        limits = self.limits
        order = Order(
            path=str(snapshot),
            query=query,
            memory=limits.memory,
            address_space=limits.address_space,
            seconds=limits.seconds + _GRACE_SECONDS,
            rows=rows,
            characters=limits.characters,
            text=limits.text,
            open_sources=open_sources,
        )
        with self._slots:
            return self._decoded(*self._carry_out(msgspec.json.encode(order)))

    def end(self) -> None:
        """End those that are at work."""
        for process in tuple(self._at_work):
            process.kill()

    def _carry_out(self, order: bytes) -> tuple[int, bytes]:
        """How the process ended that got the order, and what it wrote."""
        with subprocess.Popen(  # nosec B603
            [sys.executable, "-I", "-m", "hub.mcp.sql_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
        ) as process:
            self._at_work.add(process)
            try:
                answer, _ = process.communicate(order, self.limits.seconds)
            except subprocess.TimeoutExpired as error:
                what = f"it was ended after {self.limits.seconds:g} s"
                raise QueryFailed(what, _TOO_MUCH) from error
            finally:
                process.kill()
                self._at_work.discard(process)
        return process.returncode, answer

    def _decoded(self, code: int, answer: bytes) -> Found:
        if code != 0:
            # DuckDB ends its process where it gets no memory in the wrong place
            how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            raise QueryFailed(f"its process ended with {how}, as for want of memory", _TOO_MUCH)
        decoded = msgspec.json.decode(answer, type=Found | Failed)
        if isinstance(decoded, Found):
            return decoded
        if decoded.out_of_memory:
            most = f"{self.limits.memory >> 20} MB"
            raise QueryFailed(f"it needs more memory than the {most} that it may take", _TOO_MUCH)
        raise QueryFailed(decoded.error.rstrip(" ."), "Correct it, and ask again.")

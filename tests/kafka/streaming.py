"""`hub stream` as a process, as people run it."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import duckdb

from tests.kafka.cluster import DEADLINE

HUB = Path(sys.executable).parent / "hub"
# of the steps in the lineage, the one that every record has, whatever became of it
_FIRST_STEPS = ("stage", "reject", "late", "duplicate")


class StreamProcess:
    """A running `hub stream`, ended at the latest with the `with`."""

    def __init__(
        self,
        root: Path,
        bootstrap_servers: str,
        *arguments: str,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.root = root
        self._log = root / "stream.log"
        self._command = [HUB, "stream", "--log-level", "info", *arguments]
        self._environment = {**environment, "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers}

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self.root, env=self._environment, stdout=log, stderr=log
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(DEADLINE)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        """What it wrote to its terminal so far."""
        return self._log.read_text(errors="replace")

    def limit_files(self, size: int) -> None:
        """Let no file that it writes grow beyond so many bytes, as a full disk would not."""
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        self._process.wait(DEADLINE)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; returns its exit code."""
        self._process.send_signal(number)
        return self._process.wait(DEADLINE)

    def wait_for_end(self) -> int:
        """Wait until it ends by itself; returns its exit code."""
        return self._process.wait(DEADLINE)

    def wait_for_log(self, text: str, times: int = 1) -> None:
        """Wait until it has written a text so often."""
        self._wait(lambda: self.log.count(text) >= times, repr(text))

    def wait_for(self, query: str, expected: object) -> None:
        """Wait until a query has this one value. Between two batches the warehouse is free."""

        def has_come() -> bool:
            try:
                with duckdb.connect(str(self.root / "warehouse.duckdb")) as connection:
                    return bool(connection.execute(query).fetchall() == [(expected,)])
            except duckdb.Error:
                return False

        self._wait(has_come, f"{expected!r} from {query}")

    def wait_for_start(self) -> None:
        """Wait until it has built what was left, and reads."""
        self.wait_for_log(": reading ")

    def wait_for_decided(self, records: int, patience: float = 2 * DEADLINE) -> None:
        """Wait until so many clicks were decided in all, also by earlier streams.

        The stream writes its latest receipt beside the warehouse: who waits for that does not get
        in its way.
        """
        latest = self.root / "receipts" / "latest.json"

        def has_come() -> bool:
            if not latest.exists():
                return False
            lineage = json.loads(latest.read_text())["entities"]["clicks"]["lineage"]
            return sum(lineage.get(step, 0) for step in _FIRST_STEPS) >= records

        self._wait(has_come, f"{records:,} decided records", patience)

    def _wait(
        self, has_come: Callable[[], bool], what: str, patience: float = 2 * DEADLINE
    ) -> None:
        start = time.monotonic()
        while not has_come():
            if time.monotonic() - start > patience:
                raise AssertionError(f"waited in vain for {what}, its log:\n{self.log}")
            time.sleep(0.2)

"""Looks at a warehouse from beside the stream that feeds it, and prints what it sees."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from tests.kafka.streaming import HUB

_DEADLINE = 60.0  # seconds for what takes a few
_PAUSE = 0.1

Found = TypeVar("Found")


class Busy(Exception):
    """The stream is at work on the warehouse, which has room for one process."""


class Onlooker:
    """What can be seen of the project in `root` while a stream runs there: between two batches,
    the warehouse can be opened."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def show(self, query: str) -> None:
        """Print what a query finds."""
        names, rows = self._query(query)
        cells = [names, *([str(value) for value in row] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            print(f"  {line.rstrip()}")

    def show_command(self, *words: str) -> None:
        """Run a `hub` command, and print it with its output."""
        print(f"$ hub {' '.join(words)}")
        print(_again(lambda: self._run(words)).rstrip(), flush=True)

    def place(self, partition: int, offset: int) -> str:
        """Where a message landed, as `hub why` takes it."""
        _, rows = self._query(
            "select concat(loads.file, ':', web.row_number) from raw.web "
            "inner join raw.loads on loads.load_id = web.load_id "
            f"where cast(web.position ->> 'partition' as integer) = {partition} "
            f"and cast(web.position ->> 'offset' as integer) = {offset}"
        )
        return str(rows[0][0])

    def last_load(self) -> int:
        """The number of the latest load."""
        return int(self._query("select max(load_id) from raw.loads")[1][0][0])

    def judged(self, after: int) -> tuple[int, int]:
        """How many records were accepted and rejected, of the loads after one."""
        _, rows = self._query(
            "select count(*) filter (outcome in ('applied', 'superseded', 'outdated')), "
            "count(*) filter (outcome = 'rejected') "
            f"from ops.record_outcomes where load_id > {after}"
        )
        accepted, rejected = rows[0]
        return accepted, rejected

    def lag(self) -> str:
        """How many messages of each partition have not landed."""
        _, rows = self._query(
            "select partition, log_end - next_offset from ops.stream_offsets order by partition"
        )
        return ", ".join(f"{lag:,} in partition {partition}" for partition, lag in rows)

    def _query(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        def ask() -> tuple[list[str], list[tuple[Any, ...]]]:
            try:
                connection = duckdb.connect(str(self._root / "warehouse.duckdb"))
            except duckdb.Error as error:
                raise Busy(str(error)) from error
            with connection:
                found = connection.execute(query)
                return [column[0] for column in found.description or []], found.fetchall()

        return _again(ask)

    def _run(self, words: tuple[str, ...]) -> str:
        done = subprocess.run(
            [HUB, *words], cwd=self._root, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Busy(done.stderr)
        return done.stdout


def _again(work: Callable[[], Found]) -> Found:
    """Do the work, again and again while the stream is in the way."""
    start = time.monotonic()
    while True:
        try:
            return work()
        except Busy as error:
            if time.monotonic() - start > _DEADLINE:
                raise SystemExit(f"waited in vain: {error}") from error
            time.sleep(_PAUSE)

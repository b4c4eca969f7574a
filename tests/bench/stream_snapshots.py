"""Watches what is published beside a stream: how long after the target readers have a row."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import duckdb

from loader.warehouse.snapshots import newest_snapshot, published_folder
from tests.bench.findings import Finding

_PAUSE = 0.02  # seconds between two looks
_GOAL = 1.0


@dataclass
class Snapshots:
    """delays: of each snapshot that was seen, the seconds from its newest row in marts.clicks to
    its publication."""

    delays: list[float] = field(default_factory=list)

    def findings(self, records: int) -> list[Finding]:
        """The usual delay and the greatest one."""
        return [
            Finding("steady", f"row in marts.clicks to snapshot, {name}", records, value, "s", goal)
            for name, value, goal in (
                ("p50", median(self.delays), None),
                ("slowest", max(self.delays), _GOAL),
            )
        ]


@contextmanager
def watching_snapshots(database: Path) -> Iterator[Snapshots]:
    """Look at each new snapshot, until the block is left."""
    found, ended = Snapshots(), threading.Event()
    watch = threading.Thread(target=_watch, args=(database, found, ended))
    watch.start()
    try:
        yield found
    finally:
        ended.set()
        watch.join()


def _watch(database: Path, found: Snapshots, ended: threading.Event) -> None:
    link = published_folder(database) / "current.duckdb"
    seen = newest_snapshot(database)
    while not ended.wait(_PAUSE):
        published = newest_snapshot(database)
        if published is None or published == seen:
            continue
        seen, at = published, link.lstat().st_mtime
        with duckdb.connect(str(published), read_only=True) as connection:
            ((applied_at,),) = connection.execute(
                "select epoch(max(applied_at)) from marts.clicks"
            ).fetchall()
        if applied_at is not None:
            found.delays.append(at - applied_at)

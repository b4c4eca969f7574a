"""The newest published snapshot, open: reads ask it and never the warehouse itself."""

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from hub.published.locked_down import connect_locked_down
from loader.config.environment import read_environment
from loader.config.project import Project
from loader.errors import HubError
from loader.warehouse.snapshots import newest_snapshot

log = logging.getLogger(__name__)

_MEMORY = "1GB"
_LOOK_SECONDS = 0.25


class NothingPublished(HubError):
    """There is no snapshot to read yet."""

    def __init__(self) -> None:
        super().__init__(
            "published/",
            "there is no snapshot to read",
            "`hub run` publishes one, `hub publish` at once.",
        )


@dataclass(frozen=True, eq=False)
class Snapshot:
    """An open published snapshot, read-only and locked down.

    number: of its file, growing with each publication.
    run_id: the run that ended last in it, None where none did.
    as_of:  when that run ended (UTC).
    etag:   names the state that it holds: run_id, and how many discards came after that run.
    path:   its file.

    It stays open, whatever is published since, as long as somebody holds it or a cursor of it.
    """

    number: int
    run_id: str | None
    as_of: datetime | None
    etag: str
    path: Path
    _connection: duckdb.DuckDBPyConnection = field(repr=False)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection for one request; the caller closes it."""
        return self._connection.cursor()

    def close(self) -> None:
        """Let go of it; cursors that are at work keep it open."""
        self._connection.close()


@contextlib.contextmanager
def newest(project: Project) -> Iterator[Snapshot]:
    """The newest snapshot of a project, opened for one question. Raises NothingPublished."""
    path = newest_snapshot(project.database)
    while path is not None:
        try:
            snapshot = _open(path)
        except duckdb.IOException:
            # it may have gone between the two: others were published meanwhile
            following = newest_snapshot(project.database)
            if following == path:
                raise
            path = following
            continue
        try:
            yield snapshot
        finally:
            snapshot.close()
        return
    raise NothingPublished


class Snapshots:
    """The published snapshots of a project, of which the newest is open.

    One that is open costs the publication after next a full copy, so a server without requests must
    let go of it, too: `follow` does that.
    """

    def __init__(self, project: Project) -> None:
        self._database = project.database
        self._lock = threading.Lock()
        self._open: Snapshot | None = None
        self._closed = threading.Event()

    def current(self) -> Snapshot | None:
        """The newest snapshot, opened where it is another one than before; None where nothing has
        been published yet."""
        path = newest_snapshot(self._database)
        held = self._open
        if held is not None and held.path == path:
            return held
        with self._lock:
            # another thread may have opened it meanwhile, or there may be one that is newer still
            path = newest_snapshot(self._database)
            if path and (self._open is None or self._open.path != path):
                try:
                    self._open = _open(path)
                except duckdb.IOException as error:
                    # it was the one before last as soon as it was found; what is open stays good
                    log.info("no new snapshot: %s", str(error).splitlines()[0])
            return self._open

    def follow(self) -> None:
        """Open each snapshot as it is published, in a thread of its own, until `close`."""
        threading.Thread(target=self._follow, name="snapshots", daemon=True).start()

    def _follow(self) -> None:
        while not self._closed.wait(_LOOK_SECONDS):
            try:
                self.current()
            except duckdb.Error as error:
                log.error("the newest snapshot cannot be opened: %s", type(error).__name__)
                log.debug("%s", error)

    def close(self) -> None:
        """Let go of the snapshot; cursors that are at work keep theirs open."""
        self._closed.set()
        with self._lock:
            self._open = None


def _open(path: Path) -> Snapshot:
    memory = read_environment().memory_limit or _MEMORY
    connection = connect_locked_down(path, memory_limit=memory)
    try:
        last = connection.execute(
            "select run_id, ended_at from ops.runs where ended_at is not null "
            "order by ended_at desc, run_id desc limit 1"
        ).fetchone()
        run_id, as_of = last or (None, None)
        ((discards,),) = connection.execute(
            "select count(*) from ops.discards where discarded_at >= ?", [as_of or datetime.min]
        ).fetchall()
    except BaseException:
        with contextlib.suppress(duckdb.Error):
            connection.close()
        raise
    etag = f"{run_id or 'none'}{f'+{discards}' if discards else ''}"
    number = int(path.stem.rpartition("-")[2])
    return Snapshot(number, run_id, as_of, etag, path, connection)

"""The overview of the newest snapshot, asked once however many requests want it."""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime

import duckdb

from hub.published.snapshots import Snapshot, Snapshots
from hub.queries.overview import Overview, overview
from loader.config.project import Project
from loader.errors import HubError, error_of_the_machine

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Glance:
    """What there is to see of a snapshot. It does not keep the snapshot open.

    number, run_id, as_of: as in Snapshot.
    overview: None where it cannot be read.
    problem:  why it cannot be read, and what to do about it.
    """

    number: int
    run_id: str | None
    as_of: datetime | None
    overview: Overview | None
    problem: str | None = None


class Glances:
    """Keeps the overview of the newest snapshot until there is a newer one."""

    def __init__(self, snapshots: Snapshots, project: Project) -> None:
        self._snapshots = snapshots
        self._project = project
        self._lock = threading.Lock()
        self._kept: Glance | None = None

    def current(self) -> Glance | None:
        """The overview of the newest snapshot; None where nothing was published yet.

        Whoever asks while another thread looks at a new snapshot waits for its answer.
        """
        snapshot = self._snapshots.current()
        if snapshot is None:
            return None
        kept = self._kept
        if kept is not None and kept.number == snapshot.number:
            return kept
        with self._lock:
            kept = self._kept
            # another thread may have looked at it meanwhile, or at a newer one
            if kept is None or kept.number < snapshot.number:
                kept = self._kept = self._look_at(snapshot)
            return kept

    def _look_at(self, snapshot: Snapshot) -> Glance:
        seen, problem = None, None
        try:
            cursor = snapshot.cursor()
            try:
                seen = overview(cursor, self._project)
            finally:
                cursor.close()
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            log.debug("%s", error)
            problem = (
                "its tables are not those of this version of the hub. "
                "`hub run` brings them up to date."
            )
        except (HubError, duckdb.Error) as error:
            log.debug("%s", error)
            problem = str(error if isinstance(error, HubError) else error_of_the_machine(error))
        if problem:
            log.error("snapshot %s cannot be read", snapshot.number)
        return Glance(snapshot.number, snapshot.run_id, snapshot.as_of, seen, problem)

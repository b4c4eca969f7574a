"""Keeps a pull's checkpoint in the warehouse, and lands its pages, on visits of a moment: an API
may be slow, and others want to work."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from loader.config.project import Project
from loader.config.sources import Source
from loader.errors import HubError
from loader.landing.file import FileOutcome, land_file
from loader.pull.state import PullState, landed_digests, load_state, save_state
from loader.pull.window import Window
from loader.warehouse.connection import open_warehouse
from loader.warehouse.lock import InUse, warehouse_lock
from loader.warehouse.run_log import closing_on_error, start_run

log = logging.getLogger(__name__)

# How long a pull waits for another process, to begin and to end; and when it was asked to stop.
_PATIENCE_SECONDS = 60.0
_PARTING_SECONDS = 1.0
# How long it waits for the lock at once, and until it tries again where the file is open elsewhere.
_TURN_SECONDS = 1.0
_POLL_SECONDS = 0.1
# So often a state is saved at most: each time, a query of another process may find the file locked.
# What a killed pull had not saved is pulled again, and its bytes are known then.
_SAVE_SECONDS = 5.0


@dataclass
class Checkpoint:
    """What a pull knows of the warehouse, and has to write there.

    run_id: of the pull's run.
    windows: what is pulled of each source; None: what is new.
    states: where each source stood at the start.
    landed: digests of the files of each source that had landed then.
    outcomes: what became of the pages that have landed since.
    """

    project: Project
    run_id: str
    windows: Mapping[str, Window | None]
    states: dict[str, PullState] = field(default_factory=dict)
    landed: dict[str, set[str]] = field(default_factory=dict)
    outcomes: list[FileOutcome] = field(default_factory=list)
    _pages: list[tuple[Source, Path]] = field(default_factory=list)
    _unsaved: dict[str, tuple[PullState, str | None]] = field(default_factory=dict)
    _tried_at: float = field(default_factory=time.monotonic)

    def add_page(self, source: Source, page: Path) -> None:
        """Let a page that is on the disk land before the state that leads past it is saved."""
        self._pages.append((source, page))

    def keep(self, source: str, state: PullState, error: str | None = None) -> None:
        """Save how far a source has come, as soon as that is due and nobody else has the warehouse.

        Nothing waits for it: what the state leads past is on the disk. error: what the source's
        pull ended with, if it failed.
        """
        self._unsaved[source] = (state, error)
        is_end = error is not None or state.ended_at is not None
        now = time.monotonic()
        if not is_end and now < self._tried_at + _SAVE_SECONDS:
            return
        self._tried_at = now
        try:
            with _visit(self.project, 0) as connection:
                self.save(connection)
        except InUse as in_use:
            log.debug("the state is saved later: %s", in_use)

    def save(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Land the pages that have not landed yet, and save what is not saved.

        In this order, a page has its place in the order of arrival as soon as no pull asks for it
        again: nothing that comes later lands before it.
        """
        while self._pages:
            self.outcomes.append(land_file(connection, *self._pages[0], self.run_id))
            del self._pages[0]
        for source, (state, error) in self._unsaved.items():
            save_state(connection, source, state, self.run_id, error, self.windows[source])
        self._unsaved.clear()

    @contextmanager
    def last_visit(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The open warehouse, in which all is saved. Raises InUse where it is not to be had."""
        with _visit(self.project, _patience(self.project)) as connection:
            self.save(connection)
            yield connection


@contextmanager
def open_checkpoint(project: Project, windows: Mapping[str, Window | None]) -> Iterator[Checkpoint]:
    """Open a run of `hub pull` and its checkpoint; where an exception or an interrupt leaves the
    block, save what was pulled and close the run.

    windows: by source, what is pulled of it; None: what is new. Raises InUse where the warehouse is
    not to be had.
    """
    opened: list[Checkpoint] = []
    try:
        with _visit(project, _patience(project)) as connection:
            opened.append(Checkpoint(project, start_run(connection, "pull", [], None), windows))
            (checkpoint,) = opened
            for source, window in windows.items():
                checkpoint.states[source] = load_state(connection, source, window)
                checkpoint.landed[source] = landed_digests(connection, source)
        yield checkpoint
    except BaseException:
        for checkpoint in opened:
            # somebody waits for the end; where it cannot be told now, the next command finds it out
            with (
                suppress(HubError, duckdb.Error),
                _visit(project, _PARTING_SECONDS) as connection,
                closing_on_error(connection, checkpoint.run_id),
            ):
                checkpoint.save(connection)
                raise
        raise


def _patience(project: Project) -> float:
    return _PATIENCE_SECONDS if project.wait is None else project.wait


@contextmanager
def _visit(project: Project, patience: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """The open warehouse, as soon as no other process is at work on it or has it open.

    patience: seconds to wait for that. Raises InUse after them.
    """
    deadline = time.monotonic() + patience
    in_use: InUse | None = None
    while True:
        with ExitStack() as stack:
            try:
                left = max(0.0, deadline - time.monotonic())
                stack.enter_context(warehouse_lock(project.database, min(left, _TURN_SECONDS)))
                connection = stack.enter_context(open_warehouse(project, wait=0))
            except InUse as error:
                if patience and not in_use:
                    log.info("waiting: %s", error)
                in_use = error
            else:
                yield connection
                return
        if time.monotonic() >= deadline:
            raise InUse(
                in_use.where,
                f"{in_use.what}, also after {patience:g} s",
                "What was pulled stays, and the same `hub pull` goes on from there.",
            ) from in_use
        time.sleep(_POLL_SECONDS)

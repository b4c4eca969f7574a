"""The watcher of files: lands and builds what comes, as it comes, until a signal ends it."""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import duckdb

from hub.alerts.watch import STREAM_SECONDS, WATCH_SECONDS, Watch, judge_newest
from hub.runs.attempts import Attempts
from hub.runs.kept_run import carry_out_and_keep
from hub.runs.run import RunResult, RunSpec
from loader import interrupts
from loader.config.project import Project
from loader.errors import HubError
from loader.landing.folder import Landing, land
from loader.landing.walk import walk
from loader.logs import stage

log = logging.getLogger(__name__)

# A bucket is asked so often: each listing costs money, and time under the lock of the warehouse.
_BUCKET_SECONDS = 60.0
# A look at a landing folder of a thousand files takes 17 ms. Of many more, it is taken so seldom
# that it needs a twentieth of a core at most.
_LOOK_SECONDS = 0.5
_LOOK_SHARE = 20
# One that is held as it is being written is seen when it changes; any other, as for want of memory,
# is tried again so often.
_HELD_SECONDS = 60.0


@dataclass
class WatchSummary:
    """What a watcher did until it was stopped.

    runs:     that had something to do.   files, records: that landed.
    failures: attempts that failed.
    receipt:  that of its last run that had something to do, None where none had.
    """

    runs: int = 0
    files: int = 0
    records: int = 0
    failures: int = 0
    receipt: dict[str, Any] | None = None


def take_arrivals(project: Project, *, every: float, by_dbt: bool = False) -> WatchSummary:
    """Land and build whatever comes to the landing folder and the buckets, until a signal ends it.

    every:  seconds from the start of one run to that of the next, at least.
    by_dbt: let dbt build each time, never its compiled plan.

    A run that fails is made again, less and less often. However this ends, the next run completes
    what is not complete. Raises WrongUse for wrong settings.
    """
    watcher = _Watcher(project, every, by_dbt)
    try:
        watcher.work()
    except (Exception, KeyboardInterrupt) as error:
        # a library may have made an error of its own of the signal
        if not interrupts.caused(error):
            raise
        log.info("asked to stop")
    finally:
        watcher.watch.settle()
    return watcher.summary


class _Watcher:
    def __init__(self, project: Project, every: float, by_dbt: bool) -> None:
        self.summary = WatchSummary()
        self.watch = Watch(project, every=STREAM_SECONDS, patience=0)
        self._project = project
        self._every = every
        self._by_dbt = by_dbt
        self._attempts = Attempts(project.vars.stream, tell=self._tell, hold=self._hold)
        self._seen: set[int] = set()
        self._bucket_due = float("-inf")
        self._try_held_at = float("inf")
        self._judge_at = time.monotonic() + WATCH_SECONDS

    def work(self) -> None:
        """Run whenever something has come."""
        while True:
            # before the run: what comes while it is at work is seen by the next look
            self._seen = self._look()
            started = time.monotonic()
            try:
                self._attempts.until_done(self._take_up)
            finally:
                self.summary.failures = self._attempts.failures
            self._sleep_until(started + self._every)
            self._wait_for_arrival()

    def _wait_for_arrival(self) -> None:
        while True:
            now = time.monotonic()
            if now >= min(self._bucket_due, self._try_held_at):
                return
            found = self._look()
            took = time.monotonic() - now
            if not found <= self._seen:
                return
            if now >= self._judge_at:
                judge_newest(self._project)
                self._judge_at = now + WATCH_SECONDS
            self._sleep_until(time.monotonic() + max(_LOOK_SECONDS, _LOOK_SHARE * took))

    def _sleep_until(self, moment: float) -> None:
        while (left := moment - time.monotonic()) > 0:
            if interrupts.requested():  # and lost, if it came while something was finalized
                raise KeyboardInterrupt
            time.sleep(min(left, _LOOK_SECONDS))

    def _look(self) -> set[int]:
        """The files in the folders of the sources, each as it is now."""
        found = set()
        for name in self._project.sources:
            for path in walk(self._project.landing / name).entries:
                with suppress(OSError):
                    status = path.lstat()
                    times = (status.st_mtime_ns, status.st_ctime_ns)
                    found.add(hash((path, status.st_ino, status.st_size, times)))
        return found

    def _take_up(self) -> None:
        """Land what came and build what it touches. Raises HubError where the build fails."""
        spec = RunSpec(
            "run",
            list(self._project.vars.skip),
            clock=None,
            force=False,
            prepare=self._land,
            watch=self.watch,
            by_dbt=self._by_dbt,
        )
        try:
            result = carry_out_and_keep(self._project, spec)
        finally:
            self.watch.settle()
        self._count(result)
        unreached = result.landing.errors()
        if failures := [error for error in result.receipt["errors"] if error not in unreached]:
            raise HubError(
                f"run {result.receipt['run_id']}",
                f"it failed ({'; '.join(failures)[:500]})",
                "All that came has landed: fix it, and the next attempt completes it.",
            )

    def _land(self, connection: duckdb.DuckDBPyConnection, run_id: str) -> Landing:
        """Visit all folders, and the buckets where they are due."""
        sources = self._project.sources.values()
        asks_buckets = time.monotonic() >= self._bucket_due
        names = [source.name for source in sources if asks_buckets or not source.path]
        if asks_buckets:
            has_bucket = any(source.path for source in sources)
            pause = max(_BUCKET_SECONDS, self._every)
            self._bucket_due = time.monotonic() + pause if has_bucket else float("inf")
        if not names:
            return Landing((), ())
        with stage("land"):
            landing = land(connection, self._project, names, run_id)
        is_held = any(outcome.status == "held" for outcome in landing.files)
        self._try_held_at = time.monotonic() + _HELD_SECONDS if is_held else float("inf")
        return landing

    def _count(self, result: RunResult) -> None:
        landed = [each for each in result.landing.files if each.status == "landed"]
        self.summary.files += len(landed)
        self.summary.records += sum(each.rows for each in landed)
        if not result.did_nothing:
            self.summary.runs += 1
            self.summary.receipt = result.receipt

    def _tell(self, event: str, detail: str) -> None:
        log.warning("%s: %s", event, detail)

    def _hold(self, is_held: bool) -> None:
        """Files wait by themselves."""

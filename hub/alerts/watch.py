"""Watches a warehouse: after each run, and whenever somebody asks."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from zlib import crc32

import duckdb
import msgspec

from hub.alerts.at_present import is_judged_now, judge_now
from hub.alerts.conditions import Condition, Observation
from hub.alerts.in_warehouse import observe
from hub.alerts.rules import LettersGrowing, kind_of, read_rules, webhook_url
from hub.alerts.state import Alert, State, changing_state, read_state
from loader.config.project import Project
from loader.errors import HubError, WrongUse
from loader.logs import RUN_ID, logged_after
from loader.warehouse.snapshots import newest_snapshot

log = logging.getLogger(__name__)

# How long a run waits for the webhook. What it has not taken by then is told on without the run.
_PATIENCE_SECONDS = 2.0
# How often a watcher judges the rules.
WATCH_SECONDS = 60.0
# A stream makes a run a second: it is looked at less often.
STREAM_SECONDS = 10.0


def current_alerts(project: Project) -> list[Alert]:
    """The alerts that last, as they were last judged, the most urgent first."""
    urgency = ("critical", "warning", "info")
    return sorted(
        read_state(project.database).current,
        key=lambda alert: (urgency.index(alert.severity), alert.began_at, alert.id),
    )


def evaluate(
    connection: duckdb.DuckDBPyConnection, project: Project, now: datetime | None = None
) -> list[Alert]:
    """Judge all rules on an open snapshot of the warehouse, tell the webhook of what began or
    ended, without waiting for it, and return the alerts that last.

    now: the present moment, UTC where it has no zone. A snapshot that is older than what was judged
    before changes only what time and the machine can change. Raises WrongUse for wrong settings;
    what fails otherwise is logged.
    """
    watch = Watch(project, patience=0)
    watch.look(connection)
    watch.settle(now)
    return current_alerts(project)


def judge_newest(project: Project) -> None:
    """Judge all rules on the newest published snapshot, for a watcher to call each minute
    (WATCH_SECONDS). What fails is logged; before anything is published, nothing is done."""
    if (snapshot := newest_snapshot(project.database)) is None:
        return
    try:
        with duckdb.connect(str(snapshot), read_only=True) as connection:
            evaluate(connection, project)
    except (HubError, duckdb.Error, OSError) as error:
        log.error("alerts were not judged: %s", error)


class Watch:
    """Looks at the warehouse whenever a run is closed, and settles the alerts when the block is
    left: then nobody is kept from the warehouse any more. Nothing that goes wrong here is raised.

    every:    seconds in which it looks once at most; 0: each time.
    patience: seconds to wait for the webhook.
    Raises WrongUse where the rules or the webhook's address are wrong.
    """

    def __init__(
        self, project: Project, *, every: float = 0.0, patience: float = _PATIENCE_SECONDS
    ) -> None:
        self._project = project
        self._rules = read_rules(project)
        self._rules_digest = f"{crc32(msgspec.json.encode(self._rules)):08x}"
        self._url = webhook_url()
        self._every = every
        self._patience = patience
        self._looked_at = float("-inf")
        self._seen: Observation | None = None
        self._run_id = RUN_ID.get()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self._patience = 0.0
        self.settle()

    def look(
        self,
        connection: duckdb.DuckDBPyConnection,
        *,
        did_nothing: bool = False,
        is_last: bool = False,
    ) -> None:
        """Judge the rules on what is in the warehouse now.

        did_nothing: the run that is closed found nothing new, so there may be nothing to judge.
        is_last: look in any case, as nobody will again.
        """
        if not self._rules or not (is_last or self._is_due()):
            return
        self._looked_at = time.monotonic()
        self._run_id = RUN_ID.get()
        try:
            if did_nothing and self._is_seen(connection):
                return
            self._seen = observe(connection, self._project, self._rules)
        except (duckdb.Error, HubError) as error:
            log.error("alerts were not judged: %s", error)

    def _is_due(self) -> bool:
        return time.monotonic() - self._looked_at >= self._every

    def _is_seen(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Whether another look would find what the last one did."""
        state = read_state(self._project.database)
        if state.rules != self._rules_digest or any(
            # a discard ends it, and is no run
            isinstance(self._rules.get(alert.rule), LettersGrowing)
            for alert in state.current
        ):
            return False
        ((unseen,),) = connection.execute(
            "select count(*) from ops.runs where run_id > ? and had_work is not false",
            [state.as_of],
        ).fetchall()
        return bool(unseen == 0)

    @contextmanager
    def looking(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Look at the warehouse when the block is left, unless by wrong use: whoever mistyped a
        name is told so, and nobody else is."""
        try:
            yield
        except WrongUse:
            raise
        except BaseException:
            self.look(connection)
            raise
        self.look(connection)

    def settle(self, now: datetime | None = None) -> None:
        """Keep which alerts began and ended since the last time, log them, and have the webhook
        told."""
        if not self._project.database.exists() or (self._seen is None and not self._is_due()):
            return
        with logged_after(self._run_id, "alerts"):
            self._settle(now)

    def _settle(self, now: datetime | None) -> None:
        seen, self._seen = self._seen, None
        moment = datetime.now(UTC) if now is None else now
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        try:
            with changing_state(self._project.database) as change:
                change.state = self._judged(change.state, seen, moment)
                owes = any(alert.is_owed for alert in change.state.alerts)
                self._log_attempts(change.state)
                change.set(attempts=())
            if owes and self._url:
                # imported where there is something to tell
                from hub.alerts.delivery import start_delivery

                code = start_delivery(self._project.database, self._patience)
                if code is not None:
                    with changing_state(self._project.database) as change:
                        self._log_attempts(change.state)
                        change.set(attempts=())
                elif self._patience:
                    log.warning("the webhook is slow: it is told of alerts in the background")
                if code:
                    log.error("what tells the webhook of alerts ended with code %s", code)
        except (HubError, OSError, ValueError) as error:
            log.error("alerts were not settled: %s", error)

    def _judged(self, state: State, seen: Observation | None, now: datetime) -> State:
        """The state after a look. An older look than the one before tells nothing new."""
        conditions: list[Condition] = []
        # the rules that were judged
        judged = {name for name, rule in self._rules.items() if is_judged_now(kind_of(rule))}
        if seen and seen.as_of >= state.as_of:
            judged |= self._rules.keys() - set(seen.unjudged)
            state = msgspec.structs.replace(
                state, as_of=seen.as_of, rules=self._rules_digest, landed_at=seen.landed_at
            )
            conditions += seen.conditions
        conditions += judge_now(self._project, self._rules, state.landed_at, now)
        broken = {(found.rule, found.source, found.entity): found for found in conditions}
        kept: list[Alert] = []
        for alert in state.alerts:
            place = (alert.rule, alert.source, alert.entity)
            if alert.ended_at is not None:
                kept.append(alert)
            elif found := broken.pop(place, None):
                kept.append(_as_seen(alert, found))
            elif alert.rule in self._rules.keys() - judged:
                kept.append(alert)
            else:
                log.warning("alert ended: %s: %s", alert.rule, alert.summary)
                ended = msgspec.structs.replace(alert, ended_at=now)
                # whoever was not told of its beginning and cannot be told now, need not know
                if self._url or ended.began_told_at:
                    kept.append(ended)
        for found in broken.values():
            log.warning("alert began: %s: %s", found.rule, found.summary)
            kept.append(_new_alert(found, now))
        return msgspec.structs.replace(state, alerts=tuple(kept))

    def _log_attempts(self, state: State) -> None:
        for attempt in state.attempts:
            if attempt.failure:
                log.error(
                    "the webhook did not take %s (%s): %s; the next evaluation sends it again",
                    attempt.alert,
                    attempt.status,
                    attempt.failure,
                )
            else:
                log.info("the webhook took %s (%s)", attempt.alert, attempt.status)


def _new_alert(found: Condition, now: datetime) -> Alert:
    name = "/".join(part for part in (found.rule, found.source, found.entity) if part)
    return Alert(
        id=f"{name}/{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}",
        began_at=now,
        **msgspec.structs.asdict(found),
    )


def _as_seen(alert: Alert, found: Condition) -> Alert:
    return msgspec.structs.replace(alert, **msgspec.structs.asdict(found))

"""Keeps the alerts of a warehouse in a JSON file beside it.

The watcher of a server may not write to the warehouse, and who is told what is no part of its data.
Two processes that look at once take the file in turn, so that none tells what another has told.
"""

import contextlib
import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from loader.warehouse.leftovers import write_whole
from loader.warehouse.lock import lock_beside

log = logging.getLogger(__name__)

# Alerts that ended and could not be told of yet: a receiver that is gone for weeks fills no disk.
_MOST_ENDED = 200
_SECONDS_TO_WAIT = 5.0


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that is broken, or was.

    id:        the same in each message about it, and in a message that had to be sent again.
    rule:      its name in alerts.yml.     kind: its `when`.     severity: info, warning, critical.
    source, entity: of which it is told; both None where it is of the whole.
    value, threshold: in the unit of the rule, as last seen.
    summary:   in words; nothing in it comes from a record.
    began_at, ended_at: UTC; ended_at is None while it lasts.
    began_told_at, ended_told_at: when the webhook took the message; None until then.
    """

    id: str
    rule: str
    kind: str
    severity: str
    source: str | None
    entity: str | None
    value: float
    threshold: float
    summary: str
    began_at: datetime
    ended_at: datetime | None = None
    began_told_at: datetime | None = None
    ended_told_at: datetime | None = None

    @property
    def subject(self) -> str:
        """The source or the entity that it tells of; empty where it is of the whole."""
        return self.source or self.entity or ""

    @property
    def is_owed(self) -> bool:
        """Whether something about it is still to be told."""
        return self.began_told_at is None or (
            self.ended_at is not None and self.ended_told_at is None
        )


class Attempt(msgspec.Struct, frozen=True):
    """What became of a message, for the log.   failure: None where the webhook took it."""

    alert: str
    status: str
    failure: str | None = None


class State(msgspec.Struct, frozen=True):
    """What is known of the alerts of a warehouse.

    as_of:     the newest run that was looked at: an older snapshot cannot end what it began.
    rules:     digest of the rules that it was judged by.
    landed_at: per source, when it last landed something, as of then.
    alerts:    those that last, and those that ended and are still to be told of.
    attempts:  to tell of them, which nobody has logged yet.
    """

    as_of: str = ""
    rules: str = ""
    landed_at: dict[str, datetime] = {}
    alerts: tuple[Alert, ...] = ()
    attempts: tuple[Attempt, ...] = ()

    @property
    def current(self) -> list[Alert]:
        """The alerts that last."""
        return [alert for alert in self.alerts if alert.ended_at is None]


def read_state(database: Path) -> State:
    """The state as it was last written; an empty one where there is none that can be read."""
    path = _file_of(database)
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        return State()
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError) as error:
        log.error("%s cannot be read, alerts begin anew: %s", path.name, type(error).__name__)
        return State()


@contextlib.contextmanager
def changing_state(database: Path) -> Iterator["Change"]:
    """The state, to be changed inside the block while no other process can; what stands in `state`
    at its end is written. Raises InUse after some seconds."""
    with lock_beside(
        database,
        "alerts.lock",
        _SECONDS_TO_WAIT,
        "keeps its alerts",
        "Wait a moment.",
    ):
        before = read_state(database)
        change = Change(before)
        yield change
        if change.state != before:
            ended = [alert.id for alert in change.state.alerts if alert.ended_at is not None]
            forgotten = set(ended[:-_MOST_ENDED])
            kept = tuple(alert for alert in change.state.alerts if alert.id not in forgotten)
            state = msgspec.structs.replace(change.state, alerts=kept)
            write_whole(_file_of(database), msgspec.json.format(msgspec.json.encode(state)))


class Change:
    """A state that is being changed."""

    def __init__(self, state: State) -> None:
        self.state = state

    def set(self, **changes: object) -> None:
        """Replace parts of the state."""
        self.state = msgspec.structs.replace(self.state, **changes)


@contextlib.contextmanager
def delivering(database: Path) -> Iterator[None]:
    """Be the one process that tells the webhook of alerts. Raises InUse where another does."""
    with lock_beside(database, "alerts.delivery.lock", 0, "tells of its alerts", "Wait a moment."):
        yield


def _file_of(database: Path) -> Path:
    file = database.resolve()
    return file.with_name(f"{file.name}.alerts.json")

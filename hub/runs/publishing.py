"""Publishes what a command has changed, before others may change it again."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from hub.alerts.watch import WATCH_SECONDS, judge_newest
from loader import interrupts
from loader.config.project import Project
from loader.errors import HubError, error_of_the_machine
from loader.warehouse.lock import InUse, is_being_written, warehouse_lock
from loader.warehouse.snapshots import Publication, publish

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.2


@dataclass
class Change:
    """What a command did to the warehouse.

    is_whole: whether it is known to hold no half of a run afterwards.
    """

    is_whole: bool = False


@contextmanager
def changing(project: Project) -> Iterator[Change]:
    """Keep other hub commands from writing to the warehouse until the block is left, and publish
    what it has become, unless `vars: publish` is off or the block ended with an error.

    The block closes the warehouse. Raises InUse as warehouse_lock does.
    """
    with warehouse_lock(project.database, project.wait):
        change = Change()
        yield change
        if project.vars.publish:
            publish_or_say_why(project, is_whole=change.is_whole)


def publish_if_free(project: Project) -> None:
    """Publish the warehouse after it was left to others; whoever is at work on it does that."""
    try:
        with changing(project):
            pass
    except InUse as error:
        log.info("left to others to publish: %s", error)


def publish_or_say_why(project: Project, *, is_whole: bool = False) -> Publication | None:
    """Publish the warehouse; where that cannot be done, it is logged: no run fails for it."""
    if not project.database.exists():
        return None
    try:
        return publish(project.database, is_whole=is_whole)
    except InUse as error:
        log.info("not published: %s", error)
        return None
    except (HubError, OSError, duckdb.Error) as error:
        told = error if isinstance(error, HubError) else error_of_the_machine(error)
        log.error("not published: %s", told)
        return None


def publish_until_stopped(project: Project) -> int:
    """Publish the warehouse whenever it has changed and nobody is at work on it, until a signal
    ends it; returns how many times.

    Hub commands publish what they did; this is for what changes it without them: `dbt build`. Each
    minute, alerts are judged on what is published.
    """
    count = 0
    judge_at = time.monotonic()
    try:
        while not interrupts.requested():
            if not is_being_written(project.database) and publish_or_say_why(project):
                count += 1
            if time.monotonic() >= judge_at:
                judge_newest(project)
                judge_at = time.monotonic() + WATCH_SECONDS
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        log.info("asked to stop")
    return count

"""Logging for every command: to standard error, as text or JSON, each line with run and stage.

No record content is logged above the level debug.
"""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from loader.tracing import span

RUN_ID: ContextVar[str] = ContextVar("run_id", default="-")
STAGE: ContextVar[str] = ContextVar("stage", default="-")


def plain(text: str) -> str:
    """Text as it may be shown: what steers a terminal, or begins a line, is written out."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        return (
            f"{moment} {record.levelname.lower():7} run={RUN_ID.get()} stage={STAGE.get()} "
            f"{plain(record.getMessage())}"
        )


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(
            {
                "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
                "level": record.levelname.lower(),
                "run_id": RUN_ID.get(),
                "stage": STAGE.get(),
                "message": record.getMessage(),
                **getattr(record, "fields", {}),
            }
        )


def set_up(level: str, form: str) -> None:
    """Send the hub's own log lines of `level` and above to standard error as `form`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if form == "json" else _TextFormatter())
    for package in ("hub", "loader"):
        logger = logging.getLogger(package)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level.upper())


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Mark all log lines written inside as belonging to the stage `name`, and make a span of it."""
    with _marked(STAGE, name), span(f"stage {name}"):
        yield


@contextmanager
def logged(run_id: str, command: str | None = None) -> Iterator[None]:
    """Mark all log lines written inside as belonging to the run.

    command: what made the run, where this is the first block of it: then there is a span of it.
    """
    with _marked(RUN_ID, run_id):
        if command is None:
            yield
        else:
            with span(f"hub {command}", hub__run_id=run_id):
                yield


@contextmanager
def logged_after(run_id: str, name: str) -> Iterator[None]:
    """Mark all log lines written inside as belonging to the stage `name` of a run that has ended;
    they are no part of its span."""
    with _marked(RUN_ID, run_id), _marked(STAGE, name):
        yield


@contextmanager
def _marked(mark: ContextVar[str], value: str) -> Iterator[None]:
    token = mark.set(value)
    try:
        yield
    finally:
        mark.reset(token)

"""Spans of runs, stages and requests, for whoever listens. By default nobody does, and each costs a
microsecond."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Value = str | int | float | bool


class Listener(Protocol):
    """What is told of spans. None of its methods raises."""

    def span(self, name: str, attributes: dict[str, Value]) -> AbstractContextManager[None]:
        """A span that lasts as long as the block, inside the one around it in this thread; it
        failed where an exception leaves the block."""
        ...

    def note(self, attributes: dict[str, Value]) -> None:
        """Add to the innermost span."""
        ...

    def failed(self, what: str) -> None:
        """Mark the innermost span as failed."""
        ...


_listeners: list[Listener] = []


def listen(listener: Listener | None) -> None:
    """Let a listener be told of spans from now on, instead of the one before; None: nobody."""
    _listeners[:] = [] if listener is None else [listener]


def span(name: str, **attributes: Value) -> AbstractContextManager[None]:
    """A span of what the block does.

    name: one of few, such as `stage build`.   attributes: names with `__` for a dot, so that
    `hub__run_id` is `hub.run_id`. Neither may have content of records, or secrets.
    """
    for listener in _listeners:
        return listener.span(name, _dotted(attributes))
    return nullcontext()


def note(**attributes: Value) -> None:
    """Add attributes to the innermost span, named as for `span`."""
    for listener in _listeners:
        listener.note(_dotted(attributes))


def failed(what: str) -> None:
    """Mark the innermost span as failed, where no exception leaves it."""
    for listener in _listeners:
        listener.failed(what)


def _dotted(attributes: dict[str, Value]) -> dict[str, Value]:
    return {name.replace("__", "."): value for name, value in attributes.items()}

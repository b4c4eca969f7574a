"""A listener of spans that keeps what it hears."""

from collections.abc import Iterator
from contextlib import contextmanager

from loader.tracing import Value


class Heard:
    """The spans that have begun: name and attributes."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, dict[str, Value]]] = []
        self._open: list[dict[str, Value]] = []

    @contextmanager
    def span(self, name: str, attributes: dict[str, Value]) -> Iterator[None]:
        own = dict(attributes)
        self.spans.append((name, own))
        self._open.append(own)
        try:
            yield
        finally:
            self._open.remove(own)

    def note(self, attributes: dict[str, Value]) -> None:
        self._open[-1].update(attributes)

    def failed(self, what: str) -> None:
        self._open[-1]["failed"] = what

"""What is wrong with the settings: an error at once, or kept by who can go on without them."""

from collections.abc import Iterator
from contextlib import contextmanager

from loader.errors import WrongUse


class Problems:
    """The errors that were kept; where none is to be, the first one is raised.

    keep: whether to go on with what is right.
    """

    def __init__(self, *, keep: bool) -> None:
        self.kept: list[WrongUse] = []
        self._keep = keep

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Keep the error that the block ends with, or let it pass."""
        try:
            yield
        except WrongUse as error:
            if not self._keep:
                raise
            self.kept.append(error)

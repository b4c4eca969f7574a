"""What is wrong with single sources and entities, kept for who can go on with the others."""

from collections.abc import Iterator
from contextlib import contextmanager

from loader.errors import WrongUse


class Problems(list[WrongUse]):
    """The errors that were kept."""

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Keep the error that the block ends with."""
        try:
            yield
        except WrongUse as error:
            self.append(error)

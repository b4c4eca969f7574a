"""Streams between programs that pull and push bytes, and which keep what goes wrong in them."""

import io
from collections.abc import Iterator
from typing import BinaryIO


class ChunkStream(io.BufferedIOBase):
    """A file to be read once, from front to back, made of chunks as they come.

    failure: what ended the chunks early, for readers that lose an exception's type.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""
        self.failure: BaseException | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """The next `size` bytes, fewer at the end; by default all that is left."""
        missing = -1 if size is None else size
        parts = []
        while missing:
            if not self._rest:
                self._rest = self._next()
            if not self._rest:
                break
            part = self._rest if missing < 0 else self._rest[:missing]
            self._rest = self._rest[len(part) :]
            parts.append(part)
            missing -= len(part) if missing > 0 else 0
        return b"".join(parts)

    def _next(self) -> bytes:
        """The next chunk that is not empty; empty where there are no more."""
        try:
            return next(filter(None, self._chunks), b"")
        except BaseException as error:
            self.failure = error
            raise


class Sink(io.BufferedIOBase):
    """A file to be written. failure: what kept it from being written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.failure: BaseException | None = None

    def writable(self) -> bool:
        return True

    def write(self, content: bytes, /) -> int:  # type: ignore[override]
        try:
            return self._file.write(content)
        except BaseException as error:
            self.failure = error
            raise

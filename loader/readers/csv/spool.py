"""Text of unknown length, kept in memory while it is short and in a temporary file after that."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from weakref import finalize

from loader.readers.batch import utf8_bytes

MEMORY_BYTES = 64 << 20
_BLOCK_PIECES = 1024
_BLOCK_CHARS = 1 << 20


class Spool:
    """Append-only text; may hold the lone surrogates that stand for undecodable bytes.

    `size` is that of the UTF-8 so far, in bytes.
    """

    def __init__(self) -> None:
        self.size = 0
        self._pieces: list[str] = []
        self._held_chars = 0
        self._file: SpooledTemporaryFile[bytes] | None = None

    def add(self, text: str) -> None:
        """Append `text`."""
        self._pieces.append(text)
        self.size += utf8_bytes(text)
        self._held_chars += len(text)
        if len(self._pieces) >= _BLOCK_PIECES or self._held_chars >= _BLOCK_CHARS:
            if self._file is None:
                self._file = SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115
                finalize(self, self._file.close)
            self._file.write("".join(self._pieces).encode("utf-8", "surrogateescape"))
            self._pieces.clear()
            self._held_chars = 0

    def chunks(self) -> Iterator[str]:
        """The whole text from its start; nothing can be added after that."""
        if self._file is not None:
            with self._file as file:
                file.seek(0)
                blocks = iter(lambda: file.read(_BLOCK_CHARS), b"")
                yield from codecs.iterdecode(blocks, "utf-8", "surrogateescape")
        yield "".join(self._pieces)

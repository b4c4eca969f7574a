"""Bytes to text, without loss: byte order marks, declared encodings, bytes that do not decode."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from loader.readers.bytestream import byte_chunks
from loader.readers.errors import UnreadableFile
from loader.readers.formats import FileFormat

_UTF32_MARKS = ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"))
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LONGEST_MARK = 4
# Python's codecs without a byte order assume that of the machine; a file must not.
_WITHOUT_MARK = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}


def detected_encoding(file: BinaryIO, fmt: FileFormat) -> str:
    """The encoding for the ledger: 'utf-8', 'utf-8-sig', 'utf-16-le', ... or the declared one.

    'binary' for Parquet. Raises UnreadableFile, as reading would.
    """
    return "binary" if fmt.kind == "parquet" else encoded_chunks(file, fmt)[0]


def byte_order_mark(file: BinaryIO, fmt: FileFormat) -> bytes:
    """The byte order mark that a text file begins with, decompressed; empty where it has none."""
    head = _head(byte_chunks(file, fmt.compression))
    return head[: _encoding_of(head, fmt.encoding)[1]]


def encoded_chunks(file: BinaryIO, fmt: FileFormat) -> tuple[str, Iterator[bytes]]:
    """The encoding, and the decompressed bytes after the byte order mark in chunks."""
    chunks = byte_chunks(file, fmt.compression)
    head = _head(chunks)
    encoding, mark_bytes = _encoding_of(head, fmt.encoding)
    rest = head[mark_bytes:]
    return encoding, chain([rest] if rest else [], chunks)


def _head(chunks: Iterator[bytes]) -> bytes:
    """The first chunks, as far as a byte order mark may reach."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _LONGEST_MARK:
            break
    return head


def is_utf8(encoding: str) -> bool:
    """True for the encodings whose undecodable bytes can be isolated in their record."""
    return encoding in ("utf-8", "utf-8-sig")


def undecodable(
    encoding: str, offset: int | None = None, *, is_cut: bool = False
) -> UnreadableFile:
    """The error for bytes that cannot be isolated; `offset` counts them from the file's start,
    after decompression."""
    place = "its bytes" if offset is None else f"the bytes at offset {offset}"
    what = "end inside a character" if is_cut else "do not decode"
    return UnreadableFile("undecodable", f"the file is not {encoding}: {place} {what}")


class TextSource:
    """The text of one file in chunks, none of them empty; to be iterated once.

    Bytes that are not UTF-8 become lone surrogates (PEP 383), so they neither disturb their
    neighbours nor get lost; `damaged` is True from the first such chunk on. Under other encodings
    the bytes of a record cannot be told apart, so the file is refused ('undecodable').
    """

    def __init__(self, file: BinaryIO, fmt: FileFormat) -> None:
        self.encoding, self._chunks = encoded_chunks(file, fmt)
        self.damaged = False

    def __iter__(self) -> Iterator[str]:
        texts = self._utf8() if is_utf8(self.encoding) else self._declared()
        return (text for text in texts if text)

    def _utf8(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")()
        for data, final in _marked_last(self._chunks):
            try:
                text = decoder.decode(data, final)
            except UnicodeDecodeError:
                state = decoder.getstate()
                decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
                decoder.setstate(state)
                text = decoder.decode(data, final)
            # Once the forgiving decoder is at work, later damage cannot be told any more.
            self.damaged = decoder.errors != "strict"
            yield text

    def _declared(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder(self.encoding)()
        seen = 0
        for data, final in _marked_last(self._chunks):
            seen += len(data)
            try:
                text = decoder.decode(data, final)
                if not text.isascii():
                    text.encode()  # some codecs let lone surrogates through
            except UnicodeDecodeError as error:
                offset = max(seen - len(error.object) + error.start, 0)
                raise undecodable(self.encoding, offset, is_cut=final and not data) from error
            except ValueError as error:
                raise undecodable(self.encoding, seen - len(data)) from error
            yield text


def _marked_last(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each chunk with False, then an empty one with True."""
    for chunk in chunks:
        yield chunk, False
    yield b"", True


def _encoding_of(head: bytes, declared: str | None) -> tuple[str, int]:
    """The encoding and the length of the byte order mark in bytes."""
    codec = None if declared is None else _codec_name(declared)
    # FF FE 00 00 is UTF-32, or UTF-16 that begins with a NUL, which nobody writes.
    utf32_marks = _UTF32_MARKS if codec is None or codec.startswith("utf-32") else ()
    for mark, encoding in (*utf32_marks, *_MARKS):
        if head.startswith(mark):
            return encoding, len(mark)
    if codec is None or declared is None:
        return "utf-8", 0
    return _WITHOUT_MARK.get(codec, "utf-8" if codec == "utf-8" else declared), 0


def _codec_name(declared: str) -> str:
    try:
        info = codecs.lookup(declared)
        # Python also has codecs from bytes to bytes ('zip') and some that cannot read in chunks.
        if "x".encode(declared) and info.incrementaldecoder is not None:
            return info.name
    except (LookupError, ValueError):
        pass
    raise UnreadableFile("unknown_encoding", f"the declared encoding {declared!r} is not known")

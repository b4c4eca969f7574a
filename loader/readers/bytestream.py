"""The bytes of a file in chunks, decompressed and verified to the end, in bounded memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import zstandard

from loader.readers.errors import UnreadableFile
from loader.readers.formats import Compression

CHUNK_BYTES = 2 << 20
_GZIP_INPUT_BYTES = 32 << 10
# Four bytes of zstd can stand for a block of 128 KiB, and the library gives out all that follows
# from its input at once: fed 256 bytes at a time it gives out at most 8 MiB.
_ZSTD_INPUT_BYTES = 256
# What a frame refers back to is held in memory, and the frame says how much that is: zstd(1) allows
# as much without --long.
MAX_ZSTD_WINDOW_BYTES = 128 << 20
_GZIP_WRAPPER = 16 + zlib.MAX_WBITS


def byte_chunks(file: BinaryIO, compression: Compression | None) -> Iterator[bytes]:
    """The content from the start in chunks of about CHUNK_BYTES, none of them empty.

    Raises UnreadableFile: 'damaged_gzip', 'damaged_zstd' (checksums included), 'truncated_gzip',
    'truncated_zstd', 'zstd_window_too_big', 'zstd_dictionary_missing', 'read_error'.
    """
    try:
        file.seek(0)
        if compression is None:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
        else:
            yield from _joined(_gunzip(file) if compression == "gz" else _unzstd(file))
    except OSError as error:
        raise UnreadableFile("read_error", f"the file cannot be read: {error}") from error


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= CHUNK_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if size:
        yield b"".join(held)


def _gunzip(file: BinaryIO) -> Iterator[bytes]:
    """Any number of gzip members; zero bytes after the last one are padding, as for gzip(1)."""
    member = zlib.decompressobj(_GZIP_WRAPPER)
    members = 0
    started = False
    while data := file.read(_GZIP_INPUT_BYTES):
        while data:
            if members and not started and not (data := data.lstrip(b"\0")):
                break
            started = True
            try:
                piece = member.decompress(data, CHUNK_BYTES)
            except zlib.error as error:
                raise UnreadableFile(
                    "damaged_gzip", f"the gzip data is damaged: {error}"
                ) from error
            if piece:
                yield piece
            data = member.unconsumed_tail
            if member.eof:
                data = member.unused_data
                member = zlib.decompressobj(_GZIP_WRAPPER)
                members, started = members + 1, False
    if started or not members:
        raise UnreadableFile("truncated_gzip", "the gzip data ends before its end mark")


def _unzstd(file: BinaryIO) -> Iterator[bytes]:
    """Any number of zstd frames."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_ZSTD_WINDOW_BYTES)
    frame = decompressor.decompressobj()
    frames = 0
    started = False
    while block := file.read(_ZSTD_INPUT_BYTES << 8):
        for start in range(0, len(block), _ZSTD_INPUT_BYTES):
            data = block[start : start + _ZSTD_INPUT_BYTES]
            while data:
                started = True
                try:
                    piece = frame.decompress(data)
                except zstandard.ZstdError as error:
                    raise _unreadable_zstd(error) from error
                if piece:
                    yield piece
                data = b""
                if frame.eof:
                    data = frame.unused_data
                    frame = decompressor.decompressobj()
                    frames, started = frames + 1, False
    if started or not frames:
        raise UnreadableFile("truncated_zstd", "the zstd data ends before the end of its frame")


def _unreadable_zstd(error: zstandard.ZstdError) -> UnreadableFile:
    """Why a frame cannot be read, which the library says in words only."""
    if "too much memory" in str(error):
        return UnreadableFile(
            "zstd_window_too_big",
            f"its zstd window is bigger than {MAX_ZSTD_WINDOW_BYTES >> 20} MiB: "
            "compress it again without --long or --ultra",
        )
    if "ictionary" in str(error):
        return UnreadableFile(
            "zstd_dictionary_missing",
            "it was compressed with a zstd dictionary: compress it again without one",
        )
    return UnreadableFile("damaged_zstd", f"the zstd data is damaged: {error}")

"""Reads an answer within bounds: its bytes, unpacked and verified, and how long it asks to wait."""

import io
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from loader.config.http import Limits
from loader.pull.http.errors import TransientError
from loader.readers import UnreadableFile
from loader.readers.bytestream import byte_chunks

# What is asked for: some bytes of other encodings can stand for gigabytes.
ACCEPTED = "gzip, deflate"
_ENCODINGS = ("", "identity", "gzip", "x-gzip", "deflate")
_PIECE = 1 << 20


class AnswerRefused(Exception):
    """An answer that would be no other the next time.   remedy: what to do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


def content_of(response: httpx.Response, limits: Limits) -> bytes:
    """The body of an answer, unpacked. Raises TransientError where it is not whole, and
    AnswerRefused where it is too large, or packed in a way that was not asked for."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in _ENCODINGS:
        raise AnswerRefused(
            f"the answer is encoded as {encoding!r}, which was not asked for",
            "Ask the API's owner for gzip, or for no encoding.",
        )
    deadline = time.monotonic() + limits.page_seconds
    packed = _bounded(response.iter_raw(), limits, deadline)
    if encoding in ("", "identity") or not packed:
        return packed
    try:
        pieces = (
            _inflated(packed) if encoding == "deflate" else byte_chunks(io.BytesIO(packed), "gz")
        )
        return _bounded(pieces, limits, deadline)
    except (UnreadableFile, zlib.error) as error:
        raise TransientError("the answer cannot be decompressed: it is cut or damaged") from error


def _bounded(pieces: Iterator[bytes], limits: Limits, deadline: float) -> bytes:
    held = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limits.page_bytes:
            raise AnswerRefused(
                f"the page has more than {limits.page_bytes:,} bytes",
                "Ask for smaller pages, or raise page_bytes under `limits`.",
            )
        if time.monotonic() > deadline:
            raise TransientError(f"not whole after {limits.page_seconds:g} s")
        held.append(piece)
    return b"".join(held)


def _inflated(packed: bytes) -> Iterator[bytes]:
    """What `deflate` stands for: with the header of zlib, as the standard says, or without."""
    has_header = packed[0] & 0x0F == zlib.DEFLATED and int.from_bytes(packed[:2], "big") % 31 == 0
    member = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
    while packed and not member.eof:
        yield member.decompress(packed, _PIECE)
        packed = member.unconsumed_tail
    if not member.eof:
        raise UnreadableFile("truncated_deflate", "the data ends before its end mark")


def seconds_to_wait(header: str | None, now: datetime) -> float | None:
    """The seconds that a header Retry-After asks to wait; None where it says nothing."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())

"""The process that reads Parquet files: started when the first one comes, ended when it is idle."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from loader.readers.errors import UnreadableFile
from loader.readers.parquet.as_json import UNSUPPORTED
from loader.readers.parquet.schema import damaged, unsupported

_PROGRAM = Path(__file__).with_name("worker.py")
# What DuckDB says where it is not the file that is wrong.
_NOT_SUPPORTED = ("NotImplementedException", "InternalException", "WrongShape")
_BEYOND_TYPE = "Invalid TIME value"
# DuckDB may crash where it gets no memory.
_WITHOUT_MEMORY = ("out_of_memory", "read_error")
_NO_MEMORY = ("OutOfMemoryException", "MemoryError")


class ReadingProcess:
    """Answers requests, each by a process that does nothing else meanwhile."""

    def __init__(self) -> None:
        self._idle: subprocess.Popen[bytes] | None = None

    def texts(self, request: dict[str, Any]) -> Iterator[str]:
        """The texts that the rows of a file give, many at a time, with separators between them.

        Where memory does not last, they are read again in parts, by a process whose memory is not
        yet in pieces.

        Raises UnreadableFile: 'out_of_memory', 'read_error', 'record_too_big',
        'unsupported_parquet', 'damaged_parquet'.
        """
        separator = request["separator"]
        sent = 0
        try:
            for text in self._answers({**request, "in_parts": False}):
                sent += text.count(separator) + 1
                yield text
            return
        except UnreadableFile as error:
            if error.reason not in _WITHOUT_MEMORY:
                raise
            first = error
        try:
            for text in self._answers({**request, "in_parts": True}):
                fresh = text.split(separator)[sent:]
                sent -= min(sent, text.count(separator) + 1)
                if fresh:
                    yield separator.join(fresh)
        except UnreadableFile as error:
            # a crash says less than what was told before
            raise first if error.reason == "read_error" else error from None

    def close(self) -> None:
        """End the process that waits for a request."""
        process, self._idle = self._idle, None
        if process:
            _end(process)

    def _answers(self, request: dict[str, Any]) -> Iterator[str]:
        line = json.dumps(request).encode() + b"\n"
        process, self._idle = self._idle, None
        # one that is idle for long ends, maybe just now
        if process and not _is_asked(process, line):
            _end(process)
            process = None
        if not process:
            process = _started()
            _is_asked(process, line)
        try:
            yield from _payloads(process)
        except BaseException:
            # what it would still send belongs to no other request
            _end(process)
            raise
        self.close()
        self._idle = process


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # nosec B603
        [sys.executable, "-I", str(_PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            # what could not be written is lost with the process
            with suppress(OSError):
                pipe.close()


def _is_asked(process: subprocess.Popen[bytes], line: bytes) -> bool:
    """Hand a request over; whether the process takes it."""
    if not process.stdin or not process.stdout:
        return False
    try:
        process.stdin.write(line)
        process.stdin.flush()
    except BrokenPipeError:
        return False
    # it says that it has begun
    return process.stdout.read(1) == b"B"


def _payloads(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """The texts of an answer."""
    while True:
        head = process.stdout.read(5) if process.stdout else b""
        payload = process.stdout.read(int.from_bytes(head[1:], "big")) if process.stdout else b""
        if head[:1] == b"T":
            yield payload.decode()
        elif head[:1] == b"E":
            raise _judged(*json.loads(payload))
        elif head[:1] == b"D":
            return
        else:
            raise UnreadableFile(
                "read_error",
                f"the process that reads it ended with {process.wait()}: the file is damaged, or "
                "takes more memory than it may",
            )


def _judged(kind: str, text: str) -> UnreadableFile:
    """What an error of the worker says of the file."""
    first_line = text.partition("\n")[0]
    if kind in _NO_MEMORY:
        return UnreadableFile(
            "out_of_memory",
            "the Parquet file takes more memory than it may: raise HUB_MEMORY_LIMIT if it is sound",
        )
    if kind == "RecordTooBig":
        return UnreadableFile("record_too_big", first_line)
    if UNSUPPORTED in first_line:
        return unsupported(first_line.partition(UNSUPPORTED)[2].strip())
    if kind in _NOT_SUPPORTED or _BEYOND_TYPE in first_line:
        return unsupported(f"DuckDB cannot read it: {first_line}")
    return damaged(first_line)


READER = ReadingProcess()
atexit.register(READER.close)

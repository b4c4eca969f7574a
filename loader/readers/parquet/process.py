"""The process that reads Parquet files: started when the first one comes, ended when it is idle."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from loader.readers.errors import UnreadableFile
from loader.readers.parquet.as_json import UNSUPPORTED
from loader.readers.parquet.schema import damaged
from loader.readers.parquet.shapes import unsupported

_PROGRAM = Path(__file__).with_name("worker.py")
# What DuckDB says where it is not the file that is wrong.
_NOT_SUPPORTED = ("NotImplementedException", "InternalException", "WrongShape")
_NO_MEMORY = ("OutOfMemoryException", "MemoryError")


class _Ended(Exception):
    """The process has ended without an answer."""


class ReadingProcess:
    """A worker, which answers one request after the other."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def texts(self, request: dict[str, Any]) -> Iterator[str]:
        """The texts that the rows of a file give, many at a time, with separators between them.

        Raises UnreadableFile: 'out_of_memory', 'record_too_big', 'unsupported_parquet',
        'damaged_parquet'.
        """
        is_whole = False
        try:
            yield from self._answers(request)
            is_whole = True
        except _Ended as error:
            raise damaged(f"whoever reads it ends: {error}") from None
        finally:
            # what a process would still send belongs to no other request
            if not is_whole:
                self.close()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()

    def _answers(self, request: dict[str, Any]) -> Iterator[str]:
        line = json.dumps(request).encode() + b"\n"
        output = self._begun(line)
        letter = output.read(1)
        if not letter and self._process and self._process.wait() == 0:
            # it was idle, and ended just then
            self.close()
            output = self._begun(line)
            letter = output.read(1)
        while letter != b"D":
            payload = self._payload(output)
            if letter == b"E":
                raise _judged(*json.loads(payload))
            yield payload.decode()
            letter = output.read(1)
        self._payload(output)

    def _begun(self, line: bytes) -> IO[bytes]:
        """Hand a request over; where the answer comes."""
        for _attempt in range(2):
            process = self._started()
            if process.stdin is None or process.stdout is None:
                break
            try:
                process.stdin.write(line)
                process.stdin.flush()
            except BrokenPipeError:
                self.close()
            else:
                return process.stdout
        raise _Ended("it cannot be started")

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _payload(self, output: IO[bytes]) -> bytes:
        size = int.from_bytes(output.read(4), "big")
        payload = output.read(size)
        if len(payload) < size or (self._process and self._process.poll() is not None):
            status = self._process.wait() if self._process else None
            raise _Ended(f"status {status}")
        return payload


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
    if kind in _NOT_SUPPORTED:
        return unsupported(f"DuckDB cannot read it: {first_line}")
    return damaged(first_line)


READER = ReadingProcess()
atexit.register(READER.close)

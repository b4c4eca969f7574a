"""A whole table as a stream of bytes, made by a process of its own: its memory is bounded and goes
with it, and it can be ended at any moment."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import IO, cast

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from hub.queries.exported import Format
from hub.serve.problems import Refused

log = logging.getLogger(__name__)

_CHUNK = 1 << 16
_AT_ONCE = 4
# run by Python alone: importing the server would take longer than many an export
_PROGRAM = """
import sys
import duckdb
path, query, options, memory = sys.argv[1:]
connection = duckdb.connect(path, read_only=True)
connection.execute(
    f"set memory_limit = '{memory}'; set threads = 2; set preserve_insertion_order = false; "
    "set TimeZone = 'UTC'; set temp_directory = ''; set allowed_paths = ['/dev/stdout']; "
    "set enable_external_access = false; set lock_configuration = true"
)
connection.execute(f"copy ({query}) to '/dev/stdout' ({options}, use_tmp_file false)")
"""
_MEMORY = "128MB"


class Export:
    """An export at work. seconds: how long it may take.   ended: is called once, at its end."""

    def __init__(
        self, snapshot: Path, query: str, form: Format, seconds: float, ended: Callable[[], None]
    ) -> None:
        self._ended = ended
        self._lock = threading.Lock()
        self._is_closed = False
        self._process = subprocess.Popen(  # nosec B603
            [sys.executable, "-I", "-c", _PROGRAM, snapshot, query, form.options, _MEMORY],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name != "SECRET_KEY"},
        )
        self._bytes = cast("IO[bytes]", self._process.stdout)
        self._timer = threading.Timer(seconds, self._process.kill)
        self._timer.daemon = True
        self._timer.start()

    def read(self) -> bytes:
        """The next bytes; none at the end. Raises Broken where they are not all there are."""
        chunk = os.read(self._bytes.fileno(), _CHUNK)
        if not chunk and self._process.wait() != 0:
            raise Broken(f"it ended with {self._process.returncode}")
        return chunk

    def close(self) -> None:
        """End it, wherever it is."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        self._timer.cancel()
        self._process.kill()
        self._bytes.close()
        self._process.wait()
        self._ended()


class Broken(Exception):
    """An export that did not come to its end."""


class Exports:
    """The exports at work, of which there are few at once.

    seconds: how long one may take.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._slots = threading.BoundedSemaphore(_AT_ONCE)

    def respond(
        self, snapshot: Path, query: str, form: Format, headers: Mapping[str, str]
    ) -> "ExportResponse":
        """The response with the rows of a query. Raises Refused where too many exports are at work,
        or it fails before its first bytes."""
        if not self._slots.acquire(blocking=False):
            raise Refused(
                503,
                "Too many exports",
                f"{_AT_ONCE} are at work: try again when one has ended",
                {"Retry-After": "10"},
            )
        try:
            export = Export(snapshot, query, form, self._seconds, self._slots.release)
        except BaseException:
            self._slots.release()
            raise
        try:
            return ExportResponse(export, export.read(), form, headers)
        except Broken as error:
            export.close()
            log.error("an export failed: %s", error)
            raise Refused(
                503, "Export failed", "nothing was sent: try again", {"Retry-After": "5"}
            ) from error


class ExportResponse(StreamingResponse):
    """The bytes of an export. Where it fails midway, the connection is closed without the end that
    HTTP has for a body, so that nobody takes a part for the whole."""

    def __init__(
        self, export: Export, first: bytes, form: Format, headers: Mapping[str, str]
    ) -> None:
        super().__init__(self._chunks(first), media_type=form.media_type, headers=headers)
        self._export = export

    async def _chunks(self, chunk: bytes) -> AsyncIterator[bytes]:
        while chunk:
            yield chunk
            chunk = await run_in_threadpool(self._export.read)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # the client may have gone
            self._export.close()

"""Disturbs a process at its k-th step.

A step is a statement that goes to DuckDB (from the loader or from dbt), or a file operation of
the loader. What is installed here stays installed: it is for a process that is about to end.
"""

import builtins
import errno
import hashlib
import io
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import duckdb

from tests.torture.playground import copy_image


@dataclass(frozen=True)
class Step:
    """Something that a process is about to do.

    kind: connect, statement or close; open, read, write or name for a file.
    """

    number: int
    kind: str
    what: str

    @property
    def can_fail(self) -> bool:
        return self.kind != "close"

    def error(self) -> Exception:
        """The error that such a step meets when the disk is full or broken."""
        if self.kind in ("open", "read"):
            return OSError(errno.EIO, os.strerror(errno.EIO), self.what)
        if self.kind in ("write", "name"):
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.what)
        return duckdb.IOException("IO Error: Could not write file: No space left on device")


Watch = Callable[[Step], None]
_COARSE = 50_000_000  # nanoseconds
# once; or the database is no use until it is opened anew; or nothing can be written any more
MODES = ("once", "dead", "for good")


class _Counter:
    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.is_watching = False
        self._number = 0

    def __call__(self, kind: str, what: object) -> None:
        # what the watch itself does is no step
        if self.is_watching:
            return
        self._number += 1
        self.is_watching = True
        try:
            self._watch(Step(self._number, kind, " ".join(str(what).split())[:300]))
        finally:
            self.is_watching = False


def watch_steps(watch: Watch) -> None:
    """From now on call `watch` before each step of this process."""
    count = _Counter(watch)
    _watch_statements(count)
    _watch_files(count)


# ----------------------------------------------------------------------------------- statements


class _Connection:
    """A connection, or a cursor of one, that counts what is sent through it."""

    def __init__(self, real: duckdb.DuckDBPyConnection, count: _Counter) -> None:
        self._real = real
        self._count = count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def execute(self, query: Any, *parameters: Any) -> "_Connection":
        self._count("statement", query)
        self._real.execute(query, *parameters)
        return self

    def cursor(self) -> "_Connection":
        return _Connection(self._real.cursor(), self._count)

    def rollback(self) -> None:
        self._count("statement", "rollback")
        self._real.rollback()

    def close(self) -> None:
        self._count("close", "")
        self._real.close()


def _watch_statements(count: _Counter) -> None:
    connect = duckdb.connect

    def counted(*arguments: Any, **options: Any) -> _Connection:
        count("connect", "")
        return _Connection(connect(*arguments, **options), count)

    duckdb.connect = counted  # type: ignore[assignment]


# ---------------------------------------------------------------------------------------- files


_FILE_OPERATIONS = {
    "open": "open",
    "replace": "name",
    "mkdir": "name",
    "rename": "name",
    "symlink": "name",
    "listdir": "read",
    "scandir": "read",
    "pread": "read",
    "pwrite": "write",
    "ftruncate": "write",
    "copy_file_range": "write",
}


class _Raw(io.FileIO):
    """A file that counts its reads and writes."""

    count: _Counter

    def readinto(self, buffer: Any) -> int:
        self.count("read", self.name)
        return super().readinto(buffer)

    def readall(self) -> bytes:
        self.count("read", self.name)
        return super().readall()

    def write(self, data: Any) -> int:
        self.count("write", self.name)
        return super().write(data)


def _watch_files(count: _Counter) -> None:
    _Raw.count = count
    real_open = io.open

    def opened(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if count.is_watching or not _is_ours():
            return real_open(file, mode, *rest, **options)
        count("write" if "w" in mode else "open", file)
        return _buffered(_Raw(file, mode.replace("b", "").replace("t", "")), mode, options)

    def from_descriptor(descriptor: int, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if count.is_watching or not _is_ours():
            return real_open(descriptor, mode, *rest, **options)
        return _buffered(_Raw(descriptor, "r"), mode, options)

    io.open = opened
    builtins.open = opened
    os.fdopen = from_descriptor  # type: ignore[assignment]
    for name, kind in _FILE_OPERATIONS.items():
        setattr(os, name, _counted(getattr(os, name), kind, count))


def _buffered(raw: _Raw, mode: str, options: dict[str, Any]) -> Any:
    buffer = io.BufferedWriter(raw) if "w" in mode else io.BufferedReader(raw)
    if "b" in mode:
        return buffer
    return io.TextIOWrapper(buffer, options.get("encoding"), options.get("errors"))


def _counted(function: Callable[..., Any], kind: str, count: _Counter) -> Callable[..., Any]:
    def counted(*arguments: Any, **options: Any) -> Any:
        if _is_ours():
            count(kind, arguments[0])
        return function(*arguments, **options)

    return counted


def _is_ours() -> bool:
    """Whether the loader wants this: not dbt, not an import, and not the build_state, which reads
    some hundred files of the project, all in the same way."""
    frame: FrameType | None = sys._getframe(2)
    while frame:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(("dbt.", "importlib", "hub.runs.changes")):
            return False
        if module.startswith("loader."):
            return True
        frame = frame.f_back
    return False


# ----------------------------------------------------------------------------------- disturbances


def write_down(path: Path) -> Watch:
    """Keep in a file what the steps were, one a line."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

    def watch(step: Step) -> None:
        os.write(descriptor, f"{step.kind} {step.what}\n".encode())

    return watch


def kill_at(number: int) -> Watch:
    """Kill this process with SIGKILL before that step."""

    def watch(step: Step) -> None:
        if step.number == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return watch


def fail_at(number: int, mode: str, marker: Path) -> Watch:
    """Let that step fail in one of the MODES, and leave a marker with what it was."""
    failed: list[Step] = []

    def watch(step: Step) -> None:
        if step.number < number or not step.can_fail:
            return
        if not failed:
            # a rollback that fails changes nothing, and nobody need be told
            if step.what == "rollback":
                return
            failed.append(step)
            marker.write_text(f"{step.kind} {step.what}")
            raise step.error()
        if mode == "for good" and step.kind not in ("open", "read"):
            raise step.error()
        if mode == "dead" and step.kind == "connect":
            failed[0] = step
        elif mode == "dead" and step.kind == "statement" and failed[0].kind == "statement":
            raise duckdb.FatalException("FATAL Error: the database has been invalidated")

    return watch


def fail_in(nodes: Sequence[str]) -> Watch:
    """Let every statement of these dbt nodes fail; dbt writes into each which node's it is."""

    def watch(step: Step) -> None:
        if any(f'"node_id": "{node}"' in step.what for node in nodes):
            raise step.error()

    return watch


class ImageTaker:
    """Copies what a SIGKILL would leave on the disk before each step, where it differs from all
    that was there before: the images whose number leaves the rest `part` when divided by `parts`.

    A file `steps` in each image says before which steps it stood.
    """

    def __init__(self, root: Path, folder: Path, part: int, parts: int) -> None:
        self._root = root
        self._folder = folder
        self._part = part
        self._parts = parts
        self._seen: dict[str, int] = {}
        self._files: list[tuple[Path, int, int]] = []
        self._is_settled = False
        self._image = -1

    def __call__(self, step: Step) -> None:
        self._look()
        if self._image % self._parts != self._part:
            return
        folder = self._folder / str(self._image)
        if not folder.exists():
            copy_image(self._root, folder)
        with (folder / "steps").open("a") as steps:
            steps.write(f"{step.number} {step.kind} {step.what}\n")

    def _look(self) -> None:
        paths = sorted([*self._root.glob("warehouse.duckdb*"), *self._root.glob("receipts/*")])
        states = [(path, path.stat()) for path in paths]
        files = [(path, state.st_size, state.st_mtime_ns) for path, state in states]
        if files == self._files and self._is_settled:
            return
        # the clock of files is coarse: what was changed just now may be changed once more
        # without showing it
        latest = max((changed for _, _, changed in files), default=0)
        self._is_settled = time.time_ns() - latest > _COARSE
        self._files = files
        self._image = self._seen.setdefault(_digest(paths), len(self._seen))


def _digest(paths: Sequence[Path]) -> str:
    digest = hashlib.blake2b()
    for path in paths:
        digest.update(path.name.encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()

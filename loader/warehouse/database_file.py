"""A database file as it stands on the disk: whether it is at rest, and how to copy it.

DuckDB writes blocks of 256 KiB, each with a checksum at its start, and the three headers last. A
copy is brought up to date by the blocks whose first bytes differ.
"""

import errno
import fcntl
import hashlib
import os
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# The layout of DuckDB's file: three headers of 4 KiB (its own, and two of which the later counts),
# then blocks. Read from storage/storage_info.hpp and storage/single_file_block_manager.cpp.
_HEADER_BYTES = 4096
_HEADERS = 3 * _HEADER_BYTES
_MAGIC = b"DUCK"
_MAGIC_AT = 8
# checksum, iteration, meta block, free list, number of blocks, bytes of a block
_DATABASE_HEADER = struct.Struct("<QQqqQQ")
_BLOCK = 256 << 10
# the checksum of a block, and the beginning of what it holds
_SIGN_BYTES = 48
# how much is copied before it is asked again whether the file is still at rest
_STEP = 16 << 20

# struct flock: kind, whence, start, length, process; on macOS the first two come last
_IS_MACOS = sys.platform == "darwin"
_FLOCK = struct.Struct("qqihh" if _IS_MACOS else "hhqqi")
_FLOCK_KIND = 3 if _IS_MACOS else 0
_WHOLE_FILE = (0, 0, 0)
_TO_WRITE = (fcntl.F_WRLCK, os.SEEK_SET)
_WRITE_LOCK = (*_WHOLE_FILE, *_TO_WRITE) if _IS_MACOS else (*_TO_WRITE, *_WHOLE_FILE)


class Disturbed(Exception):
    """Another process has opened the file, or changed it, while it was copied."""


@dataclass(frozen=True)
class FileState:
    """What tells one state of a database file from another."""

    inode: int
    size: int
    modified_ns: int
    headers: str

    @staticmethod
    def of(descriptor: int) -> "FileState":
        """That of an open file."""
        about = os.fstat(descriptor)
        headers = hashlib.md5(os.pread(descriptor, _HEADERS, 0), usedforsecurity=False)
        return FileState(about.st_ino, about.st_size, about.st_mtime_ns, headers.hexdigest())


@contextmanager
def at_rest(database: Path) -> Iterator[tuple[int, FileState]]:
    """The database file, open to be read, and its state, while no process has it open to write.

    Raises Disturbed where one has, also in this process: to open and close the file here would give
    back DuckDB's own lock on it.
    """
    if is_open_here(database):
        raise Disturbed
    descriptor = os.open(database, os.O_RDONLY)
    try:
        _require_rest(database, descriptor)
        yield descriptor, FileState.of(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def kept_closed(database: Path) -> Iterator[None]:
    """Keep DuckDB in other processes from opening the database file until the block is left; one
    that has it open raises Disturbed. This process must not open it meanwhile, nor have it open."""
    if is_open_here(database):
        raise Disturbed
    descriptor = os.open(database, os.O_RDWR)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Disturbed from error
        yield
    finally:
        os.close(descriptor)


def is_open_here(path: Path) -> bool:
    """Whether this process has the file open."""
    wanted = path.stat()
    for entry in Path("/dev/fd").iterdir():
        try:
            about = os.fstat(int(entry.name))
        except OSError:
            continue  # that of the listing itself
        if (about.st_ino, about.st_dev) == (wanted.st_ino, wanted.st_dev):
            return True
    return False


def bring_up_to_date(database: Path, source: int, state: FileState, target: int) -> int:
    """Make the file open at `target` equal to the database, which is open at `source`; returns how
    many bytes were written.

    target: empty, or an earlier copy of the database, undisturbed, of which only the blocks that
            differ are written.
    Raises Disturbed where the database does not stay at rest; the target is then of no use.
    """

    def require_same() -> None:
        _require_rest(database, source)
        if FileState.of(source) != state:
            raise Disturbed

    if os.fstat(target).st_size and _has_usual_blocks(source) and _has_usual_blocks(target):
        written = _write_changed_blocks(source, target, state.size, require_same)
    else:
        os.ftruncate(target, 0)
        written = _copy(source, target, state.size, require_same)
    require_same()
    return written


def _require_rest(database: Path, descriptor: int) -> None:
    """Raise Disturbed where a process may write to the file, or has left a log beside it."""
    asked = (fcntl.F_WRLCK, os.SEEK_SET)
    lock = (
        _FLOCK.pack(0, 0, 0, *asked) if sys.platform == "darwin" else _FLOCK.pack(*asked, 0, 0, 0)
    )
    answer = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, lock))
    kind = answer[3] if sys.platform == "darwin" else answer[0]
    if kind != fcntl.F_UNLCK or database.with_name(f"{database.name}.wal").exists():
        raise Disturbed


def _has_usual_blocks(descriptor: int) -> bool:
    headers = os.pread(descriptor, _HEADERS, 0)
    if len(headers) < _HEADERS or headers[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] != _MAGIC:
        return False
    sizes = {_DATABASE_HEADER.unpack_from(headers, number * _HEADER_BYTES)[-1] for number in (1, 2)}
    return sizes == {_BLOCK}


def _write_changed_blocks(
    source: int, target: int, size: int, require_same: Callable[[], None]
) -> int:
    written = 0
    old_size = os.fstat(target).st_size
    # should this be stopped, nobody takes the target for a database
    os.pwrite(target, bytes(_HEADERS), 0)
    for position in range(_HEADERS, size, _BLOCK):
        if position + _BLOCK <= old_size and os.pread(source, _SIGN_BYTES, position) == os.pread(
            target, _SIGN_BYTES, position
        ):
            continue
        written += os.pwrite(target, os.pread(source, _BLOCK, position), position)
        if written % _STEP == 0:
            require_same()
    os.ftruncate(target, size)
    return written + os.pwrite(target, os.pread(source, _HEADERS, 0), 0)


def _copy(source: int, target: int, size: int, require_same: Callable[[], None]) -> int:
    copy_part = _within_the_system
    written = 0
    while written < size:
        part = min(_STEP, size - written)
        try:
            copied = copy_part(source, target, part, written)
        except (AttributeError, OSError) as error:
            if copy_part is _by_hand or getattr(error, "errno", 0) == errno.ENOSPC:
                raise
            copy_part = _by_hand
            continue
        if not copied:
            raise Disturbed  # it has become shorter
        written += copied
        require_same()
    return written


def _within_the_system(source: int, target: int, size: int, position: int) -> int:
    """Copies without reading, or shares the blocks; not every system and file system can."""
    return os.copy_file_range(source, target, size, position, position)


def _by_hand(source: int, target: int, size: int, position: int) -> int:
    return os.pwrite(target, os.pread(source, size, position), position)

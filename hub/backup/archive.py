"""Packs a backup, a tar of its manifest and its members compressed with zstd, and unpacks one.

Both work on a stream: nothing of it is in memory as a whole, and nothing but members that the
manifest lists is ever written.
"""

import hashlib
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

import zstandard

from hub.backup.manifest import MANIFEST, RECEIPTS, Manifest, Member, damaged, read_manifest
from hub.backup.stream import ChunkStream
from loader.errors import HubError
from loader.progress import ByteMeter
from loader.warehouse.durable import sync

Content: TypeAlias = Callable[[], AbstractContextManager[BinaryIO]]

MAGIC = b"\x28\xb5\x2f\xfd"  # of zstd
_LEVEL = 3
_PIECE = 1 << 20
# of compressed bytes: 4 of them can stand for 128 KiB
_PACKED_PIECE = 8 << 10
_MOST_MANIFEST_BYTES = 16 << 20


def describe(name: str, content: BinaryIO) -> Member:
    """A member with the size and digest of what is left to read of its content."""
    digest = hashlib.sha256()
    size = 0
    while piece := content.read(_PIECE):
        digest.update(piece)
        size += len(piece)
    return Member(name, size, digest.hexdigest())


def pack(manifest: Manifest, contents: Mapping[str, Content]) -> Iterator[bytes]:
    """The bytes of a backup.

    contents: member name -> opens its content, to be read from where it is.
    Raises HubError where one is not what the manifest says.
    """
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
    for part in _tar(manifest, contents):
        yield compressor.compress(part)
    yield compressor.flush()


def _tar(manifest: Manifest, contents: Mapping[str, Content]) -> Iterator[bytes]:
    encoded = manifest.encoded()
    yield _header(MANIFEST, len(encoded), manifest)
    yield encoded
    yield _padding(len(encoded))
    meter = _meter("writing", manifest)
    for member in manifest.members:
        yield _header(member.name, member.bytes, manifest)
        digest = hashlib.sha256()
        with contents[member.name]() as content:
            while piece := content.read(_PIECE):
                digest.update(piece)
                yield piece
                meter.advance(len(piece))
        if digest.hexdigest() != member.sha256:
            raise HubError(member.name, "it changed while it was read", "Back up once more.")
        yield _padding(member.bytes)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _header(name: str, size: int, manifest: Manifest) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o600
    entry.mtime = int(manifest.created_at.timestamp())
    return entry.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


def unpack(
    packed: BinaryIO, folder: Path, where: str, check: Callable[[Manifest], None]
) -> Manifest:
    """Write the members of a backup into a folder, and to the disk; returns its manifest.

    check: is called with the manifest before anything is written; what it raises ends it.
    where: the backup, for errors.
    Raises HubError where a member is not what the manifest says, or lacks, or is one too many.
    """
    (folder / RECEIPTS).mkdir(parents=True, exist_ok=True)
    stream = ChunkStream(_unpacked(packed, where))
    try:
        with tarfile.open(fileobj=cast(BinaryIO, stream), mode="r|") as tar:
            manifest = read_manifest(_manifest_in(tar, where), where)
            check(manifest)
            meter = _meter("checking", manifest)
            for member in manifest.members:
                _write(tar, member, folder, where, meter)
            if tar.next() is not None:
                raise damaged(where, "it holds more than its manifest lists")
        while stream.read(_PIECE):
            pass  # to the end of what is compressed, whose checksum comes last
    except (tarfile.TarError, EOFError) as error:
        raise damaged(where, f"it cannot be read to its end ({error})") from error
    for path in (folder / RECEIPTS, folder):
        sync(path)
    return manifest


def _manifest_in(tar: tarfile.TarFile, where: str) -> bytes:
    entry = tar.next()
    if entry is None or entry.name != MANIFEST or entry.size > _MOST_MANIFEST_BYTES:
        raise HubError(where, "it is no backup of the hub", "Name a file that `hub backup` wrote.")
    content = tar.extractfile(entry)
    return content.read() if content else b""


def _meter(what: str, manifest: Manifest) -> ByteMeter:
    return ByteMeter(what, sum(member.bytes for member in manifest.members))


def _write(
    tar: tarfile.TarFile, member: Member, folder: Path, where: str, meter: ByteMeter
) -> None:
    entry = tar.next()
    content = tar.extractfile(entry) if entry and entry.isreg() else None
    if entry is None or content is None or entry.name != member.name:
        raise damaged(where, f"{member.name} is missing in it")
    if entry.size != member.bytes:
        raise damaged(where, f"{member.name} has {entry.size} bytes instead of {member.bytes}")
    digest = hashlib.sha256()
    path = folder / member.name
    with path.open("wb") as file:
        while piece := content.read(_PIECE):
            digest.update(piece)
            file.write(piece)
            meter.advance(len(piece))
    if digest.hexdigest() != member.sha256:
        raise damaged(where, f"{member.name} has another digest than its manifest says")
    sync(path)


def _unpacked(packed: BinaryIO, where: str) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    try:
        while piece := packed.read(_PACKED_PIECE):
            if decompressor.eof:
                raise damaged(where, "something follows its end")
            yield decompressor.decompress(piece)
    except zstandard.ZstdError as error:
        raise damaged(where, f"it cannot be decompressed ({error})") from error
    if not decompressor.eof:
        raise damaged(where, "it ends too early")
    if decompressor.unused_data:
        raise damaged(where, "something follows its end")

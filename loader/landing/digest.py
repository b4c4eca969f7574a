"""The digest that a file is known by."""

import hashlib
from collections.abc import Mapping
from typing import Any, BinaryIO

from loader.readers import UnreadableFile, format_of
from loader.readers.bytestream import byte_chunks
from loader.readers.formats import Compression


def digest_of(file: BinaryIO, name: str, declared: Mapping[str, Any]) -> str:
    """The sha256 digest of a file's content after decompression, as hexadecimal text: a copy that
    is compressed in another way has the same.

    Where it cannot be decompressed, or its format is not known: of its bytes.

    name, declared: the file's name and what its source declares, which tell how to decompress it.
    Raises OSError where it cannot be read.
    """
    try:
        compression = format_of(name, **declared).compression
    except UnreadableFile:
        compression = None
    try:
        return _digest(file, compression)
    except UnreadableFile as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from error
    return _digest(file, None)


def _digest(file: BinaryIO, compression: Compression | None) -> str:
    digest = hashlib.sha256()
    for chunk in byte_chunks(file, compression):
        digest.update(chunk)
    return digest.hexdigest()

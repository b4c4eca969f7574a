"""Lists and fetches the objects under a path such as s3://bucket/prefix/."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, NoReturn, TypeVar

from loader.errors import HubError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

T = TypeVar("T")

# Objects are fetched in parts, so that neither memory nor the time of a request grows with them.
_PART_BYTES = 8 << 20
_LISTED_AT_ONCE = 1000
# What the library tries again by itself: connections, timeouts, answers that say 5xx.
_RETRIES = 4
_RETRY_SECONDS = 30
# An answer that is cut short is none of these.
_ATTEMPTS = 3
_FIRST_PAUSE_SECONDS = 0.1

_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
_DENIED = re.compile(
    r"\b40[13]\b|access.?denied|forbidden|unauthori[sz]ed|signature|credential|account must be|"
    r"169\.254\.169\.254|latest/api/token|metadata\.google|oauth2",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_MISSING = re.compile(r"\b404\b|NoSuchBucket|ContainerNotFound", re.IGNORECASE)


@dataclass(frozen=True)
class FoundObject:
    """An object as it was listed.

    name:        its key below the path.
    size:        in bytes.
    modified_at: when it was written (UTC).
    etag:        what changes with its content; None where nothing does for certain.
    """

    name: str
    size: int
    modified_at: datetime
    etag: str | None


class ObjectRefused(Exception):
    """Why one object cannot be fetched, while others may.

    is_transient: whether the next run may fetch it.
    """

    def __init__(self, reason: str, *, is_transient: bool) -> None:
        super().__init__(reason)
        self.is_transient = is_transient


class _CutShort(Exception):
    """An answer with fewer bytes than were asked for."""


class Bucket:
    """The objects under a path. Whatever it does raises HubError where the bucket cannot be
    reached, read or found."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._store = self._open()

    def listed(self) -> Iterator[list[FoundObject]]:
        """All objects under the path, many at a time, in the order of their keys; without the
        empty ones that stand for folders."""
        import obstore
        from obstore.exceptions import BaseError

        try:
            pages = obstore.list(self._store, chunk_size=_LISTED_AT_ONCE)
            while (page := _awaited(lambda: next(pages, None))) is not None:
                yield [
                    FoundObject(
                        listed["path"],
                        listed["size"],
                        listed["last_modified"].astimezone(UTC).replace(tzinfo=None),
                        _strong(listed["e_tag"]),
                    )
                    for listed in page
                    if not _is_folder(listed["path"], listed["size"])
                ]
        except (BaseError, OSError) as error:
            self._fail("cannot be listed", error)

    def fetch(self, found: FoundObject, into: BinaryIO) -> None:
        """Write the content of an object to a file, the very one that was listed.

        Raises ObjectRefused where it is gone, has changed, or may not be read.
        """
        from obstore.exceptions import BaseError, PreconditionError

        try:
            for start in range(0, found.size, _PART_BYTES):
                into.write(self._part(found, start, min(start + _PART_BYTES, found.size)))
        except FileNotFoundError as error:
            raise ObjectRefused("it is no longer there", is_transient=False) from error
        except PreconditionError as error:
            raise ObjectRefused("changing: it changed meanwhile", is_transient=True) from error
        except PermissionError as error:
            raise ObjectRefused(said(error), is_transient=False) from error
        except (BaseError, _CutShort) as error:
            if re.search(r"\b403\b", said(error)):  # such as one that lies in an archive
                raise ObjectRefused(said(error), is_transient=False) from error
            self._fail(f"{found.name} cannot be fetched", error)

    def _part(self, found: FoundObject, start: int, end: int) -> bytes:
        """Bytes of the object, tried again where fewer come."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return _awaited(lambda: self._answer(found, start, end))
            except _CutShort:
                if attempt == _ATTEMPTS:
                    raise
                time.sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
        raise AssertionError  # the last attempt returns or raises

    def _answer(self, found: FoundObject, start: int, end: int) -> bytes:
        from obstore.exceptions import GenericError, PreconditionError

        answer = self._store.get(
            found.name, options={"range": (start, end), "if_match": found.etag}
        )
        # not every server heeds the condition
        if answer.meta["size"] != found.size or _strong(answer.meta["e_tag"]) != found.etag:
            raise PreconditionError
        try:
            part = bytes(answer.bytes())
        except GenericError as error:
            raise _CutShort(said(error)) from error
        if len(part) != end - start:
            raise _CutShort(f"{len(part)} bytes came of {end - start}")
        return part

    def _open(self) -> ObjectStore:
        try:
            from obstore.exceptions import BaseError
            from obstore.store import from_url
        except ImportError as error:
            raise HubError(
                self.path,
                "the extra `objects` is not installed",
                "Install it: `make objects-setup`, or `pip install '.[objects]'`.",
            ) from error
        try:
            return from_url(
                self.path,
                retry_config={
                    "max_retries": _RETRIES,
                    "retry_timeout": timedelta(seconds=_RETRY_SECONDS),
                },
            )
        except (BaseError, ValueError) as error:
            self._fail("cannot be opened", error)

    def _fail(self, what: str, error: Exception) -> NoReturn:
        told = said(error)
        scheme = self.path.partition("://")[0]
        kind = "gs" if scheme == "gs" else "s3" if scheme.startswith("s3") else "az"
        if _MISSING.search(str(error)):
            remedy = "Correct `path` under its `meta`, or create the bucket."
        elif _DENIED.search(str(error)):
            remedy = (
                f"Set {_CREDENTIALS[kind]} in the environment for who may list and read it "
                "(docs/operations.md)."
            )
        elif "invalid path" in str(error):
            remedy = "Rename the object: a key may have no empty part."
        else:
            remedy = "Check the network and the address; the next run tries again."
        raise HubError(self.path, f"{what}: {told}", remedy) from error


def _awaited(call: Callable[[], T]) -> T:
    """What a call of the library returns; a signal ends the wait, which it would not notice."""
    done: Future[T] = Future()

    def work() -> None:
        try:
            done.set_result(call())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return done.result()


def _is_folder(name: str, size: int) -> bool:
    """Whether an object stands for a folder, as consoles make them: no byte, and no ending."""
    return size == 0 and "." not in name.rpartition("/")[2]


def _strong(etag: str | None) -> str | None:
    """The ETag, unless it is a weak one, which other bytes may have, too."""
    return None if not etag or etag.startswith("W/") else etag


def said(error: Exception) -> str:
    """What an error of a store says, on a line: no address with its query, which may hold a
    signature."""
    text = _COLOUR.sub("", str(error)).partition("\n\nDebug source")[0] or type(error).__name__
    code = re.search(r"<Code>([^<]*)</Code>", text)
    message = re.search(r"<Message>([^<]*)</Message>", text)
    status = re.search(r"status code: (\d+)", text)
    if code:
        parts = [status[1] if status else "", code[1], f"({message[1]})" if message else ""]
        return " ".join(filter(None, parts))[:300]
    return re.sub(r"\?\S+", "", " ".join(text.split()))[:300]

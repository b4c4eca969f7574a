"""A read: a cursor on the newest snapshot, with a time limit, answered as JSON with an ETag."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

import duckdb
import msgspec
from fastapi import Depends, FastAPI, Request, Response

from hub.serve.problems import Refused
from hub.serve.snapshots import Snapshot

# whoever asks again is told that nothing has changed, but must ask
_CACHED = "private, no-cache"
# of a hugeint, as of a decimal, no digit may be lost
_WIDE = 2**63
_JSON = msgspec.json.Encoder()


class NotModified(Exception):
    """The client has this state already."""

    def __init__(self, etag: str) -> None:
        super().__init__(etag)
        self.etag = etag


@dataclass(frozen=True)
class Read:
    """What a route needs to answer a read."""

    snapshot: Snapshot
    etag: str
    seconds: float

    @contextlib.contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the snapshot, until the block is left. Raises Refused where the block
        takes longer than a read may."""
        cursor = self.snapshot.cursor()
        broken_off = threading.Event()

        def break_off() -> None:
            broken_off.set()
            cursor.interrupt()

        timer = threading.Timer(self.seconds, break_off)
        timer.daemon = True
        timer.start()
        try:
            yield cursor
        except duckdb.InterruptException as error:
            if not broken_off.is_set():
                raise
            raise Refused(
                503,
                "Read took too long",
                f"it was broken off after {self.seconds:g} s: ask for less, such as a smaller "
                "limit or fewer filters on columns without order",
                {"Retry-After": "5"},
            ) from error
        finally:
            timer.cancel()
            cursor.close()

    def answer(self, data: Any, **headers: str) -> Response:
        """The response with the data as JSON. headers: further ones, with _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return as_json(data, {"ETag": self.etag, "Cache-Control": _CACHED} | named)


def newest(request: Request) -> Read:
    """The dependency of all routes that read. Raises NotModified where the client's ETag is that of
    the newest snapshot, and Refused where there is none, or a parameter is given twice or not
    known."""
    known = {parameter.alias for parameter in request.scope["route"].dependant.query_params}
    if unknown := request.query_params.keys() - known:
        # one that is passed over would seem to have been a filter
        raise Refused(
            422,
            "No such parameter",
            f"{', '.join(sorted(unknown))}: known are {', '.join(sorted(known)) or 'none'}",
        )
    return newest_with_filters(request)


def newest_with_filters(request: Request) -> Read:
    """As newest, for a route that takes parameters of any name."""
    names = [name for name, _ in request.query_params.multi_items()]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise Refused(422, "Given twice", f"{', '.join(sorted(doubled))}: give one value")
    state = request.app.state
    snapshot = state.snapshots.current()
    if snapshot is None:
        raise Refused(
            503,
            "Nothing published yet",
            "there is no snapshot to read: `hub run` publishes one, `hub publish` at once",
            {"Retry-After": "5"},
        )
    etag = f'"{snapshot.etag}"'
    if etag in _tags(request.headers.get("if-none-match", "")):
        raise NotModified(etag)
    return Read(snapshot, etag, state.settings.api_read_seconds)


Newest = Annotated[Read, Depends(newest)]
NewestWithFilters = Annotated[Read, Depends(newest_with_filters)]


def handle_not_modified(app: FastAPI) -> None:
    """Let the application answer 304."""

    @app.exception_handler(NotModified)
    def not_modified(request: Request, error: NotModified) -> Response:
        return Response(status_code=304, headers={"ETag": error.etag, "Cache-Control": _CACHED})


def _tags(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


def as_json(data: Any, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    """A response with plain data as JSON."""
    return Response(_JSON.encode(plain(data)), status, headers, "application/json")


def plain(value: Any) -> Any:
    """A value as JSON has it: times in UTC with Z, decimals as text with all their digits."""
    match value:
        case dict():
            return {str(name): plain(part) for name, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
        case datetime():
            return moment(value)
        case date() | Decimal():
            return str(value)
        case int() if abs(value) >= _WIDE:
            return str(value)
        case _:
            return value


def moment(value: datetime) -> str:
    """A time in UTC as text, with as many digits of a second as it has."""
    if value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    text = value.isoformat()
    return f"{text.rstrip('0') if '.' in text else text}Z"

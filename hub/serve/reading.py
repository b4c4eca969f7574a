"""A read: a cursor on the newest snapshot, with a time limit, answered as JSON with an ETag."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import duckdb
import msgspec
from fastapi import Depends, FastAPI, Request, Response

from hub.published.limits import interrupted_after
from hub.published.snapshots import NothingPublished, Snapshot
from hub.published.values import plain
from hub.queries.raw_text import RawText, raw_text_for
from hub.serve.access import Role
from hub.serve.problems import Refused

# whoever asks again is told that nothing has changed, but must ask
_CACHED = "private, no-cache"
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
        """A connection to the snapshot, until the block is left. Raises TookTooLong where the block
        takes longer than a read may."""
        with interrupted_after(self.seconds, self.snapshot.cursor()) as cursor:
            yield cursor

    def answer(self, data: Any, **headers: str) -> Response:
        """The response with the data as JSON. headers: further ones, with _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return as_json(data, {"ETag": self.etag, "Cache-Control": _CACHED} | named)


def newest(request: Request) -> Read:
    """The dependency of all routes that read. Raises NotModified where the client's ETag is that of
    the newest snapshot, NothingPublished where there is none, and Refused where a parameter is
    given twice or not known."""
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
        raise NothingPublished
    etag = f'"{snapshot.etag}"'
    if etag in _tags(request.headers.get("if-none-match", "")):
        raise NotModified(etag)
    return Read(snapshot, etag, state.settings.api_read_seconds)


Newest = Annotated[Read, Depends(newest)]
NewestWithFilters = Annotated[Read, Depends(newest_with_filters)]


def raw_text_of(request: Request) -> RawText:
    """Which raw text is shown to whoever sent a request."""
    state = request.app.state
    shows_all = request.state.role >= Role.OPERATOR
    return raw_text_for(state.project, state.sensitive, shows_all=shows_all)


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

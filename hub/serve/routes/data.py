"""Targets and reconciliations: a row by its key, pages of rows, all rows."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from hub.published.reconciliation import reconciliation as compare
from hub.published.tables import GREATEST_ID, Table, describe, page, rows_of_key, target, targets
from hub.queries.exported import Format
from hub.serve.access import Role, require
from hub.serve.problems import Refused, responses
from hub.serve.reading import Newest, NewestWithFilters

router = APIRouter(
    tags=["data"],
    dependencies=[Depends(require(Role.READER))],
    responses=responses(401, 403, 404, 422, 503),
)

MOST_ROWS = 1_000
Limit = Annotated[
    int, Query(ge=1, le=MOST_ROWS, description="How many rows at most.", examples=[100])
]
AfterRecord = Annotated[
    int,
    Query(ge=0, le=GREATEST_ID, description="Rows with a greater record_id: see `next`."),
]
Entity = Annotated[str, Path(description="The entity.", examples=["events"])]
_OWN_PARAMETERS = ("after", "limit")


class Row(BaseModel):
    """A row: the columns of the entity's table. Decimals are text, times end in Z (UTC)."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [{"key": "evt-003", "name": "purchase_updated", "value": 59.99}]
        },
    )


class Page(BaseModel):
    """Some rows, and the address of those that follow."""

    records: list[Row]
    next: str | None = Field(
        description="Where the next page is; null where this is the last.",
        examples=["/entities/events/records?after=10000000007&limit=100"],
    )


class ColumnInfo(BaseModel):
    """A column of a table."""

    name: str
    type: str = Field(description="As DuckDB names it.", examples=["VARCHAR"])
    description: str | None


class EntityInfo(BaseModel):
    """An entity: what its sources say, in one shape."""

    entity: str
    key: str = Field(description="The column of its key.")
    rows: int = Field(description="How many its target has.")
    sources: list[str]
    is_reconciled: bool = Field(description="Whether its sources are compared.")
    columns: list[ColumnInfo]


class Entities(BaseModel):
    """The entities that were built."""

    entities: list[EntityInfo]


class Reconciliation(BaseModel):
    """What several sources say of the same keys, compared."""

    entity: str
    counts: dict[str, int] = Field(description="Keys by status.", examples=[{"matched": 1}])
    records: list[Row]
    next: str | None = Field(description="Where the next page is; null where this is the last.")


@router.get("/data/{id:path}", response_model=Row, summary="The row of a key")
def row_of_key(
    request: Request,
    read: Newest,
    id: Annotated[str, Path(description="The key.", examples=["evt-003"])],
    entity: Annotated[
        str | None, Query(description="The entity; without it, all are searched.")
    ] = None,
) -> Response:
    """The row that the target of an entity holds for a key. 404 where none does: `/why/{key}` then
    tells what became of it. 409 where several entities do, and none was named.

    The header Content-Location names the entity that holds it.
    """
    found: list[tuple[Table, dict[str, Any]]] = []
    with read.cursor() as cursor:
        key_hash = request.app.state.key_hash.of(cursor, id)
        for table in targets(read.snapshot, entity):
            found += [(table, row) for row in rows_of_key(cursor, table, key_hash, id)]
    if not found:
        raise Refused(
            404, "Record not found", "no target holds this key: ask /why what became of it"
        )
    if len(found) > 1:
        names = ", ".join(table.entity for table, _ in found)
        raise Refused(409, "Conflict", f"several entities hold this key: add ?entity= of {names}")
    [(table, row)] = found
    return read.answer(row, Content_Location=f"{request.url.path}?entity={table.entity}")


@router.get("/entities", response_model=Entities, summary="The entities and their columns")
def entities(request: Request, read: Newest) -> Response:
    """The entities that were built, with the columns of their targets."""
    sources = request.app.state.project.vars.sources
    with read.cursor() as cursor:
        return read.answer({"entities": describe(read.snapshot, cursor, sources)})


@router.get("/entities/{entity}/records", response_model=Page, summary="The rows of an entity")
def records(
    request: Request,
    read: NewestWithFilters,
    entity: Entity,
    after: AfterRecord = 0,
    limit: Limit = 100,
) -> Response:
    """The rows of a target, in the order in which the records that won arrived.

    Every other parameter is the name of a column and the value that it must have, such as
    `?source=app&name=page_view`. Follow `next` until it is null. A row that changes meanwhile
    moves to the end: a walk meets each key at least once.
    """
    table = target(read.snapshot, entity)
    filters = _filters(request)
    with read.cursor() as cursor:
        key_hash = None
        if table.key in filters:
            key_hash = request.app.state.key_hash.of(cursor, filters[table.key])
        found = page(
            cursor, table, filters, ("record_id > ?", after), "record_id", limit + 1, key_hash
        )
    shown = found[:limit]
    following = {"after": shown[-1]["record_id"]} if len(found) > limit else None
    return read.answer(
        {"records": shown, "next": _next(request, following, limit, filters)},
    )


@router.get(
    "/entities/{entity}/export",
    summary="All rows of an entity, as a file",
    response_class=Response,
    responses={
        200: {
            "description": "The rows, in no particular order.",
            "content": {
                form.media_type: {"schema": {"type": "string", "format": "binary"}}
                for form in Format
            },
        }
    },
)
def export(
    request: Request,
    read: Newest,
    entity: Entity,
    format: Annotated[Format, Query(description="The format of the file.")] = Format.NDJSON,
) -> Response:
    """All rows of a target, of one snapshot, streamed.

    Parquet has the columns' own types. If it fails midway, the body ends without its last chunk:
    clients report that.
    """
    table = target(read.snapshot, entity)
    columns = "*" if format is Format.PARQUET else table.listed
    response: Response = request.app.state.exports.respond(
        read.snapshot.path,
        f"select {columns} from marts.{table.name}",
        format,
        {
            "ETag": read.etag,
            "Cache-Control": "private, no-cache",
            "Content-Disposition": f'attachment; filename="{table.name}.{format}"',
        },
    )
    return response


@router.get(
    "/reconciliation/{entity}", response_model=Reconciliation, summary="Where sources disagree"
)
def reconciliation(
    request: Request,
    read: Newest,
    entity: Entity,
    status: Annotated[
        str | None,
        Query(
            description="Only keys with this status: matched, mismatched, single_source or "
            "stale_source.",
            examples=["mismatched"],
        ),
    ] = None,
    after: Annotated[str | None, Query(description="Keys behind this one: see `next`.")] = None,
    limit: Limit = 100,
) -> Response:
    """What the sources of an entity say of each key, compared, with the number of keys by status.

    404 where the entity has fewer than two sources.
    """
    with read.cursor() as cursor:
        found = compare(
            read.snapshot, cursor, request.app.state.key_hash, entity, status, after, limit
        )
    following = None if found.after is None else {"after": found.after}
    filters = {} if status is None else {"status": status}
    return read.answer(
        {
            "entity": entity,
            "counts": found.counts,
            "records": found.rows,
            "next": _next(request, following, limit, filters),
        }
    )


def _filters(request: Request) -> dict[str, str]:
    """The parameters that name columns."""
    return {
        name: value for name, value in request.query_params.items() if name not in _OWN_PARAMETERS
    }


def _next(
    request: Request, following: dict[str, Any] | None, limit: int, filters: dict[str, str]
) -> str | None:
    """The address of the page that begins there; None where nothing follows."""
    if following is None:
        return None
    return f"{request.url.path}?{urlencode({**filters, **following, 'limit': limit})}"

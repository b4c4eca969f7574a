"""Errors as `application/problem+json`, RFC 9457: what is wrong, and what to do about it."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import duckdb
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from hub.published.limits import TookTooLong
from hub.published.reconciliation import NoReconciliation
from hub.published.snapshots import NothingPublished
from hub.published.tables import NoSuchColumn, NoSuchEntity, NoSuchValue
from loader.errors import HubError, WrongUse, ran_out_of_memory

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
# errors of a read, to what they are in HTTP
_OF_READS: dict[type[HubError], tuple[int, str]] = {
    NoSuchEntity: (404, "Entity not found"),
    NoReconciliation: (404, "No reconciliation"),
    NoSuchColumn: (422, "No such column"),
    NoSuchValue: (422, "No such value"),
    TookTooLong: (503, "Read took too long"),
    NothingPublished: (503, "Nothing published yet"),
}


class Fault(BaseModel):
    """One part of a request that cannot be taken."""

    at: str = Field(description="The parameter or the part of the body.", examples=["query.limit"])
    what: str = Field(description="Why.", examples=["Input should be less than or equal to 1000"])


class Problem(BaseModel):
    """An error, by RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str = Field("about:blank", description="Always about:blank: the status says the kind.")
    title: str = Field(description="The kind of error, in words.", examples=["Record not found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(
        description="What is wrong, and what to do.",
        examples=["no entity holds the key evt-999: ask /why/evt-999 what became of it"],
    )
    request_id: str = Field(description="The request's id, as in the access log.")
    faults: list[Fault] | None = Field(None, description="Of a 422: each part that is wrong.")


class Refused(Exception):
    """An answer that is an error: status, title, and a detail that says what to do."""

    def __init__(
        self, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})


def refusal(error: HubError) -> Refused:
    """What an error is in HTTP."""
    usual = (503, "Service Unavailable")
    if isinstance(error, WrongUse):
        usual = (422, "Request not understood")
    status, title = _OF_READS.get(type(error), usual)
    return Refused(status, title, str(error), {"Retry-After": "5"} if status == 503 else None)


def title_of(status: int) -> str:
    """The kind of error in words, by RFC 9110; versions of Python have different ones."""
    renamed = {413: "Content Too Large", 422: "Unprocessable Content"}
    return renamed.get(status, HTTPStatus(status).phrase)


def problem(
    request: Request,
    status: int,
    title: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """The response that tells of an error. more: further members of the document."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": getattr(request.state, "request_id", "-"),
        **more,
    }
    return JSONResponse(body, status, dict(headers or {}), MEDIA_TYPE)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of the errors of a route."""
    return {
        status: {
            "description": title_of(status),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def handle_problems(app: FastAPI) -> None:
    """Let the application answer every error that it knows with a problem."""

    @app.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> Response:
        return problem(request, error.status, error.title, error.detail, error.headers)

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        title = title_of(error.status_code)
        return problem(request, error.status_code, title, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        # what was sent is not repeated: it may be anybody's
        faults = [
            {"at": ".".join(map(str, fault["loc"])), "what": fault["msg"]}
            for fault in error.errors()
        ]
        detail = "; ".join(f"{fault['at']}: {fault['what']}" for fault in faults[:3])
        return problem(request, 422, "Request not understood", detail, faults=faults)

    @app.exception_handler(HubError)
    def hub_error(request: Request, error: HubError) -> Response:
        told = refusal(error)
        return problem(request, told.status, told.title, told.detail, told.headers)

    @app.exception_handler(duckdb.Error)
    def database_error(request: Request, error: duckdb.Error) -> Response:
        log.error("the snapshot cannot answer: %s", type(error).__name__)
        log.debug("%s", error)
        if ran_out_of_memory(error):
            what = "the answer needs more memory than the server may take: ask for less"
        else:
            what = "the snapshot cannot answer: see `hub doctor`"
        return problem(request, 503, "Service Unavailable", what, {"Retry-After": "5"})

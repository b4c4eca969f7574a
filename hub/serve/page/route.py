"""The kind of route that pages are: what goes wrong is told as a page, too."""

import logging
from collections.abc import Callable, Coroutine
from html import escape
from typing import Any

import duckdb
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from hub.serve.access import COOKIE
from hub.serve.page.render import HEADERS, page
from hub.serve.page.session import SignInFirst, to_sign_in
from hub.serve.problems import Refused, refusal
from loader.errors import HubError

log = logging.getLogger(__name__)

_AGAIN = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta http-equiv="refresh" content="0"><title>Data integration hub</title></head>'
    '<body><p><a href="{address}">Go on</a></p></body></html>'
)


class PageRoute(APIRoute):
    """A route whose errors are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_or_tell(request: Request) -> Response:
            try:
                return await answer(request)
            except SignInFirst:
                return _first(request)
            except (Refused, HubError) as error:
                told = error if isinstance(error, Refused) else refusal(error)
                response: Response = _problem(request, told.status, told.title, told.detail)
                response.headers.update(told.headers)
                return response
            except RequestValidationError as error:
                # what was sent is not repeated: it may be anybody's
                named = ", ".join(".".join(map(str, fault["loc"])) for fault in error.errors())
                return _problem(request, 422, "Request not understood", f"Look at {named}.")
            except (duckdb.Error, duckdb.InterruptException) as error:
                log.error("the snapshot cannot answer: %s", type(error).__name__)
                log.debug("%s", error)
                return _problem(
                    request,
                    503,
                    "The snapshot cannot answer",
                    "Ask for less, or try again in a moment; `hub doctor` examines the warehouse.",
                )

        return answer_or_tell


def _first(request: Request) -> Response:
    """Lead to the sign-in form, or let the browser ask once more: to a link on another site's page
    it follows without the cookie."""
    if request.headers.get("sec-fetch-site") == "cross-site" and COOKIE not in request.cookies:
        return HTMLResponse(_AGAIN.format(address=escape(str(request.url))), 200, HEADERS)
    return to_sign_in(request)


def _problem(request: Request, status: int, title: str, detail: str) -> HTMLResponse:
    return page(request, None, "problem.html", {"title": title, "detail": detail}, status)

"""What every request passes through: its id, the limit of its body, the headers of the answer, the
access log, and an answer to errors that nobody expected."""

import logging
import re
import time
import uuid
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.serve.problems import problem, title_of

log = logging.getLogger(__name__)

MOST_BODY = 64 << 10
MOST_HEAD = 16 << 10
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    # an answer to one token is none to another
    "Vary": "Authorization, Cookie",
}
_TLS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}


class TooBig(HTTPException):
    """A body beyond the limit. It is one of the errors that pass through whoever reads a body."""

    def __init__(self) -> None:
        super().__init__(413, f"a body may have {MOST_BODY:,} bytes")


class Guards:
    """Wraps an application. Headers that a route sets by itself stay as it set them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await _Passage(self._app, scope, receive, send).go()


class _Passage:
    """One request on its way through."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._app, self._scope, self._receive, self._send = app, scope, receive, send
        self._started = time.monotonic()
        self._status = 0
        self._received = 0
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        # one that could forge a line of the log is replaced
        self._id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        self._length = headers.get("content-length", "0")
        self._head = len(scope.get("raw_path") or b"") + len(scope.get("query_string", b""))
        self._head += sum(len(name) + len(value) for name, value in scope["headers"])
        self._has_two_lengths = {"content-length", "transfer-encoding"} <= {*headers.keys()}
        scope.setdefault("state", {})["request_id"] = self._id

    async def go(self) -> None:
        request = Request(self._scope)
        try:
            if self._head > MOST_HEAD:
                # the server bounds only what it still waits for
                detail = f"address and headers may have {MOST_HEAD:,} bytes"
                await self._answer(problem(request, 431, title_of(431), detail))
                return
            if self._has_two_lengths:
                # a proxy might take another one for true, and find a second request in the body
                detail = "Content-Length and Transfer-Encoding: send one of them"
                await self._answer(problem(request, 400, title_of(400), detail))
                return
            # what is no number the server has refused before
            if int(self._length) > MOST_BODY:
                raise TooBig
            await self._app(self._scope, self._take, self._give)
        except TooBig as error:
            await self._answer(problem(request, 413, title_of(413), error.detail))
        except Exception as error:
            # what went wrong may quote a record: it is told in full to whoever debugs
            log.error("request %s failed: %s", self._id, type(error).__name__)
            log.debug("traceback", exc_info=error)
            if self._status:
                raise  # half an answer is on its way: the connection is broken off
            detail = "the server has a fault: the log has more under this request_id"
            await self._answer(problem(request, 500, "Internal Server Error", detail))
        finally:
            self._write_log()

    async def _answer(self, response: ASGIApp) -> None:
        if not self._status:
            await response(self._scope, self._receive, self._give)

    async def _take(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > MOST_BODY:
            raise TooBig
        return message

    async def _give(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self._id
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if self._scope.get("scheme") == "https":
                for name, value in _TLS_ONLY.items():
                    headers.setdefault(name, value)
        await self._send(message)

    def _write_log(self) -> None:
        """One line. It has the route and not the path, as keys of records stand in that."""
        client = self._scope.get("client")
        fields: dict[str, Any] = {
            "request_id": self._id,
            "method": self._scope["method"],
            "route": getattr(self._scope.get("route"), "path", "-"),
            "status": self._status,
            "duration_ms": round((time.monotonic() - self._started) * 1000, 1),
            "subject": self._scope["state"].get("subject", "-"),
            "client": client[0] if client else "-",
        }
        log.info(
            "%(method)s %(route)s %(status)s %(duration_ms)s ms subject=%(subject)s "
            "client=%(client)s request=%(request_id)s",
            fields,
            extra={"fields": fields},
        )

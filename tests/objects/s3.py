"""An S3 server on loopback that fails when it is told to."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

KEYS = {"AWS_ACCESS_KEY_ID": "test-key", "AWS_SECRET_ACCESS_KEY": "do-not-log-this"}
_SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=test-key/20250101/us-east-1/s3/aws4_request"
}
logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request hides failures
# stands for the answer itself, of which the connection brings half
CUT = 0
FINE = 200

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


@dataclass
class Faults:
    """What the server does wrong.

    answers: statuses that the next reading requests get instead of an answer, CUT for half of it,
             FINE for all of it.
    only:    the faults meet requests whose path holds this text.
    page:    how many keys a listing gives at a time; 0: the usual thousand.
    before:  is called before a request that reads an object, with its path.
    """

    answers: list[int] = field(default_factory=list)
    only: str = ""
    page: int = 0
    before: Callable[[str], None] | None = None


class S3Server:
    """The server, with what it was asked."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.requests: list[str] = []
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=MotoRequestHandler
        )
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()

    def reset(self) -> None:
        """No buckets, no faults."""
        httpx.post(f"{self.address}/moto-api/reset").raise_for_status()
        self.faults = Faults()
        httpx.put(f"{self.address}/drop", headers=_SIGNED).raise_for_status()
        self.requests.clear()

    def environment(self) -> dict[str, str]:
        return {
            **KEYS,
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
        }

    def put(self, key: str, content: str | bytes) -> None:
        """Write an object in the bucket `drop`."""
        content = content.encode() if isinstance(content, str) else content
        url = f"{self.address}/drop/{quote(key)}"
        httpx.put(url, content=content, headers=_SIGNED).raise_for_status()

    def delete(self, key: str) -> None:
        httpx.delete(f"{self.address}/drop/{quote(key)}", headers=_SIGNED).raise_for_status()

    def fetched(self) -> list[str]:
        """The keys of the objects that were fetched since the last call, in order."""
        keys = [path.removeprefix("/drop/") for path in self.requests if path.count("/") > 1]
        self.requests.clear()
        return keys

    def _answer(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] != "GET":
            return self._app(environ, start_response)
        self.requests.append(path)
        faults = self.faults
        if faults.before and path.count("/") > 1:
            faults.before(path)
        fault = faults.answers.pop(0) if faults.answers and faults.only in path else None
        if faults.page and "list-type=2" in environ["QUERY_STRING"]:
            environ["QUERY_STRING"] += f"&max-keys={faults.page}"
        if fault in (None, FINE):
            return self._app(environ, start_response)
        if fault == CUT:
            return _half(self._app(environ, start_response))
        start_response(f"{fault} Fault", [("Content-Type", "application/xml")])
        return [b"<Error><Code>Fault</Code><Message>as told</Message></Error>"]


def _half(answer: Iterable[bytes]) -> Iterator[bytes]:
    whole = b"".join(answer)
    yield whole[: len(whole) // 2]
    raise ConnectionAbortedError

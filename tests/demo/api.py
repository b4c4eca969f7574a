"""A REST API of measurements on a free port of this machine, which fails as it is told to.

It gives out the same pages under three manners of pagination at once: page numbers (`page`), a
cursor in the body (`cursor`), and the header Link. Asked for an `offset`, it gives as many items
from there as the page would have. It knows windows: `since` counts, `until` does not.
"""

import gzip
import json
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

Fault = str | None  # what goes wrong with a request; None: nothing

FAULTS = (
    *("503", "429 seconds", "429 date", "cut", "cut in chunks", "cut without a word", "hang"),
    *("dropped", "html", "repeat", "leads back", "damaged gzip"),
)


@dataclass(frozen=True)
class Request:
    """A request as it came in."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    fault: Fault
    form: dict[str, str] | None = None  # of a POST


@dataclass
class Answer:
    """What is sent back."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def no_fault(number: int) -> Fault:
    return None


class SampleApi:
    """Serves `records` (JSON texts, sent as they are) until the block is left.

    sizes:     of the pages, one after the other, then again from the start.
    faults:    what goes wrong with the request of a number, from 0.
    token:     what the header Authorization must bear, if anything.
    answer:    gives an answer of its own to a request, instead of a page.
    tls:       what it shows itself with, where it speaks https.
    requests:  those that came, in their order.
    """

    def __init__(
        self,
        records: Sequence[str],
        *,
        sizes: Sequence[int] = (3,),
        faults: Callable[[int], Fault] = no_fault,
        token: str | None = None,
        answer: Callable[[Request], Answer | None] = lambda request: None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.records = list(records)
        self.sizes = sizes
        self.faults = faults
        self.token = token
        self.answer = answer
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}/measurements"

    def __enter__(self) -> "SampleApi":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def note(
        self,
        path: str,
        query: dict[str, str],
        headers: dict[str, str],
        form: dict[str, str] | None = None,
    ) -> Request:
        """Take down a request, and what shall go wrong with it."""
        with self._lock:
            request = Request(path, query, headers, self.faults(len(self.requests)), form)
            self.requests.append(request)
            return request

    def page(self, request: Request) -> Answer:
        """The page that a request asks for."""
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(401)
        pages = self._pages(request.query.get("since"), request.query.get("until"))
        if "offset" in request.query:
            records = [record for page in pages for record in page]
            return self._from(int(request.query["offset"]), records)
        asked = int(request.query.get("page") or request.query.get("cursor", "p1")[1:])
        number = max(1, asked - 1) if request.fault == "repeat" else asked
        items = pages[number - 1] if number <= len(pages) else []
        after = number + 1 if number < len(pages) else None
        if request.fault == "leads back":
            after = number
        meta = {
            "next": f"p{after}" if after else None,
            "more": after is not None,
            "total": sum(map(len, pages)),
        }
        text = f'{{"data": {{"items": [{", ".join(items)}]}}, "meta": {json.dumps(meta)}}}'
        headers = {"Content-Type": "application/json"}
        if after:
            window = "".join(
                f"&{end}={request.query[end]}" for end in ("since", "until") if end in request.query
            )
            headers["Link"] = (
                f'<{request.path}?cursor=p1>; rel="first", '
                f'<{request.path}?cursor=p{after}{window}>; rel="next last"'
            )
        return Answer(body=text.encode(), headers=headers)

    def _from(self, place: int, records: list[str]) -> Answer:
        items = records[place : place + self.sizes[0]]
        meta = {"total": len(records), "more": place + len(items) < len(records)}
        text = f'{{"data": {{"items": [{", ".join(items)}]}}, "meta": {json.dumps(meta)}}}'
        return Answer(body=text.encode(), headers={"Content-Type": "application/json"})

    def _pages(self, since: str | None, until: str | None) -> list[list[str]]:
        wanted = [
            record
            for record in self.records
            if (not since or _time_of(record) >= since) and (not until or _time_of(record) < until)
        ]
        pages: list[list[str]] = []
        while wanted:
            size = self.sizes[len(pages) % len(self.sizes)]
            pages.append(wanted[:size])
            wanted = wanted[size:]
        return pages


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up."""


def _fields(text: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(text).items()}


def _time_of(record: str) -> str:
    return str(json.loads(record).get("timestamp", ""))


def _handler(api: SampleApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._respond(None)

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._respond(_fields(form.decode()))

        def _respond(self, form: dict[str, str] | None) -> None:
            address = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = api.note(address.path, _fields(address.query), headers, form)
            answer = api.answer(request) or api.page(request)
            getattr(self, f"_{(request.fault or 'send').replace(' ', '_')}", self._send)(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "Transfer-Encoding" not in answer.headers:
                length = answer.headers.get("X-Length", str(len(answer.body)))
                self.send_header("Content-Length", length)
            self.end_headers()
            self.wfile.write(answer.body)

        def _503(self, answer: Answer) -> None:
            self._send(Answer(503, b"busy"))

        def _429_seconds(self, answer: Answer) -> None:
            self._send(Answer(429, headers={"Retry-After": "1"}))

        def _429_date(self, answer: Answer) -> None:
            moment = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
            self._send(Answer(429, headers={"Retry-After": moment}))

        def _cut(self, answer: Answer) -> None:
            answer.headers["X-Length"] = str(len(answer.body))
            answer.body = answer.body[: len(answer.body) // 2]
            self._send(answer)
            self.close_connection = True

        def _cut_in_chunks(self, answer: Answer) -> None:
            half = answer.body[: len(answer.body) // 2]
            answer.headers["Transfer-Encoding"] = "chunked"
            answer.body = b"%x\r\n%s\r\n" % (len(half), half)
            self._send(answer)
            self.close_connection = True

        def _cut_without_a_word(self, answer: Answer) -> None:
            answer.body = answer.body[: len(answer.body) // 2]
            self._send(answer)

        def _hang(self, answer: Answer) -> None:
            api.closing.wait(30)
            self.close_connection = True

        def _drip(self, answer: Answer) -> None:
            answer.headers["Transfer-Encoding"] = "chunked"
            answer.body = b""
            self._send(answer)
            while not api.closing.wait(0.01):
                self.wfile.write(b"1\r\n \r\n")

        def _dropped(self, answer: Answer) -> None:
            self.close_connection = True

        def _html(self, answer: Answer) -> None:
            self._send(Answer(200, b"<h1>Sorry</h1>", {"Content-Type": "text/html"}))

        def _damaged_gzip(self, answer: Answer) -> None:
            answer.headers["Content-Encoding"] = "gzip"
            answer.body = gzip.compress(answer.body)[:-12]
            self._send(answer)

    return Handler

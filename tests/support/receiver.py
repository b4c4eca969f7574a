"""A local receiver of messages over HTTP that fails as it is told to."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """How a request is answered.

    status: None: the connection is closed without an answer.   delay: seconds before it.
    """

    status: int | None = 200
    delay: float = 0.0


@dataclass
class Receiver:
    """What was received, and what is answered: the answers in turn, and then the last for ever."""

    url: str
    answers: list[Answer] = field(default_factory=lambda: [Answer()])
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was answered with 200, as JSON."""
        return [json.loads(body) for body in self.taken]

    def told(self) -> list[tuple[str, str | None, str]]:
        """Of each alert that was taken: rule, source or entity, and firing or resolved."""
        return [(m["rule"], m["source"] or m["entity"], m["status"]) for m in self.messages]

    def wait_for(self, amount: int, seconds: float = 20.0) -> None:
        """Wait until so many messages were taken."""
        deadline = time.monotonic() + seconds
        while len(self.taken) < amount:
            assert time.monotonic() < deadline, f"{len(self.taken)} of {amount} came"
            time.sleep(0.02)


@contextmanager
def receiver(*answers: Answer) -> Iterator[Receiver]:
    """A receiver that listens on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.requests.append((self.path, dict(self.headers), body))
            answer = found.next_answer()
            time.sleep(answer.delay)
            if answer.status is None:
                self.close_connection = True
                return
            if answer.status == 200:
                found.taken.append(body)
            try:
                self.send_response(answer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                self.close_connection = True  # whoever asked has gone

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook/s3cret", [*answers])
    found.answers = found.answers or [Answer()]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def refused_url() -> str:
    """An address of this machine that refuses connections."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/hook/s3cret"

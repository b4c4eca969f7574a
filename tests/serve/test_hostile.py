"""Requests that mean harm: injection, forged lines, bodies and headers without end."""

import logging
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from hub.serve.access import Role
from hub.serve.guards import MOST_BODY
from hub.serve.patience import PatientProtocol
from tests.serve.serving import application, bearing, client_of, on_a_thread

HARM = (
    "' or 1=1 --",
    "'; drop table marts.events; --",
    "\"; attach '/tmp/x.duckdb'; --",
    "evt-003' union select * from ops.runs --",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "read_text('/etc/passwd')",
    "$1",
    "?",
    "\x00",
    "\r\nX-Injected: 1",
    "\N{GRINNING FACE}\u202e",
    "{{7*7}}${7*7}",
    "x" * 4_000,
)


class Impatient(PatientProtocol):
    request_seconds = 1.0
    answer_seconds = 1.0


@pytest.fixture
def port(served) -> Iterator[int]:
    with on_a_thread(application(served), Impatient) as port:
        yield port


@pytest.mark.slow
@pytest.mark.parametrize("harm", HARM)
def test_what_looks_like_sql_or_a_path_is_a_value(client, harm):
    quoted = httpx.QueryParams({"x": harm})
    value = str(quoted).removeprefix("x=").replace("+", "%20")
    for path in (
        f"/data/{value}",
        f"/data/evt-003?entity={value}",
        f"/why/{value}",
        f"/entities/{value}/records",
        f"/entities/{value}/export",
        f"/entities/events/records?{value}=1",
        f"/entities/events/export?format={value}",
        f"/reconciliation/{value}",
        f"/runs/{value}",
        f"/runs?before={value}",
    ):
        answer = client.get(path)
        assert answer.status_code in (404, 422), path
        assert answer.headers["content-type"] == "application/problem+json"
        assert "x-injected" not in answer.headers
    for path in (
        f"/entities/events/records?name={value}",
        f"/entities/events/records?key={value}",
        f"/dead-letters?entity={value}&source={value}&reason={value}",
        f"/reconciliation/orders?status={value}&after={value}",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.json().get("records", answer.json().get("dead_letters")) == []
    assert client.get("/entities/events/records").json()["records"]


def test_a_walk_begins_behind_any_text(client):
    answer = client.get("/reconciliation/orders", params={"after": "' or '1'='1"})
    assert answer.status_code == 200


@pytest.mark.parametrize("given", ["a b", "x" * 65, "id\u00e4", "a\tb", ""])
def test_a_request_id_that_could_forge_a_line_is_replaced(client, given):
    answer = client.get("/health", headers=[(b"x-request-id", given.encode())])
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


def test_a_request_id_is_kept_and_logged(client, caplog):
    with caplog.at_level(logging.INFO, logger="hub"):
        answer = client.get("/health", headers={"X-Request-ID": "trace-1"})
    assert answer.headers["x-request-id"] == "trace-1"
    assert caplog.records[-1].fields["request_id"] == "trace-1"
    assert caplog.records[-1].fields["route"] == "/health"


def test_every_answer_has_the_headers_that_guard_it(client):
    for path in ("/health", "/runs", "/nothing-here", "/openapi.json", "/data/nobody"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "no-" in headers["cache-control"]
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


def test_other_origins_may_call_it_where_a_setting_says_so(served):
    app = application(served, api_cors_origins="https://a.example, https://b.example")
    client = client_of(app)
    for origin, allowed in (("https://b.example", True), ("https://c.example", False)):
        answer = client.get("/runs", headers={"Origin": origin})
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed


def test_a_body_without_end_is_refused(served):
    client = client_of(application(served), Role.OPERATOR)
    big = b'{"why": "' + b"x" * MOST_BODY + b'"}'

    def chunks() -> Iterator[bytes]:
        for _ in range(10):
            yield b"x" * 10_000

    for content in (big, chunks()):
        answer = client.post("/dead-letters/discard", content=content)
        assert (answer.status_code, answer.json()["title"]) == (413, "Content Too Large")
    deep = client.post("/dead-letters/discard", content=b"[" * 60_000)
    assert deep.status_code == 422


def test_an_error_that_nobody_expected_says_nothing_of_itself(served):
    app = application(served)
    app.state.snapshots = None
    answer = client_of(app).get("/runs")
    assert (answer.status_code, answer.json()["title"]) == (500, "Internal Server Error")
    assert "NoneType" not in answer.text


def talk(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """What the server answers, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
        return answer


@pytest.mark.slow
@pytest.mark.parametrize(
    "request_of_harm",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(port, request_of_harm):
    answer = talk(port, request_of_harm)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
    assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200


def test_a_request_that_never_comes_to_its_end_is_broken_off(port):
    started = time.monotonic()
    assert talk(port) == b""
    assert talk(port, b"GET /health HTTP/1.1\r\nHost: x\r\n") == b""
    body = b"POST /data/process HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
    talk(port, body)
    assert time.monotonic() - started < 10


def test_slow_clients_hold_nothing_for_others(port):
    """A hundred of them, each sending a header now and then."""
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    try:
        for number in range(8):
            for connection in slow:
                try:
                    connection.sendall(b"X-%d: 1\r\n" % number if number else b"GET / HTTP/1.1\r\n")
                except OSError:
                    continue
            began = time.monotonic()
            answer = httpx.get(f"http://127.0.0.1:{port}/runs", headers=bearing())
            assert answer.status_code == 200
            assert time.monotonic() - began < 5
            time.sleep(0.2)
        # and all of them were sent away, however they kept themselves alive
        assert [connection.recv(1) for connection in slow] == [b""] * 100
    finally:
        for connection in slow:
            connection.close()

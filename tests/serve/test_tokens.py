"""Which tokens pass, and what they allow."""

import base64
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from hub.serve.access import COOKIE, Role
from tests.serve.serving import SECRET, application, client_of, token

NOW = datetime.now(UTC)
GOOD: dict[str, Any] = {"sub": "mia", "role": "reader", "exp": NOW + timedelta(hours=1)}


def signed(claims: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, secret, algorithm)


def without(name: str) -> str:
    return signed({key: value for key, value in GOOD.items() if key != name})


def part(data: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def forged() -> str:
    head, _, signature = token().split(".")
    body = {"sub": "mia", "role": "operator", "exp": 4102444800}
    return f"{head}.{part(body)}.{signature}"


def unsigned(algorithm: str) -> str:
    body = {"sub": "mia", "role": "operator", "exp": 4102444800}
    return f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(body)}."


REFUSED = {
    "nothing": "",
    "no token": "abc",
    "dots": "..",
    "forged": forged(),
    "expired": signed({**GOOD, "exp": NOW - timedelta(seconds=1)}),
    "not valid yet": signed({**GOOD, "nbf": NOW + timedelta(hours=1)}),
    "alg none": unsigned("none"),
    "alg NONE": unsigned("NONE"),
    "alg of another kind, unsigned": unsigned("HS256"),
    "HS512": signed(GOOD, SECRET + SECRET, "HS512"),
    "HS384": signed(GOOD, SECRET + SECRET, "HS384"),
    "other secret": signed(GOOD, "another secret of more than 32 bytes!"),
    "huge": signed({**GOOD, "more": "x" * 5_000}),
    "no subject": without("sub"),
    "no role": without("role"),
    "no expiry": without("exp"),
    "unknown role": signed({**GOOD, "role": "admin"}),
    "role as a number": signed({**GOOD, "role": 3}),
    "blank subject": signed({**GOOD, "sub": " "}),
    "subject of two lines": signed({**GOOD, "sub": "mia\nroot"}),
    "endless subject": signed({**GOOD, "sub": "x" * 300}),
    "expiry as text": signed({**GOOD, "exp": "tomorrow"}),
    "endless": signed({**GOOD, "exp": float("inf")}),
    "expiry of long ago": signed({**GOOD, "exp": -1}),
    "letters outside ASCII": "ü.ü.ü",
}

READS = (
    "/data/evt-003",
    "/entities",
    "/entities/events/records",
    "/entities/events/export",
    "/reconciliation/orders",
    "/why/evt-003",
    "/dead-letters",
    "/runs",
    "/sources",
)
WRITES = {
    "/data/process": None,
    "/dead-letters/redrive": {"entity": "nowhere"},
    "/dead-letters/discard": {"why": "nothing is chosen"},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", REFUSED)
def test_a_token_that_is_not_ours_is_refused(served, kind):
    client = client_of(application(served), role=None)
    header = REFUSED[kind].encode("utf-8")
    for method, path in [("GET", "/runs"), ("POST", "/data/process")]:
        answer = client.request(
            method, path, headers=[(b"authorization", b"Bearer " + header)] if header else []
        )
        assert answer.status_code == 401
        assert answer.json()["title"] == "Invalid token"
        assert answer.headers["www-authenticate"] == 'Bearer realm="hub"'
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("scheme", ["Basic", "Token", "bearerx", ""])
def test_another_scheme_is_refused(served, scheme):
    client = client_of(application(served), role=None)
    answer = client.get("/runs", headers={"Authorization": f"{scheme} {token()}".strip()})
    assert answer.status_code == 401


@pytest.mark.slow
@pytest.mark.parametrize("path", READS)
def test_a_read_needs_a_reader(served, path):
    app = application(served)
    assert client_of(app, role=None).get(path).status_code == 401
    assert client_of(app, Role.SCRAPE).get(path).status_code == 403
    assert client_of(app, Role.READER).get(path).status_code == 200
    assert client_of(app, Role.OPERATOR).get(path).status_code == 200


@pytest.mark.parametrize("path", WRITES)
def test_a_write_needs_an_operator(served, path):
    app = application(served)
    for role, status in ((None, 401), (Role.SCRAPE, 403), (Role.READER, 403)):
        assert client_of(app, role).post(path, json=WRITES[path]).status_code == status
    if path != "/data/process":  # it would start
        answer = client_of(app, Role.OPERATOR).post(path, json=WRITES[path])
        assert answer.status_code == {"/dead-letters/redrive": 404}.get(path, 422)


def test_the_state_of_the_server_needs_no_token(served):
    client = client_of(application(served), role=None)
    assert client.get("/health").status_code == 200
    assert client.get("/openapi.json").status_code == 200


def test_a_cookie_reads_and_does_not_write(served):
    client = client_of(application(served), role=None)
    client.cookies.set(COOKIE, token(Role.OPERATOR))
    assert client.get("/runs").status_code == 200
    assert client.post("/data/process").status_code == 401


def test_refused_tokens_are_limited_and_good_ones_are_not(served):
    app = application(served, api_failures_per_minute=5)
    stranger = client_of(app, role=None)
    statuses = [stranger.get("/runs").status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    assert int(stranger.get("/runs").headers["retry-after"]) > 0
    assert client_of(app).get("/runs").status_code == 200


def test_no_token_secret_or_key_is_logged(served, caplog):
    good, bad = token(), "eyJhbGciOiJIUzI1NiJ9.e30.not-ours"
    with caplog.at_level(logging.INFO, logger="hub"):
        client = client_of(application(served), role=None)
        for given in (good, bad):
            client.get("/data/evt-003?entity=events", headers={"Authorization": f"Bearer {given}"})
            client.get("/why/evt-003", headers={"Authorization": f"Bearer {given}"})
    lines = "\n".join(record.getMessage() for record in caplog.records)
    assert lines.count("GET /data/{id:path}") == 2
    assert "subject=mia" in lines
    assert not [word for word in (good, bad, SECRET, "evt-003") if word in lines]


def test_the_command_prints_a_token_and_nothing_else(command, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", SECRET)
    words = ("token", "--role", "operator", "--days", "30", "--subject", "mia")
    answer = command(*words)
    claims = jwt.decode(answer.out.strip(), SECRET, algorithms=["HS256"])
    assert answer.out == answer.out.strip() + "\n"
    assert (claims["sub"], claims["role"]) == ("mia", "operator")
    assert jwt.decode(command(*words, "--json").data["token"], SECRET, algorithms=["HS256"])
    assert 29.9 < (claims["exp"] - datetime.now(UTC).timestamp()) / 86_400 < 30.1


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("", "it is not set"),
        ("short", "it has 5 bytes, and needs 32"),
        ("change-me-change-me-change-me-0123456789", "easily guessed"),
        ("your-secret-key-your-secret-key-12345", "easily guessed"),
        ("a" * 64, "easily guessed"),
    ],
)
@pytest.mark.parametrize("asked", [["serve"], ["token", *["--role", "reader", "--days", "1"]]])
def test_a_secret_that_is_none_is_refused(command, monkeypatch, asked, secret, said):
    monkeypatch.setenv("SECRET_KEY", secret)
    words = [*asked, "--subject", "mia"] if asked[0] == "token" else asked
    answer = command(*words)
    assert answer.code == 2
    assert answer.err.startswith("hub: SECRET_KEY: ")
    assert said in answer.err
    assert not secret or secret not in answer.err


@pytest.mark.parametrize("subject", ["", " ", "two\nlines", "x" * 201])
def test_a_subject_that_names_nobody_is_refused(command, monkeypatch, subject):
    monkeypatch.setenv("SECRET_KEY", SECRET)
    answer = command("token", "--role", "reader", "--days", "1", "--subject", subject)
    assert (answer.code, "names nobody" in answer.err) == (2, True)

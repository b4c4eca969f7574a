"""Signing in to the page and out: what is kept, for how long, and where it leads."""

import re

import pytest

from hub.serve.access import COOKIE, Role
from hub.serve.page.session import own_path
from tests.serve.html_checks import Page
from tests.serve.serving import token
from tests.serve.visiting import look, published


def test_whoever_has_not_signed_in_is_asked_to_and_comes_back(after_run):
    with published(after_run) as client:
        answer = client.get("/page/letters?status=open")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=%2Fpage%2Fletters%3Fstatus%3Dopen"
        form = look(client, answer.headers["location"])
        assert form.fields["next"] == "/page/letters?status=open"
        answer = client.post("/sign-in", data={**form.fields, "token": token(Role.READER)})
        assert answer.headers["location"] == "/page/letters?status=open"
        cookie = answer.headers["set-cookie"]
        assert re.search(r"HttpOnly", cookie)
        assert re.search(r"SameSite=strict", cookie, re.IGNORECASE)
        assert "Secure" not in cookie
        assert 86_300 < int(re.search(r"Max-Age=(\d+)", cookie)[1]) <= 86_400
        look(client, "/page/letters?status=open")

        form = look(client, "/")
        answer = client.post("/sign-out", data=form.fields)
        assert answer.headers["location"] == "/sign-in"
        assert COOKIE not in client.cookies
        assert client.get("/").headers["location"] == "/sign-in"


def test_a_browser_that_comes_from_another_site_asks_once_more(after_run):
    with published(after_run) as client:
        answer = client.get("/page/letters", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 200
        assert '<meta http-equiv="refresh" content="0">' in answer.text
        again = client.get("/page/letters", headers={"Sec-Fetch-Site": "same-origin"})
        assert again.status_code == 303


def test_under_tls_the_cookie_stays_there(after_run):
    with published(after_run) as client:
        client.base_url = "https://testserver"
        answer = client.post("/sign-in", data={"token": token(Role.READER)})
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("", 401),
        ("nonsense", 401),
        ("x" * 9_000, 401),
        (token(Role.READER, days=-1), 401),
        (token(Role.SCRAPE), 403),
    ],
)
def test_a_token_that_does_not_pass_is_not_kept(after_run, given, status):
    with published(after_run) as client:
        answer = client.post("/sign-in", data={"token": given})
        assert answer.status_code == status
        assert "set-cookie" not in answer.headers
        assert Page(answer.text).faults == []
        assert not given or given not in answer.text


def test_many_wrong_tokens_are_too_many(after_run):
    with published(after_run) as client:
        found = {client.post("/sign-in", data={"token": "x"}).status_code for _ in range(80)}
    assert found == {401, 429}


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example/",
        "https://evil.example/page/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/page/\r\nSet-Cookie: a=b",
        "/runs",
        "",
    ],
)
def test_a_sign_in_leads_to_no_other_site(address):
    assert own_path(address) == "/"


def test_own_pages_are_led_to():
    assert own_path("/page/letters?a=b&c=d") == "/page/letters?a=b&c=d"

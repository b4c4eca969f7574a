"""What an operator's forms do, and what others must not do with them."""

import re
import time

import pytest

from hub.serve.access import COOKIE, Role
from tests.serve.html_checks import Page
from tests.serve.serving import bearing, token
from tests.serve.visiting import published

_LETTER = "/page/letters/10000000004"  # app/events.json:4, whose key is blank
_DISCARD = f"{_LETTER}/discard"


def signed_in(client, role):
    """Sign in; returns the fields that a form of the letter's page brings along."""
    client.post("/sign-in", data={"token": token(role, "ada")})
    return Page(client.get(_LETTER).text).fields


def discards(bench):
    return bench.sql("select record_id, discarded_by, reason from ops.discards")


@pytest.mark.slow
def test_a_letter_is_discarded_with_who_and_why(after_run):
    with published(after_run) as client:
        fields = signed_in(client, Role.OPERATOR)
        answer = client.post(_DISCARD, data={**fields, "reason": "a test\r\n event <b>"})
        assert answer.status_code == 303, answer.text
        # the next page shows it: the snapshot is new already
        page = Page(client.get(answer.headers["location"]).text)
        assert page.faults == []
        text = " ".join(page.text.split())
        assert "It is discarded." in text
        assert re.search(r"Discarded by ?ada, \d+ s ago ?Because ?a test event <b>", text)
        assert "4" in client.get("/page/letters?status=open").text
        assert "1 discarded" in " ".join(Page(client.get("/").text).text.split())

        again = client.post(_DISCARD, data={**fields, "reason": "once more"})
        assert again.status_code == 409
        assert Page(again.text).faults == []
    assert discards(after_run) == [(10000000004, "ada", "a test event <b>")]
    assert after_run.sql("select requested_by, command from ops.audit_log") == [
        ("ada", "discard"),
        ("ada", "discard"),
    ]


@pytest.mark.slow
def test_a_letter_is_redriven_and_the_run_can_be_watched(after_run):
    with published(after_run) as client:
        fields = signed_in(client, Role.OPERATOR)
        answer = client.post(f"{_LETTER}/redrive", data=fields)
        assert answer.status_code == 303, answer.text
        where = answer.headers["location"]
        page = client.get(where)
        assert '<meta http-equiv="refresh" content="2">' in page.text
        assert "requested by ada" in page.text
        # one at a time
        refused = client.post(f"{_LETTER}/redrive", data=fields)
        assert refused.status_code == 409
        assert "is at work" in Page(refused.text).text

        overviews = []
        deadline = time.monotonic() + 200
        while "http-equiv" in page.text and time.monotonic() < deadline:
            overviews.append(client.get("/").text)
            time.sleep(0.5)
            page = client.get(where)
        assert any("at work now" in overview for overview in overviews)
        told = Page(page.text)
        assert told.faults == []
        assert "succeeded" in told.text
        assert "Outcomes by source" in told.text
    ((completed,),) = after_run.sql("select count(completed_at) from ops.redrive_requests")
    assert completed == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "headers", "status"),
    [
        ({"csrf": ""}, {}, 403),
        ({"csrf": "0" * 64}, {}, 403),
        ({"csrf": "\N{LATIN SMALL LETTER E WITH ACUTE}"}, {}, 403),
        ({}, {"Sec-Fetch-Site": "cross-site"}, 403),
        ({}, {"Sec-Fetch-Site": "same-site"}, 403),
        ({}, {"Origin": "https://evil.example"}, 403),
        ({}, {"Origin": "null"}, 403),
        ({}, {"Content-Type": "text/plain"}, 415),
        ({"reason": ""}, {}, 422),
        ({"reason": " \n "}, {}, 422),
        ({"reason": "x" * 1_001}, {}, 422),
        ({"reason": "x" * 20_000}, {}, 413),
        ({f"more{number}": "" for number in range(30)}, {}, 400),
    ],
)
def test_a_form_that_is_not_right_changes_nothing(after_run, changes, headers, status):
    with published(after_run) as client:
        fields = {**signed_in(client, Role.OPERATOR), "reason": "a test"}
        answer = client.post(_DISCARD, data={**fields, **changes}, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert Page(answer.text).faults == []
    assert discards(after_run) == []


def test_the_proof_of_one_session_is_none_in_another(after_run):
    with published(after_run) as client:
        fields = signed_in(client, Role.OPERATOR)
        client.cookies.clear()
        client.cookies.set(COOKIE, token(Role.OPERATOR, "bob"))
        answer = client.post(_DISCARD, data={**fields, "reason": "a test"})
    assert answer.status_code == 403
    assert discards(after_run) == []


def test_a_reader_may_not_write(after_run):
    with published(after_run) as client:
        fields = signed_in(client, Role.READER)
        for action in ("discard", "redrive"):
            answer = client.post(f"{_LETTER}/{action}", data={**fields, "reason": "a test"})
            assert answer.status_code == 403
            assert "this needs the role operator" in Page(answer.text).text
    assert discards(after_run) == []
    assert after_run.sql("select count(*) from ops.redrive_requests") == [(0,)]


def test_whoever_is_not_signed_in_is_sent_to_sign_in(after_run):
    with published(after_run) as client:
        answer = client.post(_DISCARD, data={"reason": "a test"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert discards(after_run) == []


def test_the_cookie_alone_writes_nothing_by_the_api(after_run):
    with published(after_run) as client:
        signed_in(client, Role.OPERATOR)
        answer = client.post("/dead-letters/discard", json={"id": 10000000004, "why": "a test"})
        assert answer.status_code == 401
        # reads may use it
        assert client.get("/dead-letters").status_code == 200
        assert client.get("/dead-letters", headers=bearing(Role.READER)).status_code == 200
    assert discards(after_run) == []

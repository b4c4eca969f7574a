"""The page: what it shows, and where its numbers lead."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from hub.alerts.state import Alert, changing_state
from hub.published.snapshots import Snapshot
from hub.serve.access import Role
from hub.serve.page.render import STYLE, age, codes, duration, percent
from loader.warehouse.run_log import utc_now
from tests.serve.html_checks import Page
from tests.serve.serving import bearing
from tests.serve.visiting import look, published, sign_in, visiting

_LETTER = 10_000_000_004  # app/events.json:4, whose key is blank
_HOSTILE = """</pre><script>alert(1)</script>"'<img src=x onerror=alert(1)>"""


def test_the_overview_says_how_the_hub_is_doing(after_run):
    with published(after_run) as client:
        sign_in(client)
        text = " ".join(look(client, "/").text.split())
    assert "Accounted for Everything 30 of 30 records decided" in text
    assert "Open letters 5 0 resolved, 0 discarded" in text
    assert "Last run Succeeded run," in text
    assert "fields not as declared: app.value retyped" in text
    assert "web: quality 71.43% is under 99%: see ops.dead_letters" in text
    assert re.search(r"plant measurements 4 1 75\.0%", text)
    assert "up to 30 in one" in text


@pytest.mark.slow
def test_every_link_leads_to_a_page_that_is_well_formed(after_run):
    seen, due = set(), ["/"]
    with published(after_run) as client:
        sign_in(client, Role.OPERATOR)
        while due:
            address = due.pop()
            if address in seen:
                continue
            seen.add(address)
            due += [
                link.partition("#")[0]
                for link in look(client, address).links
                if not link.startswith("#")
            ]
        patterns = {re.sub(r"\?.*|[\w-]*\d[\w-]*$", "", address) for address in seen}
    assert patterns >= {
        "/",
        "/page/letters",
        "/page/letters/",
        "/page/records",
        "/page/why",
        "/page/runs",
        "/page/runs/",
        "/page/sources",
        "/page/sources/app",
        "/page/reconciliation/orders",
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "rows"),
    [
        ("/page/letters?status=open", 5),
        ("/page/letters?status=open&reason=invalid_value", 2),
        ("/page/letters?status=open&source=web", 2),
        ("/page/letters?status=discarded", 0),
        ("/page/records", 30),
        ("/page/records?source=web", 8),
        ("/page/records?source=app&outcome=applied", 4),
        ("/page/records?outcome=rejected", 5),
        ("/page/records?outcome=accepted", 24),
        ("/page/records?outcome=aside&source=web", 1),
        ("/page/reconciliation/orders", 4),
        ("/page/reconciliation/orders?status=single_source", 2),
        ("/page/sources/app", 1),
        ("/page/runs", 1),
    ],
)
def test_each_number_leads_to_its_rows(after_run, address, rows):
    with published(after_run) as client:
        sign_in(client)
        text = client.get(address).text
    # the head of a table is a row, too
    assert text.count("<tr>") - text.count("<thead>") == rows


@pytest.mark.slow
def test_a_list_goes_on_where_the_page_before_ended(bench):
    bench.drop(
        "app/many.json",
        [{"key": "", "name": str(number), "value": 1, "ts": "2025-01-15"} for number in range(120)],
    )
    bench.run()
    found, address = [], "/page/letters?status=open&entity=events"
    with published(bench) as client:
        sign_in(client)
        while address:
            page = look(client, address)
            found += [link for link in page.links if re.fullmatch(r"/page/letters/\d+", link)]
            following = [link for link in page.links if "after=" in link]
            address = following[0] if following else None
    assert len(found) == len(set(found)) == 120


def test_a_letter_shows_its_text_its_reasons_and_why(after_run):
    with published(after_run) as client:
        sign_in(client)
        page = look(client, f"/page/letters/{_LETTER}")
        assert '{"key": "", "name": "orphan_event", "value": 10' in page.text
        assert "key is null or blank" in page.text
        assert "rejected" in page.text
        assert f"/page/why?record={_LETTER}" in page.links
        # what only an operator may do is not shown to others
        assert "Redrive" not in page.text

        story = look(client, "/page/why?asked=evt-003").text
        assert "overtaken in its run by record 10000000007 (app/events.json:7)" in story
        assert "current row" in story
        assert "orphan_event" in look(client, "/page/why?asked=app/events.json:4").text


def test_what_is_not_there_is_told_as_a_page(after_run):
    with published(after_run) as client:
        sign_in(client)
        for address, status in [
            ("/page/letters/17", 404),
            ("/page/letters/no-number", 422),
            ("/page/why?asked=evt-999", 404),
            ("/page/why", 422),
            ("/page/runs/20250101T000000000-00000000", 404),
            ("/page/runs/'or'1", 422),
            ("/page/sources/nobody", 404),
            ("/page/reconciliation/events", 404),
            ("/page/reconciliation/orders?after=x", 422),
        ]:
            answer = client.get(address)
            assert answer.status_code == status, address
            assert Page(answer.text).faults == [], address


@pytest.mark.slow
def test_raw_text_is_shown_as_text(bench):
    hostile = json.dumps({"key": _HOSTILE, "name": "", "value": 1, "ts": "2025-01-15"})
    bench.drop("app/a&b<i>.json", f"[{hostile}, {hostile.replace('img', 'IMG')}]")
    bench.drop("alpha/o.json", [{"uid": _HOSTILE, "data": {"status": _HOSTILE}}])
    bench.drop("beta/o.json", [{"identifier": _HOSTILE, "payload": {"status": "x"}}])
    bench.run()
    ((record_id,),) = bench.sql("select min(record_id) from ops.dead_letters")
    with published(bench) as client:
        sign_in(client, Role.OPERATOR)
        for address in (
            "/",
            "/page/letters",
            f"/page/letters/{record_id}",
            f"/page/why?record={record_id}",
            "/page/records",
            "/page/sources/app",
            "/page/reconciliation/orders",
        ):
            # the parser finds a script or a handler where one would run
            assert look(client, address)
        assert _HOSTILE in look(client, "/page/reconciliation/orders").text
        assert "a&b<i>.json" in look(client, "/page/sources/app").text
        shown = look(client, f"/page/letters/{record_id}")
        assert hostile in shown.text or hostile.replace("img", "IMG") in shown.text
        # a key leads to its story, whatever stands in it
        (story,) = [link for link in shown.links if link.startswith("/page/why?key=")]
        assert _HOSTILE in look(client, story).text


@pytest.mark.slow
def test_a_long_text_is_cut_and_can_be_had_whole(bench):
    text = json.dumps({"key": "", "name": "x" * 50_000, "value": 1, "ts": "2025-01-15"})
    bench.drop("app/long.json", f"[{text}]")
    bench.run()
    ((record_id,),) = bench.sql("select record_id from ops.dead_letters")
    with published(bench) as client:
        sign_in(client)
        page = look(client, f"/page/letters/{record_id}")
        assert text not in page.text
        assert f"The first 2,000 of {len(text):,} characters" in page.text
        (whole,) = [link for link in page.links if "whole=yes" in link]
        assert text in look(client, whole).text
        assert len(client.get("/page/letters").text) < 10_000


def test_the_page_asks_a_snapshot_once(after_run, monkeypatch):
    asked = []
    open_cursor = Snapshot.cursor
    monkeypatch.setattr(
        Snapshot, "cursor", lambda self: asked.append(self.number) or open_cursor(self)
    )
    with published(after_run) as client:
        sign_in(client)
        for _ in range(3):
            look(client, "/")
        client.get("/metrics", headers=bearing(Role.SCRAPE))
    assert len(asked) == 1


def test_every_page_has_a_policy_that_it_keeps(after_run):
    with published(after_run) as client:
        for address in ("/sign-in", "/", "/page/letters"):
            policy = client.get(address).headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            sign_in(client)
        answer = client.get("/")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        (style,) = re.findall(r'<link rel="stylesheet" href="([^"]+)">', answer.text)
        sheet = client.get(style)
        assert sheet.text == STYLE
        assert "immutable" in sheet.headers["cache-control"]
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_there_is_nothing_to_see_before_the_first_publication(samples):
    with visiting(samples) as client:
        sign_in(client)
        assert "Nothing has been published yet" in look(client, "/").text
        assert client.get("/page/letters").status_code == 503
        assert client.get("/page/sources").status_code == 503


def test_an_alert_is_shown_as_long_as_it_lasts(after_run):
    # the server looks at the alerts, and at no webhook
    with changing_state(after_run.database) as change:
        alert = Alert(
            id="1",
            rule="letters <of> app",
            kind="letters_growing",
            severity="critical",
            source=None,
            entity="events",
            value=120,
            threshold=100,
            summary="events has 120 more dead letters",
            began_at=datetime.now(UTC) - timedelta(minutes=90),
        )
        change.set(alerts=(alert,))
    with published(after_run) as client:
        sign_in(client)
        text = " ".join(look(client, "/").text.split())
        assert "letters <of> app events has 120 more dead letters for 1 h" in text
        with changing_state(after_run.database) as change:
            change.set(alerts=(structs.replace(alert, ended_at=datetime.now(UTC)),))
        assert "120 more dead letters" not in look(client, "/").text


def test_what_is_not_accounted_for_stands_out(after_run):
    after_run.sql("delete from ops.events_decisions where record_id = 10000000001")
    with published(after_run) as client:
        sign_in(client)
        text = " ".join(look(client, "/").text.split())
    assert "Not everything" in text
    assert "29 of 30 records decided" in text


def test_what_landed_and_waits_is_accounted_for(after_run):
    after_run.drop("app/later.json", [{"key": "k", "name": "n", "value": 1, "ts": "2025-01-16"}])
    after_run.land("app")
    with published(after_run) as client:
        sign_in(client)
        text = " ".join(look(client, "/").text.split())
    assert "Everything 30 of 31 records decided, 1 wait for a build" in text


def test_figures_are_written_as_people_read_them():
    now = utc_now()
    assert [percent(share) for share in (None, 0.0, 0.71428, 0.99999, 1.0)] == [
        "\N{EN DASH}",
        "0.0%",
        "71.4%",
        "99.9%",
        "100%",
    ]
    assert [duration(ms) for ms in (7, 1_234, 61_000, 7_300_000)] == [
        "7 ms",
        "1.2 s",
        "1 min",
        "2 h",
    ]
    assert age(now - timedelta(days=3, hours=2), now) == "3 d"
    assert age(now + timedelta(hours=1), now) == "0 s"
    assert codes("`hub run` <b>") == "<code>hub run</code> &lt;b&gt;"

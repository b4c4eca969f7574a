"""An API that fails: every record once, bounded effort, and a clear word where it gives up."""

import json
import logging
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.commands import pulling
from loader.pull.http.answer import seconds_to_wait
from tests.demo.api import FAULTS, Answer, Fault, Request, SampleApi
from tests.support.partner import (
    CURSOR,
    FAST,
    LINK,
    PAGE,
    PAGINATIONS,
    Pull,
    files,
    landed,
    measurements,
    states,
    told,
)
from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow


class TestFailures:
    @pytest.mark.parametrize("pagination", PAGINATIONS, ids=str)
    def test_of_a_quarter_of_the_requests_lose_and_double_nothing(
        self, own_project: Workbench, pull: Pull, pagination: dict[str, Any]
    ) -> None:
        records = measurements(300)
        chance = random.Random(str(pagination))
        faults: list[Fault] = [
            chance.choice(FAULTS) if chance.random() < 0.25 else None for _ in range(1000)
        ]
        with SampleApi(records, sizes=(3, 5, 1, 4), faults=faults.__getitem__) as api:
            result = pull(api, pagination=pagination, timeout=0.2)

        (outcome,) = result.sources
        assert outcome.status == "complete", outcome.error
        assert landed(own_project) == records
        failed = [request.fault for request in api.requests if request.fault]
        assert len(set(failed)) > 6
        # each failure costs one request more, and nothing else does
        assert outcome.requests == len(api.requests)
        assert len(api.requests) <= outcome.pages + 1 + len(failed)

    @pytest.mark.parametrize(
        "fault",
        [
            *FAULTS[:-3],
            *("html", "damaged gzip"),
        ],
    )
    def test_that_do_not_pass_end_in_a_clear_word_and_the_next_pull_goes_on(
        self, own_project: Workbench, pull: Pull, fault: str
    ) -> None:
        records = measurements(12)
        retries = {**FAST, "attempts": 3}
        with SampleApi(records, faults=lambda number: fault if number >= 2 else None) as api:
            result = pull(api, retries=retries, timeout=0.2)
            error = told(result)
            assert len(api.requests) == 2 + 3
            assert landed(own_project) == records[:6]
            assert states(own_project)["position"] == "p3"
            assert states(own_project)["error"] == error

            api.faults = lambda number: None
            again = pull(api, retries=retries)

        assert "page 3 (http://127.0.0.1" in error
        assert "3 attempts" in error
        assert "Run the same `hub pull` again" in error
        assert again.sources[0].resumed
        assert len(api.requests) == 5 + 2
        assert landed(own_project) == records
        assert states(own_project)["error"] is None
        assert own_project.sql("select command, status from ops.runs order by run_id") == [
            ("pull", "failed"),
            ("pull", "succeeded"),
        ]

    def test_have_seconds_that_all_pages_share(self, own_project: Workbench, pull: Pull) -> None:
        with SampleApi(
            measurements(90), faults=lambda number: "503" if number % 2 else None
        ) as api:
            result = pull(api, retries={**FAST, "seconds": 0.05, "first_wait": 0.01})

            assert "status 503" in told(result)
            assert 1 < len(api.requests) < 60
            pull(api, retries={**FAST, "seconds": 0})
            assert pull(api).exit_code == 0

        assert landed(own_project) == api.records

    def test_to_be_whole_in_time_are_failures(self, own_project: Workbench, pull: Pull) -> None:
        faults = {0: "drip", 1: "drip"}
        with SampleApi(measurements(2), faults=faults.get) as api:
            assert pull(api, limits={"page_seconds": 0.05}).exit_code == 0

        assert len(api.requests) == 3

    def test_of_the_settings_are_not_tried_again(self, own_project: Workbench, pull: Pull) -> None:
        with SampleApi(measurements(3)) as api:
            assert "no array at data" in told(pull(api, items="data"))
            assert "nothing at results" in told(pull(api, items="results"))
            wrong = {**PAGE, "has_more": "meta.mroe"}
            assert "nothing at meta.mroe" in told(pull(api, pagination=wrong))
            wrong = {**PAGE, "total": "meta.more"}
            assert "no whole number" in told(pull(api, pagination=wrong))

        assert len(api.requests) == 4
        assert files(own_project) == []

    @pytest.mark.parametrize(
        "body",
        [
            '{"data": {"items": [{}]}, "meta": {"next" "x"}}',
            '{"data": {"items": [{}]}, "meta": {next: 7}}',
            '{"data": {"items": [{}]}, "meta": {"next": "%s"}}' % ("x" * 70_000),
        ],
        ids=["no colon", "no key", "long"],
    )
    def test_to_lead_anywhere_are_told(self, own_project: Workbench, pull: Pull, body: str) -> None:
        with SampleApi([], answer=lambda request: Answer(body=body.encode())) as api:
            told(pull(api))

    @pytest.mark.parametrize("status", [400, 403, 404, 418])
    def test_that_are_a_refusal_are_not_tried_again(
        self, own_project: Workbench, pull: Pull, status: int
    ) -> None:
        with SampleApi([], answer=lambda request: Answer(status)) as api:
            assert f"refuses with status {status}" in told(pull(api))

        assert len(api.requests) == 1

    def test_of_one_source_do_not_hold_back_the_others(
        self, own_project: Workbench, pull: Pull, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with SampleApi(measurements(3)) as good, SampleApi([], answer=lambda _: Answer(403)) as bad:
            own_project.set_meta("plant", http={"url": "${PLANT_URL}"})
            monkeypatch.setenv("PLANT_URL", bad.url)
            pull(good)
            good.records += measurements(3, 3)
            result = pulling.pull(own_project.project, ())

        assert [outcome.status for outcome in result.sources] == ["failed", "complete"]
        assert result.exit_code == 1
        assert landed(own_project) == good.records

    def test_to_connect_are_told(self, own_project: Workbench, pull: Pull) -> None:
        with SampleApi([]) as api:
            pass

        assert "no connection" in told(pull(api))

    def test_leave_no_page_of_too_many_bytes(self, own_project: Workbench, pull: Pull) -> None:
        with SampleApi(measurements(50), sizes=(50,)) as api:
            assert "more than 1,000 bytes" in told(pull(api, limits={"page_bytes": 1000}))

        assert len(api.requests) == 1

    def test_to_be_encoded_as_was_asked_are_told(self, own_project: Workbench, pull: Pull) -> None:
        answer = Answer(200, b"{}", {"Content-Encoding": "gzip, gzip"})

        with SampleApi([], answer=lambda request: answer) as api:
            assert "encoded as 'gzip, gzip'" in told(pull(api))

    def test_to_remember_a_cursor_make_the_pull_begin_anew(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        records = measurements(12)
        with SampleApi(records, faults=lambda number: "503" if number >= 2 else None) as api:
            pull(api)
            api.faults = lambda number: None
            gone = iter([Answer(410)])
            api.answer = lambda request: next(gone, None)
            result = pull(api)

        (outcome,) = result.sources
        assert outcome.status == "complete"
        assert "no longer knows" in outcome.warnings[0]
        assert landed(own_project) == records


class TestRetryAfter:
    def test_is_honoured(
        self, own_project: Workbench, pull: Pull, caplog: pytest.LogCaptureFixture
    ) -> None:
        logging.getLogger("loader").propagate = True
        faults = {0: "429 seconds"}
        with caplog.at_level("INFO", "loader"), SampleApi([], faults=faults.get) as api:
            pull(api, retries={**FAST, "longest_wait": 5})

        assert "status 429; trying again in 1.0 s" in caplog.text

    def test_is_capped(
        self, own_project: Workbench, pull: Pull, caplog: pytest.LogCaptureFixture
    ) -> None:
        logging.getLogger("loader").propagate = True
        faults = {0: "429 seconds", 1: "429 date"}
        with caplog.at_level("INFO", "loader"), SampleApi([], faults=faults.get) as api:
            pull(api)

        assert caplog.text.count("status 429; trying again in 0.0 s") == 2

    def test_beyond_the_seconds_of_a_pull_ends_it(self, own_project: Workbench, pull: Pull) -> None:
        retries = {**FAST, "seconds": 10, "longest_wait": 100}
        with SampleApi([], faults=lambda number: "429 date") as api:
            assert "status 429, at the only attempt" in told(pull(api, retries=retries))

        assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Fri, 21 Nov 2025 12:00:30 GMT", 30.0),
        ("Fri, 21 Nov 2025 12:00:30 -0000", 30.0),
        ("Fri, 21 Nov 2025 11:00:00 GMT", 0.0),
        ("soon", None),
        (f"Fri, 21 Nov {10**30} 12:00:30 GMT", None),
        ("9" * 400, float("inf")),
        ("-5", None),
        ("", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, datetime(2025, 11, 21, 12, tzinfo=UTC)) == seconds


class TestEndlessApis:
    def test_that_repeat_the_last_page_for_ever_end_with_a_warning(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        api = SampleApi(measurements(6))
        api.answer = lambda request: (
            api.page(Request(request.path, {"page": "2"}, {}, None))
            if int(request.query["page"]) > 2
            else None
        )
        with api:
            result = pull(api, pagination=PAGE)

        assert result.sources[0].warnings == ("page 3 repeats one before it: taken for the end",)
        assert result.exit_code == 0
        assert len(api.requests) == 5
        assert landed(own_project) == api.records

    def test_whose_link_names_its_own_page_fail_and_go_on_when_they_are_well(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        records = measurements(12)
        api = SampleApi(records, faults=lambda number: "leads back" if number >= 1 else None)
        with api:
            assert "came before, each of 3 times" in told(pull(api, pagination=LINK))
            assert len(api.requests) == 4
            assert landed(own_project) == records[:6]
            api.faults = lambda number: None
            assert pull(api, pagination=LINK).sources[0].resumed

        assert landed(own_project) == records

    def test_whose_page_gives_the_cursor_it_was_asked_for_with_are_at_their_end(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        """Where it was no end after all, nothing is lost: the next pull asks for all of it."""
        records = measurements(12)
        since = {"parameter": "since", "field": "timestamp"}
        api = SampleApi(records, faults=lambda number: "leads back" if number >= 1 else None)
        with api:
            result = pull(api, since=since)
            assert result.exit_code == 0
            assert result.sources[0].warnings == (
                "page 2 gives the cursor that it was asked for with: taken for the end",
            )
            assert landed(own_project) == records[:6]
            assert states(own_project)["since"] is None
            api.faults = lambda number: None
            again = pull(api, since=since)

        assert again.sources[0].warnings == ()
        assert again.sources[0].since is None
        assert landed(own_project) == records
        assert states(own_project)["since"] == "2025-01-01T00:11:00"

    def test_whose_last_cursor_gives_the_last_page_again_are_at_their_end(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        def stay(request: Request) -> Answer:
            page = "a" if "cursor" not in request.query else "b"
            after = {None: "c1", "c1": "c2", "c2": "c2"}[request.query.get("cursor")]
            text = f'{{"data": {{"items": [{{"id": "{page}"}}]}}, "meta": {{"next": "{after}"}}}}'
            return Answer(body=text.encode())

        with SampleApi([], answer=stay) as api:
            result = pull(api)

        assert (result.exit_code, len(result.sources[0].warnings)) == (0, 1)
        assert landed(own_project) == ['{"id": "a"}', '{"id": "b"}']

    def test_whose_cursors_go_round_fail(self, own_project: Workbench, pull: Pull) -> None:
        def round_and_round(request: Request) -> Answer:
            at = request.query.get("cursor", "p1")
            after = {"p1": "p2", "p2": "p3", "p3": "p2"}[at]
            text = f'{{"data": {{"items": [{{"id": "{at}"}}]}}, "meta": {{"next": "{after}"}}}}'
            return Answer(body=text.encode())

        with SampleApi([], answer=round_and_round) as api:
            assert "names a page as its next that came before" in told(pull(api))

        assert len(landed(own_project)) == 3

    @pytest.mark.parametrize("pagination", [CURSOR, LINK], ids=str)
    def test_that_give_one_page_ever_new_names_fail(
        self, own_project: Workbench, pull: Pull, pagination: dict[str, Any]
    ) -> None:
        def same(request: Request) -> Answer:
            name = f"p{len(api.requests) + 1}"
            meta = json.dumps({"next": name})
            text = f'{{"data": {{"items": [{{"id": 1}}]}}, "meta": {meta}}}'
            return Answer(body=text.encode(), headers={"Link": f"<?cursor={name}>; rel=next"})

        with SampleApi([], answer=same) as api:
            assert "page 2 repeats one before it" in told(pull(api, pagination=pagination))

        assert len(landed(own_project)) == 1

    def test_with_ever_new_pages_stop_at_the_bound_and_go_on_there(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        records = measurements(30)
        with SampleApi(records) as api:
            assert "4 pages and no end" in told(pull(api, limits={"pages": 4}))
            assert len(landed(own_project)) == 12
            assert told(pull(api, limits={"pages": 4}))
            assert pull(api, limits={"pages": 4}).exit_code == 0

        assert len(api.requests) == 10
        assert landed(own_project) == records

    def test_that_give_back_the_cursor_of_their_end_are_at_their_end(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        def stay(request: Request) -> Answer:
            items = "" if "cursor" in request.query else '{"id": 1}'
            text = f'{{"data": {{"items": [{items}]}}, "meta": {{"next": 17}}}}'
            return Answer(body=text.encode())

        with SampleApi([], answer=stay) as api:
            assert pull(api).exit_code == 0

        assert len(api.requests) == 2

    def test_that_promise_more_than_they_have_end_with_a_warning(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        def boast(request: Request) -> Answer | None:
            items = '{"id": 1}' if request.query["page"] == "1" else ""
            text = f'{{"data": {{"items": [{items}]}}, "meta": {{"total": 5}}}}'
            return Answer(body=text.encode())

        with SampleApi([], answer=boast) as api:
            result = pull(api, pagination={**PAGE, "total": "meta.total"})

        assert result.sources[0].warnings == ("the API declares more than the 1 that came",)
        assert result.exit_code == 0

    def test_whose_only_page_has_no_cursor_are_doubted(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        with SampleApi(measurements(6)) as api:
            result = pull(api, pagination={**CURSOR, "path": "meta.nxet"})

        assert "nothing at meta.nxet" in result.sources[0].warnings[0]

"""`hub pull` against an API that fails: every record once, bounded effort, and a clear word where
it gives up."""

import gzip
import json
import logging
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Workbench
from demo.api import FAULTS, Answer, Fault, Request, SampleApi

from loader import hub
from loader.cli import main
from loader.hub import PullResult

FAST = {"attempts": 8, "seconds": 60, "first_wait": 0.001, "longest_wait": 0.01}
TOKEN = "s3cr3t/7f+3a=="
CURSOR = {"kind": "cursor", "parameter": "cursor", "path": "meta.next"}
PAGE = {"kind": "page", "parameter": "page"}
LINK = {"kind": "link"}
SINCE = {"parameter": "since", "field": "timestamp", "overlap": 120}
PAGINATIONS = [
    PAGE,
    {**PAGE, "has_more": "meta.more"},
    {**PAGE, "total": "meta.total", "size_parameter": "size"},
    CURSOR,
    LINK,
]

# Pull partner from an API, with changes to its settings.
Pull = Callable[..., PullResult]


def measurements(count: int, first: int = 0) -> list[str]:
    return [
        json.dumps(
            {
                "id": f"m-{number:04}",
                "value": number / 10,
                "category": "flow",
                "timestamp": f"2025-01-{1 + number // 1440:02}T"
                f"{number // 60 % 24:02}:{number % 60:02}:00Z",
            }
        )
        for number in range(first, first + count)
    ]


@pytest.fixture
def pull(own_project: Workbench, monkeypatch: pytest.MonkeyPatch) -> Pull:
    def call(api: SampleApi, full: bool = False, **settings: Any) -> PullResult:
        http = {
            "url": "${PARTNER_URL}",
            "items": "data.items",
            "pagination": CURSOR,
            "timeout": 5,
            "retries": FAST,
            **settings,
        }
        own_project.set_meta("partner", http=http)
        monkeypatch.setenv("PARTNER_URL", api.url)
        return hub.pull(own_project.project, ("partner",), full=full)

    return call


def landed(bench: Workbench) -> list[str]:
    """The records in raw, in the order of arrival."""
    return [
        record
        for (record,) in bench.sql("select record from raw.partner order by load_id, row_number")
    ]


def files(bench: Workbench) -> list[Path]:
    folder = bench.root / "landing" / "partner"
    return sorted(folder.iterdir()) if folder.exists() else []


def told(result: PullResult) -> str:
    """What is said of a pull that failed."""
    (outcome,) = result.sources
    assert outcome.status == "failed"
    assert result.exit_code == 1
    error = outcome.error or ""
    assert error.startswith("source 'partner': ")
    assert error.count("\n") == 0
    return error


def states(bench: Workbench) -> dict[str, Any]:
    (row,) = bench.sql("select to_json(pulls) from ops.pulls where source = 'partner'")
    state: dict[str, Any] = json.loads(row[0])
    return state


class TestPages:
    @pytest.mark.parametrize("pagination", PAGINATIONS, ids=str)
    @pytest.mark.parametrize("sizes", [(3,), (4, 1, 5)], ids=str)
    def test_of_every_kind_and_size_are_pulled_to_the_end(
        self, own_project: Workbench, pull: Pull, pagination: dict[str, Any], sizes: tuple[int]
    ) -> None:
        records = measurements(12)
        with SampleApi(records, sizes=sizes) as api:
            result = pull(api, pagination=pagination)

        (outcome,) = result.sources
        assert (outcome.status, outcome.items, outcome.retries) == ("complete", 12, 0)
        assert landed(own_project) == records
        assert len(api.requests) == outcome.requests <= outcome.pages + 1
        assert [path.suffix for path in files(own_project)] == [".ndjson"] * outcome.pages

    def test_without_pagination_are_one(self, own_project: Workbench, pull: Pull) -> None:
        with SampleApi(measurements(5), sizes=(5,)) as api:
            pull(api, pagination=None, parameters={"format": "full", "page": 1})

        assert [request.query for request in api.requests] == [{"format": "full", "page": "1"}]
        assert len(landed(own_project)) == 5

    @pytest.mark.parametrize("pagination", PAGINATIONS, ids=str)
    def test_may_be_none_at_all(
        self, own_project: Workbench, pull: Pull, pagination: dict[str, Any]
    ) -> None:
        with SampleApi([]) as api:
            result = pull(api, pagination=pagination)

        assert result.sources[0].status == "complete"
        assert len(api.requests) == 1
        assert files(own_project) == []

    def test_beyond_the_last_may_be_unknown_to_the_api(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        def not_found(request: Request) -> Answer | None:
            return Answer(404) if request.query["page"] == "5" else None

        with SampleApi(measurements(12), answer=not_found) as api:
            assert pull(api, pagination=PAGE).exit_code == 0

        assert len(landed(own_project)) == 12

    def test_that_landed_before_are_not_kept_twice(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        with SampleApi(measurements(12)) as api:
            pull(api)
            first = files(own_project)
            api.records += measurements(1, 12)
            second = pull(api)

        assert second.sources[0].items == 13
        assert len(files(own_project)) == len(first) + 1
        assert landed(own_project) == api.records

    def test_left_by_a_killed_pull_half_written_are_swept_away(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        left = own_project.drop("partner/.pull-x-000001.ndjson", '{"cut')
        with SampleApi(measurements(1)) as api:
            pull(api)

        assert not left.exists()

    def test_are_asked_for_no_faster_than_allowed(self, own_project: Workbench, pull: Pull) -> None:
        began = time.monotonic()
        with SampleApi(measurements(12)) as api:
            pull(api, requests_per_second=20)

        assert len(api.requests) == 4
        assert time.monotonic() - began >= 3 / 20


class TestItems:
    @pytest.mark.parametrize(
        "items",
        [
            ['{"id": 123456789012345678901234567890, "value": 0.10}', '{"b":1,"a":2,"a":3e0}'],
            ['{"text":   "two  spaces\\n, \\u00e9 \\" ]}", "at" : [1 , {"x":null}]}', "{}"],
            ['{\n  "id": "m-1",\n  "value": 1.50\n}', '{"id":\r\n"m-2"}'],
            ['{"text": "a line\nend"}', '{"id": "m-3"}'],
            ["nul", '{"id": NaN}', "[1, 2]", '"text"'],
            ['{"id": "", "value": 1}'],
        ],
        ids=["numbers", "strings", "pretty", "broken", "no objects", "one"],
    )
    def test_land_as_they_stand(self, own_project: Workbench, pull: Pull, items: list[str]) -> None:
        with SampleApi(items, sizes=(10,)) as api:
            pull(api)

        assert landed(own_project) == items

    def test_in_an_array_that_is_the_body(self, own_project: Workbench, pull: Pull) -> None:
        body = b'\xef\xbb\xbf [{"id": 1.0},\n {"id": "\xc3\xa9"}, ]'

        with SampleApi([], answer=lambda request: Answer(body=body)) as api:
            pull(api, items=[], pagination=None)

        assert landed(own_project) == ['{"id": 1.0}', '{"id": "é"}', ""]
        assert own_project.sql("select problem from raw.partner where record = ''") == [
            ("malformed_json",)
        ]

    def test_with_bytes_that_are_no_utf8_land_for_themselves(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        body = b'[{"id": "a"}, {"id": "\xff"}]'

        with SampleApi([], answer=lambda request: Answer(body=body)) as api:
            pull(api, items=[], pagination=None)

        assert own_project.sql("select problem from raw.partner order by row_number") == [
            (None,),
            ("invalid_utf8",),
        ]

    def test_in_a_compressed_body_are_unpacked(self, own_project: Workbench, pull: Pull) -> None:
        answer = Answer(200, gzip.compress(b'[{"id": 1.0}]'), {"Content-Encoding": "gzip"})

        with SampleApi([], answer=lambda request: answer) as api:
            pull(api, items=[], pagination=None)

        assert landed(own_project) == ['{"id": 1.0}']

    def test_in_a_declared_charset_are_told_in_it(self, own_project: Workbench, pull: Pull) -> None:
        body = '[{"id": "é"}]'.encode("latin-1")
        headers = {"Content-Type": "application/json; charset=iso-8859-1"}

        with SampleApi([], answer=lambda request: Answer(200, body, headers)) as api:
            pull(api, items=[], pagination=None)

        assert landed(own_project) == ['{"id": "é"}']


class TestFailures:
    @pytest.mark.slow
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

    @pytest.mark.parametrize("fault", [*FAULTS[:-3], "html", "damaged gzip"])
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
        assert "hub pull partner" in error
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
            result = hub.pull(own_project.project, ())

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

    @pytest.mark.parametrize("pagination", [CURSOR, LINK], ids=str)
    def test_whose_page_names_itself_fail_and_go_on_when_they_are_well(
        self, own_project: Workbench, pull: Pull, pagination: dict[str, Any]
    ) -> None:
        records = measurements(12)
        api = SampleApi(records, faults=lambda number: "leads back" if number >= 1 else None)
        with api:
            assert "came before, each of 3 times" in told(pull(api, pagination=pagination))
            assert len(api.requests) == 4
            assert landed(own_project) == records[:6]
            api.faults = lambda number: None
            assert pull(api, pagination=pagination).sources[0].resumed

        assert landed(own_project) == records

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


class TestSince:
    def test_the_next_pull_asks_for_what_is_new_and_reaches_back(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        with SampleApi(measurements(12)) as api:
            first = pull(api, since={**SINCE, "start": "2025-01-01T00:00:00Z"})
            api.records += measurements(5, 12)
            second = pull(api, since=SINCE)
            third = pull(api, since=SINCE)

        assert first.sources[0].since == "2025-01-01T00:00:00Z"
        assert second.sources[0].since == "2025-01-01T00:09:00Z"
        assert second.sources[0].items == 5 + 3
        assert third.sources[0].since == "2025-01-01T00:14:00Z"
        own_project.run()
        counted = own_project.sql(
            "select outcome, count(*) from ops.record_outcomes where source = 'partner' "
            "group by all order by all"
        )
        assert counted == [("applied", 17), ("duplicate", 3)]

    def test_moves_only_when_a_pull_has_come_to_its_end(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        records = list(reversed(measurements(12)))  # the greatest value comes first
        with SampleApi(records, faults=lambda number: "503" if number >= 2 else None) as api:
            pull(api, since=SINCE)
            assert states(own_project)["since"] is None
            assert states(own_project)["greatest"] == "2025-01-01T00:11:00"
            api.faults = lambda number: None
            again = pull(api, since=SINCE)

        assert again.sources[0].since is None
        assert states(own_project)["since"] == "2025-01-01T00:11:00"
        assert landed(own_project) == records

    def test_does_not_follow_a_clock_that_is_wrong_nor_what_is_no_time(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        wrong = ["9999-01-01T00:00:00Z", "yesterday", 7, None, "2025-01-01T02:30:00+02:00"]
        records = [json.dumps({"id": "x", "timestamp": time}) for time in wrong]
        with SampleApi(records, sizes=(10,)) as api:
            pull(api, since=SINCE)

        assert states(own_project)["since"] == "2025-01-01T00:30:00"

    def test_may_be_a_number(self, own_project: Workbench, pull: Pull) -> None:
        since = {"parameter": "after", "field": "at.seq", "kind": "number", "overlap": 5}
        records = [
            f'{{"at": {{"seq": {number}}}}}' for number in (7, 10**30 + 1, "9.5", "1e9999999")
        ]
        with SampleApi(records, sizes=(10,)) as api:
            pull(api, since=since)
            pull(api, since=since)

        assert api.requests[-1].query["after"] == str(10**30 - 4)

    def test_is_left_out_under_full(self, own_project: Workbench, pull: Pull) -> None:
        with SampleApi(measurements(4)) as api:
            pull(api, since=SINCE)
            result = pull(api, since=SINCE, full=True)

        assert result.sources[0].items == 4
        assert "since" not in api.requests[-1].query
        assert states(own_project)["since"] == "2025-01-01T00:03:00"

    def test_is_forgotten_where_the_settings_give_it_another_meaning(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        with SampleApi(measurements(4)) as api:
            pull(api, since=SINCE)
            result = pull(api, since=SINCE, parameters={"plant": "north"})

        assert result.sources[0].since is None
        assert "settings changed" in result.sources[0].warnings[0]

    def test_without_any_time_in_the_items_is_doubted(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        with SampleApi(measurements(4)) as api:
            result = pull(api, since={**SINCE, "field": "updated"})

        assert "no item has a timestamp at updated" in result.sources[0].warnings[0]


class TestHosts:
    @pytest.mark.parametrize(
        "target",
        [
            "http://localhost:{port}/x",
            "http://127.0.0.2:{port}/x",
            "http://127.0.0.1:1/x",
            "//evil.example/x",
            "https://127.0.0.1/x",
            "ftp://127.0.0.1:{port}/x",
            "http://[::1",
        ],
    )
    def test_that_are_not_declared_are_not_asked(
        self, own_project: Workbench, pull: Pull, target: str
    ) -> None:
        def redirect(request: Request) -> Answer:
            port = api.url.rpartition(":")[2].partition("/")[0]
            return Answer(302, headers={"Location": target.format(port=port)})

        def link(request: Request) -> Answer:
            location = redirect(request).headers["Location"]
            headers = {"Link": f'<{location}>; rel="next"'}
            return Answer(body=b'{"data": {"items": [{"id": 1}]}}', headers=headers)

        with SampleApi([], answer=redirect) as api:
            assert told(pull(api))
            api.answer = link
            assert told(pull(api, pagination=LINK))

        assert {request.path for request in api.requests} == {"/measurements"}

    def test_that_are_declared_are_asked_without_the_secret(
        self, own_project: Workbench, pull: Pull, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PARTNER_TOKEN", TOKEN)
        auth = {"header": "Authorization", "prefix": "Bearer ", "value_from": "PARTNER_TOKEN"}
        with SampleApi(measurements(2)) as other:
            host = other.url.split("/")[2]
            redirect = Answer(307, headers={"Location": f"{other.url}?page=1"})
            with SampleApi([], answer=lambda request: redirect) as api:
                assert "not declared" in told(pull(api, auth=auth))
                assert pull(api, auth=auth, allowed_hosts=[host]).exit_code == 0
                assert pull(api, auth={**auth, "hosts": [host]}).exit_code == 0

        assert {request.headers["authorization"] for request in api.requests} == {f"Bearer {TOKEN}"}
        sent = [request.headers.get("authorization") for request in other.requests]
        assert sent == [None, f"Bearer {TOKEN}"]

    def test_may_redirect_within_themselves_but_not_for_ever(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        def move(request: Request) -> Answer | None:
            if request.path == "/moved":
                return None
            return Answer(301, headers={"Location": "/moved?page=1"})

        with SampleApi(measurements(2), answer=move) as api:
            assert pull(api).exit_code == 0
            api.answer = lambda request: Answer(301, headers={"Location": "/measurements"})
            assert "redirects" in told(pull(api, full=True))

        assert len(landed(own_project)) == 2


class TestSecrets:
    @pytest.fixture(autouse=True)
    def no_handler_left(self) -> Iterator[None]:
        yield
        logging.getLogger("loader").handlers.clear()

    @pytest.mark.parametrize(
        "auth",
        [{"header": "Authorization", "prefix": "Bearer "}, {"parameter": "api key"}],
        ids=["header", "parameter"],
    )
    def test_are_nowhere(
        self,
        own_project: Workbench,
        pull: Pull,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
        auth: dict[str, str],
    ) -> None:
        """The API repeats the secret wherever it can: in links, redirects, headers, refusals."""
        monkeypatch.setenv("PARTNER_TOKEN", TOKEN)

        def tell(request: Request) -> Answer | None:
            number = len(api.requests)
            sent = request.headers.get("authorization", "").removeprefix("Bearer ")
            assert TOKEN in (sent, request.query.get("api key"))
            if number == 1:
                return Answer(302, headers={"Location": f"/{TOKEN}?api+key={TOKEN}&page=1"})
            if number == 2:
                link = f"<http://u:{TOKEN}@{api.url.split('/')[2]}/x?api%20key={TOKEN}&page=2>"
                headers = {"Link": f"{link}; rel=next"}
                return Answer(body=b'{"data": {"items": [{"id": 1}]}}', headers=headers)
            if number < 6:
                return Answer(200, TOKEN.encode(), {"Content-Type": f"text/{TOKEN}"})
            if number < 9:
                return Answer(503, TOKEN.encode())
            return Answer(403, TOKEN.encode())

        with SampleApi([], answer=tell) as api:
            pull_settings = {"auth": {**auth, "value_from": "PARTNER_TOKEN"}, "pagination": LINK}
            pull(api, **pull_settings)
            levels = ["--log-level", "debug", "--log-format", "json"]
            for arguments in (["pull", *levels], ["report", "--history", "9", "--json"]):
                monkeypatch.setattr(sys, "argv", ["hub", *arguments])
                with suppress(SystemExit):
                    main()

        out, err = capfd.readouterr()
        assert "PARTNER_TOKEN" in out
        assert "asking for page" in err
        shown = (out + err).encode()
        kept = [path.read_bytes() for path in own_project.root.rglob("*") if path.is_file()]
        for form in ("s3cr3t", "7f%2B3a", "7f+3a"):
            assert form.encode() not in shown
            assert not any(form.encode() in content for content in kept)

    def test_are_not_kept_as_a_cursor(
        self, own_project: Workbench, pull: Pull, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PARTNER_TOKEN", TOKEN)
        meta = json.dumps({"next": f"after-{TOKEN}"})
        first = Answer(body=f'{{"data": {{"items": [{{"id": 1}}]}}, "meta": {meta}}}'.encode())

        with SampleApi(
            [], answer=lambda request: Answer(403) if "cursor" in request.query else first
        ) as api:
            told(pull(api, auth={"header": "X-Key", "value_from": "PARTNER_TOKEN"}))

        assert states(own_project)["position"] is None
        assert b"s3cr3t" not in own_project.database.read_bytes()

    @pytest.mark.parametrize("value", [None, "", "  ", "two\nlines", "é"])
    def test_that_cannot_be_used_are_named_not_shown(
        self, own_project: Workbench, pull: Pull, monkeypatch: pytest.MonkeyPatch, value: str | None
    ) -> None:
        monkeypatch.delenv("PARTNER_TOKEN", raising=False)
        if value is not None:
            monkeypatch.setenv("PARTNER_TOKEN", value)
        with SampleApi([]) as api:
            result = pull(api, auth={"header": "X-Key", "value_from": "PARTNER_TOKEN"})

        assert result.exit_code == 2
        assert "PARTNER_TOKEN" in (result.sources[0].error or "")
        assert "two" not in (result.sources[0].error or "")
        assert api.requests == []

    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("", "PARTNER_URL is not set"),
            ("http://api.example/x", "would get the secret unencrypted"),
            ("https://u:s3cr3t@api.example/x", "holds credentials"),
            ("ftp://api.example/x", "neither http nor https"),
            ("api.example", "without a host"),
            ("https://host:port/x", "is none"),
        ],
    )
    def test_do_not_go_to_an_address_that_cannot_keep_them(
        self, own_project: Workbench, monkeypatch: pytest.MonkeyPatch, url: str, says: str
    ) -> None:
        monkeypatch.setenv("PARTNER_TOKEN", TOKEN)
        monkeypatch.setenv("PARTNER_URL", url)
        auth = {"header": "Authorization", "value_from": "PARTNER_TOKEN"}
        own_project.set_meta("partner", http={"url": "${PARTNER_URL}", "auth": auth})

        result = hub.pull(own_project.project, ())

        assert result.exit_code == 2
        assert says in (result.sources[0].error or "")
        assert "s3cr3t" not in (result.sources[0].error or "")


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


class TestTheCommand:
    @pytest.fixture
    def command(
        self, own_project: Workbench, monkeypatch: pytest.MonkeyPatch, capfd: Any
    ) -> Iterator[Callable[..., Ended]]:
        def call(*arguments: str) -> Ended:
            monkeypatch.setattr(sys, "argv", ["hub", "pull", *arguments])
            capfd.readouterr()
            code: Any = 0
            try:
                main()
            except SystemExit as end:
                code = end.code
            return Ended(code, *capfd.readouterr())

        yield call
        logging.getLogger("loader").handlers.clear()

    def test_pulls_the_shipped_source(
        self, command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PARTNER_TOKEN", TOKEN)
        with SampleApi(measurements(5), token=TOKEN) as api:
            monkeypatch.setenv("PARTNER_URL", api.url)
            text = command("partner")
            data = json.loads(command("--json").out)
            monkeypatch.setenv("PARTNER_TOKEN", "wrong")
            refused = command("--full")

        assert (text.code, text.err) == (0, "")
        assert "partner  complete  2      5" in text.out
        assert "landed: 2 files, 5 rows" in text.out
        assert data["sources"][0]["since"] == "2024-12-31T23:04:00Z"
        assert refused.code == 1
        assert "error: source 'partner'" in refused.out
        assert "Check the secret in PARTNER_TOKEN" in refused.err

    @pytest.mark.parametrize("name", ["app", "nobody"])
    def test_names_the_sources_that_are_pulled(
        self, command: Callable[..., Ended], name: str
    ) -> None:
        ended = command(name)

        assert (ended.code, ended.out) == (2, "")
        assert ended.err.count("\n") == 1
        assert "Pulled are partner." in ended.err

    def test_says_where_no_source_is_pulled(
        self, command: Callable[..., Ended], own_project: Workbench
    ) -> None:
        own_project.set_meta("partner", http=None)

        assert "no source declares `http`" in command().err

    def test_needs_a_landing_folder(
        self, command: Callable[..., Ended], own_project: Workbench
    ) -> None:
        ended = command("--landing", str(own_project.root / "nowhere"))

        assert ended.code == 1
        assert "nowhere: there is no such folder" in ended.err

    def test_does_not_write_through_a_link(
        self, own_project: Workbench, pull: Pull, tmp_path: Path
    ) -> None:
        (own_project.root / "landing" / "partner").symlink_to(tmp_path)
        with SampleApi(measurements(1)) as api:
            result = pull(api)

        assert "symbolic link" in (result.sources[0].error or "")


# Ends itself by SIGKILL at the moment of a number: before and after each thing that it keeps.
KILLED = """
import os, signal, sys
from loader import cli, hub
from loader.pull import bookkeeping, pages, pulling

moments = [int(sys.argv.pop(1))]
bookkeeping._SAVE_SECONDS = float(sys.argv.pop(1))

def pass_moment():
    moments[0] -= 1
    if not moments[0]:
        os.kill(os.getpid(), signal.SIGKILL)

def watched(work):
    def call(*given, **named):
        pass_moment()
        result = work(*given, **named)
        pass_moment()
        return result
    return call

for module, name in (
    (bookkeeping, "start_run"), (pages, "_sync"), (pages.Path, "replace"), (pulling, "write_page"),
    (bookkeeping, "save_state"), (hub, "land"), (hub, "end_run"),
):
    setattr(module, name, watched(getattr(module, name)))
cli.main()
"""


class TestAKilledPull:
    @pytest.fixture
    def killed(
        self, own_project: Workbench, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[int, int], int]:
        def call(moment: int, save_seconds: int) -> int:
            numbers = [str(moment), str(save_seconds)]
            arguments = [sys.executable, "-c", KILLED, *numbers, "pull", "partner"]
            return subprocess.run(arguments, capture_output=True, timeout=60).returncode

        monkeypatch.setenv("PARTNER_TOKEN", TOKEN)
        return call

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("save_seconds", "moments"),
        [
            (0, random.Random(1).sample(range(1, 14), 13)),
            # at the end of the pages, and then where all pages are known
            (5, [*range(1, 14, 3), *range(49, 54), *range(3, 9)]),
        ],
        ids=["saved at each page", "saved at the end"],
    )
    def test_again_and_again_loses_and_doubles_nothing(
        self,
        own_project: Workbench,
        killed: Callable[[int, int], int],
        monkeypatch: pytest.MonkeyPatch,
        save_seconds: int,
        moments: list[int],
    ) -> None:
        records = measurements(24)
        with SampleApi(records) as api:
            monkeypatch.setenv("PARTNER_URL", api.url)
            codes = [killed(moment, save_seconds) for moment in moments]
            result = hub.pull(own_project.project, ())

        assert set(codes) <= {-signal.SIGKILL, 0}
        assert codes.count(-signal.SIGKILL) > 6
        assert result.exit_code == 0
        assert sorted(landed(own_project)) == sorted(records)
        statuses = own_project.sql("select distinct status from ops.runs")
        assert set(statuses) == {("interrupted",), ("succeeded",)}
        own_project.run()
        counted = own_project.sql(
            "select outcome, count(*) from ops.record_outcomes where source = 'partner' "
            "group by all"
        )
        assert counted == [("applied", 24)]

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_that_is_asked_to_stop_while_it_waits_is_closed(
        self, own_project: Workbench, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        monkeypatch.setenv("PARTNER_TOKEN", TOKEN)
        with SampleApi(measurements(9), faults={1: "hang"}.get) as api:
            monkeypatch.setenv("PARTNER_URL", api.url)
            arguments = [sys.executable, "-c", "from loader.cli import main; main()", "pull"]
            with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
                deadline = time.monotonic() + 60
                while len(api.requests) < 2 and time.monotonic() < deadline:
                    time.sleep(0.01)
                began = time.monotonic()
                process.send_signal(number)
                assert "interrupted" in (process.stderr.read() if process.stderr else "")
            assert time.monotonic() - began < 2
            api.faults = lambda number: None
            assert process.returncode == 1
            # too soon for it to have been saved before
            assert states(own_project)["position"] == "p2"
            assert own_project.sql("select status from ops.runs") == [("interrupted",)]
            assert hub.pull(own_project.project, ()).sources[0].resumed

        assert landed(own_project) == api.records

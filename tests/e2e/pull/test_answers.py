"""What an answer may look like: how it names the next page, its type, its bytes, its empty ends."""

import gzip
import zlib
from typing import Any

import pytest

from loader.pull.http.body import Body
from tests.demo.api import Answer, Request, SampleApi
from tests.support.partner import CURSOR, LINK, PAGE, Pull, landed, measurements, states, told
from tests.support.workbench import Workbench

# each leads from the page that it comes with to the next one
LINKS: list[tuple[str, ...]] = [
    ('<{next}>; title="page=2"; rel="next"',),
    ('<{next}>; title="a; b"; rel="next"',),
    ('<{next}>; title="a, <b>"; rel="next"',),
    (r'<{next}>; title="\"quoted\" \\"; rel="next"',),
    ("<{next}>; crossorigin; rel=next",),
    ('<{next}>; REL="Next"',),
    ('<{next};v=1?b;c>; rel="next"',),
    ('<{next}?ids=1,2>; rel="next"',),
    ('<{next}>; rel="last prefetch next"',),
    ('</x>; rel="first"', '<{next}>; rel="next"', '</y>; rel="last"'),
    ('</x>; rel="first", <{next}>; rel="next", </y>; rel="last"',),
    ("<{next}>;rel=next,</x>;rel=prev",),
    (",, <{next}> ;\trel = next ;, ",),
    ('</x>; rel="next"; anchor="/other", <{next}>; rel="next"',),
    ('<{next}>; rel="next"; anchor=""',),
    ("</x>; rel=prev; rel=next, <{next}>; rel=next; rel=prev",),
    ("<{next}>; rel=next; title*=UTF-8'en'%e2%82%ac%20rates",),
    ('<{api}{next}>; rel="next"; type="application/json"',),
    ("</x>; title=rel=next; rel=up, <{next}>; rel=next",),
    ("<{next}>; rel=next, <{api}{next}>; rel=next",),
]


def page_of(number: int) -> bytes:
    return f'{{"data": {{"items": [{{"id": "m-{number}"}}]}}}}'.encode()


class TestLinks:
    def test_of_twenty_shapes_lead_through_all_pages(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        def lead_on(request: Request) -> Answer:
            number = int(request.path.split(";")[0].rpartition("-")[2] or 0)
            if number == len(LINKS):
                return Answer(body=page_of(number), headers={"Link": '</x>; rel="prev"'})
            host = api.url.removesuffix("/measurements")
            shapes = [shape.format(next=f"/page-{number + 1}", api=host) for shape in LINKS[number]]
            # a header that comes several times is sent as lines of their own
            return Answer(body=page_of(number), headers={"Link": "\r\nLink: ".join(shapes)})

        with SampleApi([], answer=lambda request: lead_on(at_the_start(request))) as api:
            result = pull(api, pagination=LINK)

        assert result.exit_code == 0, result.sources[0].error
        assert len(landed(own_project)) == len(LINKS) + 1 == 21

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "header",
        ['</page-2>; rel="next', "/page-2; rel=next", "</a>; rel=next, </b>; rel=next"],
    )
    def test_that_cannot_be_read_fail_the_pull(
        self, own_project: Workbench, pull: Pull, header: str
    ) -> None:
        answer = Answer(body=page_of(1), headers={"Link": header})
        with SampleApi([], answer=lambda request: answer) as api:
            error = told(pull(api, pagination=LINK))
            assert "the header Link cannot be read" in error
            assert "RFC 8288" in error
            # where the page after is named elsewhere, the header is nobody's business
            assert pull(api).exit_code == 0

        assert states(own_project)["error"] is None


def at_the_start(request: Request) -> Request:
    if request.path == "/measurements":
        return Request("/page-0", request.query, request.headers, request.fault)
    return request


class TestEmptyPages:
    @pytest.mark.slow
    @pytest.mark.parametrize("pagination", [CURSOR, PAGE, LINK, None], ids=str)
    def test_may_have_null_for_their_items(
        self, own_project: Workbench, pull: Pull, pagination: dict[str, Any] | None
    ) -> None:
        def end_with_null(request: Request) -> Answer | None:
            if len(api.requests) == 2 or pagination is None:
                return Answer(body=b'{"data": {"items": null}, "meta": {"next": null}}')
            return None

        with SampleApi(measurements(6), answer=end_with_null) as api:
            result = pull(api, pagination=pagination)

        assert result.exit_code == 0
        assert landed(own_project) == ([] if pagination is None else api.records[:3])

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "body", ["{}", '{"data": {}}', '{"data": null}', '{"data": [], "meta": {"next": ""}}']
    )
    def test_may_lack_their_items_where_the_source_says_so(
        self, own_project: Workbench, pull: Pull, body: str
    ) -> None:
        def end_without(request: Request) -> Answer | None:
            return Answer(body=body.encode()) if len(api.requests) % 2 == 0 else None

        with SampleApi(measurements(6), answer=end_without) as api:
            assert "missing_items: empty" in told(pull(api))
            api.requests.clear()
            assert pull(api, missing_items="empty", full=True).exit_code == 0

        assert landed(own_project) == api.records[:3]

    @pytest.mark.slow
    @pytest.mark.parametrize("body", ['{"data": {"items": {}}}', '{"data": "none"}', "7", "[1]"])
    def test_are_not_what_has_something_else_there(
        self, own_project: Workbench, pull: Pull, body: str
    ) -> None:
        with SampleApi([], answer=lambda request: Answer(body=body.encode())) as api:
            told(pull(api, missing_items="empty"))

    def test_alone_are_doubted(self, own_project: Workbench, pull: Pull) -> None:
        with SampleApi(measurements(3)) as api:
            result = pull(api, items="results", missing_items="empty", pagination=None)

        assert result.exit_code == 0
        assert "nothing at results and no items at all" in result.sources[0].warnings[0]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "pagination", [PAGE, {**PAGE, "has_more": "meta.more"}, {**PAGE, "total": "meta.total"}]
    )
    def test_may_be_an_answer_without_content(
        self, own_project: Workbench, pull: Pull, pagination: dict[str, Any]
    ) -> None:
        def none_left(request: Request) -> Answer | None:
            return Answer(204) if len(api.requests) == 3 else None

        with SampleApi(measurements(12), answer=none_left) as api:
            assert pull(api, pagination=pagination).exit_code == 0

        assert landed(own_project) == api.records[:6]

    def test_are_no_empty_bodies(self, own_project: Workbench, pull: Pull) -> None:
        with SampleApi([], answer=lambda request: Answer(200)) as api:
            assert "no whole JSON" in told(pull(api, missing_items="empty"))
            assert len(api.requests) > 1


class TestCursors:
    @pytest.mark.slow
    @pytest.mark.parametrize("last", ['""', '" "', "null", "false", "[]", "{}", "0.0", None])
    def test_may_be_empty_on_the_last_page(
        self, own_project: Workbench, pull: Pull, last: str | None
    ) -> None:
        def end(request: Request) -> Answer:
            if request.query.get("cursor") == "0.0":
                meta = '{"next": 0.0}'
            elif "cursor" in request.query:
                meta = "{}" if last is None else f'{{"next": {last}}}'
            else:
                meta = '{"next": "p2"}'
            place = request.query.get("cursor", "p1")
            items = "" if place == "0.0" else f'{{"id": "{place}"}}'
            return Answer(body=f'{{"data": {{"items": [{items}]}}, "meta": {meta}}}'.encode())

        with SampleApi([], answer=end) as api:
            assert pull(api).exit_code == 0

        assert len(landed(own_project)) == 2

    @pytest.mark.slow
    @pytest.mark.parametrize("cursor", ['{"id": 1}', "[7]", '"\\ud800"', '"\xff"'])
    def test_that_cannot_be_sent_fail_the_pull(
        self, own_project: Workbench, pull: Pull, cursor: str
    ) -> None:
        body = f'{{"data": {{"items": [{{"id": 1}}]}}, "meta": {{"next": {cursor}}}}}'
        with SampleApi([], answer=lambda request: Answer(body=body.encode("latin-1"))) as api:
            assert "cannot be used: " in told(pull(api))


class TestNamesGivenTwice:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("body", "says"),
        [
            ('{"data": {"items": [{"id": 1}], "items": []}}', "data.items is given 2 times"),
            ('{"data": {"items": [{"id": 1}]}, "d\\u0061ta": {"items": []}}', "data is given 2"),
            (
                '{"data": {"items": [{"id": 1}]}, "meta": {"next": null, "next": "p2"}}',
                "meta.next is given 2 times",
            ),
        ],
    )
    def test_on_the_way_to_what_is_needed_fail_the_pull(
        self, own_project: Workbench, pull: Pull, body: str, says: str
    ) -> None:
        with SampleApi([], answer=lambda request: Answer(body=body.encode())) as api:
            assert says in told(pull(api))

    def test_in_an_item_do_not_move_what_is_asked_for_next(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        since = {"parameter": "since", "field": "timestamp", "overlap": 0}
        records = [
            '{"id": "a", "timestamp": "2025-01-01T00:00:00Z"}',
            '{"id": "b", "timestamp": "2025-01-02T00:00:00Z", "timestamp": "2025-01-03T00:00:00Z"}',
            '{"id": "c", "id": "d", "timestamp": "2025-01-04T00:00:00Z"}',
            '{"id": "e", "at": {"x": 1, "x": 2}, "timestamp": "2025-01-05T00:00:00Z"}',
            '{"id": "f", "value": NaN, "timestamp": "2025-01-06T00:00:00Z"}',
            '{"id": "\\ud83d", "timestamp": "2025-01-07T00:00:00Z"}',
        ]
        with SampleApi(records, sizes=(9,)) as api:
            pull(api, since=since)
            assert landed(own_project) == records
            assert pull(api, since=since).sources[0].since == "2025-01-01T00:00:00Z"


class TestBytes:
    @pytest.mark.parametrize(
        ("body", "charset"),
        [
            ('[{"id": "größe"}]'.encode(), "ISO-8859-1"),
            ('[{"id": "größe"}]'.encode(), "windows-1252"),
            ('[{"id": "größe"}]'.encode(), "us-ascii"),
            ('[{"id": "größe"}]'.encode(), "klingon"),
            ('[{"id": "größe"}]'.encode(), "utf-16"),
            ('[{"id": "größe"}]'.encode("utf-8-sig"), "iso-8859-1"),
            ('[{"id": "größe"}]'.encode("latin-1"), "iso-8859-1"),
            ('[{"id": "größe"}]'.encode("cp850"), "cp850"),
            ('[{"id": "größe"}]'.encode("utf-16"), "iso-8859-1"),
            ('[{"id": "größe"}]'.encode("utf-16-le"), None),
            ('[{"id": "größe"}]'.encode("utf-16-be"), "utf-8"),
        ],
        ids=str,
    )
    def test_are_utf8_and_in_the_declared_charset_only_where_they_are_not(
        self, body: bytes, charset: str | None
    ) -> None:
        assert Body.of(body, charset).items(()) == ['[{"id": "größe"}]'[1:-1]]

    def test_with_a_false_charset_land_as_utf8(self, own_project: Workbench, pull: Pull) -> None:
        headers = {"Content-Type": "application/json; charset=ISO-8859-1"}
        answer = Answer(200, '[{"id": "größe"}]'.encode(), headers)
        with SampleApi([], answer=lambda request: answer) as api:
            pull(api, items=[], pagination=None)

        assert landed(own_project) == ['{"id": "größe"}']

    def test_of_no_charset_at_all_stay_in_their_item(self) -> None:
        items = Body.of(b'[{"id": "a"}, {"id": "\xff"}]', "klingon").items(())

        assert items == ['{"id": "a"}', '{"id": "\udcff"}']

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "kind",
        ["text/plain", "application/octet-stream", "text/html; charset=utf-8", "x", "a/b+json", ""],
    )
    def test_that_are_json_are_taken_whatever_they_are_called(
        self, own_project: Workbench, pull: Pull, kind: str
    ) -> None:
        answer = Answer(200, b'[{"id": 1.0}]', {"Content-Type": kind} if kind else {})
        with SampleApi([], answer=lambda request: answer) as api:
            pull(api, items=[], pagination=None)

        assert landed(own_project) == ['{"id": 1.0}']

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "body",
        [b"<h1>Sorry</h1>", b"Sorry", b"nul", b"NaN", b"", b"\x00\x01", b'{"data"'],
        ids=repr,
    )
    def test_that_are_no_json_are_asked_for_again_and_then_told(
        self, own_project: Workbench, pull: Pull, body: bytes
    ) -> None:
        answer = Answer(200, body, {"Content-Type": "text/html"})
        with SampleApi([], answer=lambda request: answer) as api:
            error = told(pull(api, missing_items="empty"))

        assert "the answer is no whole JSON (text/html, " in error
        assert len(api.requests) == 8

    def test_of_a_part_are_refused_as_all_was_asked_for(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        answer = Answer(206, b'{"data": {"items": []}}', {"Content-Range": "bytes 0-22/99"})
        with SampleApi([], answer=lambda request: answer) as api:
            assert "a part of the answer (status 206)" in told(pull(api))

        assert "range" not in api.requests[0].headers
        assert len(api.requests) == 1

    @pytest.mark.slow
    @pytest.mark.parametrize("left_out", [1, 4, 8, 9, 20])
    def test_that_are_packed_and_cut_are_asked_for_again(
        self, own_project: Workbench, pull: Pull, left_out: int
    ) -> None:
        """Also where only the end mark is gone, so that the text itself is whole."""

        def cut_once(request: Request) -> Answer:
            packed = gzip.compress(page_of(1))
            whole = len(api.requests) > 1
            return Answer(
                200, packed if whole else packed[:-left_out], {"Content-Encoding": "gzip"}
            )

        with SampleApi([], answer=cut_once) as api:
            result = pull(api, pagination=None)

        assert result.sources[0].retries == 1
        assert landed(own_project) == ['{"id": "m-1"}']

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("encoding", "packed"),
        [
            ("gzip", gzip.compress(page_of(1)[:9]) + gzip.compress(page_of(1)[9:])),
            ("x-gzip", gzip.compress(page_of(1))),
            ("GZIP", gzip.compress(page_of(1))),
            ("deflate", zlib.compress(page_of(1))),
            ("deflate", zlib.compress(page_of(1), wbits=-15)),
            ("identity", page_of(1)),
        ],
        ids=["members", "x-gzip", "upper case", "zlib", "raw", "identity"],
    )
    def test_that_are_packed_are_unpacked(
        self, own_project: Workbench, pull: Pull, encoding: str, packed: bytes
    ) -> None:
        answer = Answer(200, packed, {"Content-Encoding": encoding})
        with SampleApi([], answer=lambda request: answer) as api:
            assert pull(api, pagination=None).exit_code == 0

        assert landed(own_project) == ['{"id": "m-1"}']

    def test_that_unpack_to_too_many_are_refused(self, own_project: Workbench, pull: Pull) -> None:
        packed = gzip.compress(b" " * 5_000_000 + page_of(1))
        answer = Answer(200, packed, {"Content-Encoding": "gzip"})
        with SampleApi([], answer=lambda request: answer) as api:
            assert "more than 1,000,000 bytes" in told(pull(api, limits={"page_bytes": 10**6}))

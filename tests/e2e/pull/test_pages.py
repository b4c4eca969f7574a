"""Pages are asked for up to the last, and their items land as they stand, or an error is told."""

import gzip
import json
import random
import time
from typing import Any

import pytest

from loader.pull.http.body import Body, NoItems
from loader.readers import UnreadableFile
from tests.demo.api import Answer, Request, SampleApi
from tests.support.partner import PAGE, PAGINATIONS, Pull, files, landed, measurements
from tests.support.workbench import Workbench

BODY = (
    '{"data": {"items": [{"id": 1.0, "id": "b"}, [1, "]"], "\\\\", {"a\\"b": {"c": []}}]},'
    ' "d\\u0061ta": 7, "meta": {"next": "c\\u00e9", "total": 30, "more": true, "none": null}}'
)


def body_of(text: str) -> Body:
    return Body.of(text.encode(), None)


class TestPages:
    @pytest.mark.slow
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

    @pytest.mark.slow
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
    @pytest.mark.slow
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


def test_items_and_words_stand_at_their_paths() -> None:
    whole = body_of(BODY.replace("d\\u0061ta", "other"))

    assert whole.items(("data", "items")) == [
        '{"id": 1.0, "id": "b"}',
        '[1, "]"]',
        '"\\\\"',
        '{"a\\"b": {"c": []}}',
    ]
    assert whole.word(("meta", "next")) == "cé"
    assert whole.word(("meta", "total")) == "30"
    assert whole.word(("meta", "none")) is None
    assert whole.word(("meta", "next", "deeper")) is None
    assert whole.has(("meta", "none"))
    assert not whole.has(("meta", "nothing"))
    assert whole.is_true(("meta", "more"))
    assert not whole.is_true(("meta", "none"))


def test_a_key_given_twice_counts_nowhere_also_where_an_escape_hides_it() -> None:
    body = body_of(BODY)

    for look in (body.items, body.word, body.has, body.is_true):
        with pytest.raises(NoItems, match="the name data is given 2 times"):
            look(("data", "items"))


@pytest.mark.parametrize(
    "text", ["", " ", "<html>", "<p> </p>", "[1", '{"a": [}', "[] []", "}", '"']
)
def test_what_is_no_whole_json_is_refused(text: str) -> None:
    with pytest.raises((UnreadableFile, NoItems)):
        body_of(text).items(())


def test_every_cut_is_seen() -> None:
    for end in range(len(BODY)):
        with pytest.raises(UnreadableFile):
            body_of(BODY[:end])


def test_nothing_else_than_these_errors_comes_of_any_bytes() -> None:
    chance = random.Random(7)
    content = BODY.encode()
    readable = 0
    for _ in range(3000):
        changed = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.choice(b'{}[]",:\\ 0\xff\n')
        try:
            found = Body.of(bytes(changed), chance.choice([None, "utf-8", "utf-16", "klingon"]))
            found.word(("meta", "next"))
            found.has(("data", "items"))
            found.items(("data",) if found.is_true(("meta", "more")) else ("data", "items"))
            readable += 1
        except (UnreadableFile, NoItems):
            pass
    assert readable


@pytest.mark.parametrize("seed", range(5))
def test_items_are_those_that_a_parser_finds(seed: int) -> None:
    chance = random.Random(seed)
    values = [1, 2.5, None, True, "a", 'q"\\,]}', "é\n", [], {}, [1, [2]], {"x": {"y": "}"}}]
    items = [chance.choice(values) for _ in range(chance.randint(0, 30))]
    text = json.dumps(
        {"z": chance.choice(values), "data": items, "y": 1},
        indent=chance.choice([None, 2]),
        ensure_ascii=chance.choice([True, False]),
    )

    assert [json.loads(item) for item in body_of(text).items(("data",))] == items

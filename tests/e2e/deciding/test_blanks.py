"""Blank is blank: what cannot be seen, what means nothing to its source, empty optional texts."""

import pytest

from hub.commands import rules
from hub.queries.reprocess import ReprocessChoice
from tests.support.workbench import Workbench, copy_project, enter

pytestmark = pytest.mark.slow

# one text of each kind that shows nothing
UNSEEN = {
    "no-break space": "\u00a0",
    "zero width space": "\u200b",
    "byte order mark": "\ufeff",
    "ideographic space": "\u3000",
    "narrow no-break space": "\u202f",
    "word joiner": "\u2060",
    "line separator": "\u2028",
    "next line": "\u0085",
    "soft hyphen": "\u00ad",
    "left-to-right mark": "\u200e",
    "Mongolian vowel separator": "\u180e",
    "Hangul filler": "\u3164",
    "blank of Braille": "\u2800",
    "variation selector": "\ufe0f",
    "control characters": "\x01\x1f\x7f",
    "several": " \u00a0\u200b\t\ufeff\u3000",
}
# what is seen, with such characters in it
SEEN = ["a\u00a0", "\u200bk", "\u3000\u76ee", "\U0001f468\u200d\U0001f469", "-", "."]


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    root = tmp_path_factory.mktemp("blanks")
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        bench.set_meta("plant", nulls=["NULL", "\\N", "#N/A", "-999"])
        bench.set_meta("beta", nulls=["unknown"])
        texts = list(UNSEEN.values())
        good = {"key": "k", "name": "n", "value": 1, "ts": "2025-01-01"}
        bench.drop("app/1.ndjson", [{**good, "key": text} for text in texts])
        bench.drop("app/2.ndjson", [{**good, "name": text} for text in texts])
        bench.drop("app/3.ndjson", [{**good, "value": text, "ts": text} for text in texts])
        bench.drop("app/4.ndjson", [{**good, "key": text} for text in SEEN])
        click = {"event_timestamp": "2025-01-01", "event_type": "search", "user_id": "u"}
        bench.drop(
            "web/1.ndjson",
            [
                {**click, "event_id": f"c{number}", "page_url": text, "product_id": " p "}
                for number, text in enumerate(["", *texts])
            ],
        )
        bench.drop(
            "plant/1.csv",
            "id,value,category,timestamp\n"
            "m1,1,flow,NULL\nm2,1,flow, \\N \nm3,-999,flow,\nm4,1,#N/A,\nNULL,1,flow,\n"
            "m6,1,null,\nm7,1,NULLS,\n",
        )
        bench.drop(
            "beta/1.json",
            [
                {"identifier": "o1", "payload": "unknown"},
                {"identifier": "unknown", "payload": "x"},
                {"identifier": "o3", "payload": {"a": "unknown"}},
                {"identifier": "NULL", "payload": "NULL"},
            ],
        )
        assert bench.run()["errors"] == []
        return bench


def reasons_in(bench: Workbench, file: str) -> list[list[str] | None]:
    return [
        reasons
        for (reasons,) in bench.sql(
            "select reasons from ops.record_outcomes where file = ? order by row_number", file
        )
    ]


@pytest.mark.parametrize(
    ("file", "reasons"),
    [
        ("app/1.ndjson", ["missing_key"]),
        ("app/2.ndjson", ["missing_name"]),
        ("app/3.ndjson", ["invalid_value", "missing_timestamp"]),
    ],
)
def test_what_cannot_be_seen_is_missing(decided: Workbench, file: str, reasons: list[str]) -> None:
    found = dict(zip(UNSEEN, reasons_in(decided, file), strict=True))
    assert found == dict.fromkeys(UNSEEN, reasons)


def test_what_can_be_seen_is_a_key_as_it_stands(decided: Workbench) -> None:
    assert decided.sql("select key from marts.events order by record_id") == [
        (key,) for key in SEEN
    ]


def test_an_empty_optional_text_is_null_in_the_target(decided: Workbench) -> None:
    assert decided.sql("select count(*), count(page_url), min(product_id) from marts.clicks") == [
        (len(UNSEEN) + 1, 0, " p ")
    ]


def test_what_means_nothing_to_its_source_is_null(decided: Workbench) -> None:
    assert decided.sql("select id, timestamp from marts.measurements order by id") == [
        *(("m1", None), ("m2", None), ("m6", None), ("m7", None)),
    ]
    assert reasons_in(decided, "plant/1.csv") == [
        *(None, None, ["invalid_value"], ["missing_category"], ["missing_id"], None, None),
    ]
    assert reasons_in(decided, "beta/1.json") == [
        *(["missing_status"], ["missing_order_id"], None, None),
    ]


@pytest.mark.nightly
def test_a_contract_may_keep_blank_texts(own_project: Workbench) -> None:
    bench = own_project
    bench.edit(
        "macros/contracts/clicks.sql", "'page_url': {\n", "'page_url': {\n'blank': 'keep',\n"
    )
    click = {"event_id": "c", "event_timestamp": "2025-01-01", "event_type": "search"}
    bench.drop("web/1.ndjson", [{**click, "user_id": "u", "page_url": " ", "product_id": " "}])
    assert bench.run()["errors"] == []
    assert bench.sql("select page_url, product_id from marts.clicks") == [(" ", None)]


@pytest.mark.nightly
def test_other_nulls_are_another_rule_set(own_built: Workbench) -> None:
    bench = own_built
    bench.drop("plant/1.csv", "id,value,category,timestamp\nm1,1,none,\nm2,1,flow,\n")
    bench.run()
    bench.set_meta("plant", nulls=["none"])
    bench.drop("plant/2.csv", "id,value,category,timestamp\nm1,1,none,\nm3,1,flow,\n")
    receipt = bench.run()
    assert any("were decided under older rules" in text for text in receipt["warnings"])
    # no duplicate: it was sent before, but under rules by which it said something else
    assert reasons_in(bench, "plant/2.csv") == [["missing_category"], None]
    assert bench.sql(
        "select nulls, count(*) from ops.rule_sets where source = 'plant' group by nulls order by 1"
    ) == [("none", 1), (None, 1)]

    rules.reprocess(bench.project, ReprocessChoice("measurements"))
    assert bench.sql("select id from marts.measurements order by id") == [("m2",), ("m3",)]

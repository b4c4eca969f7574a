"""The hub decides every row as the oracle does, which knows its rules but none of its SQL."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.queries.explain import answer, parse_question
from hub.queries.raw_text import RawText
from loader.warehouse.connection import open_warehouse
from tests.support.additions import add_source
from tests.support.oracle import (
    SOURCES,
    File,
    Found,
    Oracle,
    Policy,
    confused,
    differences,
    explained,
    hub_state,
    in_order_of_landing,
)
from tests.support.record_strategies import (
    NOW,
    Shape,
    cuts,
    examples,
    renamed,
    shapes,
    split,
    write_files,
)
from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow

WINNING = ("applied", "superseded")


def start_over(bench: Workbench) -> None:
    """Empty the warehouse and the landing folder, for the next example of the same test."""
    for path in bench.root.glob("warehouse.duckdb*"):
        path.unlink()
    bench.empty_landing()


def decide_by_both(
    bench: Workbench, oracle: Oracle, files: Sequence[File], skip: Iterable[str] = ()
) -> None:
    """Let the hub and the oracle run over these files; fails where they differ."""
    for file in files:
        bench.drop(file.path, file.content)
    receipt = bench.run(*skip, now=NOW.isoformat(), force=True)
    assert receipt["status"] == "succeeded", receipt
    oracle.run(in_order_of_landing(files), skip)
    hold_to(oracle, bench)


def hold_to(oracle: Oracle, bench: Workbench) -> Found:
    """What the hub holds; fails where the oracle says otherwise."""
    with duckdb.connect(str(bench.database)) as connection:
        found = hub_state(lambda query: connection.execute(query).fetchall())
    different = differences(oracle.state(), found.state)
    if different:
        pytest.fail(explained(different, oracle))
    assert not confused(oracle, found)[:5]
    return found


def add_sources(bench: Workbench) -> None:
    """Register a second source of events and of clicks, and a third one of orders."""
    add_source(bench.root, "mobile", like="app", entity="events")
    fields = {"identifier": "ref", "payload": "content"}
    add_source(bench.root, "gamma", like="beta", entity="orders", fields=fields)
    add_source(bench.root, "shop", like="web", entity="clicks")


def trust(bench: Workbench, preferred: Mapping[str, tuple[str, ...]]) -> None:
    """Let the most trusted source win a key where the newest record did."""
    for entity, sources in preferred.items():
        bench.edit(
            f"macros/contracts/{entity}.sql", "'prefer': 'newest'", f"'prefer': {list(sources)}"
        )


def test_some_hundred_rows_in_two_runs_are_decided_as_the_rules_say(bench: Workbench) -> None:
    """A small one, for every day."""
    oracle = Oracle(NOW)
    for files in split(write_files(Shape(2, 400, 40, 12, 20, 25)), [50]):
        decide_by_both(bench, oracle, files)


@pytest.mark.nightly
@given(shape=shapes(), at=cuts())
@examples(4)
def test_every_row_is_decided_as_the_rules_say(
    bench: Workbench, shape: Shape, at: list[int]
) -> None:
    start_over(bench)
    oracle = Oracle(NOW)
    for files in split(write_files(shape), at):
        decide_by_both(bench, oracle, files)


@pytest.mark.nightly
@given(
    shape=shapes(),
    at=cuts(runs=4),
    skips=st.permutations([("deduplicate",), ("validate",), (), ("deduplicate", "validate")]),
)
@examples(1)
def test_stages_that_are_off_pass_rows_through(
    bench: Workbench, shape: Shape, at: list[int], skips: list[tuple[str, ...]]
) -> None:
    start_over(bench)
    oracle = Oracle(NOW)
    for files, skip in zip(split(write_files(shape), at), skips, strict=True):
        decide_by_both(bench, oracle, files, skip)


POLICIES = {
    "app": Policy(late="skip"),
    "mobile": Policy(late="dead_letter", allowed_lateness=3 * 3600, nulls=("k2", "Signup")),
    "web": Policy(late="dead_letter", zone="Asia/Kolkata"),
    "plant": Policy(zone="America/New_York", nulls=("1", "k3")),
}
TRUST = {
    "events": ("mobile",),
    "orders": ("gamma", "alpha"),
    "clicks": ("shop", "web"),
    "measurements": ("partner", "plant"),
}


@pytest.fixture(params=[{}, TRUST], ids=["the newest wins", "the most trusted wins"])
def trusting(
    request: pytest.FixtureRequest, own_project: Workbench
) -> tuple[Workbench, dict[str, tuple[str, ...]]]:
    """A project with more sources, with policies for late rows, and who is trusted most."""
    add_sources(own_project)
    for source, policy in POLICIES.items():
        own_project.set_meta(
            source,
            late=policy.late,
            allowed_lateness=policy.allowed_lateness,
            timezone=policy.zone,
            nulls=list(policy.nulls) or None,
        )
    trust(own_project, request.param)
    return own_project, request.param


@pytest.mark.nightly
@given(shape=shapes(), at=cuts())
@examples(1)
def test_late_rows_and_trust_are_handled_as_declared(
    trusting: tuple[Workbench, dict[str, tuple[str, ...]]], shape: Shape, at: list[int]
) -> None:
    bench, prefer = trusting
    start_over(bench)
    oracle = Oracle(NOW, POLICIES, prefer)
    for files in split(write_files(shape, tuple(SOURCES)), at):
        decide_by_both(bench, oracle, files)


def records(path: str, *lines: str, header: str = "") -> File:
    """A file with these records."""
    source, _, name = path.partition("/")
    return File(source, name, tuple(line.encode() for line in lines), header)


def test_blank_is_any_white_space_and_a_number_has_one_sign(bench: Workbench) -> None:
    files = [
        records(
            "app/1.ndjson",
            r'{"key": "\t", "name": "a", "value": 1, "ts": "2025-05-01T10:00:00"}',
            r'{"key": "k1", "name": " \r\n", "value": 1, "ts": "2025-05-01T10:00:00"}',
            r'{"key": "k2", "name": "a", "value": 1, "ts": "\n"}',
            r'{"key": "k3", "name": "a", "value": "+-1", "ts": "2025-05-01T10:00:00"}',
            r'{"key": "k4", "name": "a", "value": "\t+1\n", "ts": "2025-05-01T10:00:00"}',
        ),
        records(
            "alpha/1.ndjson",
            r'{"uid": "o1", "data": "\n"}',
            r'{"uid": "o2", "data": "shipped", "timestamp": "\t"}',
        ),
        records("plant/1.csv", "m1,1,flow\t", "m2,1,\t", header="id,value,category"),
    ]
    decide_by_both(bench, Oracle(NOW), files)


def test_sources_are_compared_in_decimals_of_any_size(bench: Workbench) -> None:
    values = [
        ("1013.25", "1013.26"),
        ("12345678.12", "12345678.13"),
        ("1234567890.12", "1234567890.13"),
        ("9007199254740993", "9007199254740992"),
        ("1e30", "5"),
        ("+1E30", "1.0e30"),
        (".5", "0.51"),
        ("5.", "5.011"),
        ("-2150e-2", "-21.51"),
    ]
    statuses = [
        ("9007199254740993", "9007199254740992"),
        ('{"id": 9007199254740993}', '{"id": 9007199254740992}'),
        ("12345678901234567890123", "12345678901234567890124"),
        ("1e22", "10000000000000000000000"),
        ("1e-19", "2e-19"),
        ("-1.50e-3", "-0.0015"),
        ("[0.0, 10, 1e1]", "[-0, 10.0, 10]"),
        ("-0.0", "0"),
        ("1e2", "100"),
        ('{"a": 1, "b": [2.0]}', '{"b": [2], "a": 1.0}'),
    ]
    files = [
        records(
            "plant/1.csv",
            *(f"m{number},{value},flow" for number, (value, _) in enumerate(values)),
            header="id,value,category",
        ),
        records(
            "partner/1.ndjson",
            *(
                f'{{"id": "m{number}", "value": {value}, "category": "flow"}}'
                for number, (_, value) in enumerate(values)
            ),
        ),
        records(
            "alpha/1.ndjson",
            *(
                f'{{"uid": "o{number}", "data": {status}}}'
                for number, (status, _) in enumerate(statuses)
            ),
        ),
        records(
            "beta/1.ndjson",
            *(
                f'{{"identifier": "o{number}", "payload": {status}}}'
                for number, (_, status) in enumerate(statuses)
            ),
        ),
    ]
    decide_by_both(bench, Oracle(NOW), files)


@pytest.mark.nightly
def test_a_row_that_came_unvalidated_is_decided_anew_when_it_comes_again(bench: Workbench) -> None:
    event = '{"key": "k1", "name": "", "value": "x", "ts": "2025-05-01T10:00:00"}'
    order = '{"uid": "o1", "data": ""}'
    measurement = '{"id": "m1", "value": "x", "category": "flow"}'
    oracle = Oracle(NOW)
    unvalidated = [
        records("app/1.ndjson", event),
        records("alpha/1.ndjson", order),
        records("partner/1.ndjson", measurement),
    ]
    decide_by_both(bench, oracle, unvalidated, skip=["validate"])
    again = [
        records("app/2.ndjson", event, event),
        records("alpha/2.ndjson", order, order),
        records("partner/2.ndjson", measurement, measurement),
    ]
    decide_by_both(bench, oracle, again)


def test_null_says_the_same_as_no_field_at_all(bench: Workbench) -> None:
    files = [
        records(
            "web/1.ndjson",
            '{"event_id": "c1", "event_timestamp": "2025-05-01", "event_type": "search", '
            '"user_id": "u", "page_url": null}',
            '{"event_id": "c1", "event_timestamp": "2025-05-01", "event_type": "search", '
            '"user_id": "u"}',
        ),
        records("alpha/1.ndjson", '{"uid": "o1", "data": null}', '{"uid": "o1"}'),
    ]
    # with validation on, an order without a status is rejected
    decide_by_both(bench, Oracle(NOW), files, skip=["validate"])


@pytest.mark.nightly
def test_the_story_of_a_thousand_records_is_that_of_the_oracle(bench: Workbench) -> None:
    """Asked for by its place, each record tells its text and the outcome that the rules give."""
    start_over(bench)
    oracle = Oracle(NOW)
    for files in split(renamed(write_files(Shape(5, 1500, 60, 12, 20, 25))), [50]):
        decide_by_both(bench, oracle, files)
    rows = [row for rows in oracle.rows.values() for row in rows]
    asked = random.Random(5).sample(rows, 1000)
    assert {row.outcome for row in asked} == {"duplicate", "rejected", "outdated", *WINNING}

    with open_warehouse(bench.project) as warehouse:
        for row in asked:
            file, number = row.row_id
            asked_for = parse_question(f"{file}:{number}", None)
            told_of = answer(warehouse, bench.project, asked_for, RawText(frozenset(), {}))
            [told] = told_of["records"]
            [decision] = told["decisions"]
            assert (told["record"], told["key"]) == (row.text, row.key), row.row_id
            assert decision["outcome"] == row.outcome, row.row_id
            assert (decision["reasons"] is not None) == (row.outcome == "rejected")
            held = oracle.holds(row)
            assert told["is_current"] == held, row.row_id


@pytest.mark.nightly
def test_a_row_of_an_appended_file_keeps_its_place_through_all_versions(bench: Workbench) -> None:
    """With validation off, it is decided under other rules."""
    start_over(bench)
    oracle = Oracle(NOW)
    lines = [f'{{"uid": "{key}", "data": "shipped"}}' for key in ("o1", "o2", "o3", "o4")]
    decide_by_both(bench, oracle, [records("alpha/log.ndjson", *lines[:1])])
    returned = '{"uid": "o1", "data": "returned"}'
    decide_by_both(bench, oracle, [records("alpha/other.ndjson", returned)])
    for end, skip in ((2, ["validate"]), (3, ["validate"]), (4, [])):
        decide_by_both(bench, oracle, [records("alpha/log.ndjson", *lines[:end])], skip)
    assert oracle.state().targets["orders"]["o1"]["status"] == "returned"


@pytest.mark.nightly
def test_a_deletion_that_comes_late_deletes_nothing(own_project: Workbench) -> None:
    bench = own_project
    bench.edit(
        "macros/contracts/clicks.sql",
        "'prefer':",
        "'deleted_when': {'column': 'event_type', 'values': ['delete']}, 'prefer':",
    )
    bench.set_meta("web", late="skip")
    oracle = Oracle(NOW, {"web": Policy(late="skip")})
    oracle.contracts["clicks"] = replace(
        oracle.contracts["clicks"], deleted_when=("event_type", ("delete",))
    )

    def click(kind: str, moment: str) -> str:
        return (
            f'{{"event_id": "c", "event_timestamp": "{moment}", "event_type": "{kind}", '
            '"user_id": "u"}'
        )

    search = click("search", "2025-05-05")
    decide_by_both(bench, oracle, [records("web/1.ndjson", search)])
    late = click("delete", "2025-05-03")
    decide_by_both(bench, oracle, [records("web/2.ndjson", late, search)])
    assert bench.outcomes("web") == ["applied", "late", "duplicate"]


@pytest.mark.nightly
def test_a_whole_state_says_all_of_its_rows_anew(own_project: Workbench) -> None:
    """Also where they stand as they did in the file of the same name before."""
    bench = own_project
    bench.set_meta("app", delivery="full")
    oracle = Oracle(NOW, {"app": Policy(delivery="full")})

    def event(key: str) -> str:
        return f'{{"key": "{key}", "name": "n", "value": 1, "ts": "2025-05-01"}}'

    for name, keys in (("state", "ab"), ("other", "b"), ("state", "abc")):
        bench.empty_landing()
        decide_by_both(bench, oracle, [records(f"app/{name}.ndjson", *map(event, keys))])
    assert set(oracle.state().targets["events"]) == {"a", "b", "c"}

"""Sensitive columns: what is decided by their values, and that nobody is shown them but operators.

Every sensitive value below has the word zebra in it, and no reader may be told it.
"""

import hashlib
import json
from pathlib import Path

import pytest

from hub.forgetting.forget import forget
from hub.mcp.sql import Queries, QueryFailed
from hub.runs.rename_source import name_texts_anew
from hub.scaffold.derived.files import write_stale_files
from hub.serve.access import Role
from loader.warehouse.connection import open_warehouse
from loader.warehouse.snapshots import newest_snapshot
from tests.mcp.conftest import client_of as mcp_client_of
from tests.serve.serving import application, client_of
from tests.support.workbench import Workbench, copy_project, enter

pytestmark = pytest.mark.slow

SECRET = "zebra"
MIA, NOA = "mia@zebra.example", "noa@zebra.example"
EVENTS = [
    {"key": MIA, "name": "zebra bought", "value": 1, "ts": "2025-01-15T08:00:00"},
    {"key": NOA, "name": "zebra sold", "value": 2, "ts": "2025-01-15T09:00:00"},
    # a duplicate, an older one, and what breaks the contract with a value in the wrong place
    {"key": MIA, "name": "zebra bought", "value": 1, "ts": "2025-01-15T08:00:00"},
    {"key": NOA, "name": "zebra seen", "value": 3, "ts": "2025-01-15T07:00:00"},
    {"key": "zebra-3", "name": "shifted", "value": "zebra street 5", "ts": "2025-01-15T08:00:00"},
    {"key": " ", "name": "zebra without a key", "value": 1, "ts": "2025-01-15T08:00:00"},
]
CLICK = {
    "event_id": "c-1",
    "event_timestamp": "2025-01-15T08:00:00",
    "event_type": "search",
    "user_id": MIA,
    "page_url": "/zebra",
}
EDITS = {
    "events": {
        "'key': {'type': 'string',": "'key': {'type': 'string', 'sensitive': 'hash',",
        "'name': {'type': 'string',": "'name': {'type': 'string', 'sensitive': 'mask',",
    },
    "clicks": {
        "'user_id': {'type': 'string',": "'user_id': {'type': 'string', 'sensitive': 'hash',",
        "'page_url': {\n": "'page_url': {\n'sensitive': 'mask',\n",
    },
    "measurements": {"'normalize': [": "'sensitive': 'mask',\n'normalize': ["},
}
# the shipped unit tests know no salt
REBUILD = ("--full-refresh", "--exclude-resource-type", "unit_test")
# of the paths that a reader may ask for, all that can tell of a record
PATHS = [
    "/entities",
    "/entities/events/records",
    "/entities/clicks/records",
    "/entities/measurements/records",
    "/entities/events/export?format=ndjson",
    "/entities/events/export?format=csv",
    "/why/app%2Fevents.ndjson:1",
    "/why/app%2Fevents.ndjson:5",
    "/why/app%2Fevents.ndjson:7",
    "/dead-letters?status=all",
    "/reconciliation/measurements",
    "/runs",
    "/sources",
    "/",
    "/page/letters",
    "/page/records",
    "/page/why?asked=app/events.ndjson:1",
    "/page/reconciliation/measurements",
    "/page/runs",
    "/page/sources/app",
]


def hashed(bench: Workbench, value: str) -> str:
    ((salt,),) = bench.sql("select salt from raw.salt")
    assert len(bytes.fromhex(salt)) == 32
    return hashlib.sha256(f"{salt}{value}".encode()).hexdigest()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sensitive") / "hub"
    root.mkdir()
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        for entity, edits in EDITS.items():
            for old, new in edits.items():
                bench.edit(f"macros/contracts/{entity}.sql", old, new)
        write_stale_files(root)
        broken = '{"key": "zebra-4", "name": '
        bench.drop("app/events.ndjson", "\n".join([*map(json.dumps, EVENTS), broken]) + "\n")
        bench.drop("web/clicks.ndjson", [CLICK])
        bench.drop("plant/1.csv", "id,value,category,timestamp\nm-1,1,zebra,\nm-2,1,zebra,\n")
        bench.drop("partner/1.ndjson", [partner("m-1", "Zebra "), partner("m-2", "striped")])
        bench.drop("alpha/1.json", [{"uid": "o-1", "data": "open"}])
        assert bench.run()["status"] == "succeeded"
    return root


def partner(key: str, category: str) -> dict[str, object]:
    return {"id": key, "value": 1, "category": category}


@pytest.fixture
def bench(image: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    return enter(image, monkeypatch)


def test_targets_hold_digests_and_asterisks(bench):
    assert set(bench.sql("select key, name from marts.events")) == {
        (hashed(bench, MIA), "***"),
        (hashed(bench, NOA), "***"),
    }
    # equal values have equal digests, in every table
    joined = "select event_id, page_url from marts.clicks inner join marts.events on key = user_id"
    assert bench.sql(joined) == [("c-1", "***")]


def test_the_values_themselves_decide(bench):
    assert bench.outcomes("app") == [
        *("applied", "applied", "duplicate", "superseded", "rejected", "rejected", "rejected")
    ]
    # normalized categories agree; other ones differ, though both are stored as ***
    compared = bench.sql(
        "select id, status, category_by_source from marts.measurements_reconciliation order by id"
    )
    assert [row[:2] for row in compared] == [("m-1", "matched"), ("m-2", "mismatched")]
    assert compared[1][2] == ["partner=***", "plant=***"]


def test_no_table_or_view_but_raw_text_and_what_adapts_it_has_a_value(bench):
    relations = bench.sql(
        "select schema_name, table_name from duckdb_tables() union all "
        "select schema_name, view_name from duckdb_views() where not internal"
    )
    found = {
        f"{schema}.{name}"
        for schema, name in relations
        if bench.sql(f'select 1 from {schema}."{name}" as t where t::varchar ilike ?', "%zebra%")
    }
    assert found == {
        *("raw.app", "raw.web", "raw.plant", "raw.partner", "ops.raw_records"),
        *("staging.stg_app__events", "intermediate.int_events__unioned"),
        *("staging.stg_web__clicks", "intermediate.int_clicks__unioned"),
        *("staging.stg_plant__measurements", "staging.stg_partner__measurements"),
        "intermediate.int_measurements__unioned",
    }


def test_an_explanation_quotes_nothing_of_a_record_and_a_blank_key_is_none(bench):
    told = bench.sql("select record_key, explanation from ops.dead_letters order by record_id")
    assert told == [
        (hashed(bench, "zebra-3"), "value is not a finite number"),
        (None, "key is null or blank"),
        (None, "the record could not be read: malformed_json"),
    ]


def test_a_reader_of_the_api_and_of_the_page_is_told_no_value(bench):
    client = client_of(application(bench))
    run = bench.sql("select max(run_id) from ops.runs")[0][0]
    letter = bench.sql("select min(record_id) from ops.dead_letters")[0][0]
    key = hashed(bench, MIA)
    more = [
        *(f"/data/{key}", f"/why/{key}", f"/entities/events/records?key={key}", f"/runs/{run}"),
        *(f"/page/letters/{letter}", f"/page/runs/{run}", f"/page/why?key={key}"),
    ]
    for path in [*PATHS, *more]:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert SECRET not in answer.text.lower().replace("zebra%2fcsv", ""), path
    assert SECRET.encode() not in client.get("/entities/events/export?format=parquet").content
    # the value itself finds nothing, so nobody can try values out
    assert client.get(f"/data/{MIA}").status_code == 404
    assert client.get(f"/entities/events/records?key={MIA}").json()["records"] == []
    told = client.get(f"/why/{key}").json()["records"][0]
    assert told["record"].startswith("[withheld")
    # of an entity with none, everything is shown as ever
    assert "open" in client.get("/why/o-1").json()["records"][0]["record"]


def test_an_operator_sees_raw_text(bench):
    operator = client_of(application(bench), Role.OPERATOR)
    letters = operator.get("/dead-letters").json()["dead_letters"]
    assert json.loads(letters[0]["record"]) == EVENTS[4]
    assert "load_id" not in letters[0]
    told = operator.get("/why/app%2Fevents.ndjson:1").json()["records"][0]
    assert json.loads(told["record"]) == EVENTS[0]
    assert "zebra street" in operator.get("/page/letters").text
    assert "zebra street" in operator.get(f"/page/letters/{letters[0]['record_id']}").text


def test_hub_why_shows_raw_text_only_where_it_is_asked_to(bench, command):
    key = hashed(bench, MIA)
    for arguments in (["app/events.ndjson:5"], [key], ["app/events.ndjson:7", "--json"]):
        told = command("why", *arguments)
        assert told.code == 0
        assert "[withheld" in told.out
        assert SECRET not in told.out.lower()
    assert "zebra street" in command("why", "app/events.ndjson:5", "--raw").out
    # who knows a key may ask for it
    assert command("why", MIA).out == command("why", key).out
    assert command("why", "somebody@else.example").code == 1
    assert "open" in command("why", "o-1").out


def test_a_renamed_source_keeps_the_digests_of_its_texts(bench):
    digests = "select record_id, text_hash from ops.dead_letter_log order by record_id"
    before = bench.sql(digests)
    with open_warehouse(bench.project) as connection:
        # to the name that it has: nothing may change
        name_texts_anew(connection, bench.project, "app", ["ops.dead_letter_log"])
    assert bench.sql(digests) == before != []


def test_a_changed_contract_is_compared_without_a_value(bench, command):
    bench.edit("macros/contracts/clicks.sql", "'search']", "'find']")
    told = command("contract", "diff", "--entity", "clicks")
    bench.edit("macros/contracts/clicks.sql", "'find']", "'search']")
    assert "invalid_event_type" in told.out
    assert SECRET not in told.out.lower()


def test_programs_are_told_no_value(bench):
    ask = mcp_client_of(bench)
    key = hashed(bench, MIA)
    for name, arguments in {
        "list_entities": {},
        "find_record": {"key": key},
        "explain_record": {"about": "app/events.ndjson:5"},
        "list_dead_letters": {"status": "all"},
        "compare_sources": {"entity": "measurements"},
        "list_runs": {},
        "show_receipt": {},
        "check_health": {},
    }.items():
        told = ask(name, **arguments)
        assert not told.is_error, told.text
        assert SECRET not in told.text.lower(), name


@pytest.mark.parametrize(
    "query",
    [
        "select * from raw.app",
        "select * from raw.partner",
        "select * from ops.raw_records where source <> 'alpha'",
        "select * from ops.dead_letters",
        "select * from ops.record_explanations",
        "select * from ops.decisions",
        "select * from marts.events_history",
        "select * from ops.run_log",
        "select * from query('from raw.app')",
        "select * from query_table(['raw.app'])",
        "select record from raw.app where record like '%zebra%'",
    ],
)
def test_a_query_of_a_program_finds_no_value(bench, query):
    told = mcp_client_of(bench)("query_sql", query=query)
    assert not told.is_error, told.text
    assert SECRET not in told.text.lower()


def test_a_query_of_a_program_finds_no_way_round(bench):
    path = newest_snapshot(bench.database)
    hidden = "(select database_name from duckdb_databases() where database_name like 'snapshot%')"
    for query in (
        "select * from raw.salt",
        "select * from staging.stg_app__events",
        "select * from intermediate.int_events__unioned",
        f"select * from read_blob('{path}')",
        f"select * from '{path}'",
        f"select * from query_table(concat({hidden}, '.raw.app'))",
        f"select * from query(concat('from ', {hidden}, '.raw.app'))",
        f"select q.* from {hidden} as d, query(concat('from ', d.database_name, '.raw.app')) as q",
        "select * from pragma_storage_info('raw.app')",
    ):
        with pytest.raises(QueryFailed) as failed:
            Queries().answer(path, query, 5, ["alpha"])
        assert SECRET not in str(failed.value).lower()
    # where nothing is sensitive it is as ever
    rows = Queries().answer(path, "select record from raw.alpha", 5, ["alpha"]).rows
    assert rows == [['{"uid": "o-1", "data": "open"}']]


@pytest.mark.nightly
def test_an_increment_and_a_rebuild_decide_as_before(bench):
    newer = [
        {"key": MIA, "name": "zebra again", "value": 5, "ts": "2025-01-16T08:00:00"},
        EVENTS[1],
    ]
    for number, record in enumerate(newer):
        bench.drop(f"app/more-{number}.ndjson", [record])
        assert bench.run()["status"] == "succeeded"
    assert bench.outcomes("app")[-2:] == ["applied", "duplicate"]
    columns = "key, name, value, ts, record_id, key_hash"
    before = bench.sql(f"select {columns} from marts.events order by key")
    assert [row[2] for row in before if row[0] == hashed(bench, MIA)] == [5.0]
    letters = "select source, text_hash, reasons from ops.dead_letters order by all"
    dead = bench.sql(letters)
    assert bench.dbt("build", *REBUILD).success
    assert bench.sql(f"select {columns} from marts.events order by key") == before
    assert bench.sql(letters) == dead


@pytest.mark.nightly
def test_a_key_that_is_stored_as_a_digest_is_forgotten_as_any_other(bench):
    stored = hashed(bench, MIA)
    assert forget(bench.project, MIA, "events").is_forgotten
    assert bench.sql("select * from marts.events where key = ?", stored) == []
    assert bench.sql("select * from ops.events_decisions where record_key = ?", stored) == []
    bench.drop("app/returned.ndjson", [{**EVENTS[0], "value": 7}])
    assert bench.run()["status"] == "succeeded"
    forgotten = [("rejected", ["forgotten"])]
    assert forgotten == bench.sql(
        "select distinct outcome, reasons from ops.events_decisions "
        "where list_contains(reasons, 'forgotten')"
    )
    letters = "select source, text_hash, status from ops.dead_letters where error = 'forgotten'"
    [(_, _, status)] = bench.sql(letters)
    assert status == "discarded"
    before = bench.sql("select key, name from marts.events order by key"), bench.sql(letters)
    assert bench.dbt("build", *REBUILD).success
    after = bench.sql("select key, name from marts.events order by key"), bench.sql(letters)
    assert after == before


@pytest.mark.nightly
def test_other_sensitive_columns_ask_for_a_rebuild_without_the_old_history(bench):
    contract = "macros/contracts/events.sql"
    bench.edit(contract, "'sensitive': 'mask',", "")
    write_stale_files(bench.root)
    receipt = bench.run()
    assert receipt["status"] == "failed"
    assert "events: its sensitive columns changed (key=hash,name=mask before, key=hash now)" in (
        " ".join(receipt["errors"])
    )
    refused = bench.dbt("build", *REBUILD, "--select", "tag:events")
    assert not refused.success
    bench.sql("drop table intermediate.int_events__ended; drop table marts.events")
    assert bench.dbt("build", *REBUILD, "--select", "tag:events").success
    assert ("zebra sold",) in bench.sql("select name from marts.events")
    assert bench.sql("select 1 from marts.events_history where name = '***'") == []

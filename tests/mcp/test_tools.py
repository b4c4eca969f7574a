"""The tools, as a client sees them: what they answer, and what they refuse."""

import asyncio
import json

import pytest
from mcp import Client

from hub.mcp.asking import Limits
from hub.mcp.server import create_server
from hub.mcp.sql import Queries
from tests.mcp.conftest import client_of

# each tool with arguments that it has an answer to
CALLS = {
    "list_entities": {},
    "describe_contract": {"entity": "clicks"},
    "find_record": {"key": "evt-003"},
    "explain_record": {"about": "evt-003"},
    "list_dead_letters": {},
    "compare_sources": {"entity": "orders"},
    "check_health": {},
    "list_runs": {},
    "show_receipt": {},
    "describe_tables": {},
    "query_sql": {"query": "select 1"},
}


def tools_of(bench):
    async def listed():
        async with Client(create_server(bench.project, Queries())) as client:
            return (await client.list_tools()).tools

    return {tool.name: tool for tool in asyncio.run(listed())}


def test_every_tool_says_that_it_only_reads_and_what_its_parameters_are(served):
    tools = tools_of(served)
    assert [*tools] == [*CALLS]
    for tool in tools.values():
        assert len(tool.description) > 40
        assert tool.annotations.read_only_hint is True
        assert tool.annotations.destructive_hint is False
        for parameter in tool.input_schema["properties"].values():
            assert parameter["description"]
            assert "type" in parameter or "anyOf" in parameter


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_every_answer_says_as_of_which_run_it_is_and_is_the_same_as_text_and_as_data(
    ask, served, name
):
    told = ask(name, **CALLS[name])
    assert not told.is_error, told.text
    run = served.sql("select run_id from ops.runs order by run_id desc limit 1")[0][0]
    assert told.data["as_of"]["run_id"] == run
    assert told.data["as_of"]["ended_at"].endswith("Z")
    assert told.data["texts_cut"] == 0
    assert json.loads(told.text) == told.data


def test_the_entities_have_their_columns_sources_and_rows(ask):
    found = {each["entity"]: each for each in ask("list_entities").data["entities"]}
    assert {name: each["rows"] for name, each in found.items()} == {
        "events": 4,
        "orders": 4,
        "clicks": 5,
        "measurements": 4,
    }
    assert found["orders"]["sources"] == ["alpha", "beta"]
    assert found["orders"]["is_reconciled"] is True
    assert all(column["description"] for column in found["events"]["columns"])


def test_a_contract_has_its_rules_and_its_reasons_in_words(ask):
    told = ask("describe_contract", entity="clicks").data
    columns = {column["name"]: column for column in told["contract"]["columns"]}
    assert columns["event_type"]["words"]["allowed"] == [
        *("page_view", "add_to_cart", "purchase", "search"),
    ]
    reasons = {reason["name"]: reason["meaning"] for reason in told["contract"]["reasons"]}
    assert reasons["missing_user_id"] == "user_id is null or blank"
    general = {reason["reason"] for reason in told["general_reasons"]}
    assert "malformed_json" in general


def test_a_record_is_found_by_its_key_in_all_entities_or_in_one(ask):
    [found] = ask("find_record", key="evt-003").data["found"]
    assert found["entity"] == "events"
    assert (found["row"]["name"], found["row"]["value"]) == ("purchase_updated", 59.99)
    assert ask("find_record", key="evt-003", entity="orders").data["found"] == []
    assert ask("find_record", key="nobody's").data["found"] == []


@pytest.mark.parametrize(
    ("about", "outcomes"),
    [
        ("evt-003", ["superseded", "applied"]),
        ("app/events.json:4", ["rejected"]),
        ("nobody's", []),
    ],
)
def test_what_became_of_records_is_explained(ask, about, outcomes):
    told = ask("explain_record", about=about).data
    assert [each["decisions"][-1]["outcome"] for each in told["records"]] == outcomes
    assert all(each["record"] and each["explanation"] for each in told["records"])
    assert told["more_records"] is False


def test_dead_letters_are_chosen_and_come_a_page_at_a_time(ask):
    first = ask("list_dead_letters", limit=3).data
    second = ask("list_dead_letters", limit=3, after=first["next"]).data
    assert (len(first["dead_letters"]), len(second["dead_letters"])) == (3, 2)
    assert second["next"] is None
    ids = [each["record_id"] for each in first["dead_letters"] + second["dead_letters"]]
    assert ids == sorted(set(ids))
    [chosen] = ask("list_dead_letters", entity="events", reason="missing_key").data["dead_letters"]
    assert (chosen["file"], chosen["row_number"]) == ("app/events.json", 4)
    assert ask("list_dead_letters", source="alpha").data["dead_letters"] == []
    assert ask("list_dead_letters", status="discarded").data["dead_letters"] == []
    assert len(ask("list_dead_letters", status="all").data["dead_letters"]) == 5


def test_sources_are_compared_a_page_at_a_time(ask):
    keys, after = [], None
    for _ in range(4):
        told = ask("compare_sources", entity="orders", limit=1, after=after).data
        keys += [each["order_id"] for each in told["keys"]]
        after = told["next"]
    assert after is None
    assert sorted(keys) == ["order_001", "order_002", "order_003", "order_004"]
    assert told["counts"] == {"matched": 1, "mismatched": 1, "single_source": 2}
    [differing] = ask("compare_sources", entity="orders", status="mismatched").data["keys"]
    assert differing["order_id"] == "order_002"


def test_health_tells_what_adds_up(ask):
    findings = {each["check"]: each["status"] for each in ask("check_health").data["findings"]}
    assert findings["project"] == findings["entities"] == "ok"
    assert "fail" not in findings.values()


def test_the_receipt_of_a_run_is_that_of_the_command(ask, served, command):
    [line] = ask("list_runs").data["runs"]
    assert line["status"] == "succeeded"
    shown = ask("show_receipt", run_id=line["run_id"]).data["receipt"]
    assert shown == command("report", "--run", line["run_id"], "--json").data
    of_events = ask("show_receipt", entity="events").data["receipt"]
    assert (of_events["entity"], of_events["target_rows"]) == ("events", 4)


def test_tables_are_described_as_a_query_names_them(ask):
    tables = {each["name"]: each for each in ask("describe_tables").data["tables"]}
    assert all(each["holds"] for each in tables.values())
    columns = ask("describe_tables", table="ops.dead_letters").data["columns"]
    assert all(each["holds"] and each["type"] for each in columns)
    names = ", ".join(each["name"] for each in columns)
    told = ask("query_sql", query=f"select {names} from ops.dead_letters", limit=2)
    assert (len(told.data["rows"]), told.data["more"]) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("describe_contract", {"entity": "nothing"}, "Known are events, orders"),
        ("find_record", {"key": "x", "entity": "nothing"}, "Known are"),
        ("list_dead_letters", {"entity": "nothing"}, "Known are events, orders"),
        ("list_dead_letters", {"status": "wrong"}, "'open', 'resolved', 'discarded' or 'all'"),
        ("list_dead_letters", {"limit": 1000}, "less than or equal to 200"),
        ("compare_sources", {"entity": "events"}, "has no reconciliation"),
        ("show_receipt", {"run_id": "x' or true --"}, "there is no such run"),
        ("describe_tables", {"table": "ops.nothing"}, "there is none"),
        ("query_sql", {"query": "delete from ops.runs"}, "DELETE is not to be had"),
        ("query_sql", {"query": "select * from ops.nothing"}, "does not exist"),
    ],
)
def test_what_cannot_be_answered_is_an_error_that_says_what_to_do(ask, name, arguments, said):
    told = ask(name, **arguments)
    assert told.is_error
    assert said in told.text
    assert "Traceback" not in told.text


def test_long_texts_are_cut_and_answers_bounded(served):
    limits = Limits(characters=1_500, text=20)

    async def call(name, arguments):
        server = create_server(served.project, Queries(), limits)
        async with Client(server) as client:
            return await client.call_tool(name, arguments)

    answer = asyncio.run(call("list_dead_letters", {"status": "all"}))
    letters = answer.structured_content["dead_letters"]
    assert 0 < len(letters) < 5
    assert answer.structured_content["next"] == letters[-1]["record_id"]
    assert answer.structured_content["texts_cut"] > 0
    assert letters[0]["record"].endswith("characters)")
    assert len(answer.content[0].text) < 2_000
    too_long = asyncio.run(call("show_receipt", {}))
    assert too_long.is_error
    assert "Ask for less" in too_long.content[0].text


def test_before_the_first_run_each_says_how_to_begin(bench):
    told = client_of(bench)("list_entities")
    assert told.is_error
    assert "`hub run` publishes one" in told.text


@pytest.mark.slow
def test_an_answer_is_of_the_newest_state(own_served):
    ask = client_of(own_served)
    before = ask("find_record", key="k1").data
    own_served.drop("app/k.json", [{"key": "k1", "name": "n", "value": 1, "ts": "2025-01-16"}])
    run = own_served.run()
    after = ask("find_record", key="k1").data
    assert before["found"] == []
    assert len(after["found"]) == 1
    assert after["as_of"]["run_id"] == run["run_id"] != before["as_of"]["run_id"]

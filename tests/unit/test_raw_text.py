"""Which raw text somebody may see."""

import json

import duckdb

from hub.queries.raw_text import WITHHELD, RawText
from hub.scaffold.contract import sensitive_entities

ENTITIES = {"app": "events", "web": "clicks"}
READER = RawText(frozenset({"events"}), ENTITIES)
OPERATOR = RawText(frozenset({"events"}), ENTITIES, shows_all=True)


def test_text_is_withheld_of_sensitive_sources_and_of_those_that_nobody_knows_any_more():
    assert [READER.withholds(source) for source in ("app", "web", "gone")] == [True, False, True]
    assert READER.open_sources() == ["web"]
    assert not OPERATOR.withholds("app")
    assert OPERATOR.open_sources() is None


def test_where_nothing_is_sensitive_all_is_shown():
    anybody = RawText(frozenset(), ENTITIES)
    assert not anybody.withholds("gone")
    assert anybody.open_sources() is None
    assert anybody.of_errors(["int_events__checked: no such value: mia"]) == [
        "int_events__checked: no such value: mia"
    ]


def test_of_a_position_the_key_of_the_message_is_withheld():
    position = json.dumps({"topic": "t", "partition": 0, "offset": 7, "key": "mia", "headers": []})
    shown = READER.of_position("app", position)
    assert json.loads(shown) == {"topic": "t", "partition": 0, "offset": 7}
    assert READER.of_position("web", position) == position
    assert READER.of_position("app", None) is None


def test_a_contract_that_cannot_be_read_may_have_sensitive_columns(tmp_path):
    (tmp_path / "macros").mkdir()
    (tmp_path / "dbt_project.yml").write_text(
        "vars: {sources: {a: [x], b: [y], c: [z], d: [w]}}", encoding="utf-8"
    )
    contracts = (
        "{% macro contract_a() %}{{ return({'columns': {'k': {'type': 'string'}}}) }}"
        "{% endmacro %}{% macro contract_b() %}"
        "{{ return({'columns': {'k': {'type': 'string', 'sensitive': 'hash'}}}) }}{% endmacro %}"
        "{% macro contract_c() %}{{ return({'colums': {}}) }}{% endmacro %}"
    )
    (tmp_path / "macros" / "all.sql").write_text(contracts, encoding="utf-8")
    # c is misspelt, d is missing
    assert sensitive_entities(tmp_path) == {"b", "c", "d"}


def test_of_an_error_only_its_place_is_shown():
    [error] = READER.of_errors(["int_events__checked: no such value: mia"])
    assert error.startswith("int_events__checked: it failed [withheld")
    assert "mia" not in error


def test_a_warehouse_that_was_built_with_sensitive_columns_withholds_their_text():
    stale = RawText(frozenset(), ENTITIES)
    with duckdb.connect() as connection:
        # one of an older version knows of none
        assert stale.within(connection) == stale
        connection.execute("create schema ops")
        connection.execute(
            "create table ops.sensitive_columns as select 'clicks' as entity, "
            "'user_id=hash' as columns union all select 'events', ''"
        )
        within = stale.within(connection)
        assert within.of_record(connection, "web", 1, 1) == WITHHELD
        assert not within.withholds("app")

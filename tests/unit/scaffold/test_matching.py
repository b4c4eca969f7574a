"""Which field of a sample fills which column of a contract."""

import json
from typing import Any

from hub.scaffold.contract import read_contracts
from hub.scaffold.guesses.matching import find_field, match_fields
from hub.scaffold.guesses.readings import habits_of
from hub.scaffold.new_source import wanted_of
from hub.scaffold.samples.fields import fields_of
from tests.support.shipped import PROJECT

CONTRACTS = {contract.entity: contract for contract in read_contracts(PROJECT)}


def matched(entity: str, *records: dict[str, Any]) -> dict[str, str]:
    """The field for each column of a shipped contract."""
    fields = fields_of([json.dumps(record) for record in records]).all
    found = match_fields(fields, wanted_of(CONTRACTS[entity]), entity, habits_of(fields))
    return {column: str(match.field) for column, match in found.items()}


def test_fields_of_the_same_names_are_taken() -> None:
    record = {"ts": "2025-01-15", "value": 1, "name": "a", "key": "k"}

    assert matched("events", record) == {name: name for name in ("key", "name", "value", "ts")}


def test_fields_of_other_words_are_taken() -> None:
    assert matched(
        "clicks",
        {"id": "c1", "ts": 1736928000, "action": "search", "visitor": "u", "href": "/", "sku": "p"},
        {"id": "c2", "ts": 1736928060, "action": "search", "visitor": "u", "href": "/", "sku": "p"},
    ) == {
        "event_id": "id",
        "event_timestamp": "ts",
        "event_type": "action",
        "user_id": "visitor",
        "page_url": "href",
        "product_id": "sku",
    }


def test_fields_of_another_language_are_taken() -> None:
    record = {"Bestellnummer": "o1", "Zustand": "neu", "Geändert am": "31.12.2024 10:00"}

    assert matched("orders", record) == {
        "order_id": "Bestellnummer",
        "status": "Zustand",
        "updated_at": "Geändert am",
    }


def test_what_is_left_alone_fills_the_column_that_needs_a_field() -> None:
    assert matched("orders", {"ref": "o1", "content": "shipped"}) == {
        "order_id": "ref",
        "status": "content",
    }


def test_of_several_that_are_left_none_is_taken() -> None:
    record = {"ref": "o1", "content": "shipped", "other": "x"}

    assert "status" not in matched("orders", record)


def test_an_optional_text_is_not_filled_for_want_of_another() -> None:
    found = matched(
        "clicks",
        {"event_id": "c", "event_timestamp": "2025-01-15", "event_type": "search", "user_id": "u"}
        | {"colour": "red"},
    )

    assert "page_url" not in found
    assert "product_id" not in found


def test_allowed_values_tell_a_field_by_what_stands_in_it() -> None:
    records = [
        {"event_id": f"c{n}", "event_timestamp": "2025-01-15", "user_id": "u", "x": what, "y": "z"}
        for n, what in enumerate(("search", "purchase", "page_view"))
    ]

    assert matched("clicks", *records)["event_type"] == "x"


def test_a_name_says_more_than_values_that_are_wrong() -> None:
    record = {"key": "k", "name": "n", "value": "none of them", "ts": "2025-01-15"}

    assert matched("events", record)["value"] == "value"


def test_nested_fields_are_taken() -> None:
    record = {"data": {"id": "m1", "attributes": {"value": 1, "category": "a"}}}

    assert matched("measurements", record) == {
        "id": "data.id",
        "value": "data.attributes.value",
        "category": "data.attributes.category",
    }


def test_a_field_is_found_by_its_name_however_it_is_written() -> None:
    fields = fields_of(['{"Order ID": 1, "a": {"b": 2}, "x": 1, "X": 2}']).all

    assert str(find_field(fields, "Order ID")) == "Order ID"
    assert str(find_field(fields, "order_id")) == "Order ID"
    assert str(find_field(fields, "a.b")) == "a.b"
    assert str(find_field(fields, "X")) == "X"
    assert find_field(fields, "y") is None

"""The schemas of what commands print as JSON: each command has one, and none lets a key go or come
unnoticed. tests/conftest.py compares them with what the commands print in all other tests."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hub.cli.root import hub
from tests.e2e.running.test_commands import names_of
from tests.support.schemas import name_of, schemas
from tests.support.workbench import PROJECT

# they print no result
SILENT = {"serve", "mcp"}
# parts that others are made of
PARTS = {"receipt", "dead-letter", "manifest", "addition"}
# keys that are not there where there is nothing to tell
OPTIONAL = {
    ("receipt", "as_of"),
    ("report", "as_of"),
    ("why", "as_of"),
    ("contract-diff", "as_of"),
    ("receipt", "stale_source"),
    ("report", "stale_source"),
    ("receipt", "refused"),
    *(
        (schema, step)
        for schema in ("receipt", "report")
        for step in (
            *("stage", "load", "delete", "guard", "reject", "late", "duplicate", "redrive"),
            "reprocess",
        )
    ),
    *(
        ("why", asked)
        for asked in ("key", "file", "row_number", "record_id", "topic", "partition", "offset")
    ),
}


def parts_of(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and all that it is made of."""
    if isinstance(schema, dict):
        yield schema
        for part in schema.values():
            yield from parts_of(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from parts_of(part)


@pytest.mark.check
def test_every_command_that_prints_a_result_has_a_schema():
    commands = {name_of(name) for name in names_of(hub)}
    assert {*schemas()} - PARTS == commands - SILENT


@pytest.mark.check
@pytest.mark.parametrize("name", schemas())
def test_a_schema_is_one_and_its_name_has_a_version_and_no_address(name):
    schema = schemas()[name]
    Draft202012Validator.check_schema(schema)
    assert re.fullmatch(rf"urn:hub:json:{name}:[1-9]\d*\.\d+", schema["$id"])
    assert schema["title"]
    known = {each["$id"] for each in schemas().values()}
    references = [part["$ref"] for part in parts_of(schema) if "$ref" in part]
    assert {each.partition("#")[0] for each in references} <= known | {""}


@pytest.mark.check
@pytest.mark.parametrize("name", schemas())
def test_a_key_that_is_removed_renamed_or_added_is_noticed(name):
    for part in parts_of(schemas()[name]):
        if isinstance(part.get("properties"), dict) and part.get("type"):
            assert part["additionalProperties"] is False, part
            absent = {*part["properties"]} - {*part["required"]}
            assert {(name, key) for key in absent} <= OPTIONAL, absent
        elif "object" in str(part.get("type")):
            # a map, by names that nobody knows beforehand
            assert part["additionalProperties"] not in (True, {}), part


@pytest.mark.check
def test_the_docs_have_every_schema():
    text = (PROJECT / "docs" / "json.md").read_text()
    for name in schemas().keys() - {"dead-letter"}:
        assert f"(../hub/schemas/{name}.json)" in text, name

"""The contracts: what they say, where they are enforced, how they are documented."""

import csv
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

from tests.support.workbench import PROJECT

pytestmark = pytest.mark.check

_READ = """
{%- set contracts = {} -%}
{%- for entity in var('sources') -%}
    {%- do contracts.update({
        entity: {'contract': contract(entity), 'reasons': contract_reasons(entity)}
    }) -%}
{%- endfor -%}
{{ tojson(contracts) }}
"""
_STORED_AS = {
    "string": "string",
    "json": "string",
    "number": "double",
    "integer": "bigint",
    "boolean": "boolean",
    "timestamp": "timestamp",
}
# what every target has besides the columns of its contract
_LINEAGE = {
    "freshness": "string",
    "ingested_at": "timestamp",
    "applied_at": "timestamp",
    "source": "string",
    "load_id": "bigint",
    "row_number": "bigint",
    "record_id": "bigint",
    "key_hash": "bigint",
    "run_id": "string",
}


@dataclass(frozen=True)
class Dbt:
    """The project as dbt reads it, and dbt to compile what is asked of it."""

    manifest: Any
    options: tuple[str, ...]

    def compile(self, *arguments: str) -> Any:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        try:
            return dbtRunner(manifest=self.manifest).invoke(["compile", *arguments, *self.options])
        finally:
            DuckDBConnectionManager.close_all_connections()

    def sql(self, *arguments: str) -> str:
        outcome = self.compile(*arguments)
        assert outcome.success, outcome.exception
        return str(outcome.result.results[0].node.compiled_code)


@pytest.fixture(scope="module")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from dbt.cli.main import dbtRunner

    options = (
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
        *("--target-path", str(tmp_path_factory.getbasetemp() / "dbt-target")),
        *("--log-level-file", "none", "--log-level", "none", "--quiet"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUB_DATABASE", str(tmp_path_factory.mktemp("contracts") / "w.duckdb"))
        parsed = dbtRunner().invoke(["parse", *options])
        assert parsed.success, parsed.exception
        yield Dbt(parsed.result, options)


@pytest.fixture(scope="module")
def contracts(dbt: Dbt) -> dict[str, Any]:
    """What the macros return, by entity: its contract and its reasons for rejection."""
    read: dict[str, Any] = json.loads(dbt.sql("--inline", _READ))
    return read


# the contract and the target


def test_a_target_has_the_columns_and_types_of_its_contract(dbt, contracts):
    for entity, read in contracts.items():
        expected = {
            name: _STORED_AS[column["type"]] for name, column in read["contract"]["columns"].items()
        }
        # a column of the contract stands for the one of the same name in the lineage
        expected |= {name: kind for name, kind in _LINEAGE.items() if name not in expected}
        target = dbt.manifest.nodes[f"model.hub.{entity}"]
        found = {column.name: column.data_type for column in target.columns.values()}
        assert list(found.items()) == list(expected.items()), entity


def test_only_key_and_event_time_are_never_null(dbt, contracts):
    for entity, read in contracts.items():
        contract = read["contract"]
        target = dbt.manifest.nodes[f"model.hub.{entity}"]
        constrained = [column.name for column in target.columns.values() if column.constraints]
        named = [contract["key"], contract["event_time"]]
        assert constrained == [name for name in named if name], entity


def test_the_order_of_a_key_needs_no_null(contracts):
    """Key and event time are rejected when missing, also where validation is off."""
    for entity, read in contracts.items():
        always = {reason["column"] for reason in read["reasons"] if reason["always"]}
        named = {read["contract"]["key"], read["contract"]["event_time"]} - {None}
        assert always == named, entity


def test_events_know_exactly_six_reasons(dbt):
    rules = duckdb.execute(dbt.sql("--select", "contract_rules")).fetchall()
    assert {reason for entity, _, _, reason, *_ in rules if entity == "events"} == {
        "missing_key",
        "missing_name",
        "invalid_value",
        "missing_timestamp",
        "invalid_timestamp",
        "future_timestamp",
    }


def test_every_rule_of_every_contract_is_listed(dbt, contracts):
    rules = duckdb.execute(dbt.sql("--select", "contract_rules")).fetchall()
    listed = [(entity, reason, because) for entity, _, _, reason, _, because, _ in rules]
    assert listed == [
        (entity, reason["name"], reason["meaning"])
        for entity, read in contracts.items()
        for reason in read["reasons"]
    ]
    assert len({(entity, reason) for entity, reason, _ in listed}) == len(listed)


# wrong contracts


def _events(**changes: Any) -> str:
    """A call that checks the contract of events, with some of its words changed."""
    contract = {
        "entity": "events",
        "version": "1.0.0",
        "key": "key",
        "event_time": "ts",
        "columns": {"key": {"type": "string"}, "ts": {"type": "timestamp"}},
    }
    return f"_check_contract({contract | changes!r})"


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (_events(colour="red"), "contract of events: unknown word 'colour', expected one of "),
        (_events(key="id"), "contract of events: key names no column: 'id'"),
        (_events(key="ts"), "contract of events: the type of the key must be string"),
        (_events(event_time="key"), "the type of the event_time must be timestamp"),
        (_events(version=""), "contract of events: version is missing"),
        (_events(prefer="oldest"), "unknown prefer 'oldest', expected one of newest, a list"),
        (
            _events(columns={"key": {"type": "string", "min": 1}, "ts": {"type": "timestamp"}}),
            "contract of events: key: min and max are for numbers",
        ),
        (
            _events(
                columns={
                    "key": {"type": "string", "normalize": ["round"]},
                    "ts": {"type": "timestamp"},
                }
            ),
            "contract of events: key: unknown normalize 'round', expected one of trim, lower",
        ),
        (_events(event_time="at"), "contract of events: event_time names no column: 'at'"),
        (_events(freshness="at"), "contract of events: freshness names no column: 'at'"),
        (
            _events(columns={"key": {"type": "text"}, "ts": {"type": "timestamp"}}),
            "key: unknown type 'text', expected one of string, number, integer, ",
        ),
        (
            _events(columns={"key": {"type": "string", "mandatory": True}, "ts": {"type": "json"}}),
            "key: unknown word 'mandatory', expected one of type, required, ",
        ),
        (
            _events(columns={"key": {"type": "number"}, "ts": {"type": "timestamp"}}),
            "contract of events: the type of the key must be string",
        ),
        ("contract('invoices')", "contract: no entity 'invoices', expected one of events, "),
    ],
)
def test_a_wrong_contract_says_what_was_expected(dbt, call, fault):
    outcome = dbt.compile("--inline", f"{{% do {call} %}}")
    assert not outcome.success
    assert fault in str(outcome.exception.__context__)


# documentation


def test_docs_of_the_contracts_are_fresh(contracts):
    """UPDATE_DOCS=1 writes them anew."""
    page = PROJECT / "docs" / "contracts.md"
    fresh = _render(contracts)
    if os.environ.get("UPDATE_DOCS"):
        page.write_text(fresh, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == fresh, (
        "docs/contracts.md is stale: "
        "run `UPDATE_DOCS=1 .venv/bin/pytest tests/project/test_contracts.py` and commit it"
    )


def _render(contracts: dict[str, Any]) -> str:
    """docs/contracts.md."""
    with (PROJECT / "seeds" / "reasons.csv").open(encoding="utf-8", newline="") as file:
        catalogue = [list(row.values()) for row in csv.DictReader(file)]
    parts = [
        "# Contracts",
        "Generated from `macros/contracts/`: change a rule there, never here. "
        "The same rules as a table: `select * from ops.contract_rules`.",
        *(_render_entity(entity, read) for entity, read in contracts.items()),
        "## Reasons that no contract names",
        _table(["reason", "meaning", "what to do"], catalogue),
    ]
    return "\n\n".join(parts) + "\n"


def _render_entity(entity: str, read: dict[str, Any]) -> str:
    contract = read["contract"]
    columns = [
        [
            f"`{name}`",
            column["type"],
            "yes" if column.get("required") else "",
            "; ".join(_rules(column)),
        ]
        for name, column in contract["columns"].items()
    ]
    reasons = [
        [f"`{reason['name']}`", reason["meaning"], "yes" if reason["always"] else ""]
        for reason in read["reasons"]
    ]
    return "\n\n".join(
        [
            f"## {entity}",
            f"Version {contract['version']}. The key is `{contract['key']}`. {_winner(contract)}",
            _table(["column", "type", "required", "besides"], columns),
            _table(["reason", "rejected because", "with validation off, too"], reasons),
        ]
    )


def _winner(contract: dict[str, Any]) -> str:
    if contract["event_time"]:
        newest = f"the greatest `{contract['event_time']}` wins its key"
    else:
        newest = "the last record to arrive wins its key"
    if contract["prefer"] == "newest":
        return newest[0].upper() + newest[1:] + "."
    trusted = ", ".join(f"`{name}`" for name in contract["prefer"])
    return f"The most trusted source wins its key ({trusted}); within one, {newest}."


def _rules(column: dict[str, Any]) -> list[str]:
    """What a contract asks of a column besides its type."""
    wordings: dict[str, Callable[[Any], str]] = {
        "allowed": lambda values: "one of " + ", ".join(f"`{value}`" for value in values),
        "min": lambda bound: f"at least {bound}",
        "max": lambda bound: f"at most {bound}",
        "pattern": lambda pattern: f"matches `{pattern}`",
        "normalize": lambda steps: "normalized: " + ", ".join(steps),
        "reconcile": _tolerance,
    }
    return [wording(column[word]) for word, wording in wordings.items() if column.get(word)]


def _tolerance(reconcile: Any) -> str:
    if isinstance(reconcile, dict) and "absolute" in reconcile:
        return f"sources may differ by {reconcile['absolute']}"
    if isinstance(reconcile, dict):
        return f"sources may differ by {reconcile['relative']} of the greatest value"
    return "sources must agree"


def _table(head: list[str], rows: list[list[str]]) -> str:
    cells = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells
    )

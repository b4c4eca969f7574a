"""The contracts: what they say, where they are enforced, how they are read."""

import json
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

from hub.scaffold.contract import read_contracts
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
    "rule_set": "bigint",
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
        *(
            (
                _events(
                    columns={"key": {"type": "string"}, "ts": {"type": "timestamp"}, "n": words}
                ),
                "contract of events: n: blank must be keep, of a column that is an optional text",
            )
            for words in (
                {"type": "string", "blank": "null"},
                {"type": "string", "blank": "keep", "required": True},
                {"type": "number", "blank": "keep"},
            )
        ),
        *(
            (
                _events(columns={"key": {"type": "string"}, "ts": {"type": "timestamp"}} | words),
                fault,
            )
            for words, fault in (
                (
                    {"n": {"type": "string", "sensitive": "yes"}},
                    "n: unknown sensitive 'yes', expec",
                ),
                ({"n": {"type": "number", "sensitive": "hash"}}, "n: sensitive is for columns of"),
                ({"ts": {"type": "timestamp", "sensitive": "mask"}}, "ts: sensitive is for col"),
                ({"key": {"type": "string", "sensitive": "mask"}}, "key: a sensitive key must be"),
            )
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


# read without dbt


def test_the_contracts_read_without_dbt_are_those_that_dbt_reads(contracts):
    found = read_contracts(PROJECT)
    assert [contract.entity for contract in found] == list(contracts)
    for contract in found:
        read = contracts[contract.entity]
        expected = read["contract"]
        assert contract.version == expected["version"]
        assert (contract.key, contract.event_time) == (expected["key"], expected["event_time"])
        assert list(contract.prefer) == (
            [] if expected["prefer"] == "newest" else expected["prefer"]
        )
        assert {
            column.name: {"type": column.type, **column.words} for column in contract.columns
        } == expected["columns"]
        assert [vars(reason) for reason in contract.reasons] == [
            {word: reason[word] for word in ("name", "meaning", "always")}
            for reason in read["reasons"]
        ]


def test_a_description_is_no_rule(contracts):
    """Else what was rejected would be judged anew because a sentence has changed."""
    for read in contracts.values():
        words = {word for column in read["contract"]["columns"].values() for word in column}
        assert not {"description", "history"} & {*words, *read["contract"]}

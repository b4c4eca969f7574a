"""The columns of an entity's chain: those that all entities share, and those of its contract."""

from collections.abc import Iterator

from hub.scaffold.contract import Column
from hub.scaffold.derived.relation import DerivedColumn
from hub.scaffold.vocabulary import Vocabulary

# The columns that are the same for every entity: name -> type.
IDENTITY = {
    "record_id": "bigint",
    "source": "string",
    "load_id": "bigint",
    "row_number": "bigint",
}
UNIONED = {**IDENTITY, "record": "string", "problem": "string", "position": "string"}
CHECKED = {
    **IDENTITY,
    "attempt": "bigint",
    "record_key": "string",
    "key_hash": "bigint",
    "event_time": "timestamp",
    "content_hash": "decimal(38,0)",
    "text_hash": "decimal(38,0)",
    "rule_set": "bigint",
    "twin_id": "bigint",
    "is_deletion": "boolean",
    "is_reprocessed": "boolean",
    "reasons": "string[]",
    "error": "string",
    "explanation": "string",
    "record": "string",
    "is_validated": "boolean",
    "is_ambiguous_time": "boolean",
    "freshness": "string",
}
DECISIONS = {
    "source": "string",
    "load_id": "bigint",
    "row_number": "bigint",
    "record_id": "bigint",
    "attempt": "bigint",
    "record_key": "string",
    "key_hash": "bigint",
    "event_time": "timestamp",
    "arrived_as": "bigint",
    "content_hash": "decimal(38,0)",
    "text_hash": "decimal(38,0)",
    "rule_set": "bigint",
    "outcome": "string",
    "other_record_id": "bigint",
    "is_deletion": "boolean",
    "reasons": "string[]",
    "error": "string",
    "explanation": "string",
    "is_dead_letter": "boolean",
    "record": "string",
    "is_tie": "boolean",
    "is_ambiguous_time": "boolean",
    "is_validated": "boolean",
    "freshness": "string",
    "run_id": "string",
    "decided_at": "timestamp",
}
LINEAGE = {
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
ACCEPTED = {
    "source": "string",
    "record_key": "string",
    "key_hash": "bigint",
    "record_id": "bigint",
    "event_time": "timestamp",
    "arrived_as": "bigint",
    "is_deletion": "boolean",
    "landed_at": "timestamp",
}
RECONCILED = {
    "sources": "string[]",
    "last_word_by_source": "string[]",
    "differing_columns": "string[]",
}
RECONCILING = {"key_hash": "bigint", "run_id": "string", "reconciled_at": "timestamp"}
_STATE = {
    "source": "string",
    "record_id": "bigint",
    "key_hash": "bigint",
    "run_id": "string",
}
ENDED = {**_STATE, "started_at": "timestamp", "ended_at": "timestamp"}
HISTORY = {
    **_STATE,
    "dbt_scd_id": "decimal(38,0)",
    "dbt_updated_at": "timestamp",
    "dbt_valid_from": "timestamp",
    "dbt_valid_to": "timestamp",
}


# of a sensitive column
_STORED = {
    "hash": "Sensitive: stored as its keyed digest.",
    "mask": "Sensitive: stored as ***.",
}


def described(columns: dict[str, str], words: Vocabulary, **terms: str) -> Iterator[DerivedColumn]:
    """Shared columns, given as name -> type, with what the vocabulary says of them.

    terms: column -> its term in the vocabulary, where that is not its name.
    """
    for name, data_type in columns.items():
        yield DerivedColumn(name, data_type, words[terms.get(name, name)])


def own(column: Column, data_type: str | None = None, never_null: bool = False) -> DerivedColumn:
    """A column of the contract, as it is stored unless a type is given: then it is as the source
    says it."""
    description = column.description
    if data_type is None and column.words.get("sensitive"):
        description += f" {_STORED[column.words['sensitive']]}"
    return DerivedColumn(
        column.name, data_type or column.stored_as, description, never_null=never_null
    )


def comparable(column: Column) -> DerivedColumn:
    """What stands beside a column for reconciliation to compare."""
    if column.type == "json":
        meaning = f"The {column.name} as JSON in which equal values are equal text."
    elif column.is_masked:
        meaning = f"The keyed digest of the {column.name}, of which equal values have the same."
    else:
        meaning = f"The {column.name} as text, exact where a double is not."
    return DerivedColumn(f"{column.name}_comparable", "string", meaning)
